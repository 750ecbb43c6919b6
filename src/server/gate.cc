// Token buckets by address prefix.
#include "server/gate.h"

#include <algorithm>

namespace herold::server {

std::string address_prefix(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  // The first four groups; an address that is shorter through "::" keeps what stands before it.
  std::size_t end = 0;
  for (int groups = 0; end < address.size(); ++end) {
    if (address[end] != ':') continue;
    if (++groups == 4 || (end + 1 < address.size() && address[end + 1] == ':')) break;
  }
  return std::string(address.substr(0, end)) + "::/64";
}

void ConnectionGate::refill(Prefix& prefix, MonotonicTime now) const {
  const double seconds = std::chrono::duration<double>(now - prefix.at).count();
  const auto burst = static_cast<double>(limits_.connection_burst);
  prefix.tokens =
      std::min(burst, prefix.tokens + seconds * static_cast<double>(limits_.connection_rate));
  prefix.at = now;
}

ConnectionGate::Decision ConnectionGate::enter(std::string_view address, MonotonicTime now) {
  const auto [place, is_new] = prefixes_.try_emplace(address_prefix(address));
  Prefix& prefix = place->second;
  if (is_new) prefix = {0, static_cast<double>(limits_.connection_burst), now};
  if (prefix.unauthenticated >= limits_.connections_unauthenticated || unauthenticated_ >= most_)
    return {};
  refill(prefix, now);
  prefix.tokens -= 1;
  ++prefix.unauthenticated;
  ++unauthenticated_;
  if (prefix.tokens >= 0) return {true, Duration(0)};
  const double seconds = -prefix.tokens / static_cast<double>(limits_.connection_rate);
  return {true, Duration(static_cast<std::int64_t>(seconds * 1e6))};
}

void ConnectionGate::leave(std::string_view address, Outcome outcome, MonotonicTime now) {
  const auto found = prefixes_.find(address_prefix(address));
  if (found == prefixes_.end() || found->second.unauthenticated == 0) return;
  Prefix& prefix = found->second;
  --prefix.unauthenticated;
  --unauthenticated_;
  refill(prefix, now);
  if (outcome == Outcome::signed_in)
    prefix.tokens = std::min(prefix.tokens + 1, static_cast<double>(limits_.connection_burst));
}

void ConnectionGate::tidy(MonotonicTime now) {
  const MonotonicTime old = now - Seconds(60);
  std::erase_if(prefixes_, [&](const auto& entry) {
    return entry.second.unauthenticated == 0 && entry.second.at < old;
  });
}

}  // namespace herold::server
