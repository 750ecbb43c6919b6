// Requests from one client in a room to another's, through it (XEP-0045 section 17.4, XEP-0410).
#pragma once

#include "server/module_host.h"
#include "server/rooms/room.h"

namespace herold::server {

// To room/nick, from an occupant; the answer comes back the same way.
Answer<> forward_request(ModuleHost& host, const Room& room, const Stanza& request);

// Whether an error from a client says that it is not there any more (sections 17.4.2 and XEP-0410).
bool means_gone(Condition condition);

}  // namespace herold::server
