// What administrators decided about other domains by command, beside what the configuration says:
// a small file of the data folder, a line each ("block spam.example", "allow friend.example").
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/config.h"

namespace herold::server {

enum class PeerDecision { allow, block };

// Adds them to `config`: who is blocked is denied, who is allowed is listed. What the configuration
// denies stays denied.
Result<> apply_decisions(const std::string& data_folder, FederationConfig& config);

// `domain`: prepared, or "*." and a domain. It takes the place of an earlier decision about it.
Result<> decide(const std::string& data_folder, std::string_view domain, PeerDecision decision);

// As the lists of the configuration have it; Fault::invalid when it is none.
Result<std::string> prepare_listed_domain(std::string_view text);

}  // namespace herold::server
