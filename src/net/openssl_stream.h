// What OpenSSL does on one socket: every handshake, and all of TLS 1.2. Internal to net.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/handshake_bio.h"
#include "net/openssl_handles.h"
#include "net/socket.h"
#include "net/tls13_records.h"
#include "net/transport.h"

namespace herold::net {

// SSL_CTX_set_keylog_callback(): hands the traffic secrets to the stream. They go nowhere else.
void note_traffic_secret(const SSL* ssl, const char* line);

class OpensslStream {
 public:
  enum class Progress { waiting, done, failed };

  // `socket` outlives the stream.
  OpensslStream(SslHandle ssl, Socket& socket);
  OpensslStream(const OpensslStream&) = delete;  // OpenSSL knows its address

  Progress handshake();
  // After a TLS 1.3 handshake: what the record layer goes on with. Afterwards only questions about
  // the handshake may be asked. Nothing for TLS 1.2.
  std::optional<Tls13Records> take_records();
  std::string take_ahead() { return std::move(input_.ahead); }  // read, and not part of it
  // Not empty once the stream has failed: OpenSSL's reason.
  const std::string& failure() const { return failure_; }
  bool closed_by_peer() const { return closed_; }  // close_notify came
  bool cut() const { return cut_; }  // the socket ended, all bytes before that have been read

  std::size_t read(std::span<char> buffer);
  std::size_t write(std::string_view bytes);
  // Sends close_notify; true when it has left (or cannot), false to be called again when writable.
  bool send_close();

  // Bytes inside OpenSSL that the kernel will not announce.
  bool has_bytes() const {
    return !starved_ && (!input_.ahead.empty() || SSL_has_pending(ssl_.get()) == 1);
  }
  // Reading stopped because our answer to the peer (a new key) does not fit into the socket.
  bool reading_needs_room() const { return reading_needs_room_; }

  std::optional<std::string> channel_binding(std::string_view type) const;
  std::optional<PeerCertificate> peer_certificate() const;
  std::string server_name() const;
  std::string description() const;
  std::string protocol() const;

 private:
  enum class Blocked { by_reading, by_writing, for_good };
  friend void note_traffic_secret(const SSL* ssl, const char* line);
  Blocked why_blocked(int result);

  HandshakeInput input_;
  TrafficSecret client_secret_, server_secret_;  // for take_records()
  SslHandle ssl_;                                // refers to all of the above
  Socket& socket_;
  std::string failure_;
  std::size_t pending_write_ = 0;  // bytes of a record that OpenSSL has made and not yet sent
  bool closed_ = false;
  bool cut_ = false;
  bool starved_ = false;  // OpenSSL wants more bytes; what it holds is a part of a record
  bool reading_needs_room_ = false;
};

}  // namespace herold::net
