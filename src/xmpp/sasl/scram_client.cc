// SCRAM on the client: proves the password, and has the server prove that it knows its keys.
#include "xmpp/sasl/scram_client.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"

namespace herold::xmpp {

using crypto::Digest;

ScramClient::ScramClient(const SaslChoice& choice, const crypto::Crypto& crypto, std::string nonce,
                         const SaslOffer& offer, const ClientCredentials& credentials)
    : choice_(choice),
      crypto_(crypto),
      offer_(offer),
      credentials_(credentials),
      nonce_(std::move(nonce)) {}

std::string ScramClient::first() {
  CHECK(state_ == State::first);
  state_ = State::challenged;
  switch (choice_.flag) {
    case Gs2Flag::unsupported:
      gs2_header_ = "n,";
      break;
    case Gs2Flag::not_offered:
      gs2_header_ = "y,";
      break;
    case Gs2Flag::used:
      gs2_header_ = "p=" + choice_.binding.type + ",";
      break;
  }
  if (!credentials_.authzid.empty()) {
    gs2_header_.append("a=").append(encode_saslname(credentials_.authzid));
  }
  gs2_header_.push_back(',');
  first_bare_ = "n=" + encode_saslname(credentials_.username) + ",r=" + nonce_;
  return gs2_header_ + first_bare_;
}

SaslResult<std::string> ScramClient::respond(std::string_view challenge) {
  if (state_ == State::proven) {
    // The server's last word as a challenge: an empty answer, and then its <success/>.
    TRY(verify(challenge));
    state_ = State::verified;
    return std::string();
  }
  if (state_ != State::challenged) return std::unexpected(SaslFault::malformed);
  const auto message = parse_server_first(challenge);
  if (!message) return std::unexpected(SaslFault::malformed);
  TRY(judge(*message));
  TRY(find_keys(*message));
  state_ = State::proven;
  return prove(*message, challenge);
}

SaslResult<> ScramClient::judge(const ServerFirst& message) const {
  if (!message.nonce.starts_with(nonce_) || message.nonce.size() == nonce_.size()) {
    return std::unexpected(SaslFault::nonce);
  }
  if (message.iterations < least_iterations || message.iterations > most_iterations) {
    return std::unexpected(SaslFault::iterations);
  }
  // XEP-0515: somebody in between speaks another version of TLS with each of us.
  if (!message.tls_version.empty() && !offer_.tls_version.empty() &&
      message.tls_version != offer_.tls_version) {
    return std::unexpected(SaslFault::downgrade);
  }
  if (message.downgrade_hash.empty()) {
    if (choice_.needs_downgrade_hash) return std::unexpected(SaslFault::downgrade);
    return {};
  }
  const std::string expected = downgrade_hash(crypto_, hash_of(choice_.mechanism), offer_);
  if (message.downgrade_hash != expected) return std::unexpected(SaslFault::downgrade);
  return {};
}

SaslResult<> ScramClient::find_keys(const ServerFirst& message) {
  const HashAlgorithm hash = hash_of(choice_.mechanism);
  const auto iterations = static_cast<std::uint32_t>(message.iterations);
  const auto& kept = credentials_.keys;
  if (kept && kept->hash == hash && kept->iterations == iterations && kept->salt == message.salt) {
    keys_ = *kept;
    return {};
  }
  if (credentials_.password.empty()) return std::unexpected(SaslFault::no_password);
  keys_ = {hash, iterations, message.salt,
           scram_keys(crypto_, hash, credentials_.password.view(), message.salt, iterations)};
  return {};
}

std::string ScramClient::prove(const ServerFirst& message, std::string_view challenge) {
  const HashAlgorithm hash = hash_of(choice_.mechanism);
  std::string final_message = "c=" + base64_encode(gs2_header_ + choice_.binding.data) + ",r=";
  final_message.append(message.nonce);
  std::string auth_message = first_bare_ + ",";
  auth_message.append(challenge).append(",").append(final_message);

  const Digest stored_key = crypto_.digest(hash, keys_.keys.client_key.view());
  const Digest signature = crypto_.hmac(hash, stored_key.view(), auth_message);
  const Digest proof = exclusive_or(signature, keys_.keys.client_key.view());
  server_signature_ = crypto_.hmac(hash, keys_.keys.server_key.view(), auth_message);
  return final_message + ",p=" + base64_encode(proof.view());
}

SaslResult<> ScramClient::verify(std::string_view server_final) {
  const auto message = parse_server_final(server_final);
  if (!message || !crypto::equal(message->verifier, server_signature_.view())) {
    return std::unexpected(SaslFault::server_not_verified);
  }
  return {};
}

SaslResult<> ScramClient::finish(std::string_view data) {
  if (state_ == State::proven) {
    TRY(verify(data));
  } else if (state_ != State::verified || !data.empty()) {
    return std::unexpected(SaslFault::server_not_verified);
  }
  state_ = State::done;
  return {};
}

}  // namespace herold::xmpp
