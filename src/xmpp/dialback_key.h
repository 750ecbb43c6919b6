// XEP-0185: the keys by which a server knows again what it said of its own domains.
#pragma once

#include <string>
#include <string_view>

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "xmpp/jid.h"

namespace herold::xmpp {

// One for all that speak for the same domains. Thread-safe.
class DialbackKeys {
 public:
  // `secret`: random, 32 bytes or more, the same for all of a server's streams.
  DialbackKeys(const crypto::Crypto& crypto, std::string_view secret);

  // 64 hexadecimal digits; `id` is that of the stream on which the key is shown, as its receiver
  // chose it. No domain has a space in it, so no two triples have the same text.
  std::string make(const Jid& receiving, const Jid& originating, std::string_view id) const;
  // In a time that does not tell how much of it is right.
  bool verify(std::string_view key, const Jid& receiving, const Jid& originating,
              std::string_view id) const;

 private:
  const crypto::Crypto& crypto_;
  crypto::SecretString hashed_secret_;
};

}  // namespace herold::xmpp
