// What has access to an account, as its owner and administrators see it, and taking that away
// (XEP-0494).
//
// What is listed: installations that said their id (XEP-0388), app passwords, and sessions of
// clients that say neither, by their resource.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/clients.h"
#include "xmpp/ext/client_access.h"
#include "xmpp/jid.h"

namespace herold::server {

class Account;
class Shard;

// `account`: nullptr where it is not in memory, so nobody is connected.
std::vector<xmpp::AccessClient> accesses(const Account* account,
                                         const std::vector<store::Client>& rows, WallTime now);

enum class Revoked : std::uint8_t {
  wholly,
  but_knows_password,  // it was switched off, but could come back under another name
};

// On the account's home shard. `id` is one of accesses(); Fault::not_found.
void revoke_access(Shard& home, const xmpp::Jid& account, const std::string& id,
                   std::move_only_function<void(Result<Revoked>)> done);

}  // namespace herold::server
