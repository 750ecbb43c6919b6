// Both machines against each other through a pipe in memory: TLS or not, every mechanism.
#include <gtest/gtest.h>

#include "xmpp/stream/testing/hosts.h"

namespace herold::xmpp {
namespace {

using testing::Answers;
using testing::TestClient;
using testing::TestServer;
using testing::World;
using Tls = ClientStreamConfig::Tls;

class StreamPair : public ::testing::Test {
 protected:
  World world;

  static ClientStreamConfig config(Tls tls, SaslPolicy policy = {}, std::string_view user = "user",
                                   std::string_view password = "pencil") {
    return {.account = *Jid::make(user, "example.org"),
            .credentials = {std::string(user), crypto::SecretString(password), {}, {}},
            .policy = policy,
            .tls = tls};
  }

  // Moves bytes in pieces of `step` until nobody says anything more.
  void converse(TestClient& client, TestServer& server, std::size_t step = SIZE_MAX) {
    if (!started_) client.stream.start();
    started_ = true;
    for (bool moved = true; moved;) {
      moved = false;
      const std::string to_server = client.output();
      for (std::size_t i = 0; i < to_server.size(); i += std::min(step, to_server.size())) {
        server.sent += server.take(std::string_view(to_server).substr(i, step));
      }
      const std::string to_client = server.output();
      for (std::size_t i = 0; i < to_client.size(); i += std::min(step, to_client.size())) {
        client.sent += client.take(std::string_view(to_client).substr(i, step));
      }
      moved = !to_server.empty() || !to_client.empty();
      if (client.wants_tls && server.stream.channel() == Channel::open) {
        server.stream.on_tls({world.bindings, {}});
        client.stream.on_tls(world.bindings);
        moved = true;
      }
    }
  }
  bool started_ = false;
};

TEST_F(StreamPair, StartTlsScramPlusAndBinding) {
  TestServer server(world, Channel::open);
  TestClient client(world, config(Tls::starttls));
  converse(client, server);
  ASSERT_FALSE(client.error) << client.error->describe();
  EXPECT_EQ(client.address, "user@example.org/r");
  EXPECT_EQ(server.signed_in, "user@example.org SCRAM-SHA-256-PLUS");
  EXPECT_EQ(server.events, "tls authenticated ");
  EXPECT_EQ(server.opened, "example.org en");
  EXPECT_EQ(server.asked_hash, HashAlgorithm::sha256);
  EXPECT_TRUE(server.stream.is_ready());
  ASSERT_TRUE(client.keys);
  const std::vector<ClientStage> stages = {ClientStage::opening,       ClientStage::securing,
                                           ClientStage::opening,       ClientStage::authenticating,
                                           ClientStage::authenticated, ClientStage::signed_in,
                                           ClientStage::binding,       ClientStage::bound};
  EXPECT_EQ(client.stages, stages);

  client.send("<message to=\"a@b\"><body>hi</body></message></stream:stream>");
  converse(client, server);
  ASSERT_EQ(server.elements.size(), 2u);
  EXPECT_NE(server.elements[1].find("<body>hi</body>"), std::string::npos);
  EXPECT_TRUE(server.is_closed);
  EXPECT_EQ(server.closed_with, "");
  EXPECT_EQ(client.error->kind, ClientStreamError::Kind::ended);
}

TEST_F(StreamPair, SameResultWhenSplitAtEveryByte) {
  TestServer server(world, Channel::open);
  TestClient client(world, config(Tls::starttls));
  converse(client, server, 1);
  EXPECT_EQ(client.address, "user@example.org/r");
}

TEST_F(StreamPair, DirectTls) {
  TestServer server(world, Channel::tls);
  TestClient client(world, config(Tls::direct));
  client.stream.start();
  EXPECT_EQ(client.sent, "");
  started_ = true;
  server.stream.on_tls({world.bindings, {}});
  client.stream.on_tls(world.bindings);
  EXPECT_NE(client.sent.find("from=\"user@example.org\""), std::string::npos);
  converse(client, server);
  EXPECT_EQ(client.address, "user@example.org/r");
}

TEST_F(StreamPair, EveryMechanismForced) {
  world.mechanisms.insert(world.mechanisms.end(),
                          {Mechanism::scram_sha_512, Mechanism::scram_sha_512_plus});
  for (const Mechanism mechanism : scram_mechanisms) {
    TestServer server(world, Channel::open);
    TestClient client(world, config(Tls::starttls, {.forced = mechanism}));
    started_ = false;
    converse(client, server);
    EXPECT_EQ(server.signed_in, "user@example.org " + std::string(name_of(mechanism)));
    EXPECT_EQ(client.address, "user@example.org/r");
    EXPECT_EQ(client.stream.mechanism(), mechanism);
  }
}

TEST_F(StreamPair, PlainOverTlsOnlyWhenAllowed) {
  world.mechanisms = {Mechanism::plain};
  {
    TestServer server(world, Channel::open);
    TestClient client(world, config(Tls::starttls, {.plain = SaslPolicy::Plain::allowed}));
    converse(client, server);
    EXPECT_EQ(server.signed_in, "user@example.org PLAIN");
    EXPECT_EQ(client.address, "user@example.org/r");
  }
  TestServer server(world, Channel::open);
  TestClient client(world, config(Tls::starttls));
  started_ = false;
  converse(client, server);
  EXPECT_EQ(client.error->kind, ClientStreamError::Kind::sasl);
  EXPECT_EQ(client.error->fault, SaslFault::no_mechanism);
  EXPECT_TRUE(server.is_closed);
}

TEST_F(StreamPair, WithoutTlsWhenTheOwnersAllowIt) {
  TestServer server(world, Channel::trusted);
  TestClient client(world, config(Tls::never));
  converse(client, server);
  EXPECT_EQ(client.address, "user@example.org/r");
  EXPECT_EQ(server.signed_in, "user@example.org SCRAM-SHA-256");
}

TEST_F(StreamPair, WrongPasswordIsRefused) {
  TestServer server(world, Channel::open);
  TestClient client(world, config(Tls::starttls, {}, "user", "wrong"));
  converse(client, server);
  EXPECT_EQ(client.error->kind, ClientStreamError::Kind::sasl_failed);
  EXPECT_EQ(client.error->condition, SaslCondition::not_authorized);
  ASSERT_EQ(server.failures.size(), 1u);
  EXPECT_EQ(server.failures[0], "user@example.org not-authorized");
}

TEST_F(StreamPair, AnswersMayComeLater) {
  TestServer server(world, Channel::open);
  server.answers = Answers::later;
  TestClient client(world, config(Tls::starttls));
  converse(client, server);
  EXPECT_FALSE(server.stream.wants_input());
  server.stream.on_credentials(Ticket{77}, {});  // nobody asked
  EXPECT_FALSE(server.stream.wants_input());
  server.answer_credentials();
  EXPECT_TRUE(server.stream.wants_input());
  server.answer_credentials();  // a second time: ignored
  converse(client, server);
  EXPECT_EQ(client.address, "user@example.org/r");
}

TEST_F(StreamPair, AnonymousLogin) {
  world.mechanisms = {Mechanism::anonymous};
  TestServer server(world, Channel::open);
  ClientStreamConfig anonymous = config(Tls::starttls, {.login = SaslPolicy::Login::anonymous});
  anonymous.account = *Jid::parse("example.org");
  TestClient client(world, std::move(anonymous));
  converse(client, server);
  EXPECT_TRUE(client.address.starts_with("anon-")) << client.address;
}

TEST_F(StreamPair, AnonymousLoginWithoutRoom) {
  world.mechanisms = {Mechanism::anonymous};
  TestServer server(world, Channel::open);
  server.admits = false;
  ClientStreamConfig anonymous = config(Tls::starttls, {.login = SaslPolicy::Login::anonymous});
  anonymous.account = *Jid::parse("example.org");
  TestClient client(world, std::move(anonymous));
  converse(client, server);
  EXPECT_TRUE(client.address.empty());
  ASSERT_EQ(server.failures.size(), 1u);
  EXPECT_TRUE(server.failures[0].ends_with(" temporary-auth-failure")) << server.failures[0];
}

TEST_F(StreamPair, OfferChangedOnItsWayIsDetected) {
  TestServer server(world, Channel::tls);
  TestClient client(world, config(Tls::direct));
  server.stream.on_tls({world.bindings, {}});
  client.stream.start();
  client.stream.on_tls(world.bindings);
  std::string features = server.take(client.output());
  const std::string_view strong = "<mechanism>SCRAM-SHA-256-PLUS</mechanism>";
  features.erase(features.find(strong), strong.size());
  const std::string challenge = server.take(client.take(features));
  const std::string last = client.take(challenge);
  EXPECT_NE(last.find("<abort"), std::string::npos);
  EXPECT_EQ(client.error->fault, SaslFault::downgrade);
}

}  // namespace
}  // namespace herold::xmpp
