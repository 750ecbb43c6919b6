// The client's side of the SASL mechanisms, and the choice among those that a server offers.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/crypto.h"
#include "xmpp/sasl/credentials.h"
#include "xmpp/sasl/mechanism.h"
#include "xmpp/sasl/scram_message.h"

namespace herold::xmpp {

// RFC 7677 section 4; and what no honest server asks for: at 4 million a second, 2.5 seconds.
inline constexpr std::uint32_t least_iterations = 4096;
inline constexpr std::uint32_t most_iterations = 10'000'000;

// Derived keys, valid for one salt and count: kept instead of a password, or to save the time.
struct ClientKeys {
  HashAlgorithm hash = HashAlgorithm::sha256;
  std::uint32_t iterations = 0;
  std::string salt;
  ScramKeys keys;
};

struct ClientCredentials {
  std::string username;           // the local part of the account
  crypto::SecretString password;  // prepared, see prepare_password(); empty: none
  std::optional<ClientKeys> keys;
  std::string authzid;  // empty: none, which is what an ordinary client sends
};

// What a server gave us to sign in with the next time (XEP-0484).
struct ClientToken {
  Mechanism mechanism = Mechanism::ht_sha_256_none;
  crypto::SecretString secret;
  std::optional<std::uint64_t> count;  // of this use: more than of any before
};

// Why a client stops by itself.
enum class SaslFault : std::uint8_t {
  no_mechanism,         // nothing in common with the server, or only what the policy forbids
  downgrade,            // the offer was changed on its way (XEP-0440, XEP-0474)
  malformed,            // a challenge that breaks the grammar, or comes when none is due
  nonce,                // the server's nonce does not extend ours
  iterations,           // outside of least_iterations to most_iterations
  no_password,          // stored keys do not fit the server's salt, and there is no password
  server_not_verified,  // the signature of the server is wrong or missing
};
std::string_view describe(SaslFault fault);

template <class T = void>
using SaslResult = std::expected<T, SaslFault>;

// What the owner of the account allows.
struct SaslPolicy {
  enum class Plain : std::uint8_t { refused, allowed };
  enum class Certificate : std::uint8_t { none, presented };
  enum class Login : std::uint8_t { account, anonymous };

  Plain plain = Plain::refused;  // only ever over TLS; never where SCRAM worked once (XEP-0474 §6)
  Certificate certificate = Certificate::none;  // a client certificate was given to TLS
  Login login = Login::account;
  std::optional<Mechanism> forced;  // this one and no other
};

struct SaslChoice {
  Mechanism mechanism = Mechanism::plain;
  Gs2Flag flag = Gs2Flag::unsupported;
  ChannelBinding binding;  // of Gs2Flag::used
  // No binding type in common: legitimate only if the server proves its list (XEP-0474 section 6).
  bool needs_downgrade_hash = false;
};

// The strongest mechanism of both sides. `bindings` are those of our TLS connection, empty
// without TLS; the first one that the server has wins. Of a server that lists none only
// tls-unique is used.
SaslResult<SaslChoice> choose_mechanism(const SaslOffer& offer, const SaslPolicy& policy,
                                        const std::vector<ChannelBinding>& bindings);

class ClientMechanism {
 public:
  virtual ~ClientMechanism() = default;
  virtual std::string first() = 0;  // the initial response, to be called once
  virtual SaslResult<std::string> respond(std::string_view challenge) = 0;
  // Judges <success/> with its additional data ("" without). Nothing is trusted before it.
  virtual SaslResult<> finish(std::string_view data) = 0;
  // After finish(): what may be kept instead of the password; nullptr where there is no such thing.
  virtual const ClientKeys* keys() const { return nullptr; }
};

// What is referred to outlives the mechanism.
std::unique_ptr<ClientMechanism> make_client_mechanism(const SaslChoice& choice,
                                                       const crypto::Crypto& crypto, Random& random,
                                                       const SaslOffer& offer,
                                                       const ClientCredentials& credentials);
// The kind of token that is worth asking for, the strongest that both sides can use.
std::optional<Mechanism> choose_token_mechanism(const std::vector<std::string>& offered,
                                                const std::vector<ChannelBinding>& bindings);
// nullptr where this connection lacks the channel binding of the token.
std::unique_ptr<ClientMechanism> make_token_mechanism(const ClientToken& token,
                                                      const crypto::Crypto& crypto,
                                                      std::string username,
                                                      const std::vector<ChannelBinding>& bindings);

}  // namespace herold::xmpp
