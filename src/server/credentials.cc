// The names of hashes in rows, and the rows of a new password.
#include "server/credentials.h"

#include "base/random.h"

namespace herold::server {
namespace {

struct HashName {
  crypto::HashAlgorithm hash;
  std::string_view name;
};
constexpr HashName hash_names[] = {{crypto::HashAlgorithm::sha1, "SHA-1"},
                                   {crypto::HashAlgorithm::sha256, "SHA-256"},
                                   {crypto::HashAlgorithm::sha512, "SHA-512"}};

}  // namespace

std::optional<xmpp::StoredCredentials> find_credentials(const std::vector<store::Credential>& rows,
                                                        crypto::HashAlgorithm hash) {
  for (const HashName& known : hash_names) {
    if (known.hash != hash) continue;
    for (const store::Credential& row : rows)
      if (row.hash == known.name)
        return xmpp::StoredCredentials{hash, row.iterations, row.salt,
                                       crypto::Digest(row.stored_key),
                                       crypto::Digest(row.server_key)};
  }
  return std::nullopt;
}

std::vector<store::Credential> make_credential_rows(const crypto::Crypto& crypto, Random& random,
                                                    std::string_view prepared_password,
                                                    std::uint32_t iterations) {
  std::vector<store::Credential> rows;
  for (const HashName& known : hash_names) {
    const xmpp::StoredCredentials made =
        xmpp::make_credentials(crypto, random, prepared_password, iterations, known.hash);
    rows.push_back({std::string(known.name), made.salt, made.iterations,
                    std::string(made.stored_key.view()), std::string(made.server_key.view())});
  }
  return rows;
}

}  // namespace herold::server
