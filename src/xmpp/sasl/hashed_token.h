// Signing in with a token in one round trip: HT-SHA-256-* (draft-schmaus-kitten-sasl-ht-09) as
// XEP-0484 uses them, both sides.
//
// The client says its name and HMAC(token, "Initiator" and the channel binding's data), the server
// answers HMAC(token, "Responder" and the same).
#pragma once

#include <string>

#include "xmpp/sasl/client.h"
#include "xmpp/sasl/server.h"

namespace herold::xmpp {

// Every reason not to believe a token is credentials-expired: the client then throws it away and
// asks for the password (XEP-0484 section 4.2).
class HashedTokenServer final : public ServerMechanism {
 public:
  HashedTokenServer(Mechanism mechanism, const SaslServerContext& context)
      : context_(context), mechanism_(mechanism) {}

  SaslStep respond(std::string_view message) override;
  SaslStep on_credentials(const CredentialsAnswer& answer) override;
  SaslStep on_verdict(const VerdictAnswer& answer) override;
  SaslStep on_tokens(const TokensAnswer& answer) override;

 private:
  SaslFailure fail(SaslCondition condition) const { return {condition, account_}; }
  bool is_good(const Token& token, WallTime now) const;

  const SaslServerContext& context_;
  const Mechanism mechanism_;
  Jid account_;
  std::string hash_;          // that the client sent
  std::string binding_data_;  // of the connection
};

class HashedTokenClient final : public ClientMechanism {
 public:
  // What is referred to outlives it.
  HashedTokenClient(const crypto::Crypto& crypto, std::string username, std::string_view token,
                    std::string binding_data);

  std::string first() override;
  SaslResult<std::string> respond(std::string_view challenge) override;
  SaslResult<> finish(std::string_view data) override;

 private:
  const crypto::Crypto& crypto_;
  const std::string username_;
  const crypto::SecretString token_;
  const std::string binding_data_;
};

}  // namespace herold::xmpp
