// XEP-0203 Delayed Delivery.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct Delay {
  Jid from;  // who held it back
  WallTime stamp{};
  std::string reason;
  static constexpr ElementName element{"delay", "urn:xmpp:delay"};
  static constexpr std::tuple fields{attribute("from", &Delay::from),
                                     attribute("stamp", &Delay::stamp, required),
                                     content(&Delay::reason)};
};

}  // namespace herold::xmpp
