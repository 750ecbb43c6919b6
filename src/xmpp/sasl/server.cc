// PLAIN (RFC 4616), EXTERNAL (XEP-0178) and ANONYMOUS (RFC 4505) on the server, and the choice.
#include "xmpp/sasl/server.h"

#include <utility>

#include "base/check.h"
#include "xmpp/sasl/anonymous.h"
#include "xmpp/sasl/hashed_token.h"
#include "xmpp/sasl/scram_server.h"

namespace herold::xmpp {
namespace {

// One message, then at most one question to the caller.
class OneMessage : public ServerMechanism {
 public:
  explicit OneMessage(const SaslServerContext& context) : context_(context) {}

  SaslStep respond(std::string_view message) final {
    if (std::exchange(is_used_, true)) return fail(SaslCondition::malformed_request);
    return take(message);
  }
  SaslStep on_credentials(const CredentialsAnswer&) final {
    CHECK(false);  // only SCRAM asks for credentials
    return fail(SaslCondition::temporary_auth_failure);
  }
  SaslStep on_tokens(const TokensAnswer&) final {
    CHECK(false);  // nor for tokens
    return fail(SaslCondition::temporary_auth_failure);
  }
  SaslStep on_verdict(const VerdictAnswer& answer) final {
    switch (answer.verdict) {
      case Verdict::accepted:
        return SaslSuccess{account_, {}, proof(answer.proof)};
      case Verdict::disabled:
        return fail(SaslCondition::account_disabled);
      case Verdict::unavailable:
        return fail(SaslCondition::temporary_auth_failure);
      case Verdict::refused:
        break;
    }
    return fail(SaslCondition::not_authorized);
  }

 protected:
  virtual SaslStep take(std::string_view message) = 0;
  virtual Proof proof(const Proof& of_password) const { return of_password; }
  SaslFailure fail(SaslCondition condition) { return {condition, account_}; }

  const SaslServerContext& context_;
  Jid account_;

 private:
  bool is_used_ = false;
};

class PlainServer final : public OneMessage {
 public:
  using OneMessage::OneMessage;

 private:
  // [authzid] NUL authcid NUL passwd
  SaslStep take(std::string_view message) override {
    const std::size_t first = message.find('\0');
    const std::size_t second =
        first == std::string_view::npos ? first : message.find('\0', first + 1);
    if (second == std::string_view::npos) return fail(SaslCondition::malformed_request);
    const std::string_view authzid = message.substr(0, first);
    const std::string_view username = message.substr(first + 1, second - first - 1);
    const std::string_view password = message.substr(second + 1);
    if (username.empty() || password.empty() || password.find('\0') != std::string_view::npos ||
        password.size() > context_.limits.password_bytes) {
      return fail(SaslCondition::malformed_request);
    }
    auto account = Jid::make(username, context_.domain);
    auto prepared = prepare_password(password);
    if (!account || !prepared) return fail(SaslCondition::malformed_request);
    account_ = std::move(*account);
    if (!authzid.empty()) {
      const auto identity = Jid::parse(authzid);
      if (!identity || *identity != account_) return fail(SaslCondition::invalid_authzid);
    }
    return NeedPasswordCheck{account_, std::move(*prepared)};
  }
};

class ExternalServer final : public OneMessage {
 public:
  using OneMessage::OneMessage;

 private:
  Proof proof(const Proof&) const override { return {.kind = Proof::Kind::certificate}; }

  // The authorization identity, or nothing where the certificate names one account only. What the
  // certificate says of other domains counts for nothing.
  SaslStep take(std::string_view message) override {
    std::vector<const Jid*> ours;
    for (const Jid& jid : context_.certificate_jids) {
      if (jid.is_bare() && jid.has_local() && jid.domain() == context_.domain) {
        ours.push_back(&jid);
      }
    }
    if (ours.empty()) return fail(SaslCondition::not_authorized);
    if (message.empty()) {
      if (ours.size() != 1) return fail(SaslCondition::invalid_authzid);
      account_ = *ours.front();
      return NeedAccount{account_};
    }
    const auto identity = Jid::parse(message);
    if (!identity) return fail(SaslCondition::invalid_authzid);
    for (const Jid* jid : ours) {
      if (*jid != *identity) continue;
      account_ = *jid;
      return NeedAccount{account_};
    }
    return fail(SaslCondition::invalid_authzid);
  }
};

class AnonymousServer final : public OneMessage {
 public:
  using OneMessage::OneMessage;

 private:
  Proof proof(const Proof&) const override { return {.kind = Proof::Kind::none}; }

  // The message is trace information; nobody here wants it, and so it cannot be misused.
  SaslStep take(std::string_view) override {
    auto account = Jid::make(anonymous_name(context_.random), context_.domain);
    if (!account) return fail(SaslCondition::temporary_auth_failure);
    account_ = std::move(*account);
    return NeedAdmission{account_};
  }
};

}  // namespace

std::unique_ptr<ServerMechanism> make_server_mechanism(Mechanism mechanism,
                                                       const SaslServerContext& context) {
  switch (mechanism) {
    case Mechanism::external:
      return std::make_unique<ExternalServer>(context);
    case Mechanism::plain:
      return std::make_unique<PlainServer>(context);
    case Mechanism::anonymous:
      return std::make_unique<AnonymousServer>(context);
    case Mechanism::ht_sha_256_expr:
    case Mechanism::ht_sha_256_endp:
    case Mechanism::ht_sha_256_none:
      return std::make_unique<HashedTokenServer>(mechanism, context);
    default:
      return std::make_unique<ScramServer>(mechanism, context, context.random.token(18));
  }
}

}  // namespace herold::xmpp
