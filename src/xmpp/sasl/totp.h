// Codes of a second factor that change every half minute: TOTP (RFC 6238) as every authenticator
// does it, with SHA-1, 30 seconds and 6 digits (XEP-0400 section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "xmpp/jid.h"

namespace herold::xmpp {

inline constexpr std::size_t totp_secret_bytes = 20;
inline constexpr Seconds totp_period{30};

// The code of one step: the number of periods since 1970.
std::string totp_code(const crypto::Crypto& crypto, std::string_view secret, std::uint64_t step);

// The step that `code` belongs to: now, or one to either side for clocks that differ and people who
// type slowly (section 5.2), and after `last_step`. Takes the same time whatever is wrong.
std::optional<std::uint64_t> find_code(const crypto::Crypto& crypto, std::string_view secret,
                                       std::string_view code, WallTime now,
                                       std::uint64_t last_step);

// What an authenticator scans: "otpauth://totp/..." with the secret in base32.
// Deviation: XEP-0400 section 4 writes it in hexadecimal digits, which no authenticator takes.
std::string totp_uri(const Jid& account, std::string_view secret);
// RFC 4648 section 6, without padding.
std::string base32_encode(std::string_view bytes);

}  // namespace herold::xmpp
