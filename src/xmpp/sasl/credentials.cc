// SCRAM's key derivation, for registration, password checks and unknown users.
#include "xmpp/sasl/credentials.h"

#include "base/check.h"
#include "base/random.h"
#include "xmpp/precis.h"

namespace herold::xmpp {

using crypto::Crypto;
using crypto::Digest;
using crypto::HashAlgorithm;

Result<crypto::SecretString> prepare_password(std::string_view password) {
  return crypto::SecretString::take(TRY(opaque_string(password)));
}

ScramKeys scram_keys(const Crypto& crypto, HashAlgorithm hash, std::string_view password,
                     std::string_view salt, std::uint32_t iterations) {
  return keys_of_salted(crypto, hash, crypto.pbkdf2(hash, password, salt, iterations).view());
}

ScramKeys keys_of_salted(const Crypto& crypto, HashAlgorithm hash, std::string_view salted) {
  return {crypto.hmac(hash, salted, "Client Key"), crypto.hmac(hash, salted, "Server Key")};
}

StoredCredentials credentials_of_salted(const Crypto& crypto, HashAlgorithm hash,
                                        std::string_view salted, std::string_view salt,
                                        std::uint32_t iterations) {
  const ScramKeys keys = keys_of_salted(crypto, hash, salted);
  return {hash, iterations, std::string(salt), crypto.digest(hash, keys.client_key.view()),
          keys.server_key};
}

Digest exclusive_or(const Digest& a, std::string_view b) {
  CHECK(a.size() == b.size());
  Digest result = a;
  for (std::size_t i = 0; i < b.size(); ++i) result[i] = static_cast<char>(result[i] ^ b[i]);
  return result;
}

StoredCredentials derive_credentials(const Crypto& crypto, std::string_view password,
                                     std::string_view salt, std::uint32_t iterations,
                                     HashAlgorithm hash) {
  return credentials_of_salted(crypto, hash, crypto.pbkdf2(hash, password, salt, iterations).view(),
                               salt, iterations);
}

StoredCredentials make_credentials(const Crypto& crypto, Random& random, std::string_view password,
                                   std::uint32_t iterations, HashAlgorithm hash) {
  std::uint8_t salt[scram_salt_bytes];
  random.fill(salt);
  return derive_credentials(crypto, password, {reinterpret_cast<char*>(salt), sizeof salt},
                            iterations, hash);
}

bool verify_password(const Crypto& crypto, const StoredCredentials& credentials,
                     std::string_view password) {
  const StoredCredentials derived = derive_credentials(crypto, password, credentials.salt,
                                                       credentials.iterations, credentials.hash);
  return crypto::equal(derived.stored_key.view(), credentials.stored_key.view());
}

StoredCredentials made_up_credentials(const Crypto& crypto, std::string_view secret,
                                      const Jid& account, std::uint32_t iterations,
                                      HashAlgorithm hash) {
  std::string what("salt ");
  what.push_back(static_cast<char>('a' + static_cast<int>(hash)));
  what.append(account.bare_text());
  const Digest salt = crypto.hmac(HashAlgorithm::sha256, secret, what);
  // Nobody can hold the client key that belongs to this; its size must be right.
  const Digest key = crypto.hmac(hash, secret, what);
  return {hash, iterations, std::string(salt.view().substr(0, scram_salt_bytes)), key, key};
}

}  // namespace herold::xmpp
