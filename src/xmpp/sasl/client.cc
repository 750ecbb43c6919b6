// Choosing a mechanism, and PLAIN, EXTERNAL and ANONYMOUS on the client.
#include "xmpp/sasl/client.h"

#include <algorithm>
#include <utility>

#include "xmpp/sasl/hashed_token.h"
#include "xmpp/sasl/scram_client.h"

namespace herold::xmpp {
namespace {

// Says everything in its first message; the server has nothing to add.
class OneMessageClient final : public ClientMechanism {
 public:
  explicit OneMessageClient(std::string message)
      : message_(crypto::SecretString::take(std::move(message))) {}

  std::string first() override { return std::string(message_.view()); }
  SaslResult<std::string> respond(std::string_view) override {
    return std::unexpected(SaslFault::malformed);
  }
  SaslResult<> finish(std::string_view data) override {
    if (!data.empty()) return std::unexpected(SaslFault::malformed);
    return {};
  }

 private:
  crypto::SecretString message_;
};

std::string plain_message(const ClientCredentials& credentials) {
  std::string message;
  message.reserve(credentials.authzid.size() + credentials.username.size() +
                  credentials.password.size() + 2);
  message.append(credentials.authzid).push_back('\0');
  message.append(credentials.username).push_back('\0');
  message.append(credentials.password.view());
  return message;
}

bool is_allowed(Mechanism mechanism, const SaslPolicy& policy) {
  if (is_token(mechanism)) return false;  // see make_token_mechanism()
  if (policy.forced) return mechanism == *policy.forced;
  if (policy.login == SaslPolicy::Login::anonymous) return mechanism == Mechanism::anonymous;
  switch (mechanism) {
    case Mechanism::anonymous:
      return false;
    case Mechanism::external:
      return policy.certificate == SaslPolicy::Certificate::presented;
    case Mechanism::plain:
      return policy.plain == SaslPolicy::Plain::allowed;
    default:
      return true;
  }
}

// The binding to use with -PLUS, nullptr for none in common. A server that lists no types is of
// the time before XEP-0440, and tls-unique was what each had to have (RFC 5802 section 6.1). Any
// other would be a guess, and a wrong guess locks the user out: ejabberd 23.01 has tls-unique
// alone.
const ChannelBinding* common_binding(const SaslOffer& offer,
                                     const std::vector<ChannelBinding>& bindings) {
  if (offer.binding_types.empty()) return find_binding(bindings, tls_unique);
  for (const ChannelBinding& binding : bindings) {
    const auto& types = offer.binding_types;
    if (std::find(types.begin(), types.end(), binding.type) != types.end()) return &binding;
  }
  return nullptr;
}

}  // namespace

SaslResult<SaslChoice> choose_mechanism(const SaslOffer& offer, const SaslPolicy& policy,
                                        const std::vector<ChannelBinding>& bindings) {
  // XEP-0440 section 3 rule 5: types without a mechanism that could use them were tampered with.
  if (!offer.binding_types.empty() && !offer.offers_plus() && !bindings.empty()) {
    return std::unexpected(SaslFault::downgrade);
  }
  const ChannelBinding* binding = common_binding(offer, bindings);
  for (std::size_t i = 0; i < std::size(mechanism_names); ++i) {
    const auto mechanism = static_cast<Mechanism>(i);
    if (!is_allowed(mechanism, policy) || !offer.offers(name_of(mechanism))) continue;
    if (!is_scram(mechanism)) return SaslChoice{mechanism, Gs2Flag::unsupported, {}, false};
    if (is_plus(mechanism)) {
      if (binding) return SaslChoice{mechanism, Gs2Flag::used, *binding, false};
      continue;
    }
    if (bindings.empty()) return SaslChoice{mechanism, Gs2Flag::unsupported, {}, false};
    if (!offer.offers_plus()) return SaslChoice{mechanism, Gs2Flag::not_offered, {}, false};
    // We could bind, and so could the server. With nothing in common it has to prove its list,
    // except where the owner forced this mechanism, and where it has no list: older servers prove
    // nothing, and one that does is believed only with its own list (XEP-0474 section 5).
    const bool must_prove = binding == nullptr && !offer.binding_types.empty();
    return SaslChoice{mechanism, Gs2Flag::unsupported, {}, must_prove};
  }
  return std::unexpected(SaslFault::no_mechanism);
}

std::unique_ptr<ClientMechanism> make_client_mechanism(const SaslChoice& choice,
                                                       const crypto::Crypto& crypto, Random& random,
                                                       const SaslOffer& offer,
                                                       const ClientCredentials& credentials) {
  switch (choice.mechanism) {
    case Mechanism::plain:
      return std::make_unique<OneMessageClient>(plain_message(credentials));
    case Mechanism::external:
      return std::make_unique<OneMessageClient>(credentials.authzid);
    case Mechanism::anonymous:
      return std::make_unique<OneMessageClient>(std::string());
    default:
      return std::make_unique<ScramClient>(choice, crypto, random.token(18), offer, credentials);
  }
}

std::optional<Mechanism> choose_token_mechanism(const std::vector<std::string>& offered,
                                                const std::vector<ChannelBinding>& bindings) {
  for (const Mechanism mechanism : token_mechanisms) {
    const std::string_view type = binding_of(mechanism);
    if (!type.empty() && find_binding(bindings, type) == nullptr) continue;
    if (std::find(offered.begin(), offered.end(), name_of(mechanism)) != offered.end())
      return mechanism;
  }
  return {};
}

std::unique_ptr<ClientMechanism> make_token_mechanism(const ClientToken& token,
                                                      const crypto::Crypto& crypto,
                                                      std::string username,
                                                      const std::vector<ChannelBinding>& bindings) {
  std::string data;
  if (const std::string_view type = binding_of(token.mechanism); !type.empty()) {
    const ChannelBinding* binding = find_binding(bindings, type);
    if (binding == nullptr) return nullptr;
    data = binding->data;
  }
  return std::make_unique<HashedTokenClient>(crypto, std::move(username), token.secret.view(),
                                             std::move(data));
}

std::string_view describe(SaslFault fault) {
  switch (fault) {
    case SaslFault::no_mechanism:
      return "the server offers no mechanism that we may use";
    case SaslFault::downgrade:
      return "the list of mechanisms was changed on its way; somebody may be in between";
    case SaslFault::malformed:
      return "the server broke the rules of the mechanism";
    case SaslFault::nonce:
      return "the server did not extend our nonce";
    case SaslFault::iterations:
      return "the server asks for an unreasonable iteration count";
    case SaslFault::no_password:
      return "the stored keys do not fit and there is no password";
    case SaslFault::server_not_verified:
      return "the server does not know our password's keys";
  }
  return "";
}

}  // namespace herold::xmpp
