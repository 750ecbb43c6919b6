// XEP-0490 Message Displayed Synchronization.
#pragma once

#include "xmpp/ext/stanza_id.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view displayed = "urn:xmpp:mds:displayed:0";
}

// Up to where a chat was read, by the id that the archive gave.
struct Displayed {
  std::optional<StanzaId> stanza_id;
  static constexpr ElementName element{"displayed", ns::displayed};
  static constexpr std::tuple fields{child(&Displayed::stanza_id)};
};

}  // namespace herold::xmpp
