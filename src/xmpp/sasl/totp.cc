// RFC 4226 and RFC 6238.
#include "xmpp/sasl/totp.h"

namespace herold::xmpp {
namespace {

// What a URI takes as it is (RFC 3986 section 2.3).
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

}  // namespace

std::string totp_code(const crypto::Crypto& crypto, std::string_view secret, std::uint64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = 8; i-- > 0; step >>= 8) counter[i] = static_cast<char>(step & 255);
  const crypto::Digest mac = crypto.hmac(crypto::HashAlgorithm::sha1, secret, counter);
  const std::string_view bytes = mac.view();
  const auto at = [bytes](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(bytes[i])};
  };
  const std::size_t offset = at(bytes.size() - 1) & 15;
  const std::uint32_t number =
      (at(offset) & 127) << 24 | at(offset + 1) << 16 | at(offset + 2) << 8 | at(offset + 3);
  std::string code = std::to_string(number % 1'000'000);
  return code.insert(0, 6 - code.size(), '0');
}

std::optional<std::uint64_t> find_code(const crypto::Crypto& crypto, std::string_view secret,
                                       std::string_view code, WallTime now,
                                       std::uint64_t last_step) {
  const auto step = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Seconds>(now.time_since_epoch()) / totp_period);
  std::optional<std::uint64_t> found;
  for (std::uint64_t near = step - 1; near <= step + 1; ++near) {
    const bool is_it = crypto::equal(totp_code(crypto, secret, near), code);
    if (is_it && near > last_step && !found) found = near;
  }
  return found;
}

std::string base32_encode(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out.push_back(letters[held >> (bits - 5) & 31]);
  }
  if (bits > 0) out.push_back(letters[held << (5 - bits) & 31]);
  return out;
}

std::string totp_uri(const Jid& account, std::string_view secret) {
  const std::string issuer = percent_encoded(account.domain());
  return "otpauth://totp/" + issuer + ':' + percent_encoded(account.bare_text()) +
         "?secret=" + base32_encode(secret) + "&issuer=" + issuer;
}

}  // namespace herold::xmpp
