// The server's own certificate authority, for a first start without certificates (RFC 5280).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

// Pure functions on PEM text; files are the caller's. Implemented by openssl/authority.cc.
namespace herold::crypto {

struct CertifiedKey {
  std::string chain_pem;  // own certificate first; an authority's is alone
  std::string key_pem;    // PKCS #8, unencrypted: written with mode 0600
};

// A new authority with an ECDSA P-256 key, valid for ten years; `name` is shown to people who look
// at the certificate. It may issue certificates of servers, not further authorities. Serial
// numbers come from `random`, keys from the library's own generator.
Result<CertifiedKey> make_authority(std::string_view name, WallTime now, Random& random);

// A certificate for the XMPP domains in `names` ("xmpp.test", "*.xmpp.test", "192.0.2.1", "::1";
// ASCII), valid for 398 days: as dNSName or iPAddress, and with the names of XMPP itself,
// id-on-xmppAddr (RFC 6120 section 13.7.1.4) and the SRV names of _xmpp-client and _xmpp-server
// (RFC 4985). The result's chain ends with the authority.
Result<CertifiedKey> issue(const CertifiedKey& authority, std::span<const std::string> names,
                           WallTime now, Random& random);

// Of the first certificate in the text.
Result<std::string> fingerprint_sha256(std::string_view pem);  // "0A:1B:...", 95 characters
Result<WallTime> expires(std::string_view pem);
Result<std::vector<std::string>> names(std::string_view pem);  // dNSName and iPAddress entries

}  // namespace herold::crypto
