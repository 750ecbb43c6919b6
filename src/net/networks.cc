// The table of special networks, after IANA's registries for special purposes (RFC 6890).
#include "net/networks.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "net/address.h"

namespace herold::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> nat64_prefix{0, 0x64, 0xff, 0x9b};  // RFC 6052 section 2.1

struct SpecialNetwork {
  std::string_view network;
  std::string_view what;
};

constexpr SpecialNetwork special_networks[] = {
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared behind a provider's address translation"},
    {"127.0.0.0/8", "this machine"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved for protocols"},
    {"192.0.2.0/24", "for documentation"},
    {"192.88.99.0/24", "6to4"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::1", "this machine"},
    {"2001::/23", "reserved for protocols"},
    {"2001:db8::/32", "for documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "for documentation"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"ff00::/8", "multicast"},
};

const std::vector<std::pair<Network, std::string_view>>& special() {
  static const auto parsed = [] {
    std::vector<std::pair<Network, std::string_view>> all;
    for (const auto& [network, what] : special_networks)
      all.emplace_back(*Network::parse(network), what);
    return all;
  }();
  return parsed;
}

bool begins_with(const IpAddress& address, std::span<const std::uint8_t> prefix) {
  return std::ranges::equal(std::span(address.bytes).first(prefix.size()), prefix);
}

// What a translator of this network's provider makes of a short address is that address.
IpAddress unwrap(IpAddress address) {
  if (begins_with(address, nat64_prefix)) std::ranges::copy(mapped_prefix, address.bytes.begin());
  return address;
}

std::string special_use(const IpAddress& address) {
  for (const auto& [network, what] : special())
    if (network.contains(address)) return std::string(what);
  // Of the long addresses, only 2000::/3 belongs to the internet (RFC 4291 section 2.4).
  if (!address.is_short() && (address.bytes[0] & 0xe0) != 0x20) return "not of the internet";
  return {};
}

IpAddress of_socket(const sockaddr& address) {
  SocketAddress wrapped;
  wrapped.length = address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::memcpy(&wrapped.storage, &address, wrapped.length);
  return IpAddress::parse(wrapped.host()).value_or(IpAddress{});
}

Result<std::vector<IpAddress>> addresses_of_machine() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    return fail(Fault::unavailable,
                std::string("addresses of this machine: ") + std::strerror(errno));
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::vector<IpAddress> all;
  for (const ifaddrs* one = first; one; one = one->ifa_next) {
    const sockaddr* address = one->ifa_addr;
    if (address && (address->sa_family == AF_INET || address->sa_family == AF_INET6))
      all.push_back(of_socket(*address));
  }
  return all;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool has_brackets = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const std::string host(has_brackets ? text.substr(1, text.size() - 2) : text);
  // The C library reads up to a zero byte.
  if (host.contains('\0')) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET6, host.c_str(), address.bytes.data()) == 1) return address;
  std::ranges::copy(mapped_prefix, address.bytes.begin());
  if (!has_brackets && ::inet_pton(AF_INET, host.c_str(), &address.bytes[12]) == 1) return address;
  return std::nullopt;
}

bool IpAddress::is_short() const { return begins_with(*this, mapped_prefix); }

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_short())
    ::inet_ntop(AF_INET, &bytes[12], text.data(), text.size());
  else
    ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

std::string socket_text(const IpAddress& address, std::uint16_t port) {
  const std::string host = address.text();
  return (address.is_short() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<Network> Network::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(Fault::invalid, "not a network: \"" + std::string(text) +
                                    "\" (like 10.0.0.0/8, fd00::/8 or 192.0.2.1)");
  };
  const std::size_t slash = text.find('/');
  const auto first = IpAddress::parse(text.substr(0, slash));
  if (!first) return wrong();
  Network network;
  network.first_ = *first;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const bool is_number = error == std::errc() && stop == digits.data() + digits.size();
  if (!is_number || bits > (first->is_short() ? 32u : 128u)) return wrong();
  network.bits_ = first->is_short() ? bits + 96 : bits;
  for (unsigned bit = network.bits_; bit < 128; ++bit)
    if (first->bytes[bit / 8] >> (7 - bit % 8) & 1) return wrong();
  return network;
}

bool Network::contains(const IpAddress& address) const {
  for (unsigned byte = 0; byte < 16; ++byte) {
    const unsigned left = bits_ > byte * 8 ? bits_ - byte * 8 : 0;
    if (left == 0) return true;
    const unsigned mask = left >= 8 ? 0xff : 0xff00u >> left & 0xff;
    if ((address.bytes[byte] ^ first_.bytes[byte]) & mask) return false;
  }
  return true;
}

Result<AddressPolicy> AddressPolicy::make(std::span<const std::string> allowed,
                                          std::span<const std::string> own) {
  AddressPolicy policy;
  for (const std::string& network : allowed)
    policy.allowed_.push_back(TRY(Network::parse(network)));
  for (const std::string& text : own) {
    const SocketAddress socket = TRY(parse_address(text));
    const auto address = IpAddress::parse(socket.host());
    if (!address) continue;  // a local socket
    const bool is_any = *address == IpAddress{} || *address == *IpAddress::parse("0.0.0.0");
    if (!is_any) policy.own_.push_back({*address, socket.port()});
    if (is_any)
      for (const IpAddress& here : TRY(addresses_of_machine()))
        policy.own_.push_back({here, socket.port()});
  }
  return policy;
}

Result<> AddressPolicy::permit_listed(const IpAddress& address, std::uint16_t port) const {
  const IpAddress inside = unwrap(address);
  const auto is_it = [&](const Own& own) { return own.address == inside && own.port == port; };
  if (!std::ranges::any_of(own_, is_it)) return {};
  return fail(Fault::refused, socket_text(address, port) + " is this server");
}

Result<> AddressPolicy::permit(const IpAddress& address, std::uint16_t port) const {
  TRY(permit_listed(address, port));
  const IpAddress inside = unwrap(address);
  const std::string use = special_use(inside);
  if (use.empty()) return {};
  for (const Network& network : allowed_)
    if (network.contains(inside) || network.contains(address)) return {};
  return fail(Fault::refused, address.text() + " is " + use);
}

}  // namespace herold::net
