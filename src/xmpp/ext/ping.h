// XEP-0199 XMPP Ping.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct PingQuery {
  static constexpr ElementName element{"ping", "urn:xmpp:ping"};
};

}  // namespace herold::xmpp
