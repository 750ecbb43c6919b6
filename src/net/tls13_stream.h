// TLS 1.3 on one socket after the handshake, by our own record layer (RFC 8446 section 5). Internal
// to net.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "net/socket.h"
#include "net/tls13_records.h"

namespace herold::net {

class Tls13Stream {
 public:
  // `socket` outlives the stream; `ahead` has been read from it and not been looked at.
  Tls13Stream(Tls13Records records, Socket& socket, std::string ahead)
      : records_(std::move(records)), socket_(socket), ahead_(std::move(ahead)) {}

  std::size_t read(std::span<char> buffer, TlsWorkspace& space);
  // Counts records that the socket took whole; what is left of the others is kept, not made again.
  std::size_t write(std::string_view data, TlsWorkspace& space);
  // Sends what is left; false when the socket is full.
  bool flush(TlsWorkspace& space);
  // Sends close_notify behind everything else; false to be called again when writable.
  bool send_close(TlsWorkspace& space);

  bool has_bytes() const { return !ahead_.empty() || records_.has_data(); }
  bool has_output() const { return !unsent_.empty() || records_.owes_key(); }
  bool closed_by_peer() const { return records_.closed(); }
  bool cut() const { return cut_; }
  bool failed() const { return records_.failed(); }
  std::string failure() const { return records_.failure(); }
  Tls13Suite suite() const { return records_.suite(); }
  void leave(TlsWorkspace& space) const { records_.leave(space.ciphers); }

 private:
  std::size_t fetch(std::span<char> buffer);
  void answer(TlsWorkspace& space);
  std::size_t send(std::string_view sealed);

  Tls13Records records_;
  Socket& socket_;
  std::string ahead_;
  std::string unsent_;           // records that have been made
  std::size_t unsent_data_ = 0;  // data in them that write() has not counted yet
  bool cut_ = false;
  bool close_made_ = false;
};

}  // namespace herold::net
