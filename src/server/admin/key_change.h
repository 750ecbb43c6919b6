// Changing the key under which secrets are stored, while they are in use or not (DECISIONS.md 17).
#pragma once

#include <functional>

#include "server/admin/administration.h"
#include "server/key_sealer.h"
#include "store/accounts.h"

namespace herold::server {

// On the thread of `accounts`. Both outlive it; `done` gets the new key's number and how many
// accounts were sealed anew. When it fails the old keys stay.
void change_keys(KeySealer& keys, store::Accounts& accounts, std::function<void(AdminReply)> done);

}  // namespace herold::server
