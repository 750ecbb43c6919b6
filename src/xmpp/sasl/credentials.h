// What a server keeps instead of a password (RFC 5802 section 3), and what follows from it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/crypto.h"
#include "xmpp/jid.h"

namespace herold {
class Random;
}

namespace herold::xmpp {

inline constexpr std::size_t scram_salt_bytes = 16;

// For one hash of one account. Sealed under the key file where it is stored (DECISIONS 17).
struct StoredCredentials {
  crypto::HashAlgorithm hash = crypto::HashAlgorithm::sha256;
  std::uint32_t iterations = 0;
  std::string salt;
  crypto::Digest stored_key;
  crypto::Digest server_key;
};

// A password as it is hashed: OpaqueString of RFC 8265 section 4. Fault::malformed: no password
// may be written so (empty, a control character, bad UTF-8).
Result<crypto::SecretString> prepare_password(std::string_view password);

// From a prepared password: runs PBKDF2, milliseconds, so on a worker thread.
StoredCredentials derive_credentials(const crypto::Crypto& crypto, std::string_view password,
                                     std::string_view salt, std::uint32_t iterations,
                                     crypto::HashAlgorithm hash);

// From SaltedPassword, which a client computed (XEP-0480 section 3).
StoredCredentials credentials_of_salted(const crypto::Crypto& crypto, crypto::HashAlgorithm hash,
                                        std::string_view salted, std::string_view salt,
                                        std::uint32_t iterations);

// Registration: the same with a fresh salt.
StoredCredentials make_credentials(const crypto::Crypto& crypto, Random& random,
                                   std::string_view password, std::uint32_t iterations,
                                   crypto::HashAlgorithm hash);

// Whether a prepared password is the one of these credentials, compared in constant time. Runs
// PBKDF2. For an unknown account ask it with made_up_credentials(), so that it costs the same.
bool verify_password(const crypto::Crypto& crypto, const StoredCredentials& credentials,
                     std::string_view password);

// Credentials of an account that does not exist: the same at every attempt and like those that
// registration makes (RFC 5802 section 9; HOSTILE 43). `secret` is the domain's own, 32 bytes.
StoredCredentials made_up_credentials(const crypto::Crypto& crypto, std::string_view secret,
                                      const Jid& account, std::uint32_t iterations,
                                      crypto::HashAlgorithm hash);

// The parts of the computation, shared by both sides.
struct ScramKeys {
  crypto::Digest client_key;
  crypto::Digest server_key;
};
ScramKeys keys_of_salted(const crypto::Crypto& crypto, crypto::HashAlgorithm hash,
                         std::string_view salted);
ScramKeys scram_keys(const crypto::Crypto& crypto, crypto::HashAlgorithm hash,
                     std::string_view password, std::string_view salt, std::uint32_t iterations);
crypto::Digest exclusive_or(const crypto::Digest& a, std::string_view b);  // of one length

}  // namespace herold::xmpp
