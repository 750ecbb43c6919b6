// The bounds of limits.h as the scanner takes them.
#include "xmpp/stream/reader.h"

namespace herold::xmpp {
namespace {

std::uint32_t narrow(std::uint64_t value) {
  return value > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(value);
}

}  // namespace

xml::Bounds preauth_bounds(const Limits& limits) {
  return {narrow(limits.preauth_element_bytes), narrow(limits.preauth_elements),
          narrow(limits.preauth_depth), narrow(limits.stanza_attributes)};
}

xml::Bounds stanza_bounds(const Limits& limits) {
  return {narrow(limits.stanza_bytes), narrow(limits.stanza_elements), narrow(limits.stanza_depth),
          narrow(limits.stanza_attributes)};
}

}  // namespace herold::xmpp
