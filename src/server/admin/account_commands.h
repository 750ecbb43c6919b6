// What the commands about accounts have in common, on a running and on a stopped server.
#pragma once

#include <string>

#include "base/random.h"
#include "crypto/secret.h"
#include "server/admin/administration.h"
#include "server/config.h"
#include "server/erasing.h"
#include "store/accounts.h"
#include "xmpp/jid.h"

namespace herold::server {

// The "address" of a command: a bare address of a domain that this server has. Fault::invalid.
Result<xmpp::Jid> account_argument(const Config& config, const AdminCommand& command);

// The "password" of a command, or a new one that is easy to read out and has 99 bits.
struct NewPassword {
  crypto::SecretString prepared;  // as it is hashed
  std::string shown;              // what was made up, for the result; "" when one was given
};
Result<NewPassword> password_argument(const Limits& limits, const AdminCommand& command,
                                      Random& random);

// Results of "user add|passwd", of "user list", of "user export", of "erase" and of "modules".
nlohmann::json password_result(const xmpp::Jid& account, const NewPassword& password);
nlohmann::json account_json(const store::Account& account);
nlohmann::json export_result(const xmpp::Jid& account, const std::string& document);
// Of "erase": {"journal_files": how many went, "database_bytes": ..., "database_bytes_before": ...,
// "owed": accounts whose removal is not finished, "running": whether the server runs}.
nlohmann::json erased_json(const Erased& erased, bool is_running);
nlohmann::json modules_json(const Config& config, std::span<const ModuleDescription> modules);

}  // namespace herold::server
