// IDNA2008 (RFC 5890 to 5893, mapped by UTS 46), IPv4 and IPv6 literals.
#include "xmpp/idna.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "base/ascii.h"
#include "xmpp/precis_rules.h"
#include "xmpp/unicode.h"

namespace herold::xmpp {
namespace {

constexpr std::size_t max_label_bytes = 63;    // RFC 1035 section 2.3.4
constexpr std::size_t max_name_bytes = 253;    // the same, without the final dot
constexpr std::size_t max_input_bytes = 1023;  // RFC 7622 section 3.2

std::unexpected<Error> malformed(const char* why) { return fail(Fault::malformed, why); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

// The next label of `rest`, which loses it and its dot.
std::string_view take_label(std::string_view& rest) {
  const std::size_t dot = std::min(rest.find('.'), rest.size());
  const std::string_view label = rest.substr(0, dot);
  rest.remove_prefix(std::min(dot + 1, rest.size()));
  return label;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-';
}

// Four numbers from 0 to 255 without leading zeros.
bool is_ipv4(std::string_view text) {
  int parts = 0;
  for (std::string_view rest = text; !rest.empty(); ++parts) {
    const std::string_view part = take_label(rest);
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, is_digit)) return false;
    if (part.size() > 1 && part[0] == '0') return false;
    int value = 0;
    for (const char c : part) value = value * 10 + (c - '0');
    if (value > 255) return false;
  }
  return parts == 4 && text.back() != '.';
}

using Ipv6 = std::array<std::uint16_t, 8>;

std::optional<std::uint16_t> hex_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const char l = lower_ascii(c);
    if (is_digit(l))
      value = value * 16 + static_cast<unsigned>(l - '0');
    else if (l >= 'a' && l <= 'f')
      value = value * 16 + static_cast<unsigned>(l - 'a' + 10);
    else
      return std::nullopt;
  }
  return static_cast<std::uint16_t>(value);
}

// Groups between colons, the last one perhaps an IPv4 address; appends to `groups` from `count` on.
struct Groups {
  Ipv6 values{};
  std::size_t count = 0;

  bool add(std::uint16_t value) {
    if (count == values.size()) return false;
    values[count++] = value;
    return true;
  }

  bool add_ipv4(std::string_view text) {
    if (!is_ipv4(text)) return false;
    std::array<unsigned, 4> bytes{};
    for (unsigned& byte : bytes)
      for (const char c : take_label(text)) byte = byte * 10 + static_cast<unsigned>(c - '0');
    return add(static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1])) &&
           add(static_cast<std::uint16_t>(bytes[2] << 8 | bytes[3]));
  }

  bool add_all(std::string_view text) {
    while (!text.empty()) {
      const std::size_t colon = text.find(':');
      if (colon == std::string_view::npos && text.find('.') != std::string_view::npos)
        return add_ipv4(text);
      const auto group = hex_group(text.substr(0, colon));
      if (!group || !add(*group)) return false;
      if (colon == std::string_view::npos) return true;
      text.remove_prefix(colon + 1);
      if (text.empty()) return false;  // a colon at the end
    }
    return true;
  }
};

std::optional<Ipv6> parse_ipv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  Groups head;
  if (!head.add_all(text.substr(0, gap))) return std::nullopt;
  if (gap == std::string_view::npos)
    return head.count == 8 ? std::optional(head.values) : std::nullopt;
  if (text.substr(0, gap).find('.') != std::string_view::npos) return std::nullopt;
  Groups tail;
  if (!tail.add_all(text.substr(gap + 2)) || head.count + tail.count > 7) return std::nullopt;
  std::copy_n(tail.values.begin(), tail.count, head.values.end() - static_cast<int>(tail.count));
  return head.values;
}

// RFC 5952 section 4: lower case, the first longest run of two zero groups or more as "::".
std::string format_ipv6(const Ipv6& groups) {
  std::size_t best = 8, best_size = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t size = 0;
    while (i + size < 8 && groups[i + size] == 0) ++size;
    if (size > best_size) best = i, best_size = size;
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    char text[8];
    const int size = std::snprintf(text, sizeof text, "%x", unsigned(groups[i]));
    out.append(text, static_cast<std::size_t>(size));
  }
  return out;
}

Result<std::string> prepare_ipv6(std::string_view text) {
  if (text.size() < 4 || text.back() != ']') return malformed("not an IPv6 address");
  const auto groups = parse_ipv6(text.substr(1, text.size() - 2));
  if (!groups) return malformed("not an IPv6 address");
  return "[" + format_ipv6(*groups) + "]";
}

// A last label of digits alone names no domain (RFC 3696 section 2): it must be an IPv4 address.
Result<> check_last_label(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::ranges::all_of(last, is_digit) && !is_ipv4(name))
    return malformed("not an IPv4 address");
  return {};
}

// What UTS 46 lets pass but a host name may not hold: other ASCII, symbols such as emoji.
Result<> check_unicode_label(std::string_view label) {
  const auto points = unicode::decode_utf8(label);
  if (!points || !is_label(label)) return malformed("not a domain name");
  for (const char32_t c : *points) {
    const bool allowed =
        c < 0x80 ? is_host_character(static_cast<char>(c)) : is_allowed(c, StringClass::identifier);
    if (!allowed) return malformed("a character is not allowed in a domain name");
  }
  return {};
}

Result<std::string> prepare_unicode(std::string_view text) {
  if (!unicode::decode_utf8(text)) return malformed("not valid UTF-8");
  std::optional<std::string> name = unicode::domain_to_unicode(text);
  if (!name) return malformed("not an internationalised domain name");
  if (name->ends_with('.')) name->pop_back();
  if (name->empty()) return malformed("not a domain name");
  for (std::string_view rest = *name; !rest.empty();) TRY(check_unicode_label(take_label(rest)));
  if (name->ends_with('.')) return malformed("not a domain name");
  TRY(check_last_label(*name));
  return *std::move(name);
}

}  // namespace

Result<std::string> prepare_domain(std::string_view text) {
  if (text.size() > max_input_bytes) return malformed("the domain is too long");
  if (text.starts_with('[')) return prepare_ipv6(text);
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return malformed("the domain is missing");
  std::string name(text);
  if (!std::ranges::all_of(name, is_ascii)) return prepare_unicode(name);
  std::ranges::transform(name, name.begin(), lower_ascii);
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view label = take_label(rest);
    if (label.starts_with("xn--")) return prepare_unicode(name);
    if (!is_label(label) || !std::ranges::all_of(label, is_host_character))
      return malformed("not a domain name");
    if (label.size() > max_label_bytes) return malformed("a label of the domain is too long");
  }
  if (name.ends_with('.')) return malformed("not a domain name");
  if (name.size() > max_name_bytes) return malformed("the domain is too long");
  TRY(check_last_label(name));
  return name;
}

std::string ascii_domain(std::string_view prepared) {
  if (std::ranges::all_of(prepared, is_ascii)) return std::string(prepared);
  return unicode::domain_to_ascii(prepared).value_or(std::string(prepared));
}

}  // namespace herold::xmpp
