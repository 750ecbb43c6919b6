// XEP-0319 Last User Interaction in Presence.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct Idle {
  WallTime since{};
  static constexpr ElementName element{"idle", "urn:xmpp:idle:1"};
  static constexpr std::tuple fields{attribute("since", &Idle::since, required)};
};

}  // namespace herold::xmpp
