// The server's side of SCRAM (RFC 5802, RFC 7677) with the downgrade protection of XEP-0474 and
// XEP-0515.
#pragma once

#include <string>
#include <vector>

#include "xmpp/sasl/server.h"

namespace herold::xmpp {

class ScramServer final : public ServerMechanism {
 public:
  // `nonce` is the server's part: 18 random bytes as text.
  ScramServer(Mechanism mechanism, const SaslServerContext& context, std::string nonce)
      : context_(context), mechanism_(mechanism), own_nonce_(std::move(nonce)) {}

  SaslStep respond(std::string_view message) override;
  SaslStep on_credentials(const CredentialsAnswer& answer) override;
  SaslStep on_verdict(const VerdictAnswer& answer) override;
  SaslStep on_tokens(const TokensAnswer& answer) override;

 private:
  enum class State { client_first, credentials, client_final, done };

  SaslStep take_first(std::string_view message);
  SaslStep take_final(std::string_view message);
  // Judges gs2-cbind-flag against the mechanism and the offer, and finds the binding.
  std::optional<SaslFailure> judge_binding(const struct ClientFirst& message);
  SaslStep judge_proof(const struct ClientFinal& message);
  bool is_proof(std::string_view proof, const crypto::Digest& stored_key) const;
  SaslFailure fail(SaslCondition condition, AuthAlarm alarm = AuthAlarm::none);

  const SaslServerContext& context_;
  const Mechanism mechanism_;
  State state_ = State::client_first;
  bool is_unknown_ = false;
  AccountState account_state_ = AccountState::enabled;
  std::string own_nonce_;
  Jid account_;
  StoredCredentials credentials_;
  std::vector<AppPassword> app_passwords_;
  std::string gs2_header_;
  const ChannelBinding* binding_ = nullptr;  // of context_
  std::string nonce_;                        // the client's and ours
  std::string auth_message_;                 // grows as the messages pass
};

}  // namespace herold::xmpp
