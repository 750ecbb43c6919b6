// Both machines speak SASL2 to each other: passwords, tokens, tasks, binding and resumption.
#include <gtest/gtest.h>

#include "xmpp/stream/testing/hosts.h"

namespace herold::xmpp {
namespace {

using testing::TestClient;
using testing::TestServer;
using testing::World;
using Tls = ClientStreamConfig::Tls;

class Sasl2Pair : public ::testing::Test {
 protected:
  World world;
  std::size_t turns = 0;  // of the line: how often somebody spoke

  ClientStreamConfig config(std::string_view password = "pencil") const {
    ClientStreamConfig config;
    config.account = *Jid::make("user", "example.org");
    config.credentials.username = "user";
    config.credentials.password = crypto::SecretString(password);
    config.tls = Tls::direct;
    config.modern.emplace();
    config.modern->agent = {world.agent, "Herold", "test"};
    config.modern->tag = "herold";
    config.modern->features = {{"urn:xmpp:carbons:2", "<enable xmlns=\"urn:xmpp:carbons:2\"/>"},
                               {"urn:not:offered", "<enable xmlns=\"urn:not:offered\"/>"}};
    return config;
  }
  ClientStreamConfig with_token(std::string_view secret) const {
    ClientStreamConfig made = config();
    made.modern->token.emplace(
        ClientToken{Mechanism::ht_sha_256_expr, crypto::SecretString(secret), {}});
    return made;
  }

