// Addresses as the configuration writes them: "127.0.0.1:5222", "[::1]:5222", "unix:/path".
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::net {

// A socket address of the kernel. Literals only: names are resolved elsewhere.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;  // 0 where there is none
  std::string host() const;    // "127.0.0.1", "::1", "" for a local socket
  std::string text() const;    // what parse_address() takes
};

Result<SocketAddress> parse_address(std::string_view text);

// Of a connected or bound socket; empty when the kernel does not tell.
SocketAddress local_address(int fd);
SocketAddress remote_address(int fd);

}  // namespace herold::net
