// Fuzzes the SASL mechanisms of both sides: no bytes sign in without the password.
#include "base/check.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/sasl/client.h"
#include "xmpp/sasl/server.h"

using namespace herold;
using namespace herold::xmpp;

// The first byte chooses the mechanism; messages are parted by 0x1E.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypto::OpenSslCrypto crypto;
  SeededRandom random(1);
  const Limits limits;
  const std::vector<ChannelBinding> bindings{{"tls-exporter", "x"}};
  const SaslServerContext context{crypto, random, limits, "h", {}, bindings, {}, 4096, "s"};
  const ClientCredentials credentials{"user", crypto::SecretString(), {}, {}};
  if (size == 0) return 0;
  const auto mechanism = static_cast<Mechanism>(data[0] % std::size(mechanism_names));
  const auto server = make_server_mechanism(mechanism, context);
  const SaslChoice choice{mechanism, Gs2Flag::unsupported, {}, false};
  const auto client = make_client_mechanism(choice, crypto, random, context.offer, credentials);
  (void)client->first();
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  for (bool more = true; more;) {
    const std::string_view message = rest.substr(0, rest.find('\x1e'));
    more = message.size() < rest.size();
    rest.remove_prefix(more ? message.size() + 1 : message.size());
    (void)client->respond(message);
    CHECK(!is_scram(mechanism) || !client->finish(message));
    SaslStep step = server->respond(message);
    if (const auto* need = std::get_if<NeedCredentials>(&step)) {
      const auto stored = made_up_credentials(crypto, "password", need->account, 4096, need->hash);
      step = server->on_credentials({CredentialsAnswer::Kind::found, stored, {}});
    }
    CHECK(!std::holds_alternative<SaslSuccess>(step));
  }
  return 0;
}
