// Unix socket addresses for paths of any length.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/result.h"
#include "net/file_handle.h"

namespace herold::server {

// A path may be longer than the 107 bytes of an address (data folders do get deep): then the
// address leads through the open folder, /proc/self/fd/N/NAME, and is good while this lives.
class SocketAddress {
 public:
  static Result<SocketAddress> make(const std::string& path);

  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  sockaddr_un address_{};
  net::FileHandle folder_;
};

}  // namespace herold::server
