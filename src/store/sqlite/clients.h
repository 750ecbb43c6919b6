// What the statements about accounts and those about their clients do for each other.
#pragma once

#include <string>
#include <vector>

#include "store/accounts.h"
#include "store/sealer.h"
#include "store/sqlite/connection.h"

namespace herold::store {

// accounts.cc
Result<std::vector<Credential>> read_credentials(Connection& connection, const Sealer& sealer,
                                                 const std::string& address);

// clients.cc
// What was read of an account for a sign-in under way is not written any more.
Result<> new_generation(Connection& connection, const std::string& address);
// The account has another password: tokens and app passwords go, and nobody is switched off.
Result<> forget_secrets(Connection& connection, const std::string& address);
// Under the sealer's newest key.
Result<> reseal_clients(Connection& connection, const Sealer& sealer, const std::string& address);

}  // namespace herold::store
