// What owners and admins of a room do by ad-hoc commands (XEP-0050): its hats (XEP-0317).
#pragma once

#include "server/rooms/room.h"
#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

// One step of a command: the form, or what came of it. item-not-found: there is no such command.
// Every step stands for itself, so a form may be sent without having been asked for.
Answer<xmpp::Command> run_room_command(Room& room, const Jid& user, const xmpp::Command& asked,
                                       const std::string& new_session);
// Those that `user` may run.
std::vector<xmpp::DiscoItem> room_commands(const Room& room, const Jid& user);

}  // namespace herold::server
