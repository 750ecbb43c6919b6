// Proving and judging tokens.
#include "xmpp/sasl/hashed_token.h"

#include <utility>

#include "base/check.h"

namespace herold::xmpp {
namespace {

constexpr HashAlgorithm hash = HashAlgorithm::sha256;

crypto::Digest hashed(const crypto::Crypto& crypto, std::string_view token, std::string_view who,
                      std::string_view binding_data) {
  return crypto.hmac(hash, token, std::string(who).append(binding_data));
}

}  // namespace

// --- the server ----------------------------------------------------------------------------------

// authcid NUL hash. Without a channel of its kind the mechanism was not offered.
SaslStep HashedTokenServer::respond(std::string_view message) {
  const std::size_t end = message.find('\0');
  if (end == std::string_view::npos || !hash_.empty())
    return fail(SaslCondition::malformed_request);
  // Clients name the account by its local part; the whole address is understood as well.
  const std::string_view name = message.substr(0, end);
  auto account = name.find('@') == std::string_view::npos ? Jid::make(name, context_.domain)
                                                          : Jid::parse(name);
  if (!account || !account->is_bare() || account->domain() != context_.domain)
    return fail(SaslCondition::malformed_request);
  hash_ = message.substr(end + 1);
  if (hash_.size() != digest_size(hash)) return fail(SaslCondition::malformed_request);
  account_ = std::move(*account);
  if (const std::string_view type = binding_of(mechanism_); !type.empty()) {
    const ChannelBinding* binding = find_binding(context_.bindings, type);
    if (binding == nullptr) return fail(SaslCondition::invalid_mechanism);
    binding_data_ = binding->data;
  }
  return NeedTokens{account_};
}

// XEP-0484 section 5.1: not only the token must be right. The hash is looked at in any case, so
// that the time tells nothing.
bool HashedTokenServer::is_good(const Token& token, WallTime now) const {
  const crypto::Digest expected =
      hashed(context_.crypto, token.secret.view(), "Initiator", binding_data_);
  const bool is_right = crypto::equal(expected.view(), hash_);
  return is_right && !token.secret.empty() && token.mechanism == name_of(mechanism_) &&
         now < token.expiry && (!context_.token.count || *context_.token.count > token.count);
}

SaslStep HashedTokenServer::on_tokens(const TokensAnswer& answer) {
  if (answer.kind == CredentialsAnswer::Kind::unavailable)
    return fail(SaslCondition::temporary_auth_failure);
  const bool is_fresh = is_good(answer.fresh, answer.now);
  const bool is_current = is_good(answer.current, answer.now);
  if (answer.kind == CredentialsAnswer::Kind::unknown || (!is_fresh && !is_current))
    return fail(SaslCondition::credentials_expired);
  if (answer.state == AccountState::disabled) return fail(SaslCondition::account_disabled);
  const Token& token = is_fresh ? answer.fresh : answer.current;
  const crypto::Digest own =
      hashed(context_.crypto, token.secret.view(), "Responder", binding_data_);
  return SaslSuccess{
      account_,
      std::string(own.view()),
      {.kind = Proof::Kind::token, .client = answer.client, .is_fresh_token = is_fresh}};
}

SaslStep HashedTokenServer::on_credentials(const CredentialsAnswer&) {
  CHECK(false);  // it asks for tokens alone
  return fail(SaslCondition::temporary_auth_failure);
}

SaslStep HashedTokenServer::on_verdict(const VerdictAnswer&) {
  CHECK(false);
  return fail(SaslCondition::temporary_auth_failure);
}

// --- the client ----------------------------------------------------------------------------------

HashedTokenClient::HashedTokenClient(const crypto::Crypto& crypto, std::string username,
                                     std::string_view token, std::string binding_data)
    : crypto_(crypto),
      username_(std::move(username)),
      token_(token),
      binding_data_(std::move(binding_data)) {}

std::string HashedTokenClient::first() {
  std::string message = username_;
  message.push_back('\0');
  return message.append(hashed(crypto_, token_.view(), "Initiator", binding_data_).view());
}

SaslResult<std::string> HashedTokenClient::respond(std::string_view) {
  return std::unexpected(SaslFault::malformed);
}

SaslResult<> HashedTokenClient::finish(std::string_view data) {
  const crypto::Digest expected = hashed(crypto_, token_.view(), "Responder", binding_data_);
  if (!crypto::equal(expected.view(), data)) return std::unexpected(SaslFault::server_not_verified);
  return {};
}

}  // namespace herold::xmpp
