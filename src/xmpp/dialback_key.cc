// HMAC-SHA256(SHA256(secret), receiving " " originating " " id), in hexadecimal digits.
#include "xmpp/dialback_key.h"

namespace herold::xmpp {
namespace {

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

}  // namespace

DialbackKeys::DialbackKeys(const crypto::Crypto& crypto, std::string_view secret)
    : crypto_(crypto),
      hashed_secret_(crypto::SecretString::take(
          hexadecimal(crypto.digest(crypto::HashAlgorithm::sha256, secret).view()))) {}

std::string DialbackKeys::make(const Jid& receiving, const Jid& originating,
                               std::string_view id) const {
  std::string text(receiving.domain());
  text.append(" ").append(originating.domain()).append(" ").append(id);
  return hexadecimal(
      crypto_.hmac(crypto::HashAlgorithm::sha256, hashed_secret_.view(), text).view());
}

bool DialbackKeys::verify(std::string_view key, const Jid& receiving, const Jid& originating,
                          std::string_view id) const {
  return crypto::equal(key, make(receiving, originating, id));
}

}  // namespace herold::xmpp
