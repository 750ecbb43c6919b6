// A byte stream to one peer, nonblocking: TCP, TLS over TCP, or simulated.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace herold::net {

class Loop;
class TlsServerContext;
class TlsClientContext;

// Why a transport ended.
enum class Ending { peer_closed, reset, tls_failed, timed_out };

// What the other side of a TLS connection showed, for SASL EXTERNAL (XEP-0178).
struct PeerCertificate {
  std::string chain_pem;  // its own certificate first; up to the authority where it was verified
  std::string problem;    // why it cannot be trusted; "" when it was verified
};

class Transport {
 public:
  // Told by the loop's thread. The transport may be destroyed inside any of these calls.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_readable() = 0;  // call read() until it gives nothing
    virtual void on_writable() = 0;  // after write() took less than was offered; once connected
    virtual void on_secured() = 0;   // the TLS handshake is done
    virtual void on_ended(Ending, std::string_view detail) = 0;  // nothing follows
  };

  virtual ~Transport() = default;

  // Registers with a loop, calls `handler` from its turns; readable at once when bytes wait.
  virtual void attach(Loop& loop, Handler& handler) = 0;
  // The reverse, so that the transport can move to another thread; no byte is lost.
  virtual void detach() = 0;

  // Up to `buffer.size()` bytes; 0 when there are none now or Limits::turn_bytes have been read in
  // this turn (the next one goes on). The end is told to the handler only when what arrived before
  // it has been read; while reading is stopped, a connection on which writing fails ends at once.
  virtual std::size_t read(std::span<char> buffer) = 0;
  // Stops and starts on_readable() (back-pressure: the kernel's window fills).
  virtual void set_reading(bool on) = 0;

  // Takes a prefix of `bytes` and returns its length; when it is short, on_writable() follows and
  // the caller offers the rest again, beginning with the same bytes and no fewer of them.
  // Still possible, without on_writable(), inside on_ended(Ending::peer_closed).
  virtual std::size_t write(std::string_view bytes) = 0;
  // Sends close_notify where there is TLS, then FIN; on_ended() still comes.
  virtual void shutdown() = 0;

  // Begins TLS as the server; the context outlives the transport. `is_direct`: before any byte.
  virtual void start_tls(TlsServerContext& context) = 0;
  // Begins TLS as the client, checking the certificate for `name` (SNI too).
  virtual void start_tls(TlsClientContext& context, std::string_view name) = 0;

  virtual bool secured() const = 0;
  // Nobody will ask for channel bindings, names or the peer's certificate any more: their memory,
  // which is most of what an idle TLS connection has, goes. Afterwards there are none.
  virtual void forget_handshake() {}
  // RFC 9266 "tls-exporter" (TLS 1.3, or 1.2 with extended master secret) and RFC 5929
  // "tls-server-end-point"; nothing where the connection has none.
  virtual std::optional<std::string> channel_binding(std::string_view type) const = 0;
  virtual std::string tls_server_name() const = 0;  // SNI that the client asked for; "" if none
  virtual std::string tls_description() const = 0;  // "TLSv1.3 TLS_AES_128_GCM_SHA256"
  virtual std::string tls_protocol() const { return {}; }  // what ALPN chose; "" if nothing
  virtual std::optional<PeerCertificate> peer_certificate() const { return std::nullopt; }
  virtual std::string peer_address() const = 0;  // "127.0.0.1" or "::1", without the port
};

}  // namespace herold::net
