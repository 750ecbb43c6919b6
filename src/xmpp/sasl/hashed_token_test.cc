// HT-SHA-256-*: values by hand, both sides together, and the amount of work.
#include "xmpp/sasl/hashed_token.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"

namespace herold::xmpp {
namespace {

class HashedToken : public ::testing::Test {
 protected:
  crypto::OpenSslCrypto crypto;
  SeededRandom random{3};
  Limits limits;
  SaslServerContext context{
      crypto, random, limits,  "example.org", {}, {{"tls-exporter", "exported"}},
      {},     4096,   "secret"};

  static TokensAnswer answer(std::string_view fresh, std::string_view current) {
    const WallTime expiry{Seconds(100)};
    return {CredentialsAnswer::Kind::found,
            AccountState::enabled,
            1,
            {crypto::SecretString(fresh), "HT-SHA-256-EXPR", expiry},
            {crypto::SecretString(current), "HT-SHA-256-EXPR", expiry},
            WallTime{Seconds(99)}};
  }
};

TEST_F(HashedToken, TheClientSaysItsNameAndTheHash) {
  HashedTokenClient client(crypto, "user", "token", "exported");
  const std::string expected =
      std::string("user\0", 5)
          .append(crypto.hmac(HashAlgorithm::sha256, "token", "Initiatorexported").view());
  EXPECT_EQ(client.first(), expected);
  EXPECT_FALSE(client.respond(""));
  EXPECT_FALSE(client.finish(""));
  EXPECT_TRUE(
      client.finish(crypto.hmac(HashAlgorithm::sha256, "token", "Responderexported").view()));
}

TEST_F(HashedToken, BothSides) {
  HashedTokenServer server(Mechanism::ht_sha_256_expr, context);
  HashedTokenClient client(crypto, "user", "older", "exported");
  ASSERT_TRUE(std::holds_alternative<NeedTokens>(server.respond(client.first())));
  const SaslStep step = server.on_tokens(answer("newer", "older"));
  ASSERT_TRUE(std::holds_alternative<SaslSuccess>(step));
  EXPECT_TRUE(client.finish(std::get<SaslSuccess>(step).bytes));
  EXPECT_FALSE(std::get<SaslSuccess>(step).proof.is_fresh_token);
}

TEST_F(HashedToken, AnotherChannelIsAnotherHash) {
  HashedTokenServer server(Mechanism::ht_sha_256_expr, context);
  HashedTokenClient client(crypto, "user", "token", "another channel");
  server.respond(client.first());
  const SaslStep step = server.on_tokens(answer("token", ""));
  ASSERT_TRUE(std::holds_alternative<SaslFailure>(step));
  EXPECT_EQ(std::get<SaslFailure>(step).condition, SaslCondition::credentials_expired);
}

TEST_F(HashedToken, OneMessageOnly) {
  HashedTokenServer server(Mechanism::ht_sha_256_none, context);
  HashedTokenClient client(crypto, "user", "token", "");
  EXPECT_TRUE(std::holds_alternative<NeedTokens>(server.respond(client.first())));
  EXPECT_TRUE(std::holds_alternative<SaslFailure>(server.respond(client.first())));
}

}  // namespace
}  // namespace herold::xmpp
