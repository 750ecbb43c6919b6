// XEP-0049 Private XML Storage.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// The one element that is stored or asked for, as canonical XML in the scope of this namespace.
struct PrivateQuery {
  std::string xml;
  static constexpr ElementName element{"query", "jabber:iq:private"};
  static constexpr std::tuple fields{raw(&PrivateQuery::xml)};
};

}  // namespace herold::xmpp
