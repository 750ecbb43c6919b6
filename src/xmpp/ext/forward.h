// XEP-0297 Stanza Forwarding.
#pragma once

#include "xmpp/ext/delay.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

// `stanza` is canonical XML in the scope of this namespace: it declares its own.
struct Forwarded {
  std::optional<Delay> delay;
  std::string stanza;
  static constexpr ElementName element{"forwarded", "urn:xmpp:forward:0"};
  static constexpr std::tuple fields{child(&Forwarded::delay), raw(&Forwarded::stanza)};
};

}  // namespace herold::xmpp
