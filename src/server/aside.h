// What an archive keeps of a message beside what all were told, for those who may know it: an
// element of its own in the payload, which never leaves the server.
#pragma once

#include <string>
#include <string_view>

#include "server/stanza.h"

namespace herold::server {

inline constexpr ElementName aside_element{"aside", "urn:herold:archive"};

// `xml`: canonical, as it stands in a stanza.
std::string make_aside(std::string_view xml);
// Takes it out of the payload; yields what was in it, "" where there was none.
std::string take_aside(Stanza& stanza);

}  // namespace herold::server
