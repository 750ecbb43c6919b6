// What may be done to accounts, once for all who do it: commands, registration, ad-hoc commands.
//
// Each runs on the account's home shard, with the arithmetic of passwords on a worker, and tells
// its end on the shard that asked.
#pragma once

#include <functional>
#include <optional>

#include "crypto/secret.h"
#include "server/journal_records.h"
#include "server/stanza.h"
#include "store/accounts.h"

namespace herold::server {

class Server;
class Shard;

// A handle: what it began goes on without it.
class AccountActions {
 public:
  using Done = std::move_only_function<void(Result<>)>;

  explicit AccountActions(Server& server) : server_(server) {}

  // Passwords come prepared (xmpp::prepare_password). Fault::conflict: the account exists;
  // Fault::refused: its name is a look-alike. An administrator may allow those.
  void create(Shard& from, const Jid& account, crypto::SecretString password,
              store::LookAlikes look_alikes, Done done);
  // Fault::not_found from here on. Tokens and app passwords die with the old password, and its
  // sessions end with not-authorized, but for the one that asked for it.
  void set_password(Shard& from, const Jid& account, crypto::SecretString password, Done done,
                    std::optional<SessionKey> keep = {});
  // XEP-0494: one client is switched off. Its sessions end with not-authorized, its tokens die, and
  // the same installation is not let in before the password is another; an app password goes.
  void revoke(Shard& from, const Jid& account, std::uint64_t client, Done done);
  // Its sessions end with not-authorized (HOSTILE 67), its contacts learn that it is gone. The end
  // is told when nothing of it is left (removals.h).
  void remove(Shard& from, const Jid& account, Done done);
  // Disabling ends its sessions.
  void set_state(Shard& from, const Jid& account, store::AccountState state, Done done);

 private:
  Server& server_;
};

}  // namespace herold::server
