// Passing requests and answers on between occupants.
#include "server/rooms/room_iq.h"

#include "xmpp/ext/disco.h"
#include "xmpp/ext/ping.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {
namespace {

constexpr Seconds patience{60};

}  // namespace

Answer<> forward_request(ModuleHost& host, const Room& room, const Stanza& request) {
  const Occupant* sender = room.find_client(request.head.from);
  const Occupant* receiver = room.find_nick(request.head.to.resource());
  const xml::Element payload = request.root().first_child();
  const bool is_disco =
      payload.ns() == xmpp::ns::disco_info || payload.ns() == xmpp::ns::disco_items;
  if (sender == nullptr && is_disco) return xmpp::fail(Condition::bad_request);  // section 6.6
  if (sender == nullptr) return xmpp::fail(Condition::not_acceptable, "You are not in the room");
  // XEP-0410 section 3.3.
  if (sender == receiver && xmpp::is<xmpp::PingQuery>(payload))
    return host.send(make_result(request.head, {})), Answer<>();
  if (receiver == nullptr) return xmpp::fail(Condition::item_not_found);
  StanzaHead head = StanzaHead::of(request.head.iq_type);
  head.from = sender->address;
  // What an account keeps is asked of the account (XEP-0054, avatars).
  head.to = xmpp::is<xmpp::VCard>(payload) ? receiver->user : receiver->shown().address;
  host.ask(Stanza(std::move(head), request.payload()), patience,
           [&host, asked = request.head](const Stanza* answer) {
             if (answer == nullptr)
               return host.send(make_error(asked, Condition::remote_server_timeout));
             StanzaHead back = answer->head;
             back.from = asked.to;
             back.to = asked.from;
             back.id = asked.id;
             host.send(Stanza(std::move(back), answer->payload()));
           });
  return {};
}

bool means_gone(Condition condition) {
  using enum Condition;
  switch (condition) {
    case gone:
    case internal_server_error:
    case item_not_found:
    case jid_malformed:
    case recipient_unavailable:
    case redirect:
    case remote_server_not_found:
    case remote_server_timeout:
    case service_unavailable:
      return true;
    default:
      return false;
  }
}

}  // namespace herold::server
