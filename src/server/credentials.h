// SCRAM keys between the store's rows and the mechanisms (DECISIONS.md 17, 18).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/accounts.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {

// The row for `hash`, if there is one.
std::optional<xmpp::StoredCredentials> find_credentials(const std::vector<store::Credential>& rows,
                                                        crypto::HashAlgorithm hash);

// Rows for every hash that is offered, from a prepared password. Costs milliseconds: run it on a
// worker. `iterations` is what the domain asks for, raised to what the account has already.
std::vector<store::Credential> make_credential_rows(const crypto::Crypto& crypto, Random& random,
                                                    std::string_view prepared_password,
                                                    std::uint32_t iterations);

}  // namespace herold::server
