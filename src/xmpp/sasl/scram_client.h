// The client's side of SCRAM (RFC 5802, RFC 7677) with downgrade protection (XEP-0474).
#pragma once

#include <string>

#include "xmpp/sasl/client.h"

namespace herold::xmpp {

class ScramClient final : public ClientMechanism {
 public:
  // `nonce` is the client's part: 18 random bytes as text.
  ScramClient(const SaslChoice& choice, const crypto::Crypto& crypto, std::string nonce,
              const SaslOffer& offer, const ClientCredentials& credentials);

  std::string first() override;
  SaslResult<std::string> respond(std::string_view challenge) override;
  SaslResult<> finish(std::string_view data) override;
  const ClientKeys* keys() const override { return state_ == State::done ? &keys_ : nullptr; }

 private:
  enum class State { first, challenged, proven, verified, done };

  SaslResult<> judge(const ServerFirst& message) const;
  SaslResult<> find_keys(const ServerFirst& message);
  std::string prove(const ServerFirst& message, std::string_view challenge);
  SaslResult<> verify(std::string_view server_final);

  const SaslChoice choice_;
  const crypto::Crypto& crypto_;
  const SaslOffer& offer_;
  const ClientCredentials& credentials_;
  State state_ = State::first;
  std::string gs2_header_;
  std::string nonce_;
  std::string first_bare_;
  ClientKeys keys_;
  crypto::Digest server_signature_;
};

}  // namespace herold::xmpp
