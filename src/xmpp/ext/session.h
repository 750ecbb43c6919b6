// RFC 3921 section 3 Session Establishment: a formality that old clients still ask for.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct Session {
  static constexpr ElementName element{"session", ns::session};
};

// The stream feature: with <optional/>, newer clients leave the round trip out.
struct SessionFeature {
  bool optional = true;
  static constexpr ElementName element{"session", ns::session};
  static constexpr std::tuple fields{flag("optional", &SessionFeature::optional)};
};

}  // namespace herold::xmpp
