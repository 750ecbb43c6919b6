// Clients that come back after a restart, or that wrongly think they are in a room.
#pragma once

#include "server/module_host.h"
#include "server/rooms/room.h"

namespace herold::server {

// Section 7.2.17: presence of who is not in the room gets an explicit end of it.
void tell_absent(ModuleHost& host, const Stanza& presence);
// On the client's side: what a room says of it is where its session is, and comes back to.
void take_place(Account& account, const Stanza& presence);
// The same said by the room, which has refused what the client asked for; nullptr: there is none.
void tell_place(ModuleHost& host, const Room* room, const Stanza& refused);
// Others may have left without a word to this client, or a room itself may be no more
// (DECISIONS.md 5): it is shown who is in each of its rooms.
void show_rooms_again(ModuleHost& host, const Jid& service, Session& session);

}  // namespace herold::server