  void converse(TestClient& client, TestServer& server, std::string_view client_tls = "0304") {
    client.stream.start();
    server.stream.on_tls({world.bindings, {}, "0304"});
    client.stream.on_tls(world.bindings, client_tls);
    for (turns = 0;; ++turns) {
      const std::string to_server = client.output();
      server.sent += server.take(to_server);
      const std::string to_client = server.output();
      client.sent += client.take(to_client);
      if (to_server.empty() && to_client.empty()) return;
    }
  }
};

TEST_F(Sasl2Pair, APasswordAndASessionInOneGo) {
  TestServer server(world, Channel::tls);
  TestClient client(world, config());
  converse(client, server);
  ASSERT_FALSE(client.error) << client.error->describe();
  EXPECT_EQ(client.address, "user@example.org/herold/r");
  EXPECT_EQ(server.signed_in, "user@example.org SCRAM-SHA-256-PLUS");
  EXPECT_EQ(server.completed.request.bind->features, "<enable xmlns=\"urn:xmpp:carbons:2\"/>");
  EXPECT_EQ(server.completed.request.agent->device, "test");
  EXPECT_EQ(turns, 3u);  // header, first, final
  EXPECT_NE(client.config_version, "");
  ASSERT_TRUE(client.keys);
  const std::vector<ClientStage> stages = {ClientStage::opening, ClientStage::authenticating,
                                           ClientStage::authenticated, ClientStage::bound};
  EXPECT_EQ(client.stages, stages);
}

TEST_F(Sasl2Pair, TokensAreAskedForUsedAndKept) {
  ClientStreamConfig wants = config();
  wants.modern->wants_token = true;
  TestServer server(world, Channel::tls);
  TestClient client(world, std::move(wants));
  converse(client, server);
  EXPECT_EQ(client.token, "given HT-SHA-256-EXPR");

  world.fresh_token = "given";
  TestServer again(world, Channel::tls);
  TestClient back(world, with_token("given"));
  converse(back, again);
  EXPECT_EQ(again.signed_in, "user@example.org HT-SHA-256-EXPR");
  EXPECT_EQ(back.address, "user@example.org/herold/r");
  EXPECT_EQ(turns, 2u);
}

TEST_F(Sasl2Pair, ATokenLeavesWithTheHeaderWhereTheFeaturesAreKnown) {
  TestServer first(world, Channel::tls);
  TestClient before(world, config());
  converse(before, first);
  world.fresh_token = "given";
  ClientStreamConfig quick = with_token("given");
  quick.modern->config_version = before.config_version;
  TestServer server(world, Channel::tls);
  TestClient client(world, std::move(quick));
  converse(client, server);
  EXPECT_EQ(client.address, "user@example.org/herold/r");
  EXPECT_EQ(turns, 1u);

  ClientStreamConfig outdated = with_token("given");
  outdated.modern->config_version = "outdated";
  TestServer other(world, Channel::tls);
  TestClient late(world, std::move(outdated));
  converse(late, other);
  EXPECT_EQ(late.address, "user@example.org/herold/r");
  EXPECT_EQ(turns, 2u);
  EXPECT_EQ(late.token, "");  // still believed in
}

TEST_F(Sasl2Pair, ARefusedTokenGivesWayToThePassword) {
  TestServer server(world, Channel::tls);
  TestClient client(world, with_token("unknown"));
  converse(client, server);
  EXPECT_EQ(client.token, "refused");
  EXPECT_EQ(server.signed_in, "user@example.org SCRAM-SHA-256-PLUS");
}

TEST_F(Sasl2Pair, ResumesOrBegins) {
  ClientStreamConfig resuming = config();
  resuming.modern->resume = SmResume{3, "known"};
  TestServer server(world, Channel::tls);
  TestClient client(world, std::move(resuming));
  converse(client, server);
  EXPECT_EQ(client.resumed, 5u);
  EXPECT_EQ(client.address, "");
  server.send("<message xmlns='jabber:client'><body>missed</body></message>");
  client.take(server.output());
  EXPECT_EQ(client.elements.size(), 1u);

  ClientStreamConfig late = config();
  late.modern->resume = SmResume{3, "gone"};
  TestServer other(world, Channel::tls);
  TestClient anew(world, std::move(late));
  converse(anew, other);
  EXPECT_FALSE(anew.resumed);
  EXPECT_EQ(anew.address, "user@example.org/herold/r");
  EXPECT_NE(anew.success.find("item-not-found"), std::string::npos);
}

TEST_F(Sasl2Pair, TheSecondFactor) {
  TestServer server(world, Channel::tls);
  server.facts.needs_second_factor = true;
  TestClient client(world, config());
  converse(client, server);
  EXPECT_EQ(client.address, "user@example.org/herold/r");
  TestServer strict(world, Channel::tls);
  strict.facts.needs_second_factor = true;
  TestClient wrong(world, config());
  wrong.code = "000000";
  converse(wrong, strict);
  ASSERT_TRUE(wrong.error);
  EXPECT_EQ(wrong.error->condition, SaslCondition::not_authorized);
}

TEST_F(Sasl2Pair, AMissingHashIsAdded) {
  world.mechanisms = {Mechanism::scram_sha_1_plus, Mechanism::scram_sha_1};
  TestServer server(world, Channel::tls);
  server.facts.hashes = {HashAlgorithm::sha1};
  TestClient client(world, config());
  converse(client, server);
  ASSERT_FALSE(client.error) << client.error->describe();
  EXPECT_EQ(client.address, "user@example.org/herold/r");
  ASSERT_TRUE(server.added);
  EXPECT_EQ(server.added->hash, HashAlgorithm::sha512);  // after SHA-256
  EXPECT_TRUE(verify_password(world.crypto, *server.added, "pencil"));
}

TEST_F(Sasl2Pair, AnAppPasswordFitsTheSameChallenge) {
  const StoredCredentials other =
      derive_credentials(world.crypto, "app-word", "0123456789abcdef", 4096, HashAlgorithm::sha256);
  world.app_password = AppPassword{9, other.stored_key, other.server_key};
  TestServer server(world, Channel::tls);
  server.facts.needs_second_factor = true;  // but not of such a client
  TestClient client(world, config("app-word"));
  converse(client, server);
  ASSERT_FALSE(client.error) << client.error->describe();
  EXPECT_EQ(server.completed.proof.kind, Proof::Kind::app_password);
  EXPECT_EQ(server.completed.proof.client, 9u);
}

// XEP-0515: somebody in between ends TLS and speaks another version with the server.
TEST_F(Sasl2Pair, AnotherVersionOfTls) {
  TestServer server(world, Channel::tls);
  TestClient client(world, config());
  converse(client, server, "0303");
  ASSERT_TRUE(client.error);
  EXPECT_EQ(client.error->fault, SaslFault::downgrade);
}

// XEP-0440 section 3 rules 4 and 5, XEP-0474: a changed list ends the sign-in.
TEST_F(Sasl2Pair, AChangedListIsDetected) {
  for (const auto& [taken, fault] :
       {std::pair("<mechanism>SCRAM-SHA-256-PLUS</mechanism>", SaslFault::downgrade),
        std::pair("<channel-binding type=\"tls-exporter\"/>", SaslFault::downgrade)}) {
    TestServer server(world, Channel::tls);
    TestClient client(world, config());
    client.stream.start();
    server.stream.on_tls({world.bindings, {}, "0304"});
    client.stream.on_tls(world.bindings, "0304");
    std::string features = server.take(client.output());
    for (std::size_t at = features.find(taken); at != std::string::npos; at = features.find(taken))
      features.erase(at, std::string_view(taken).size());
    std::string to_server = client.take(features);
    while (!client.error && !to_server.empty()) to_server = client.take(server.take(to_server));
    ASSERT_TRUE(client.error) << taken;
    EXPECT_EQ(client.error->fault, fault) << taken;
  }
}

TEST_F(Sasl2Pair, AnOldServerIsSpokenToAsEver) {
  ClientStreamConfig old = config();
  old.modern->wants_token = true;
  TestServer server(world, Channel::tls);
  TestClient client(world, std::move(old));
  client.stream.start();
  server.stream.on_tls({world.bindings, {}, "0304"});
  client.stream.on_tls(world.bindings, "0304");
  std::string features = server.take(client.output());
  const std::size_t at = features.find("<authentication");
  features.erase(at, features.find("</authentication>") + 17 - at);
  std::string to_server = client.take(features);
  while (!to_server.empty()) to_server = client.take(server.take(to_server));
  EXPECT_EQ(client.address, "user@example.org/r");
}

}  // namespace
}  // namespace herold::xmpp
