// RFC 6120 section 7 Resource Binding.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// A request names the wanted resource or none; the result names the full address.
struct Bind {
  std::string resource;
  Jid jid;
  static constexpr ElementName element{"bind", ns::bind};
  static constexpr std::tuple fields{child_text("resource", &Bind::resource),
                                     child_text("jid", &Bind::jid)};
};

}  // namespace herold::xmpp
