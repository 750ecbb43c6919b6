// Rooms as a domain's administrators see them, by ad-hoc commands of the server (XEP-0050).
#pragma once

#include <vector>

#include "server/commands.h"

namespace herold::server {

void add_room_commands(std::vector<const AdhocCommand*>& commands);

}  // namespace herold::server
