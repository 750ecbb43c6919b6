// Cards of rooms in the store.
#include "server/rooms/room_card.h"

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/rooms/room_store.h"

namespace herold::server {

Answer<std::string> picture_hash(const ModuleHost& host, xml::Element card) {
  const xml::Element photo = card.child("PHOTO", xmpp::VCard::element.ns);
  std::string picture = photo ? photo.child("BINVAL", xmpp::VCard::element.ns).text() : "";
  std::erase_if(picture, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const auto bytes = base64_decode(picture);
  if (!bytes) return xmpp::fail(Condition::bad_request, "The picture is not in base64");
  if (bytes->empty()) return std::string();
  return hex_encode(host.crypto().digest(crypto::HashAlgorithm::sha1, *bytes).view());
}

Answer<> keep_room_card(ModuleHost& host, Room& room, const Jid& user, const std::string& xml,
                        const std::string& hash) {
  if (room.affiliation(user) != Affiliation::owner)
    return xmpp::fail(Condition::forbidden, "Only owners give the room a picture");
  const auto ignore = [](auto) {};  // the hash is stored behind it, and answers for both
  if (xml.empty())
    host.stores().records().remove(card_key(room.address()), ignore);
  else
    host.stores().records().put(card_key(room.address()), xml, ignore);
  room.set_avatar(hash);
  return {};
}

void read_room_card(ModuleHost& host, const Jid& room, CardRead then) {
  host.stores().records().get(
      card_key(room), [then = std::move(then)](Result<std::optional<store::Record>> found) mutable {
        if (!found) return then(std::unexpected(StanzaError(found.error())));
        if (!*found) return then(xmpp::fail(Condition::item_not_found));
        then(xmpp::VCard{.xml = std::move((*found)->value)});
      });
}

}  // namespace herold::server
