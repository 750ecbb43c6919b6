// The SASL mechanisms that Herold speaks (RFC 6120 section 6), from the strongest to the weakest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/crypto.h"
#include "xmpp/enum_names.h"

namespace herold::xmpp {

using crypto::HashAlgorithm;

// In the order in which a client prefers them (EXTERNAL is the owner's explicit wish).
enum class Mechanism : std::uint8_t {
  external,
  scram_sha_512_plus,
  scram_sha_256_plus,
  scram_sha_1_plus,
  scram_sha_512,
  scram_sha_256,
  scram_sha_1,
  plain,
  anonymous,
  // XEP-0484: with a token, only inside SASL2; named after the channel binding in their hash.
  ht_sha_256_expr,
  ht_sha_256_endp,
  ht_sha_256_none,
};
inline constexpr std::string_view mechanism_names[] = {
    "EXTERNAL",      "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-512", "SCRAM-SHA-256",      "SCRAM-SHA-1",        "PLAIN",
    "ANONYMOUS",     "HT-SHA-256-EXPR",    "HT-SHA-256-ENDP",    "HT-SHA-256-NONE",
};
constexpr EnumNames names_of(Mechanism) { return mechanism_names; }

inline constexpr Mechanism scram_mechanisms[] = {
    Mechanism::scram_sha_512_plus, Mechanism::scram_sha_256_plus, Mechanism::scram_sha_1_plus,
    Mechanism::scram_sha_512,      Mechanism::scram_sha_256,      Mechanism::scram_sha_1};

constexpr bool is_scram(Mechanism mechanism) {
  return mechanism >= Mechanism::scram_sha_512_plus && mechanism <= Mechanism::scram_sha_1;
}

inline constexpr Mechanism token_mechanisms[] = {
    Mechanism::ht_sha_256_expr, Mechanism::ht_sha_256_endp, Mechanism::ht_sha_256_none};

constexpr bool is_token(Mechanism mechanism) { return mechanism >= Mechanism::ht_sha_256_expr; }

// Whether the mechanism binds the login to the TLS channel.
constexpr bool is_plus(Mechanism mechanism) {
  return mechanism >= Mechanism::scram_sha_512_plus && mechanism <= Mechanism::scram_sha_1_plus;
}

// The hash of a SCRAM mechanism.
constexpr HashAlgorithm hash_of(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::scram_sha_512_plus:
    case Mechanism::scram_sha_512:
      return HashAlgorithm::sha512;
    case Mechanism::scram_sha_256_plus:
    case Mechanism::scram_sha_256:
    case Mechanism::ht_sha_256_expr:
    case Mechanism::ht_sha_256_endp:
    case Mechanism::ht_sha_256_none:
      return HashAlgorithm::sha256;
    default:
      return HashAlgorithm::sha1;
  }
}

// Channel binding of one TLS connection (RFC 5056): the type's IANA name and its data.
struct ChannelBinding {
  std::string type;
  std::string data;
};
inline constexpr std::string_view tls_exporter = "tls-exporter";                  // RFC 9266
inline constexpr std::string_view tls_server_end_point = "tls-server-end-point";  // RFC 5929
// RFC 5929. Accepted, never advertised: for clients that take -PLUS to mean it (Python's ssl).
inline constexpr std::string_view tls_unique = "tls-unique";

const ChannelBinding* find_binding(const std::vector<ChannelBinding>& bindings,
                                   std::string_view type);

// The channel binding inside a token's hash; empty: none.
constexpr std::string_view binding_of(Mechanism token_mechanism) {
  if (token_mechanism == Mechanism::ht_sha_256_expr) return tls_exporter;
  if (token_mechanism == Mechanism::ht_sha_256_endp) return tls_server_end_point;
  return {};
}

// What the server advertised on this stream, as it stood in <stream:features/>. The mechanisms are
// those of the profile that is used, without the ones for tokens (XEP-0474 section 5.1).
struct SaslOffer {
  std::vector<std::string> mechanisms;
  std::vector<std::string> binding_types;  // XEP-0440; empty: not announced
  std::string tls_version;                 // of the connection, as "0304" (XEP-0515); empty: none

  bool offers(std::string_view mechanism) const;
  bool offers_plus() const;  // any -PLUS mechanism
};

// Whether a token of this kind can be used beside that offer: each needs its channel binding.
bool offers_token(const SaslOffer& offer, Mechanism token_mechanism);

// XEP-0480 section 3: the hashes that an account may get later, and the names of their tasks.
inline constexpr std::string_view upgrade_tasks[] = {"UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-512"};
std::optional<HashAlgorithm> upgrade_hash(std::string_view task);

// Whether a server sends the hash of XEP-0474. Off only for a client that cannot bear it.
enum class DowngradeProtection : std::uint8_t { on, off };

// XEP-0474 section 5.1: the base64 hash over everything that was advertised.
std::string downgrade_hash(const crypto::Crypto& crypto, HashAlgorithm algorithm,
                           const SaslOffer& offer);

}  // namespace herold::xmpp
