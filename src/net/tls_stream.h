// TLS on one socket: OpenSSL shakes hands and speaks TLS 1.2; our record layer speaks TLS 1.3 from
// then on. Internal to net.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/openssl_stream.h"
#include "net/tls13_stream.h"

namespace herold::net {

class TlsStream {
 public:
  using Progress = OpensslStream::Progress;

  // `socket` outlives the stream and does not move.
  TlsStream(SslHandle ssl, Socket& socket)
      : openssl_(std::make_unique<OpensslStream>(std::move(ssl), socket)), socket_(socket) {}

  Progress handshake();
  bool secured() const { return secured_; }
  bool failed() const { return records_ ? records_->failed() : !openssl_->failure().empty(); }
  // Not empty once the stream has failed: why.
  std::string failure() const { return records_ ? records_->failure() : openssl_->failure(); }
  bool closed_by_peer() const {  // close_notify came
    return records_ ? records_->closed_by_peer() : openssl_->closed_by_peer();
  }
  // The socket ended, all bytes before that have been read.
  bool cut() const { return records_ ? records_->cut() : openssl_->cut(); }

  // `space` is that of the thread, here and below.
  std::size_t read(std::span<char> buffer, TlsWorkspace& space) {
    return records_ ? records_->read(buffer, space) : openssl_->read(buffer);
  }
  std::size_t write(std::string_view bytes, TlsWorkspace& space) {
    return records_ ? records_->write(bytes, space) : openssl_->write(bytes);
  }
  // Sends what has been made and did not fit into the socket; for when there is room.
  void flush(TlsWorkspace& space) {
    if (records_ && records_->has_output()) records_->flush(space);
  }
  // Sends close_notify; true when it has left (or cannot), false to be called again when writable.
  bool send_close(TlsWorkspace& space) {
    return records_ ? records_->send_close(space) : openssl_->send_close();
  }
  // The thread changes, or the end has come.
  void leave(TlsWorkspace& space) const {
    if (records_) records_->leave(space);
  }

  // Bytes that were taken from the kernel, which will not announce them, and that can be read.
  bool has_bytes() const { return records_ ? records_->has_bytes() : openssl_->has_bytes(); }
  // Reading stopped because our answer to the peer does not fit into the socket.
  bool reading_needs_room() const { return !records_ && openssl_->reading_needs_room(); }

  // Frees what only answers questions about the handshake; where OpenSSL goes on, it goes on.
  void forget_handshake() {
    if (records_) openssl_.reset();
  }
  // Null once forgotten.
  const OpensslStream* facts() const { return openssl_.get(); }
  std::string description() const;

 private:
  std::unique_ptr<OpensslStream> openssl_;
  std::optional<Tls13Stream> records_;
  Socket& socket_;
  bool secured_ = false;
};

}  // namespace herold::net
