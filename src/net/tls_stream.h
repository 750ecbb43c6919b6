// TLS on one socket, driven by OpenSSL. Internal to net.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/openssl_handles.h"
#include "net/socket.h"
#include "net/transport.h"

namespace herold::net {

class TlsStream {
 public:
  enum class Progress { waiting, done, failed };

  // `socket` outlives the stream and does not move.
  TlsStream(SslHandle ssl, Socket& socket);

  Progress handshake();
  bool secured() const { return secured_; }
  // Not empty once the stream has failed: OpenSSL's reason.
  const std::string& failure() const { return failure_; }
  bool closed_by_peer() const { return closed_; }  // close_notify came
  bool cut() const { return cut_; }  // the socket ended, all bytes before that have been read

  std::size_t read(std::span<char> buffer);
  std::size_t write(std::string_view bytes);
  // Sends close_notify; true when it has left (or cannot), false to be called again when writable.
  bool send_close();

  // Bytes inside OpenSSL that the kernel will not announce.
  bool has_bytes() const { return ssl_ && !starved_ && SSL_has_pending(ssl_.get()) == 1; }
  // Reading stopped because our answer to the peer (a new key) does not fit into the socket.
  bool reading_needs_room() const { return reading_needs_room_; }

  std::optional<std::string> channel_binding(std::string_view type) const;
  std::optional<PeerCertificate> peer_certificate() const;
  std::string server_name() const;
  std::string description() const;
  std::string protocol() const;

 private:
  enum class Blocked { by_reading, by_writing, for_good };
  Blocked why_blocked(int result);

  SslHandle ssl_;
  Socket& socket_;
  std::string failure_;
  std::size_t pending_write_ = 0;  // bytes of a record that OpenSSL has made and not yet sent
  bool secured_ = false;
  bool closed_ = false;
  bool cut_ = false;
  bool starved_ = false;  // OpenSSL wants more bytes; what it holds is a part of a record
  bool reading_needs_room_ = false;
};

}  // namespace herold::net
