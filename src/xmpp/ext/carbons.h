// XEP-0280 Message Carbons.
#pragma once

#include "xmpp/ext/forward.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view carbons = "urn:xmpp:carbons:2";
}

struct CarbonsEnable {
  static constexpr ElementName element{"enable", ns::carbons};
};
struct CarbonsDisable {
  static constexpr ElementName element{"disable", ns::carbons};
};
// In a message: the sender wants no copies of it.
struct CarbonsPrivate {
  static constexpr ElementName element{"private", ns::carbons};
};
struct CarbonReceived {
  Forwarded forwarded;
  static constexpr ElementName element{"received", ns::carbons};
  static constexpr std::tuple fields{child(&CarbonReceived::forwarded)};
};
struct CarbonSent {
  Forwarded forwarded;
  static constexpr ElementName element{"sent", ns::carbons};
  static constexpr std::tuple fields{child(&CarbonSent::forwarded)};
};

}  // namespace herold::xmpp
