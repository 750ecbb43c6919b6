// Reads DNS records: every length is checked before it is believed.
#include "net/dns_records.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"

namespace herold::net {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;  // as text; RFC 1035 section 2.3.4 counts 255 on the wire

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::uint8_t byte_at(std::string_view data, std::size_t at) {
  return static_cast<std::uint8_t>(data[at]);
}

std::uint16_t number_at(std::string_view data, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(data, at) << 8 | byte_at(data, at + 1));
}

auto malformed(std::string_view what) {
  return fail(Fault::malformed, "a malformed " + std::string(what) + " record");
}

// A whole name and nothing behind it; "" is the root.
Result<std::string> read_name(std::string_view data) {
  std::string name;
  for (;;) {
    if (data.empty()) return malformed("SRV");
    const std::size_t size = byte_at(data, 0);
    data.remove_prefix(1);
    if (size == 0) break;
    // Above 63 stand compression pointers and what was never used.
    if (size > longest_label || size > data.size()) return malformed("SRV");
    const std::string_view label = data.substr(0, size);
    if (!std::ranges::all_of(label, is_name_byte)) return malformed("SRV");
    if (!name.empty()) name += '.';
    std::ranges::transform(label, std::back_inserter(name), lower);
    if (name.size() > longest_name) return malformed("SRV");
    data.remove_prefix(size);
  }
  if (!data.empty()) return malformed("SRV");
  return name;
}

Result<> read_record(DnsType type, std::string_view data, DnsAnswer& answer) {
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa:
      answer.addresses.push_back(TRY(read_dns_address(type, data)));
      return {};
    case DnsType::srv:
      answer.services.push_back(TRY(read_dns_service(data)));
      return {};
    case DnsType::tlsa:
      answer.tlsa.push_back(TRY(read_dns_tlsa(data)));
      return {};
  }
  return fail(Fault::malformed, "a record that nobody asked for");
}

}  // namespace

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.' ? label == 0 : !is_name_byte(c)) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > longest_label) return false;
  }
  return label > 0;
}

Result<std::string> read_dns_address(DnsType type, std::string_view data) {
  const bool is_short = type == DnsType::a;
  if (data.size() != (is_short ? sizeof(in_addr) : sizeof(in6_addr))) return malformed("address");
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_short ? AF_INET : AF_INET6, data.data(), text.data(), text.size());
  return std::string(text.data());
}

Result<DnsService> read_dns_service(std::string_view data) {
  constexpr std::size_t numbers = 6;
  if (data.size() <= numbers) return malformed("SRV");
  return DnsService{.priority = number_at(data, 0),
                    .weight = number_at(data, 2),
                    .port = number_at(data, 4),
                    .target = TRY(read_name(data.substr(numbers)))};
}

Result<crypto::TlsaRecord> read_dns_tlsa(std::string_view data) {
  constexpr std::size_t numbers = 3;
  if (data.size() <= numbers) return malformed("TLSA");
  return crypto::TlsaRecord{.usage = byte_at(data, 0),
                            .selector = byte_at(data, 1),
                            .matching = byte_at(data, 2),
                            .data = std::string(data.substr(numbers))};
}

DnsAnswer read_dns_records(DnsType type, std::span<const std::string_view> records) {
  if (records.size() > bounds::dns_records)
    return {.why = "more than " + std::to_string(bounds::dns_records) + " records"};
  DnsAnswer answer{.status =
                       records.empty() ? DnsAnswer::Status::nothing : DnsAnswer::Status::found};
  for (const std::string_view data : records)
    if (const auto read = read_record(type, data, answer); !read) return {.why = read.error().text};
  return answer;
}

}  // namespace herold::net
