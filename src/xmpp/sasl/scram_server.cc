// SCRAM on the server: client-first, server-first, client-final, server-final.
#include "xmpp/sasl/scram_server.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xmpp/sasl/scram_message.h"

namespace herold::xmpp {

using crypto::Digest;

SaslFailure ScramServer::fail(SaslCondition condition, AuthAlarm alarm) {
  state_ = State::done;
  return {condition, account_, alarm};
}

SaslStep ScramServer::respond(std::string_view message) {
  if (state_ == State::client_first) return take_first(message);
  if (state_ == State::client_final) return take_final(message);
  return fail(SaslCondition::malformed_request);
}

SaslStep ScramServer::take_first(std::string_view text) {
  auto message = parse_client_first(text);
  if (!message) return fail(SaslCondition::malformed_request);
  auto account = Jid::make(message->username, context_.domain);
  if (!account) return fail(SaslCondition::malformed_request);
  account_ = std::move(*account);
  if (auto failure = judge_binding(*message)) return std::move(*failure);
  if (!message->authzid.empty()) {
    // RFC 6120 section 6.3.8: an authorization identity is a bare JID, here the user's own.
    const auto authzid = Jid::parse(message->authzid);
    if (!authzid || *authzid != account_) return fail(SaslCondition::invalid_authzid);
  }
  gs2_header_ = message->gs2_header;
  nonce_ = message->nonce;
  nonce_.append(own_nonce_);
  auth_message_ = message->bare;
  state_ = State::credentials;
  return NeedCredentials{account_, hash_of(mechanism_)};
}

std::optional<SaslFailure> ScramServer::judge_binding(const ClientFirst& message) {
  if (is_plus(mechanism_) != (message.flag == Gs2Flag::used)) {
    return fail(SaslCondition::malformed_request);
  }
  // "y" says that the client saw no -PLUS: where one was offered, somebody removed it.
  if (message.flag == Gs2Flag::not_offered && context_.offer.offers_plus()) {
    return fail(SaslCondition::not_authorized, AuthAlarm::downgrade);
  }
  if (message.flag != Gs2Flag::used) return {};
  binding_ = find_binding(context_.bindings, message.binding_type);
  if (!binding_) return fail(SaslCondition::not_authorized);
  return {};
}

SaslStep ScramServer::on_credentials(const CredentialsAnswer& answer) {
  CHECK(state_ == State::credentials);
  if (answer.kind == CredentialsAnswer::Kind::unavailable) {
    return fail(SaslCondition::temporary_auth_failure);
  }
  // Made up in any case, and copied like those that were found: an account that exists costs the
  // same (HOSTILE 43).
  const StoredCredentials made_up =
      made_up_credentials(context_.crypto, context_.unknown_user_secret, account_,
                          context_.iterations, hash_of(mechanism_));
  is_unknown_ = answer.kind == CredentialsAnswer::Kind::unknown;
  credentials_ = is_unknown_ ? made_up : answer.credentials;
  CHECK(credentials_.hash == hash_of(mechanism_));
  account_state_ = answer.state;
  if (!is_unknown_) app_passwords_ = answer.app_passwords;

  std::string challenge = "r=" + nonce_ + ",s=" + base64_encode(credentials_.salt) +
                          ",i=" + std::to_string(credentials_.iterations);
  if (context_.downgrade_protection == DowngradeProtection::on) {
    challenge.append(",h=").append(
        downgrade_hash(context_.crypto, hash_of(mechanism_), context_.offer));
    const std::string& version = context_.offer.tls_version;
    if (!version.empty()) challenge.append(",t=").append(version);
  }
  auth_message_.append(",").append(challenge).append(",");
  state_ = State::client_final;
  return SaslChallenge{std::move(challenge)};
}

SaslStep ScramServer::take_final(std::string_view text) {
  const auto message = parse_client_final(text);
  if (!message || message->proof.size() != digest_size(hash_of(mechanism_))) {
    return fail(SaslCondition::malformed_request);
  }
  if (message->nonce != nonce_) return fail(SaslCondition::malformed_request);
  const std::string_view data = binding_ ? std::string_view(binding_->data) : std::string_view();
  const std::string_view sent = message->channel_binding;
  if (!sent.starts_with(gs2_header_)) {
    return fail(SaslCondition::not_authorized, AuthAlarm::downgrade);
  }
  if (!crypto::equal(sent.substr(gs2_header_.size()), data)) {
    return fail(SaslCondition::not_authorized, AuthAlarm::channel_mismatch);
  }
  return judge_proof(*message);
}

bool ScramServer::is_proof(std::string_view proof, const Digest& stored_key) const {
  const HashAlgorithm hash = hash_of(mechanism_);
  const Digest signature = context_.crypto.hmac(hash, stored_key.view(), auth_message_);
  const Digest client_key = exclusive_or(signature, proof);
  return crypto::equal(context_.crypto.digest(hash, client_key.view()).view(), stored_key.view());
}

// Every key is tried, so that the time does not tell which one was right.
SaslStep ScramServer::judge_proof(const ClientFinal& message) {
  const HashAlgorithm hash = hash_of(mechanism_);
  auth_message_.append(message.without_proof);
  bool is_right = is_proof(message.proof, credentials_.stored_key);
  Proof proof;
  const Digest* server_key = &credentials_.server_key;
  for (const AppPassword& other : app_passwords_) {
    if (!is_proof(message.proof, other.stored_key)) continue;
    is_right = true;
    server_key = &other.server_key;
    proof = {.kind = Proof::Kind::app_password, .client = other.client};
  }
  const Digest verifier = context_.crypto.hmac(hash, server_key->view(), auth_message_);
  if (!is_right || is_unknown_) return fail(SaslCondition::not_authorized);
  if (account_state_ == AccountState::disabled) return fail(SaslCondition::account_disabled);
  state_ = State::done;
  return SaslSuccess{account_, "v=" + base64_encode(verifier.view()), proof};
}

SaslStep ScramServer::on_verdict(const VerdictAnswer&) {
  CHECK(false);  // SCRAM asks for credentials, never for a verdict
  return fail(SaslCondition::temporary_auth_failure);
}

SaslStep ScramServer::on_tokens(const TokensAnswer&) {
  CHECK(false);
  return fail(SaslCondition::temporary_auth_failure);
}

}  // namespace herold::xmpp
