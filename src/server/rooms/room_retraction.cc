// Messages that are taken back: by who said them (XEP-0424), by moderators (XEP-0425).
#include "server/rooms/room.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/retraction.h"

namespace herold::server {

// XEP-0424 section 4.1: only its own author may; in the archive it is looked at later.
void Room::note_retraction(const std::string& author, const Stanza& message) {
  const auto retract = xmpp::read<xmpp::Retract>(xmpp::find<xmpp::Retract>(message.root()));
  if (!retract || message.id == 0) return;
  const RoomHistory::Entry* said = history_.find(retract->id);
  if (said != nullptr && author_of(said->stanza) == author) history_.remove(retract->id);
  if (!config_.is_logged) return;
  std::string tombstone = xmpp::to_xml(xmpp::OccupantId{author}, xmpp::ns::client);
  tombstone +=
      xmpp::to_xml(xmpp::Retracted{.id = message.head.id, .stamp = wall()}, xmpp::ns::client);
  changes_.retractions.push_back({retract->id, author, std::move(tombstone)});
}

Answer<> Room::may_moderate(const Jid& client, const std::string& reason) const {
  const Occupant* moderator = find_client(client);
  if (moderator == nullptr || moderator->role != Role::moderator)
    return xmpp::fail(Condition::forbidden, "Only moderators take messages back");
  if (reason.size() > around_.limits.room_text_bytes)
    return xmpp::fail(Condition::not_acceptable, "The reason is too long");
  return {};
}

Answer<> Room::moderate(const Jid& client, const std::string& stanza_id,
                        const std::string& reason) {
  TRY(may_moderate(client, reason));
  const Occupant& moderator = *find_client(client);
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = address_;
  head.id = around_.token();
  const xmpp::ModeratedRetraction news{
      .id = stanza_id,
      .moderated =
          xmpp::Moderated{.by = moderator.address, .occupant = xmpp::OccupantId{moderator.id}},
      .reason = reason};
  TRY(pass_on(std::move(head), xmpp::to_xml(news, xmpp::ns::client),
              {.id = around_.output.next_id(), .lasting = Lasting::history, .aside = ""}));
  history_.remove(stanza_id);
  return {};
}

// Section 5 of XEP-0425.
std::string Room::tombstone(const Jid& moderator, const std::string& author,
                            const std::string& reason) const {
  const Occupant* actor = find_client(moderator);
  std::string text;
  if (!author.empty()) text = xmpp::to_xml(xmpp::OccupantId{author}, xmpp::ns::client);
  xmpp::ModeratedTombstone stone{.stamp = wall(), .moderated = {}, .reason = reason};
  if (actor != nullptr) stone.moderated = {actor->address, xmpp::OccupantId{actor->id}};
  return text + xmpp::to_xml(stone, xmpp::ns::client);
}

}  // namespace herold::server
