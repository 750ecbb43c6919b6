// The server's side of the SASL mechanisms: state machines that wait for nothing and do no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"
#include "xmpp/sasl/credentials.h"
#include "xmpp/sasl/mechanism.h"

namespace herold::xmpp {

// What a client says of its use of a token (XEP-0484 section 3.4).
struct TokenUse {
  std::string agent;                   // which client it is: the id of its <user-agent/>
  std::optional<std::uint64_t> count;  // grows with every use
};

// What a mechanism knows about the stream; outlives it.
struct SaslServerContext {
  const crypto::Crypto& crypto;
  Random& random;
  const Limits& limits;
  std::string domain;
  SaslOffer offer;                       // exactly what was advertised
  std::vector<ChannelBinding> bindings;  // of this connection
  std::vector<Jid> certificate_jids;     // of the client's verified certificate
  std::uint32_t iterations = 0;          // the domain's default, shown to unknown users
  std::string unknown_user_secret;       // see made_up_credentials()
  DowngradeProtection downgrade_protection = DowngradeProtection::on;
  TokenUse token{};  // of the sign-in under way
};

// Why a login failed, as far as an operator wants to tell cases apart.
enum class AuthAlarm : std::uint8_t {
  none,
  downgrade,         // the client saw other features than were sent (gs2 flag, GS2 header)
  channel_mismatch,  // the client's TLS connection is not ours: somebody is between
};

// With what an account signed in.
struct Proof {
  enum class Kind : std::uint8_t { password, app_password, token, certificate, none };
  Kind kind = Kind::password;
  std::uint64_t client = 0;     // whose app password or token it was
  bool is_fresh_token = false;  // the newer one of a client with two
};

// What a step asks of its caller.
struct SaslChallenge {
  std::string bytes;
};
struct SaslSuccess {
  Jid account;        // bare
  std::string bytes;  // additional data; empty: none
  Proof proof{};
};
struct SaslFailure {
  SaslCondition condition;
  Jid account;  // as far as it is known
  AuthAlarm alarm = AuthAlarm::none;
  std::string_view text{};    // for people
  ElementName application{};  // a condition of an extension
};
struct NeedCredentials {  // answered by on_credentials()
  Jid account;
  HashAlgorithm hash;
};
struct NeedTokens {  // answered by on_tokens(): those of the client in TokenUse
  Jid account;
};
struct NeedPasswordCheck {  // answered by on_verdict(); the password is prepared
  Jid account;
  crypto::SecretString password;
};
struct NeedAccount {  // answered by on_verdict(): may this account sign in?
  Jid account;
};
struct NeedAdmission {  // answered by on_verdict(): is there room for this anonymous session?
  Jid account;
};
using SaslStep = std::variant<SaslChallenge, SaslSuccess, SaslFailure, NeedCredentials, NeedTokens,
                              NeedPasswordCheck, NeedAccount, NeedAdmission>;

enum class AccountState : std::uint8_t { enabled, disabled };

// What the way from a password to a session depends on.
struct AccountFacts {
  bool needs_second_factor = false;
  bool has_app_passwords = false;
  std::vector<HashAlgorithm> hashes;  // that there are keys for
  std::uint64_t generation = 0;       // of what the answer was read from; the host's own matter
};

// A password for one client that cannot do better, with the salt and count of the account's own, so
// that one challenge fits all.
struct AppPassword {
  std::uint64_t client = 0;
  crypto::Digest stored_key;
  crypto::Digest server_key;
};
// What was found for NeedCredentials.
struct CredentialsAnswer {
  enum class Kind : std::uint8_t {
    found,
    unknown,      // no such account, or none with this hash
    unavailable,  // not now: too many failures from there, storage down; temporary-auth-failure
  };
  Kind kind = Kind::unknown;
  StoredCredentials credentials;  // of `found`
  AccountState state = AccountState::enabled;
  std::vector<AppPassword> app_passwords{};
  AccountFacts facts{};
};

// A token that the server gave to a client: it is good for one mechanism until it expires.
struct Token {
  crypto::SecretString secret;
  std::string mechanism;
  WallTime expiry{};
  std::uint64_t count = 0;  // the last one that was used with it
};
struct TokensAnswer {
  CredentialsAnswer::Kind kind = CredentialsAnswer::Kind::unknown;
  AccountState state = AccountState::enabled;
  std::uint64_t client = 0;
  Token fresh, current;  // without a secret: there is none
  WallTime now{};
  AccountFacts facts{};
};

// The answer to NeedPasswordCheck, NeedAccount and NeedAdmission. `disabled` only when the password
// was right.
enum class Verdict : std::uint8_t { accepted, refused, disabled, unavailable };
struct VerdictAnswer {
  VerdictAnswer(Verdict judged, Proof shown = {}, AccountFacts known = {})
      : verdict(judged), proof(shown), facts(std::move(known)) {}
  Verdict verdict;
  Proof proof;  // of a password
  AccountFacts facts;
};

class ServerMechanism {
 public:
  virtual ~ServerMechanism() = default;
  // The client's next message, decoded from base64. Every mechanism here begins with the client.
  virtual SaslStep respond(std::string_view message) = 0;
  virtual SaslStep on_credentials(const CredentialsAnswer& answer) = 0;
  virtual SaslStep on_verdict(const VerdictAnswer& answer) = 0;
  virtual SaslStep on_tokens(const TokensAnswer& answer) = 0;
};

std::unique_ptr<ServerMechanism> make_server_mechanism(Mechanism mechanism,
                                                       const SaslServerContext& context);

}  // namespace herold::xmpp
