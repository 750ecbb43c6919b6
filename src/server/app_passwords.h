// Passwords for single clients that cannot do better: no second factor, one use each (XEP-0494
// lists and revokes them).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "xmpp/jid.h"

namespace herold::server {

class Shard;

// On the account's home shard; yields the password, which is never seen again. Fault::limit: there
// are too many. `name`: what its owner calls the client.
void make_app_password(Shard& home, const xmpp::Jid& account, std::string name,
                       std::move_only_function<void(Result<std::string>)> done);

}  // namespace herold::server
