// Stanzas as journal records.
#include "server/journal_records.h"

namespace herold::server {
namespace {

std::uint8_t type_of(const StanzaHead& head) {
  switch (head.kind) {
    case StanzaKind::message:
      return static_cast<std::uint8_t>(head.message_type);
    case StanzaKind::presence:
      return static_cast<std::uint8_t>(head.presence_type);
    case StanzaKind::iq:
      return static_cast<std::uint8_t>(head.iq_type);
  }
  return 0;
}

}  // namespace

CommitRecord CommitRecord::of(const Stanza& stanza) {
  CommitRecord record;
  record.id = stanza.id;
  record.kind = static_cast<std::uint8_t>(stanza.kind());
  record.type = type_of(stanza.head);
  record.from = stanza.head.from.text();
  record.to = stanza.head.to.text();
  record.stanza_id = stanza.head.id;
  record.lang = stanza.head.lang;
  record.accepted = static_cast<std::uint64_t>(stanza.accepted.time_since_epoch().count());
  record.payload = stanza.payload();
  record.stable = stanza.stable;
  record.leaving = stanza.leaving ? 1 : 0;
  record.waits = stanza.waits;
  return record;
}

Stanza CommitRecord::stanza() const {
  StanzaHead head;
  head.kind = static_cast<StanzaKind>(kind);
  switch (head.kind) {
    case StanzaKind::message:
      head.message_type = static_cast<MessageType>(type);
      break;
    case StanzaKind::presence:
      head.presence_type = static_cast<PresenceType>(type);
      break;
    case StanzaKind::iq:
      head.iq_type = static_cast<IqType>(type);
      break;
  }
  head.from = Jid::trusted(from);
  head.to = Jid::trusted(to);
  head.id = stanza_id;
  head.lang = lang;
  Stanza stanza(std::move(head), payload);
  stanza.id = id;
  stanza.stable = stable;
  stanza.leaving = leaving != 0;
  stanza.waits = waits;
  stanza.accepted = WallTime(Microseconds(static_cast<std::int64_t>(accepted)));
  return stanza;
}

}  // namespace herold::server
