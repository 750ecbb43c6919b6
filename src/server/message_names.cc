// A Feistel network of four rounds over two halves of 32 bits, its round function SipHash.
#include "server/message_names.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace herold::server {
namespace {

constexpr std::uint32_t rounds = 4;
constexpr std::size_t digits = 16;

std::uint32_t mix(HashKey key, std::uint32_t round, std::uint32_t half) {
  char bytes[8];
  std::memcpy(bytes, &round, 4);
  std::memcpy(bytes + 4, &half, 4);
  return static_cast<std::uint32_t>(siphash(key, {bytes, sizeof bytes}));
}

}  // namespace

MessageNames::MessageNames(std::string_view secret) {
  CHECK(secret.size() >= sizeof key_);
  std::memcpy(&key_, secret.data(), sizeof key_);
}

std::string MessageNames::text(MessageId id) const {
  auto left = static_cast<std::uint32_t>(id >> 32), right = static_cast<std::uint32_t>(id);
  for (std::uint32_t round = 0; round < rounds; ++round)
    left = std::exchange(right, left ^ mix(key_, round, right));
  std::uint64_t mixed = std::uint64_t{left} << 32 | right;
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text(digits, '0');
  for (auto digit = text.rbegin(); mixed != 0; mixed >>= 4) *digit++ = alphabet[mixed & 15];
  return text;
}

MessageId MessageNames::parse(std::string_view text) const {
  std::uint64_t mixed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mixed, 16);
  if (text.size() != digits || error != std::errc() || end != text.data() + text.size()) return 0;
  auto left = static_cast<std::uint32_t>(mixed >> 32), right = static_cast<std::uint32_t>(mixed);
  for (std::uint32_t round = rounds; round-- > 0;)
    right = std::exchange(left, right ^ mix(key_, round, left));
  return std::uint64_t{left} << 32 | right;
}

}  // namespace herold::server
