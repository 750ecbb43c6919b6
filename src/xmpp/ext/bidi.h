// XEP-0288 Bidirectional Server-to-Server Connections.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Stream feature.
struct BidiFeature {
  static constexpr ElementName element{"bidi", "urn:xmpp:features:bidi"};
};

// Asks for it, before signing in.
struct Bidi {
  static constexpr ElementName element{"bidi", "urn:xmpp:bidi"};
};

}  // namespace herold::xmpp
