// Every byte of every SCRAM message changed, one at a time: no login may come of it.
#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/sasl/client.h"
#include "xmpp/sasl/server.h"

namespace herold::xmpp {
namespace {

constexpr std::uint32_t iterations = 4096;
constexpr HashAlgorithm hash = HashAlgorithm::sha1;

// An exchange in which the byte at `position` of all that is said is changed by `change`.
class Exchange {
 public:
  explicit Exchange(Mechanism mechanism) {
    offer_.mechanisms = {std::string(name_of(mechanism)), "SCRAM-SHA-512"};
    context_.offer = offer_;
    context_.bindings = {{"tls-exporter", "data"}};
    choice_.mechanism = mechanism;
    if (!is_plus(mechanism)) return;
    choice_.flag = Gs2Flag::used;
    choice_.binding = context_.bindings.front();
  }

  // Whether both sides were satisfied; `said` counts the bytes of all messages.
  bool run(std::size_t position, char change) {
    SeededRandom random(7);
    said = 0;
    const auto bend = [&](std::string message) {
      if (position >= said && position < said + message.size()) {
        message[position - said] = static_cast<char>(message[position - said] ^ change);
      }
      said += message.size();
      return message;
    };
    const auto client = make_client_mechanism(choice_, crypto_, random, offer_, credentials_);
    const auto server = make_server_mechanism(choice_.mechanism, context_);
    if (!std::holds_alternative<NeedCredentials>(server->respond(bend(client->first())))) {
      return false;
    }
    const SaslStep step =
        server->on_credentials({CredentialsAnswer::Kind::found, stored_, AccountState::enabled});
    const auto response = client->respond(bend(std::get<SaslChallenge>(step).bytes));
    if (!response) return false;
    const SaslStep end = server->respond(bend(*response));
    if (!std::holds_alternative<SaslSuccess>(end)) return false;
    return client->finish(bend(std::get<SaslSuccess>(end).bytes)).has_value();
  }

  std::size_t said = 0;

 private:
  crypto::OpenSslCrypto crypto_;
  SeededRandom context_random_{9};
  Limits limits_;
  SaslOffer offer_;
  SaslServerContext context_{crypto_, context_random_, limits_, "h", {}, {}, {}, 4096, "s"};
  SaslChoice choice_;
  StoredCredentials stored_ = derive_credentials(crypto_, "pw", "salt", iterations, hash);
  ClientCredentials credentials_{
      "user",
      crypto::SecretString(),
      ClientKeys{hash, iterations, "salt", scram_keys(crypto_, hash, "pw", "salt", iterations)},
      {}};
};

TEST(ScramMutation, NoChangedByteSignsIn) {
  for (const Mechanism mechanism : {Mechanism::scram_sha_1, Mechanism::scram_sha_1_plus}) {
    Exchange exchange(mechanism);
    ASSERT_TRUE(exchange.run(SIZE_MAX, 0));
    const std::size_t size = exchange.said;
    ASSERT_GT(size, 200u);
    for (std::size_t position = 0; position < size; ++position) {
      for (const int change : {0x01, 0x02, 0x04, 0x20, 0x80}) {
        EXPECT_FALSE(exchange.run(position, static_cast<char>(change)))
            << position << " " << change;
      }
    }
  }
}

}  // namespace
}  // namespace herold::xmpp
