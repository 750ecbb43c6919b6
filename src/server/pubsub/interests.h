// Which nodes a client wants to hear of: the "+notify" features of its capabilities (XEP-0060
// section 9.2).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/caps_cache.h"

namespace herold::server {

class Account;

class Session;

namespace pubsub {

using NodeNames = std::vector<std::string>;  // sorted

NodeNames interests_in(const Capabilities& capabilities);

// Remembers what the session's client wants; yields what it did not want before.
NodeNames set_interests(Session& session, const Capabilities& capabilities);
// Empty where nothing is known.
const NodeNames& interests_of(const Session& session);
bool is_interested(const Session& session, const std::string& node);
void forget_interests(const Session& session);

// --- clients of contacts on other servers, beside the account that they see
// The same for one of them, as far as an account's bound goes.
NodeNames set_distant_interests(Account& account, const Jid& client,
                                const Capabilities& capabilities);
void forget_distant(Account& account, const Jid& client);
// Those of `contacts` that want `node`.
std::vector<Jid> distant_clients_wanting(const Account& account, const std::vector<Jid>& contacts,
                                         const std::string& node);

}  // namespace pubsub
}  // namespace herold::server
