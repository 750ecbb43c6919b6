// From a certificate to accounts: addresses first, signatures only where an address is of interest.
#include "server/client_trust.h"

#include <algorithm>

namespace herold::server {

void ClientTrust::set(Authorities authorities) {
  auto fresh = std::make_shared<const Authorities>(std::move(authorities));
  const std::lock_guard lock(mutex_);
  std::swap(authorities_, fresh);
}

ClientTrust::Accounts ClientTrust::accounts(std::string_view chain_pem, WallTime now) const {
  std::shared_ptr<const Authorities> authorities;
  {
    const std::lock_guard lock(mutex_);
    authorities = authorities_;
  }
  Accounts found;
  if (!authorities || authorities->empty()) return found;
  const auto addresses = crypto::xmpp_addresses(chain_pem);
  if (!addresses) return {.jids = {}, .problem = addresses.error().text};

  std::map<std::string, Result<>, std::less<>> judged;  // by domain, each once
  for (const std::string& address : *addresses) {
    const auto jid = xmpp::Jid::parse(address);
    if (!jid || !jid->is_bare() || !jid->has_local()) continue;
    if (std::ranges::find(found.jids, *jid) != found.jids.end()) continue;
    const auto own = authorities->find(jid->domain());
    if (own == authorities->end()) continue;
    auto verdict = judged.find(jid->domain());
    if (verdict == judged.end())
      verdict = judged.emplace(jid->domain(), own->second->vouch(chain_pem, now)).first;
    if (verdict->second)
      found.jids.push_back(*jid);
    else
      found.problem = verdict->second.error().text;
  }
  return found;
}

}  // namespace herold::server
