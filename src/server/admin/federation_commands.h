// Commands about other servers: "federation list", "federation show", "federation block",
// "federation allow".
//
//   federation list   {}; result: a list of ways: {"domain": ours, "peer": theirs, "state": "open"
//   |
//                     "looking" | "resting" | "idle" | "inbound", "waiting": stanzas,
//                     "waiting_bytes": ..., "stream": ..., "problem": ...}
//   federation show   {"domain": theirs}; result: {"domain": ..., "trust": "certificate" |
//                     "dialback" | "none", "ways": as above}
//   federation block, allow   {"domain": theirs, or "*." and a domain}; result: {"domain": ...,
//                     "trust": as above, now}
#pragma once

#include <functional>

#include "server/admin/administration.h"
#include "server/config.h"

namespace herold::server {

class Server;

bool is_federation_command(std::string_view name);

// "list" and "show", on the running server. `done` is called on a shard's thread.
void list_peers(Server& server, const AdminCommand& command, const FederationConfig& config,
                std::function<void(AdminReply)> done);

// "block" and "allow": writes the decision down. It counts for those who read the configuration
// after that; what it will be then is the result.
AdminReply decide_about_peer(const AdminCommand& command, const Config& config);

}  // namespace herold::server
