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

std::vector<crypto::HashAlgorithm> hashes_of(const std::vector<store::Credential>& rows) {
  std::vector<crypto::HashAlgorithm> hashes;
  for (const HashName& known : hash_names)
    for (const store::Credential& row : rows)
      if (row.hash == known.name) hashes.push_back(known.hash);
  return hashes;
}

store::Credential credential_row(const xmpp::StoredCredentials& made) {
  std::string_view name;
  for (const HashName& known : hash_names)
    if (known.hash == made.hash) name = known.name;
  return {std::string(name), made.salt, made.iterations, std::string(made.stored_key.view()),
          std::string(made.server_key.view())};
}

std::vector<store::Credential> make_app_password_rows(const crypto::Crypto& crypto,
                                                      const std::vector<store::Credential>& own,
                                                      std::string_view prepared_password) {
  std::vector<store::Credential> rows;
  for (const crypto::HashAlgorithm hash : hashes_of(own)) {
    const auto like = find_credentials(own, hash);
    rows.push_back(credential_row(
        xmpp::derive_credentials(crypto, prepared_password, like->salt, like->iterations, hash)));
  }
  return rows;
}

std::vector<store::Credential> make_credential_rows(const crypto::Crypto& crypto, Random& random,
                                                    std::string_view prepared_password,
                                                    std::uint32_t iterations) {
  std::vector<store::Credential> rows;
  for (const HashName& known : hash_names)
    rows.push_back(credential_row(
        xmpp::make_credentials(crypto, random, prepared_password, iterations, known.hash)));
  return rows;
}

std::string make_up_password(Random& random) {
  static constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string password;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 4 == 0) password += '-';
    password += letters[random.below(letters.size())];
  }
  return password;
}

}  // namespace herold::server
