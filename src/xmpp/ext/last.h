// XEP-0012 Last Activity.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Both absent in a request.
struct LastActivity {
  std::optional<std::uint64_t> seconds;
  std::string status;
  static constexpr ElementName element{"query", "jabber:iq:last"};
  static constexpr std::tuple fields{attribute("seconds", &LastActivity::seconds),
                                     content(&LastActivity::status)};
};

}  // namespace herold::xmpp
