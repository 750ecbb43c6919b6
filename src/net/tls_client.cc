// The client's side: is the server whom we meant, and who are we?
#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <array>

#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace herold::net {
namespace {

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// RFC 9525 section 6: alternative names only, whole-label wildcards only.
bool expect_name(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* check = SSL_get0_param(ssl);
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(
      check, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(check, name.data(), name.size()) == 1;
}

Result<> set_check(SSL_CTX& context, const TlsClientSettings& settings) {
  if (settings.check == ServerCheck::none) return {};
  const bool is_reported = settings.check == ServerCheck::reported;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, is_reported ? pass_any_certificate : nullptr);
  if (is_reported && SSL_CTX_set_purpose(&context, X509_PURPOSE_ANY) != 1)
    return crypto::library_error("purpose of certificates");
  if (settings.roots_pem.empty() || settings.roots == Roots::given_and_system)
    TRY(trust_system(context));
  if (settings.roots_pem.empty()) return {};
  return trust_roots(context, settings.roots_pem);
}

}  // namespace

Result<std::unique_ptr<TlsClientContext>> TlsClientContext::make(
    const TlsClientSettings& settings) {
  ERR_clear_error();
  SslContextHandle context(SSL_CTX_new(TLS_client_method()));
  if (!context) return crypto::library_error("TLS");
  TRY(set_common_options(*context));

  const std::string protocols = TRY(alpn_list(settings.protocols));
  // Unlike the others, this call gives 0 when it went well.
  if (SSL_CTX_set_alpn_protos(context.get(),
                              reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned>(protocols.size())) != 0)
    return crypto::library_error("ALPN");

  TRY(set_check(*context, settings));
  if (!settings.chain_pem.empty()) {
    const auto own = TRY(parse_certificate(settings.chain_pem, settings.key_pem));
    if (SSL_CTX_use_cert_and_key(context.get(), own.certificate.get(), own.key.get(),
                                 own.chain.get(), 1) != 1)
      return crypto::library_error("certificate and key");
  }
  return std::make_unique<TlsClientContext>(settings.check, std::move(context));
}

TlsClientContext::TlsClientContext(ServerCheck check, SslContextHandle context)
    : check_(check), context_(std::move(context)) {}

std::unique_ptr<TlsStream> TlsClientContext::connect(Socket& socket, std::string_view name) {
  ERR_clear_error();
  SslHandle ssl(SSL_new(context_.get()));
  const std::string text(name);
  if (ssl) {
    SSL_set_connect_state(ssl.get());
    // SNI carries names only (RFC 6066 section 3). A name that cannot be set cannot be checked
    // either: then there is no stream.
    const bool named = is_address(text) || SSL_set_tlsext_host_name(ssl.get(), text.c_str()) == 1;
    const bool checked =
        check_ != ServerCheck::by_roots || (!text.empty() && expect_name(ssl.get(), text));
    if (!named || !checked) ssl.reset();
  }
  return std::make_unique<TlsStream>(std::move(ssl), socket);
}

}  // namespace herold::net
