// XEP-0092 Software Version.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// All empty in a request.
struct Version {
  std::string name;
  std::string version;
  std::string os;
  static constexpr ElementName element{"query", "jabber:iq:version"};
  static constexpr std::tuple fields{child_text("name", &Version::name),
                                     child_text("version", &Version::version),
                                     child_text("os", &Version::os)};
};

}  // namespace herold::xmpp
