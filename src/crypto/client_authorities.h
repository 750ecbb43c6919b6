// Certificates by which clients sign in: who vouches for them, and for which addresses (XEP-0178).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// Implemented by openssl/client_authorities.cc.
namespace herold::crypto {

// The authorities that a domain trusts with its accounts. Used by many threads at once.
class ClientAuthorities {
 public:
  virtual ~ClientAuthorities() = default;
  // Whether one of them stands behind the first certificate in the text, which must be good for TLS
  // clients at `now`; those behind it may link the two. What a revocation list of theirs names is
  // refused, and everything of an authority whose list is out of date. The error says why not.
  virtual Result<> vouch(std::string_view chain_pem, WallTime now) const = 0;
};

// Every certificate in the text, roots or not, is an authority; there must be one. Revocation lists
// (RFC 5280 section 5) may stand beside them.
Result<std::unique_ptr<ClientAuthorities>> parse_client_authorities(std::string_view pem);

// What the first certificate in the text gives as id-on-xmppAddr in UTF-8 (RFC 6120 section
// 13.7.1.4), the first 16: bytes by whoever made the certificate, neither checked nor prepared.
Result<std::vector<std::string>> xmpp_addresses(std::string_view pem);

}  // namespace herold::crypto
