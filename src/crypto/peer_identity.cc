// Compares names as RFC 9525 section 6 says.
#include "crypto/peer_identity.h"

#include <algorithm>

namespace herold::crypto {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;
constexpr std::string_view wildcard = "*.";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
  return result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= longest_label && std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
  });
}

// How many labels the name has; 0 when it is none.
std::size_t labels_of(std::string_view name) {
  if (name.size() > longest_name) return 0;
  for (std::size_t count = 1;; ++count) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return 0;
    if (dot == std::string_view::npos) return count;
    name.remove_prefix(dot + 1);
  }
}

// No domain's last label is a number (RFC 1123 section 2.1).
bool is_address(std::string_view name) {
  return name.starts_with('[') || std::ranges::all_of(name.substr(name.rfind('.') + 1), is_digit);
}

bool matches(std::string_view presented, std::string_view domain) {
  if (!presented.starts_with(wildcard)) return presented == domain;
  const std::size_t dot = domain.find('.');
  return dot != std::string_view::npos && dot > 0 &&
         domain.substr(dot + 1) == presented.substr(wildcard.size());
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

bool is_presented_domain(std::string_view name) {
  if (!name.starts_with(wildcard)) return labels_of(name) > 0 && !is_address(name);
  name.remove_prefix(wildcard.size());
  return labels_of(name) >= 2 && !is_address(name);
}

bool PeerIdentity::is_for(std::string_view ascii, std::string_view prepared) const {
  if (ascii.empty()) return false;
  if (is_address(ascii)) {
    const bool has_brackets = ascii.starts_with('[') && ascii.ends_with(']');
    return contains(hosts, has_brackets ? ascii.substr(1, ascii.size() - 2) : ascii);
  }
  const std::string domain = lower(ascii);
  if (labels_of(domain) == 0) return false;
  return contains(services, domain) || contains(addresses, domain) ||
         (!prepared.empty() && contains(addresses, prepared)) ||
         std::ranges::any_of(domains, [&](const auto& one) { return matches(one, domain); });
}

}  // namespace herold::crypto
