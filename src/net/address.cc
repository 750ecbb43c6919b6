// Reads and writes socket addresses.
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

namespace herold::net {
namespace {

constexpr std::string_view local_prefix = "unix:";

template <class T>
SocketAddress wrap(const T& address) {
  SocketAddress wrapped;
  std::memcpy(&wrapped.storage, &address, sizeof address);
  wrapped.length = sizeof address;
  return wrapped;
}

template <class T>
T unwrap(const SocketAddress& wrapped) {
  T address;
  std::memcpy(&address, &wrapped.storage, sizeof address);
  return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end) return std::nullopt;
  return port;
}

std::optional<SocketAddress> parse_local(std::string_view path) {
  sockaddr_un address{.sun_family = AF_UNIX};
  const bool has_zero = path.find('\0') != std::string_view::npos;
  if (path.empty() || has_zero || path.size() >= sizeof address.sun_path) return std::nullopt;
  path.copy(address.sun_path, path.size());
  return wrap(address);
}

std::optional<SocketAddress> parse_internet(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    sockaddr_in6 address{.sin6_family = AF_INET6, .sin6_port = htons(*port)};
    if (::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return std::nullopt;
    return wrap(address);
  }
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(*port)};
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return wrap(address);
}

template <class Get>
SocketAddress ask(Get get, int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (get(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) return {};
  return address;
}

}  // namespace

Result<SocketAddress> parse_address(std::string_view text) {
  const bool local = text.starts_with(local_prefix);
  auto address = local ? parse_local(text.substr(local_prefix.size())) : parse_internet(text);
  if (address) return *address;
  return fail(Fault::invalid, "not an address: \"" + std::string(text) +
                                  "\" (like 127.0.0.1:5222, [::1]:5222 or unix:/path)");
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(unwrap<sockaddr_in>(*this).sin_port);
  if (family() == AF_INET6) return ntohs(unwrap<sockaddr_in6>(*this).sin6_port);
  return 0;
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const auto address = unwrap<sockaddr_in>(*this);
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  } else if (family() == AF_INET6) {
    const auto address = unwrap<sockaddr_in6>(*this);
    // An adopted socket may take both families: the mapped form is the same peer as the short one.
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr))
      ::inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text.data(), text.size());
    else
      ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::string SocketAddress::text() const {
  if (family() == AF_INET) return host() + ":" + std::to_string(port());
  if (family() == AF_INET6) return "[" + host() + "]:" + std::to_string(port());
  if (family() != AF_UNIX || length <= offsetof(sockaddr_un, sun_path)) return "";
  return std::string(local_prefix) + unwrap<sockaddr_un>(*this).sun_path;
}

SocketAddress local_address(int fd) { return ask(::getsockname, fd); }

SocketAddress remote_address(int fd) { return ask(::getpeername, fd); }

}  // namespace herold::net
