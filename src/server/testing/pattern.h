// What a test expects of a stanza: XML of which all that is written must be there, and that may
// have more; with the words of the dialogs' matcher (tests/lib/match.py).
#pragma once

#include <string>
#include <string_view>

#include "xml/element.h"

namespace herold::server {

// Why `actual` is not as `pattern` wants it; "" when it is. Of each element that the pattern names
// the attributes, the text and the children that it names must be there, `{any}` being any value;
// what stands in <ABSENT/> must not be there.
std::string mismatch(xml::Element pattern, xml::Element actual);

// A pattern as text; unprefixed names are of jabber:client.
xml::Document parse_pattern(std::string_view text);

}  // namespace herold::server
