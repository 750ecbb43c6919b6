// OpenSSL's answers turned into ours: every call begins with an empty error queue.
#include "net/openssl_stream.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace herold::net {
namespace {

constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::size_t exporter_bytes = 32;

// RFC 5929 section 3: the first Finished message of the handshake. Not defined for TLS 1.3, where
// clients that know nothing newer use it all the same: there it is as unique.
std::optional<std::string> first_finished(const SSL* ssl) {
  char bytes[EVP_MAX_MD_SIZE];
  const bool sent_by_us = (SSL_session_reused(ssl) != 0) == (SSL_is_server(ssl) != 0);
  const std::size_t size = sent_by_us ? SSL_get_finished(ssl, bytes, sizeof bytes)
                                      : SSL_get_peer_finished(ssl, bytes, sizeof bytes);
  if (size == 0 || size > sizeof bytes) return std::nullopt;
  return std::string(bytes, size);
}

std::optional<std::string> export_binding(SSL* ssl) {
  // Without the extended master secret the exporter of TLS 1.2 can be made equal on two
  // connections (RFC 9266 section 3).
  if (SSL_version(ssl) != TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return std::nullopt;
  constexpr std::string_view label = "EXPORTER-Channel-Binding";
  std::array<unsigned char, exporter_bytes> secret;
  const unsigned char nothing = 0;  // the context is there and empty
  if (SSL_export_keying_material(ssl, secret.data(), secret.size(), label.data(), label.size(),
                                 &nothing, 0, 1) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(secret.data()), secret.size());
}

// RFC 5929 section 4.1: the hash of the certificate's signature, but SHA-256 in place of MD5 and
// SHA-1; undefined where the signature has no single hash.
std::optional<std::string> hash_certificate(const X509* certificate) {
  int hash = NID_undef;
  const int signature = X509_get_signature_nid(certificate);
  if (OBJ_find_sigid_algs(signature, &hash, nullptr) != 1 || hash == NID_undef) {
    ERR_clear_error();
    return std::nullopt;
  }
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(hash);
  std::array<unsigned char, EVP_MAX_MD_SIZE> value;
  unsigned size = 0;
  if (!digest || X509_digest(certificate, digest, value.data(), &size) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(value.data()), size);
}

std::string write_pem(X509* certificate) {
  const crypto::Bio memory(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  const long size = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

// The authority at which a chain that was found good ends, where the peer did not send it.
X509* unsent_root(const SSL* ssl) {
  const STACK_OF(X509)* good = SSL_get0_verified_chain(ssl);
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl);
  if (!good || sk_X509_num(good) < 2) return nullptr;
  X509* root = sk_X509_value(good, sk_X509_num(good) - 1);
  for (int i = 0; sent && i < sk_X509_num(sent); ++i)
    if (X509_cmp(sk_X509_value(sent, i), root) == 0) return nullptr;
  return root;
}

unsigned char hex_digit(char c) {
  return static_cast<unsigned char>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

// "SERVER_TRAFFIC_SECRET_0 CLIENT_RANDOM SECRET", both in hex.
void note_traffic_secret(const SSL* ssl, const char* line) {
  auto* stream = static_cast<OpensslStream*>(SSL_get_app_data(ssl));
  const std::string_view text(line);
  const bool is_client = text.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
  const bool is_server = text.starts_with("SERVER_TRAFFIC_SECRET_0 ");
  if (stream == nullptr || !(is_client || is_server)) return;
  const std::string_view hex = text.substr(text.rfind(' ') + 1);
  TrafficSecret secret(std::min(hex.size() / 2, TrafficSecret::most_bytes));
  for (std::size_t i = 0; i < secret.size(); ++i)
    secret.data()[i] =
        static_cast<unsigned char>(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
  (is_client ? stream->client_secret_ : stream->server_secret_) = std::move(secret);
}

OpensslStream::OpensslStream(SslHandle ssl, Socket& socket)
    : input_(socket), ssl_(std::move(ssl)), socket_(socket) {
  if (ssl_ && set_input(*ssl_, input_) && SSL_set_app_data(ssl_.get(), this) == 1) return;
  failure_ = crypto::take_library_error();
  ssl_.reset();
}

OpensslStream::Progress OpensslStream::handshake() {
  if (!failure_.empty()) return Progress::failed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    // A record that goes on behind the last message of the handshake, where another key begins.
    if (SSL_has_pending(ssl_.get()) == 1) failure_ = "unexpected message";
    if (!failure_.empty()) return Progress::failed;
    input_.reading = HandshakeInput::Reading::as_asked;
    // One system call a record instead of two, and the buffer is given back all the same.
    SSL_set_read_ahead(ssl_.get(), 1);
    return Progress::done;
  }
  if (why_blocked(result) == Blocked::by_reading && socket_.at_end())
    failure_ = socket_.error() != 0 ? std::strerror(socket_.error()) : "closed by the peer";
  return failure_.empty() ? Progress::waiting : Progress::failed;
}

std::optional<Tls13Records> OpensslStream::take_records() {
  if (SSL_version(ssl_.get()) != TLS1_3_VERSION) return std::nullopt;
  // OpenSSL has read nothing but what belongs to the handshake, and sends no tickets: the first
  // record of each direction is still to come.
  CHECK(!client_secret_.empty() && !server_secret_.empty());
  const auto suite =
      static_cast<Tls13Suite>(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  TrafficKeys of_client(suite, std::move(client_secret_));
  TrafficKeys of_server(suite, std::move(server_secret_));
  using Role = Tls13Records::Role;
  if (SSL_is_server(ssl_.get()))
    return Tls13Records(Role::server, std::move(of_client), std::move(of_server));
  return Tls13Records(Role::client, std::move(of_server), std::move(of_client));
}

std::size_t OpensslStream::read(std::span<char> buffer) {
  if (!failure_.empty() || closed_ || buffer.empty()) return 0;
  ERR_clear_error();
  reading_needs_room_ = starved_ = false;
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
  if (result == 1) return got;
  switch (why_blocked(result)) {
    case Blocked::by_reading:
      starved_ = true;
      cut_ = socket_.at_end();
      break;
    case Blocked::by_writing:
      reading_needs_room_ = true;
      break;
    case Blocked::for_good:
      break;
  }
  return 0;
}

std::size_t OpensslStream::write(std::string_view bytes) {
  // OpenSSL has made a record of these bytes already and counts them as taken when it has left.
  CHECK(bytes.size() >= pending_write_);
  std::size_t took = 0;
  while (failure_.empty() && took < bytes.size()) {
    ERR_clear_error();
    const std::string_view rest = bytes.substr(took, record_bytes);
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &written);
    if (result != 1) {
      if (why_blocked(result) != Blocked::for_good) pending_write_ = rest.size();
      break;
    }
    pending_write_ = 0;
    took += written;
  }
  return took;
}

bool OpensslStream::send_close() {
  // Behind a record that is half sent, an alert cannot go: FIN alone ends such a stream.
  if (!failure_.empty() || pending_write_ > 0) return true;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_.get());
  return result >= 0 || why_blocked(result) != Blocked::by_writing || socket_.write_failed();
}

OpensslStream::Blocked OpensslStream::why_blocked(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Blocked::by_reading;
    case SSL_ERROR_WANT_WRITE:
      return Blocked::by_writing;
    case SSL_ERROR_ZERO_RETURN:
      closed_ = true;
      return Blocked::for_good;
    default: {
      const int reason = ERR_GET_REASON(ERR_peek_error());
      failure_ = crypto::take_library_error();
      if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        failure_ +=
            std::string(": ") + X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
      return Blocked::for_good;
    }
  }
}

std::optional<std::string> OpensslStream::channel_binding(std::string_view type) const {
  if (type == "tls-exporter") return export_binding(ssl_.get());
  if (type == "tls-unique") return first_finished(ssl_.get());
  if (type != "tls-server-end-point") return std::nullopt;
  if (SSL_is_server(ssl_.get())) {
    const X509* own = SSL_get_certificate(ssl_.get());
    return own ? hash_certificate(own) : std::nullopt;
  }
  const crypto::Certificate peer(SSL_get1_peer_certificate(ssl_.get()));
  return peer ? hash_certificate(peer.get()) : std::nullopt;
}

std::optional<PeerCertificate> OpensslStream::peer_certificate() const {
  const crypto::Certificate own(SSL_get1_peer_certificate(ssl_.get()));
  if (!own) return std::nullopt;
  PeerCertificate found{.chain_pem = write_pem(own.get())};
  // A server's view of the chain leaves out the client's own certificate; a client's has it.
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = SSL_is_server(ssl_.get()) ? 0 : 1; chain && i < sk_X509_num(chain); ++i)
    found.chain_pem += write_pem(sk_X509_value(chain, i));
  const long problem = SSL_get_verify_result(ssl_.get());
  if (problem != X509_V_OK)
    found.problem = X509_verify_cert_error_string(problem);
  else if (X509* root = unsent_root(ssl_.get()))
    found.chain_pem += write_pem(root);
  ERR_clear_error();
  return found;
}

std::string OpensslStream::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

std::string OpensslStream::description() const {
  return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

std::string OpensslStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

}  // namespace herold::net
