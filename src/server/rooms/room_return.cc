// What such clients are told.
#include "server/rooms/room_return.h"

#include "server/directed.h"
#include "server/rooms/rooms.h"

namespace herold::server {
namespace {

constexpr std::uint32_t self_presence = 110, nick_changed = 303, kicked = 307,
                        technical_problem = 333;

}  // namespace

void tell_absent(ModuleHost& host, const Stanza& presence) {
  xmpp::MucUser user;
  user.item = xmpp::MucUserItem{
      .affiliation = Affiliation::none, .role = Role::none, .reason = "You are not in the room."};
  user.statuses = {{self_presence}, {kicked}, {technical_problem}};
  StanzaHead head = StanzaHead::of(PresenceType::unavailable);
  head.from = presence.head.to;
  head.to = presence.head.from;
  head.id = presence.head.id;
  host.send(Stanza(std::move(head), xmpp::to_xml(user, xmpp::ns::client)));
}

// Most presence is others', and is not parsed for this.
void take_place(Account& account, const Stanza& presence) {
  const StanzaHead& head = presence.head;
  const bool is_of_occupants = head.from.is_full() && (head.is(PresenceType::available) ||
                                                       head.is(PresenceType::unavailable));
  if (!is_of_occupants || !presence.payload().view().contains("code=\"110\"")) return;
  Session* session = account.find_session(head.to.resource());
  const xml::Element element = xmpp::find<xmpp::MucUser>(presence.root());
  if (session == nullptr || !element) return;
  const auto user = xmpp::read<xmpp::MucUser>(element);
  const auto has = [&](std::uint32_t code) {
    return std::ranges::find(user->statuses, code, &xmpp::MucStatus::code) != user->statuses.end();
  };
  if (!user || !has(self_presence) || has(nick_changed)) return;
  std::optional<Jid> place;
  if (head.is(PresenceType::available)) place = head.from;
  set_place(*session, head.from.bare(), place);
}

void tell_place(ModuleHost& host, const Room* room, const Stanza& refused) {
  const Jid& client = refused.head.from;
  const Occupant* occupant = room != nullptr ? room->find_client(client) : nullptr;
  std::optional<Jid> place;
  if (occupant != nullptr) place = occupant->address;
  host.at_home(
      client.bare_text(), [client, place, room = refused.head.to.bare()](ModuleHost& there) {
        Account* account = there.find_account(client.bare());
        Session* session = account != nullptr ? account->find_session(client.resource()) : nullptr;
        if (session != nullptr) set_place(*session, room, place);
      });
}

void show_rooms_again(ModuleHost& host, const Jid& service, Session& session) {
  for (const Jid& to : session.directed()) {
    if (to.domain() != service.domain() || !to.is_full()) continue;
    StanzaHead head = StanzaHead::of(PresenceType::available);
    head.from = session.address();
    head.to = to;
    at_home_of_room(
        host, to.bare(),
        [shown = Stanza(std::move(head), std::string_view())](ModuleHost& there, Room* room) {
          if (room == nullptr || room->find_client(shown.head.from) == nullptr)
            return tell_absent(there, shown);
          room->refresh(shown.head.from);
        });
  }
}

}  // namespace herold::server
