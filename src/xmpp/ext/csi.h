// XEP-0352 Client State Indication.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view csi = "urn:xmpp:csi:0";
}

// Stream feature.
struct CsiFeature {
  static constexpr ElementName element{"csi", ns::csi};
};
struct CsiActive {
  static constexpr ElementName element{"active", ns::csi};
};
struct CsiInactive {
  static constexpr ElementName element{"inactive", ns::csi};
};

}  // namespace herold::xmpp
