// Names that look alike (UTS 39): the key by which they are compared, and which is never shown.
#pragma once

#include <string>
#include <string_view>

namespace herold::xmpp {

// Equal for names that a reader takes for one another, whatever their case: "paypal" and "paypa1".
std::string look_alike_key(std::string_view name);

// Another text when the keys of the same names may be other ones: keys that were stored with
// another version are to be made anew.
std::string look_alike_version();

}  // namespace herold::xmpp
