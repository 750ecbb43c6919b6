// Keeping the server's own certificate in the data folder.
#include "server/own_certificate.h"

#include <unistd.h>

#include <algorithm>

#include "crypto/authority.h"
#include "server/config.h"
#include "server/small_file.h"

namespace herold::server {
namespace {

constexpr auto renew_before = std::chrono::hours(24 * 30);

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<crypto::CertifiedKey> read_pair(const std::string& certificate, const std::string& key) {
  TRY(check_secret_file(key));
  return crypto::CertifiedKey{TRY(read_small_file(certificate)), TRY(read_small_file(key))};
}

Result<crypto::CertifiedKey> authority_of(const std::string& folder, WallTime now, Random& random) {
  const std::string certificate = folder + "/authority.pem", key = folder + "/authority.key";
  if (exists(certificate)) return read_pair(certificate, key);
  const auto made = TRY(crypto::make_authority("Herold's own authority", now, random));
  TRY(write_small_file(key, made.key_pem, 0600));
  TRY(write_small_file(certificate, made.chain_pem, 0644));
  return made;
}

// Whether the certificate that is there still serves.
bool fits(const crypto::CertifiedKey& pair, std::vector<std::string> wanted, WallTime now) {
  const auto end = crypto::expires(pair.chain_pem);
  auto names = crypto::names(pair.chain_pem);
  if (!end || !names || *end < now + renew_before) return false;
  std::ranges::sort(*names);
  std::ranges::sort(wanted);
  return *names == wanted;
}

// Made by the first who asks.
Result<std::string> kept_secret(const std::string& path, Random& random) {
  if (exists(path)) {
    TRY(check_secret_file(path));
    return read_small_file(path);
  }
  std::string secret(32, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()});
  TRY(write_small_file(path, secret, 0600));
  return secret;
}

}  // namespace

Result<OwnCertificate> own_certificate(const std::string& data_folder,
                                       const std::vector<std::string>& names, WallTime now,
                                       Random& random) {
  const auto authority = TRY(authority_of(data_folder, now, random));
  OwnCertificate own;
  own.authority_file = data_folder + "/authority.pem";
  own.authority_fingerprint = TRY(crypto::fingerprint_sha256(authority.chain_pem));
  const std::string certificate = data_folder + "/certificate.pem";
  const std::string key = data_folder + "/certificate.key";
  crypto::CertifiedKey pair;
  if (exists(certificate)) pair = TRY(read_pair(certificate, key));
  if (pair.chain_pem.empty() || !fits(pair, names, now)) {
    pair = TRY(crypto::issue(authority, names, now, random));
    TRY(write_small_file(key, pair.key_pem, 0600));
    TRY(write_small_file(certificate, pair.chain_pem, 0644));
  }
  own.certificate = {names, pair.chain_pem, pair.key_pem};
  return own;
}

Result<std::string> unknown_user_secret(const std::string& data_folder, Random& random) {
  return kept_secret(data_folder + "/unknown-users.secret", random);
}

Result<std::string> dialback_secret(const std::string& data_folder, Random& random) {
  return kept_secret(data_folder + "/dialback.secret", random);
}

}  // namespace herold::server
