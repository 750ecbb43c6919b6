// Which addresses other servers may have: none of private or special networks (RFC 6890), unless
// the operator allows them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herold::net {

// An address without a port. IPv4 stands in its mapped form (::ffff:192.0.2.1).
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  // "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; no zone ("%eth0").
  static std::optional<IpAddress> parse(std::string_view text);
  bool is_short() const;     // IPv4
  std::string text() const;  // without brackets
  auto operator<=>(const IpAddress&) const = default;
};

// "192.0.2.1:5269" or "[2001:db8::1]:5269", as net::connect() takes it.
std::string socket_text(const IpAddress& address, std::uint16_t port);

class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", or one address. No bit may be set behind the prefix.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;

 private:
  IpAddress first_;
  unsigned bits_ = 128;
};

// Unchanging, so that many threads may ask.
class AddressPolicy {
 public:
  // `allowed`: networks that are served although they are special. `own`: what we listen on
  // ("0.0.0.0:5269", "[::]:5269"), which stays refused; a wildcard is every address that the
  // machine has now.
  static Result<AddressPolicy> make(std::span<const std::string> allowed,
                                    std::span<const std::string> own);

  // Fault::refused and why, for what a name server said.
  Result<> permit(const IpAddress& address, std::uint16_t port) const;
  // The same for what the operator wrote: only we ourselves are refused.
  Result<> permit_listed(const IpAddress& address, std::uint16_t port) const;

 private:
  struct Own {
    IpAddress address;
    std::uint16_t port;
  };
  std::vector<Network> allowed_;
  std::vector<Own> own_;
};

}  // namespace herold::net
