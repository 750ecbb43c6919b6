// Names for those who have none.
#include "xmpp/sasl/anonymous.h"

#include <algorithm>
#include <cstdint>

#include "base/base64.h"

namespace herold::xmpp {
namespace {

constexpr std::string_view mark = "anon-";
constexpr std::size_t random_bytes = 16;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string anonymous_name(Random& random) {
  std::uint8_t bytes[random_bytes];
  random.fill(bytes);
  return std::string(mark) + hex_encode({reinterpret_cast<const char*>(bytes), random_bytes});
}

bool is_anonymous_name(std::string_view local) {
  return local.size() == mark.size() + 2 * random_bytes && local.starts_with(mark) &&
         std::ranges::all_of(local.substr(mark.size()), is_hex_digit);
}

bool is_anonymous_address(std::string_view address) {
  const std::size_t at = address.find('@');
  return at != std::string_view::npos && is_anonymous_name(address.substr(0, at));
}

}  // namespace herold::xmpp
