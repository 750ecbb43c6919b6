// TLS settings: certificates by name, ALPN, versions (RFC 8446, RFC 5246, RFC 7301, RFC 9525).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/openssl_handles.h"

namespace herold::net {

class Socket;
class TlsStream;

// A certificate with its key, both PEM, and the names that it is shown for.
struct TlsCertificate {
  std::vector<std::string> names;  // "xmpp.test", "*.xmpp.test"; none: what the certificate says
  std::string chain_pem;           // own certificate first
  std::string key_pem;
};

// A whole file of PEM text.
Result<std::string> read_pem(const std::string& file);
// Reads the two files (the key may stand in the same one).
Result<TlsCertificate> read_certificate(const std::string& chain_file, const std::string& key_file);

enum class UnknownName { gets_first_certificate, is_refused };  // alert unrecognized_name
enum class ClientCertificate { ignored, requested };
enum class Roots { given, given_and_system };  // which authorities are trusted

struct TlsServerSettings {
  // Offered in this order; a client that offers none of them is refused with the alert
  // no_application_protocol, one without ALPN is served. Empty: ALPN is ignored.
  std::vector<std::string> protocols;
  UnknownName unknown_name = UnknownName::gets_first_certificate;
  // Requested: every certificate passes, Transport::peer_certificate() tells what it is worth. Of
  // what it is made for nothing is said: a server may show there what it shows its clients.
  ClientCertificate client_certificate = ClientCertificate::ignored;
  std::string client_roots_pem;  // what client certificates are checked against
  Roots client_roots = Roots::given;
};

class ServerCertificates;

// What a server shows to its clients. Used by many threads at once.
class TlsServerContext {
 public:
  // The first certificate is for clients that name no server.
  static Result<std::unique_ptr<TlsServerContext>> make(
      const TlsServerSettings& settings, const std::vector<TlsCertificate>& certificates);
  // For make().
  TlsServerContext(const TlsServerSettings& settings, SslContextHandle context);
  ~TlsServerContext();

  // Handshakes from now on use these; live connections keep theirs. On error nothing changes.
  Result<> reload(const std::vector<TlsCertificate>& certificates);
  // The same for what clients are asked for; in the beginning it is as the settings say.
  void ask_clients(ClientCertificate wanted) { client_certificate_ = wanted; }

  // For transports.
  std::unique_ptr<TlsStream> accept(Socket& socket);

 private:
  static int choose_certificate(SSL* ssl, int* alert, void* self);
  static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                             const unsigned char* offered, unsigned offered_size, void* self);
  Result<> prepare(const TlsServerSettings& settings);

  const UnknownName unknown_name_;
  std::atomic<ClientCertificate> client_certificate_;
  const std::string protocols_;  // as ALPN writes them
  SslContextHandle context_;
  std::mutex mutex_;
  // Shared by this context and the handshakes that look into it while it is being replaced.
  std::shared_ptr<const ServerCertificates> certificates_;  // guarded by mutex_
};

// Reported: every certificate passes, Transport::peer_certificate() tells whether an authority
// stands behind it; its names are the caller's to judge (crypto/peer_identity.h). For other
// servers.
enum class ServerCheck { by_roots, reported, none };

struct TlsClientSettings {
  ServerCheck check = ServerCheck::by_roots;
  std::string roots_pem;  // trusted authorities; empty: the system's
  Roots roots = Roots::given;
  std::vector<std::string> protocols;  // ALPN
  // Shown when the server asks (SASL EXTERNAL, s2s); empty: none.
  std::string chain_pem;
  std::string key_pem;
};

// What a client wants from its servers. Sessions are never resumed.
class TlsClientContext {
 public:
  static Result<std::unique_ptr<TlsClientContext>> make(const TlsClientSettings& settings);
  // For make().
  TlsClientContext(ServerCheck check, SslContextHandle context);

  // For transports; `name` is a domain name or an IP literal.
  std::unique_ptr<TlsStream> connect(Socket& socket, std::string_view name);

 private:
  const ServerCheck check_;
  SslContextHandle context_;
};

}  // namespace herold::net
