// The server's side: which certificate for which name, which protocol.
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "base/ascii.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace herold::net {

// Immutable, and shared with the handshakes under way, which may look into it while it is replaced.
class ServerCertificates {
 public:
  static Result<std::shared_ptr<const ServerCertificates>> make(
      const std::vector<TlsCertificate>& certificates);

  const KeyedCertificate& first() const { return all_.front(); }
  const KeyedCertificate* find(std::string_view name) const;

 private:
  std::vector<KeyedCertificate> all_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

namespace {

std::string lower(std::string_view name) {
  std::string result(name);
  for (char& c : result) c = lower_ascii(c);
  return result;
}

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> found;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  ERR_clear_error();
  return found;
}

}  // namespace

Result<std::string> read_pem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return fail(Fault::invalid, "cannot read " + path + ": " + std::strerror(errno));
  return std::move(text).str();
}

Result<TlsCertificate> read_certificate(const std::string& chain_file,
                                        const std::string& key_file) {
  TlsCertificate certificate;
  certificate.chain_pem = TRY(read_pem(chain_file));
  certificate.key_pem = TRY(read_pem(key_file));
  return certificate;
}

Result<std::shared_ptr<const ServerCertificates>> ServerCertificates::make(
    const std::vector<TlsCertificate>& certificates) {
  if (certificates.empty()) return fail(Fault::invalid, "TLS needs a certificate");
  auto made = std::make_shared<ServerCertificates>();
  for (const TlsCertificate& one : certificates) {
    KeyedCertificate parsed = TRY(parse_certificate(one.chain_pem, one.key_pem));
    const auto names = one.names.empty() ? names_of(parsed.certificate.get()) : one.names;
    // Where two serve one name, the first wins, as the first is the default too.
    for (const std::string& name : names)
      made->by_name_.try_emplace(lower(name), made->all_.size());
    made->all_.push_back(std::move(parsed));
  }
  return made;
}

const KeyedCertificate* ServerCertificates::find(std::string_view asked) const {
  const std::string name = lower(asked);
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return nullptr;
    found = by_name_.find("*" + name.substr(dot));
  }
  return found == by_name_.end() ? nullptr : &all_[found->second];
}

Result<std::unique_ptr<TlsServerContext>> TlsServerContext::make(
    const TlsServerSettings& settings, const std::vector<TlsCertificate>& certificates) {
  TRY(alpn_list(settings.protocols));
  ERR_clear_error();
  SslContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context) return crypto::library_error("TLS");
  auto made = std::make_unique<TlsServerContext>(settings, std::move(context));
  TRY(made->prepare(settings));
  TRY(made->reload(certificates));
  return made;
}

TlsServerContext::TlsServerContext(const TlsServerSettings& settings, SslContextHandle context)
    : unknown_name_(settings.unknown_name),
      client_certificate_(settings.client_certificate),
      protocols_(alpn_list(settings.protocols).value_or("")),
      context_(std::move(context)) {}

TlsServerContext::~TlsServerContext() = default;

Result<> TlsServerContext::prepare(const TlsServerSettings& settings) {
  SSL_CTX* context = context_.get();
  TRY(set_common_options(*context));
  SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(context, this);
  if (!protocols_.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, this);

  // Resuming saves a server nothing, and without tickets our first record is the first of its key.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  constexpr unsigned char purpose[] = "herold";
  if (SSL_CTX_set_num_tickets(context, 0) != 1 ||
      SSL_CTX_set_session_id_context(context, purpose, sizeof purpose) != 1)
    return crypto::library_error("TLS sessions");

  if (SSL_CTX_set_purpose(context, X509_PURPOSE_ANY) != 1)
    return crypto::library_error("purpose of certificates");
  if (settings.client_roots == Roots::given_and_system) TRY(trust_system(*context));
  if (settings.client_roots_pem.empty()) return {};
  return trust_roots(*context, settings.client_roots_pem);
}

Result<> TlsServerContext::reload(const std::vector<TlsCertificate>& certificates) {
  auto fresh = TRY(ServerCertificates::make(certificates));
  const std::lock_guard lock(mutex_);
  std::swap(certificates_, fresh);
  return {};
}

std::unique_ptr<TlsStream> TlsServerContext::accept(Socket& socket) {
  ERR_clear_error();
  SslHandle ssl(SSL_new(context_.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsStream>(std::move(ssl), socket);
}

// Called for every handshake, with or without a name. RFC 6066 section 3.
int TlsServerContext::choose_certificate(SSL* ssl, int* alert, void* self) {
  auto& context = *static_cast<TlsServerContext*>(self);
  if (context.client_certificate_ == ClientCertificate::requested)
    SSL_set_verify(ssl, SSL_VERIFY_PEER, pass_any_certificate);
  std::shared_ptr<const ServerCertificates> certificates;
  {
    const std::lock_guard lock(context.mutex_);
    certificates = context.certificates_;
  }
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const KeyedCertificate* chosen = name ? certificates->find(name) : &certificates->first();
  if (!chosen && context.unknown_name_ == UnknownName::is_refused) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  if (!chosen) chosen = &certificates->first();
  if (SSL_use_cert_and_key(ssl, chosen->certificate.get(), chosen->key.get(), chosen->chain.get(),
                           1) == 1)
    return SSL_TLSEXT_ERR_OK;
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// XEP-0368 section 2; RFC 7301 section 3.2.
int TlsServerContext::choose_protocol(SSL*, const unsigned char** chosen,
                                      unsigned char* chosen_size, const unsigned char* offered,
                                      unsigned offered_size, void* self) {
  const std::string& ours = static_cast<TlsServerContext*>(self)->protocols_;
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(
      &found, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned>(ours.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace herold::net
