// The four messages of SCRAM (RFC 5802 sections 5 and 7), parsed strictly.
//
// Every view points into the parsed text. An empty optional is a message that breaks the grammar:
// wrong order, repeated or unknown mandatory attributes (m=), illegal characters, bad base64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herold::xmpp {

// gs2-cbind-flag: what the client says about channel binding.
enum class Gs2Flag { unsupported, not_offered, used };  // "n", "y", "p="

struct ClientFirst {
  Gs2Flag flag = Gs2Flag::unsupported;
  std::string_view binding_type;  // of "p="
  std::string authzid;            // decoded; empty when there is none
  std::string username;           // decoded
  std::string_view nonce;
  std::string_view gs2_header;  // with both commas
  std::string_view bare;        // client-first-message-bare
};
std::optional<ClientFirst> parse_client_first(std::string_view text);

struct ServerFirst {
  std::string_view nonce;
  std::string salt;  // decoded
  std::uint64_t iterations = 0;
  std::string_view downgrade_hash;  // "h" of XEP-0474; empty when there is none
  std::string_view tls_version;     // "t" of XEP-0515; empty when there is none
};
std::optional<ServerFirst> parse_server_first(std::string_view text);

struct ClientFinal {
  std::string channel_binding;  // decoded: GS2 header and channel-binding data
  std::string_view nonce;
  std::string proof;               // decoded
  std::string_view without_proof;  // client-final-message-without-proof
};
std::optional<ClientFinal> parse_client_final(std::string_view text);

struct ServerFinal {
  std::string verifier;    // decoded; empty when there is an error instead
  std::string_view error;  // server-error-value
};
std::optional<ServerFinal> parse_server_final(std::string_view text);

// saslname: "=" and "," as "=3D" and "=2C".
std::string encode_saslname(std::string_view name);
std::optional<std::string> decode_saslname(std::string_view text);

}  // namespace herold::xmpp
