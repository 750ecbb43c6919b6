// Allowed, denied, trusted: decided by name alone.
#include "server/federation/policy.h"

#include <algorithm>

namespace herold::server {

bool is_listed(const std::vector<std::string>& list, std::string_view domain) {
  return std::ranges::any_of(list, [domain](std::string_view listed) {
    if (!listed.starts_with("*.")) return listed == domain;
    const std::string_view below = listed.substr(1);  // ".example.org"
    return domain.size() > below.size() && domain.ends_with(below);
  });
}

std::optional<PeerTrust> trust_in(const FederationConfig& config, std::string_view domain) {
  if (config.mode == FederationMode::closed || is_listed(config.deny, domain)) return std::nullopt;
  if (config.mode == FederationMode::listed && !is_listed(config.allow, domain))
    return std::nullopt;
  return is_listed(config.dialback, domain) ? PeerTrust::dialback : config.trust;
}

}  // namespace herold::server
