// What such clients are told.
#include "server/rooms/room_return.h"

#include "server/rooms/rooms.h"

namespace herold::server {

void tell_absent(ModuleHost& host, const Stanza& presence) {
  constexpr std::uint32_t self_presence = 110, kicked = 307, technical_problem = 333;
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

void show_rooms_again(ModuleHost& host, const Jid& service, Session& session) {
  for (const Jid& to : session.directed()) {
    if (to.domain() != service.domain() || !to.is_full()) continue;
    StanzaHead head = StanzaHead::of(PresenceType::available);
    head.from = session.address();
    head.to = to;
    host.at_home(to.bare_text(), [service = service.text(),
                                  stanza = Stanza(std::move(head), std::string_view())](
                                     ModuleHost& there) {
      const auto& all = there.data<RoomsByService>();
      const auto rooms = all.find(service);
      if (rooms == all.end()) return;
      rooms->second->with_room(stanza.head.to.bare(), [&there, stanza = stanza.copy()](Room* room) {
        if (room == nullptr || room->find_client(stanza.head.from) == nullptr)
          return tell_absent(there, stanza);
        room->refresh(stanza.head.from);
      });
    });
  }
}

}  // namespace herold::server
