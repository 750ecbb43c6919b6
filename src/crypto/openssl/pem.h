// Certificates and keys from PEM text (RFC 7468), whoever wrote it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "crypto/openssl/openssl_handles.h"

namespace herold::crypto {

// Every certificate in the text, in order; at least one, and no broken block behind them.
Result<Chain> read_chain(std::string_view pem);

// The first certificate in the text.
Result<Certificate> read_certificate(std::string_view pem);

// A private key; one with a passphrase is refused.
Result<Key> read_key(std::string_view pem);

// Certificates and revocation lists, in any order.
Result<PemItems> read_items(std::string_view pem);

}  // namespace herold::crypto
