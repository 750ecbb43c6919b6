// The server's own authority and certificate, for as long as nobody brings a better one.
//
// In the data folder: authority.pem (what clients trust), authority.key, certificate.pem,
// certificate.key. Made on the first start, renewed before they expire or when domains change.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "net/tls.h"

namespace herold::server {

struct OwnCertificate {
  net::TlsCertificate certificate;
  std::string authority_file;
  std::string authority_fingerprint;  // SHA-256, "0A:1B:..."
};

// `names`: the domains that are served.
Result<OwnCertificate> own_certificate(const std::string& data_folder,
                                       const std::vector<std::string>& names, WallTime now,
                                       Random& random);

// 32 bytes that made-up credentials of unknown users come from: they stay the same (HOSTILE 43).
Result<std::string> unknown_user_secret(const std::string& data_folder, Random& random);
// 32 bytes that keys of XEP-0185 come from.
Result<std::string> dialback_secret(const std::string& data_folder, Random& random);

}  // namespace herold::server
