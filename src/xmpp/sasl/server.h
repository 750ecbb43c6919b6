// The server's side of the SASL mechanisms: state machines that wait for nothing and do no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"
#include "xmpp/sasl/credentials.h"
#include "xmpp/sasl/mechanism.h"

namespace herold::xmpp {

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
};

// Why a login failed, as far as an operator wants to tell cases apart.
enum class AuthAlarm : std::uint8_t {
  none,
  downgrade,         // the client saw other features than were sent (gs2 flag, GS2 header)
  channel_mismatch,  // the client's TLS connection is not ours: somebody is between
};

// What a step asks of its caller.
struct SaslChallenge {
  std::string bytes;
};
struct SaslSuccess {
  Jid account;        // bare
  std::string bytes;  // additional data; empty: none
};
struct SaslFailure {
  SaslCondition condition;
  Jid account;  // as far as it is known
  AuthAlarm alarm = AuthAlarm::none;
};
struct NeedCredentials {  // answered by on_credentials()
  Jid account;
  HashAlgorithm hash;
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
using SaslStep = std::variant<SaslChallenge, SaslSuccess, SaslFailure, NeedCredentials,
                              NeedPasswordCheck, NeedAccount, NeedAdmission>;

enum class AccountState : std::uint8_t { enabled, disabled };
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
};

// The answer to NeedPasswordCheck, NeedAccount and NeedAdmission. `disabled` only when the password
// was right.
enum class Verdict : std::uint8_t { accepted, refused, disabled, unavailable };

class ServerMechanism {
 public:
  virtual ~ServerMechanism() = default;
  // The client's next message, decoded from base64. Every mechanism here begins with the client.
  virtual SaslStep respond(std::string_view message) = 0;
  virtual SaslStep on_credentials(const CredentialsAnswer& answer) = 0;
  virtual SaslStep on_verdict(Verdict verdict) = 0;
};

std::unique_ptr<ServerMechanism> make_server_mechanism(Mechanism mechanism,
                                                       const SaslServerContext& context);

}  // namespace herold::xmpp
