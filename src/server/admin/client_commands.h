// The commands about an account's clients and its second factor: what a running and a stopped
// server have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/admin/administration.h"
#include "server/client_access.h"

namespace herold::server {

bool is_client_command(std::string_view name);

// "user clients": [{"id": ..., "software": ..., "device": ..., "connected": ..., "last_seen": ...,
// "sign_in": ["password", "token"]}, ...].
nlohmann::json clients_json(const std::vector<xmpp::AccessClient>& clients);
// "user revoke": the client knows the password where nothing else keeps it out.
nlohmann::json revoked_json(const xmpp::Jid& account, const std::string& client, Revoked outcome);

// On the account's home shard of a running server.
void perform_client_command(Shard& home, const AdminCommand& command, const xmpp::Jid& account,
                            std::function<void(AdminReply)> done);

}  // namespace herold::server
