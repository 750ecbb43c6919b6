// The parser with bounds that nothing meets.
#include "server/own_xml.h"

#include "xml/parser.h"

namespace herold::server {

xml::Document parse_own(std::string_view text, std::string_view default_ns) {
  constexpr xml::Bounds none{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  auto parsed = xml::parse_fragment(text, default_ns, none);
  return parsed ? *std::move(parsed) : xml::Document();
}

}  // namespace herold::server
