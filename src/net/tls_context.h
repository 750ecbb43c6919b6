// What the server's and the client's TLS contexts have in common. Internal to net.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/openssl_handles.h"

namespace herold::net {

// A parsed certificate with what follows it in the chain, and its key.
struct KeyedCertificate {
  crypto::Certificate certificate;
  crypto::Chain chain;
  crypto::Key key;
};

// Refuses what cannot be parsed, a key that does not fit, and what OpenSSL finds too weak.
Result<KeyedCertificate> parse_certificate(std::string_view chain_pem, std::string_view key_pem);

// TLS 1.2 and 1.3, AEAD with forward secrecy, no compression, renegotiation or early data, and
// buffers that are given back when nothing is under way.
Result<> set_common_options(SSL_CTX& context);

Result<> trust_roots(SSL_CTX& context, std::string_view roots_pem);
Result<> trust_system(SSL_CTX& context);

// For SSL_set_verify(): the result of the check is kept, the handshake goes on.
int pass_any_certificate(int is_good, X509_STORE_CTX* context);

// The list as RFC 7301 writes it: each name behind its length. Names of 1 to 255 bytes.
Result<std::string> alpn_list(std::span<const std::string> protocols);

}  // namespace herold::net
