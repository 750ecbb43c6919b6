// XEP-0425 Moderated Message Retraction.
#pragma once

#include "xmpp/ext/muc.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view moderation = "urn:xmpp:message-moderate:1";
inline constexpr std::string_view message_retraction = "urn:xmpp:message-retract:1";
}  // namespace ns

// What a moderator asks for.
struct Moderate {
  std::string id;  // the room's stanza-id of the message
  bool retract = false;
  std::string reason;
  static constexpr ElementName element{"moderate", ns::moderation};
  static constexpr std::tuple fields{attribute("id", &Moderate::id, required),
                                     flag("retract", &Moderate::retract, ns::message_retraction),
                                     child_text("reason", &Moderate::reason)};
};

struct Moderated {
  Jid by;
  std::optional<OccupantId> occupant;
  static constexpr ElementName element{"moderated", ns::moderation};
  static constexpr std::tuple fields{attribute("by", &Moderated::by), child(&Moderated::occupant)};
};

// What the room tells everybody.
struct ModeratedRetraction {
  std::string id;
  Moderated moderated;
  std::string reason;
  static constexpr ElementName element{"retract", ns::message_retraction};
  static constexpr std::tuple fields{attribute("id", &ModeratedRetraction::id, required),
                                     child(&ModeratedRetraction::moderated),
                                     child_text("reason", &ModeratedRetraction::reason)};
};

// What an archive shows instead of the message.
struct ModeratedTombstone {
  WallTime stamp{};
  Moderated moderated;
  std::string reason;
  static constexpr ElementName element{"retracted", ns::message_retraction};
  static constexpr std::tuple fields{attribute("stamp", &ModeratedTombstone::stamp),
                                     child(&ModeratedTombstone::moderated),
                                     child_text("reason", &ModeratedTombstone::reason)};
};

}  // namespace herold::xmpp
