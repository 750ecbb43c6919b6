// With which other servers we talk, and what each has to show (RFC 6120 section 13.7, XEP-0220).
#pragma once

#include <optional>
#include <string_view>

#include "server/config.h"

namespace herold::server {

// Whether `domain` is in a list that may name "*.example.org": all below that domain.
bool is_listed(const std::vector<std::string>& list, std::string_view domain);

// What it takes to be `domain`; nothing where nobody may talk to it. What is denied stays denied.
std::optional<PeerTrust> trust_in(const FederationConfig& config, std::string_view domain);

}  // namespace herold::server
