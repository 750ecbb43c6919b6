// Versions, ciphers, modes.
#include "net/tls_context.h"

#include "crypto/openssl/pem.h"
#include "net/openssl_stream.h"

namespace herold::net {
Result<KeyedCertificate> parse_certificate(std::string_view chain_pem, std::string_view key_pem) {
  KeyedCertificate parsed;
  parsed.chain = TRY(crypto::read_chain(chain_pem));
  parsed.certificate.reset(sk_X509_shift(parsed.chain.get()));
  parsed.key = TRY(crypto::read_key(key_pem));
  const SslContextHandle trial(SSL_CTX_new(TLS_method()));
  if (!trial || SSL_CTX_use_cert_and_key(trial.get(), parsed.certificate.get(), parsed.key.get(),
                                         parsed.chain.get(), 1) != 1)
    return crypto::library_error("certificate and key");
  return parsed;
}

Result<> set_common_options(SSL_CTX& context) {
  SSL_CTX_set_options(&context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_keylog_callback(&context, note_traffic_secret);
  const bool fine = SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(&context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_early_data(&context, 0) == 1 &&
                    SSL_CTX_set_cipher_list(&context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                    SSL_CTX_set_ciphersuites(&context,
                                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                             "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
                    SSL_CTX_set1_groups_list(&context, "X25519:P-256:P-384") == 1;
  if (!fine) return crypto::library_error("TLS options");
  return {};
}

Result<> trust_roots(SSL_CTX& context, std::string_view roots_pem) {
  const crypto::Chain roots = TRY(crypto::read_chain(roots_pem));
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (int i = 0; i < sk_X509_num(roots.get()); ++i)
    if (X509_STORE_add_cert(store, sk_X509_value(roots.get(), i)) != 1)
      return crypto::library_error("roots");
  return {};
}

Result<> trust_system(SSL_CTX& context) {
  if (SSL_CTX_set_default_verify_paths(&context) != 1) return crypto::library_error("roots");
  return {};
}

int pass_any_certificate(int, X509_STORE_CTX*) { return 1; }

Result<std::string> alpn_list(std::span<const std::string> protocols) {
  std::string list;
  for (const std::string& name : protocols) {
    if (name.empty() || name.size() > 255) return fail(Fault::invalid, "ALPN name: bad length");
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

}  // namespace herold::net
