// HMAC-SHA256(SHA256(secret), receiving " " originating " " id), in hexadecimal digits.
#include "xmpp/dialback_key.h"

#include "base/base64.h"

namespace herold::xmpp {
DialbackKeys::DialbackKeys(const crypto::Crypto& crypto, std::string_view secret)
    : crypto_(crypto),
      hashed_secret_(crypto::SecretString::take(
          hex_encode(crypto.digest(crypto::HashAlgorithm::sha256, secret).view()))) {}

std::string DialbackKeys::make(const Jid& receiving, const Jid& originating,
                               std::string_view id) const {
  std::string text(receiving.domain());
  text.append(" ").append(originating.domain()).append(" ").append(id);
  return hex_encode(
      crypto_.hmac(crypto::HashAlgorithm::sha256, hashed_secret_.view(), text).view());
}

bool DialbackKeys::verify(std::string_view key, const Jid& receiving, const Jid& originating,
                          std::string_view id) const {
  return crypto::equal(key, make(receiving, originating, id));
}

}  // namespace herold::xmpp
