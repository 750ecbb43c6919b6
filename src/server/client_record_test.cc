// Which client a sign-in belongs to, what is stored of it, and when it gets which token.
#include "server/client_record.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"

namespace herold::server {
namespace {

using Kind = xmpp::Proof::Kind;

class ClientRecord : public ::testing::Test {
 protected:
  Limits limits;
  SeededRandom random{5};
  const WallTime noon{Seconds(1'790'000'000)};

  static xmpp::SignedIn sign_in(Kind proof, std::string token_request = {}) {
    xmpp::SignedIn who;
    who.account = *xmpp::Jid::parse("romeo@xmpp.test");
    who.proof.kind = proof;
    who.request.agent.emplace().id = "d4565fa7-4d72-4749-b3d3-740edbf87770";
    who.request.agent->software = "Chat";
    if (!token_request.empty()) who.request.token_request = {std::move(token_request)};
    if (proof == Kind::token) who.request.token_use.emplace();
    return who;
  }
  ClientUpdate update(std::optional<store::Client> known, const xmpp::SignedIn& who, WallTime now) {
    return update_client(std::move(known), who, now, limits, random);
  }
};

TEST_F(ClientRecord, ANewInstallationIsStored) {
  const auto made = update({}, sign_in(Kind::password), noon);
  EXPECT_TRUE(made.must_be_stored);
  EXPECT_NE(made.client.id, 0u);
  EXPECT_EQ(made.client.software, "Chat");
  EXPECT_TRUE(made.client.knows_password);
  EXPECT_FALSE(made.token);
}

TEST_F(ClientRecord, AKnownOneOnlyWhenSomethingIsNew) {
  const auto made = update({}, sign_in(Kind::password), noon);
  EXPECT_FALSE(update(made.client, sign_in(Kind::password), noon).must_be_stored);
  auto renamed = sign_in(Kind::password);
  renamed.request.agent->device = "Phone";
  EXPECT_TRUE(update(made.client, renamed, noon).must_be_stored);
  auto silent = sign_in(Kind::password);
  silent.request.agent->software.clear();
  EXPECT_EQ(update(made.client, silent, noon).client.software, "Chat");
}

TEST_F(ClientRecord, ATokenIsRenewedAfterADay) {
  const auto first = update({}, sign_in(Kind::password, "HT-SHA-256-EXPR"), noon);
  ASSERT_TRUE(first.token);
  EXPECT_EQ(first.token->expiry, noon + Seconds(limits.client_token_time));
  auto use = sign_in(Kind::token);
  use.proof.is_fresh_token = true;
  const auto used = update(first.client, use, noon + Seconds(3600));
  EXPECT_TRUE(used.must_be_stored);
  EXPECT_FALSE(used.token);
  EXPECT_EQ(used.client.current.secret, first.token->token);
  EXPECT_EQ(used.client.fresh.secret, "");
  use.proof.is_fresh_token = false;
  EXPECT_FALSE(update(used.client, use, noon + Seconds(7200)).must_be_stored);
  const auto renewed = update(used.client, use, noon + Seconds(86400 + 60));
  ASSERT_TRUE(renewed.token);
  EXPECT_EQ(renewed.client.fresh.mechanism, "HT-SHA-256-EXPR");
  EXPECT_EQ(renewed.client.current.secret, first.token->token);  // until the new one is used
  EXPECT_NE(renewed.token->token, first.token->token);
}

TEST_F(ClientRecord, GivingUpATokenGivesNoOther) {
  const auto first = update({}, sign_in(Kind::password, "HT-SHA-256-EXPR"), noon);
  auto last = sign_in(Kind::token);
  last.proof.is_fresh_token = true;
  last.request.token_use->invalidate = true;
  const auto given_up = update(first.client, last, noon + Seconds(86400 * 30));
  EXPECT_FALSE(given_up.token);
  EXPECT_EQ(given_up.client.current.secret + given_up.client.fresh.secret, "");
  last.request.token_request = {"HT-SHA-256-NONE"};
  EXPECT_TRUE(update(first.client, last, noon).token);  // XEP-0484 section 3.6
}

TEST_F(ClientRecord, NoTokenOfAnotherKind) {
  for (const char* odd : {"PLAIN", "SCRAM-SHA-256", "HT-SHA-512-NONE", "x"})
    EXPECT_FALSE(update({}, sign_in(Kind::password, odd), noon).token) << odd;
}

TEST_F(ClientRecord, NamesAreBounded) {
  auto who = sign_in(Kind::password);
  who.request.agent->software = std::string(bounds::client_name - 1, 'a') + "\xC3\xA4";
  EXPECT_EQ(update({}, who, noon).client.software, std::string(bounds::client_name - 1, 'a'));
  EXPECT_EQ(client_name(std::string(bounds::client_name, 'a')).size(), bounds::client_name);
}

TEST_F(ClientRecord, ResourcesOfAnInstallationStayTheSame) {
  const crypto::OpenSslCrypto crypto;
  const auto jid = *xmpp::Jid::parse("romeo@xmpp.test");
  const auto of = [&](const char* tag, std::uint64_t client) {
    return resource_for(crypto, tag, jid, client, random);
  };
  EXPECT_EQ(of("A", 7), of("A", 7));
  EXPECT_NE(of("A", 7), of("A", 8));
  EXPECT_NE(of("A", 7).substr(2), of("B", 7).substr(2));
  EXPECT_TRUE(of("A", 7).starts_with("A/"));
  EXPECT_NE(of("A", 0), of("A", 0));
  EXPECT_EQ(of("", 7).find('/'), std::string::npos);
}

}  // namespace
}  // namespace herold::server
