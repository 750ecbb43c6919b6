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

std::vector<crypto::HashAlgorithm> hashes_of(const std::vector<store::Credential>& rows);
store::Credential credential_row(const xmpp::StoredCredentials& made);

// Rows for every hash that is offered, from a prepared password. Costs milliseconds: run it on a
// worker. `iterations` is what the domain asks for, raised to what the account has already.
std::vector<store::Credential> make_credential_rows(const crypto::Crypto& crypto, Random& random,
                                                    std::string_view prepared_password,
                                                    std::uint32_t iterations);

// A password that is easy to read out and has 99 bits: "k7dp-...", five groups of four.
std::string make_up_password(Random& random);

// Rows of an app password beside the account's own one, with its salts and counts, so that one
// challenge of SCRAM fits all of them.
std::vector<store::Credential> make_app_password_rows(const crypto::Crypto& crypto,
                                                      const std::vector<store::Credential>& own,
                                                      std::string_view prepared_password);

}  // namespace herold::server
