// XEP-0115 Entity Capabilities; the verification string is made in xmpp/caps.h.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct Caps {
  std::string hash;  // "sha-1"; empty in the legacy format, which we ignore
  std::string node;
  std::string ver;
  static constexpr ElementName element{"c", "http://jabber.org/protocol/caps"};
  static constexpr std::tuple fields{attribute("hash", &Caps::hash), attribute("node", &Caps::node),
                                     attribute("ver", &Caps::ver)};
};

}  // namespace herold::xmpp
