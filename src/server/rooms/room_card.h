// A room's card and picture (XEP-0054, XEP-0486).
#pragma once

#include <functional>

#include "server/module_host.h"
#include "server/rooms/room.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {

// The hash of the picture in it (XEP-0486 section 3), "" without one.
Answer<std::string> picture_hash(const ModuleHost& host, xml::Element card);
// Puts the card into the store, behind which the room's own record with the hash is stored.
Answer<> keep_room_card(ModuleHost& host, Room& room, const Jid& user, const std::string& xml,
                        const std::string& hash);
using CardRead = std::move_only_function<void(Answer<xmpp::VCard>)>;
void read_room_card(ModuleHost& host, const Jid& room, CardRead then);

}  // namespace herold::server
