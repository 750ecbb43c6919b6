// Which accounts a client's certificate speaks for, by domain (SASL EXTERNAL, XEP-0178 section 2).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/client_authorities.h"
#include "xmpp/jid.h"

namespace herold::server {

// Used by many threads at once.
class ClientTrust {
 public:
  // By prepared domain. Each counts for the accounts of its own domain only.
  using Authorities =
      std::map<std::string, std::unique_ptr<crypto::ClientAuthorities>, std::less<>>;

  struct Accounts {
    std::vector<xmpp::Jid> jids;  // bare; all were vouched for
    std::string problem;          // why others were not; "" when there were none
  };

  // Handshakes from now on are judged by these.
  void set(Authorities authorities);
  // What the first certificate in the text is good for. `chain_pem` is by a stranger.
  Accounts accounts(std::string_view chain_pem, WallTime now) const;

 private:
  mutable std::mutex mutex_;
  // Shared by this object and the checks under way on other threads.
  std::shared_ptr<const Authorities> authorities_;  // guarded by mutex_
};

}  // namespace herold::server
