// Crypto by OpenSSL 3, every algorithm fetched once: a fetch costs more than a short hash.
#pragma once

#include <memory>

#include "crypto/crypto.h"

namespace herold::crypto {

class OpenSslCrypto final : public Crypto {
 public:
  OpenSslCrypto();
  ~OpenSslCrypto() override;
  OpenSslCrypto(const OpenSslCrypto&) = delete;
  OpenSslCrypto& operator=(const OpenSslCrypto&) = delete;

  Digest digest(HashAlgorithm algorithm, std::string_view bytes) const override;
  Digest hmac(HashAlgorithm algorithm, std::string_view key, std::string_view bytes) const override;
  Digest pbkdf2(HashAlgorithm algorithm, std::string_view password, std::string_view salt,
                std::uint32_t iterations) const override;
  std::string seal(std::string_view key, std::string_view nonce, std::string_view associated,
                   std::string_view plain) const override;
  std::optional<SecretString> open(std::string_view key, std::string_view nonce,
                                   std::string_view associated,
                                   std::string_view sealed) const override;

 private:
  struct Fetched;  // unchanged after construction, hence thread-safe
  std::unique_ptr<const Fetched> fetched_;
};

}  // namespace herold::crypto
