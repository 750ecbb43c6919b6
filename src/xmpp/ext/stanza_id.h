// XEP-0359 Unique and Stable Stanza IDs.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view stanza_id = "urn:xmpp:sid:0";
}

// Only `by` itself may have set it: a receiver strips those that bear its own name.
struct StanzaId {
  std::string id;
  Jid by;
  static constexpr ElementName element{"stanza-id", ns::stanza_id};
  static constexpr std::tuple fields{attribute("id", &StanzaId::id, required),
                                     attribute("by", &StanzaId::by, required)};
};

struct OriginId {
  std::string id;
  static constexpr ElementName element{"origin-id", ns::stanza_id};
  static constexpr std::tuple fields{attribute("id", &OriginId::id, required)};
};

}  // namespace herold::xmpp
