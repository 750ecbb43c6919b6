// Signing in has one span of time, and requests before it are answered in order (HOSTILE 28, 47).
#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/pattern.h"
#include "server/testing/test_server.h"
#include "xmpp/sasl/client.h"
#include "xmpp/stream/stream_text.h"

namespace herold::server {
namespace {

using xmpp::Gs2Flag;
using xmpp::Mechanism;

std::string element(std::string_view name, std::string_view attributes, std::string_view bytes) {
  return "<" + std::string(name) + " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'" +
         std::string(attributes) + ">" + base64_encode(bytes) + "</" + std::string(name) + ">";
}

std::string last_bytes(const TestClient& client) {
  return base64_decode(client.last().first_text()).value_or("");
}

constexpr auto header =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='xmpp.test' version='1.0'>";

// Signs in with SCRAM, one step at a time; `before` is sent in front of the first.
void sign_in(TestClient& client, std::string_view user, const std::string& before = {}) {
  const crypto::OpenSslCrypto crypto;
  SeededRandom random(7);
  const xml::Document features = parse_pattern(client.features());
  const xmpp::SaslOffer offer = xmpp::parse_sasl_offer(features.root());
  const xmpp::ClientCredentials credentials{.username = std::string(user),
                                            .password = crypto::SecretString("secret"),
                                            .keys = {},
                                            .authzid = {}};
  const auto mechanism = xmpp::make_client_mechanism(
      {.mechanism = Mechanism::scram_sha_256, .flag = Gs2Flag::unsupported, .binding = {}}, crypto,
      random, offer, credentials);
  client.sends(before + element("auth", " mechanism='SCRAM-SHA-256'", mechanism->first()));
  if (!before.empty()) client.receives("<iq type='result' id='reg'/>");
  client.receives("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  const auto final = mechanism->respond(last_bytes(client));
  ASSERT_TRUE(final) << xmpp::describe(final.error());
  client.sends(element("response", "", *final));
  client.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
}

// Bytes that keep coming do not make it longer.
TEST(SignInTime, IsOverAfterThirtySecondsWhateverTheClientSends) {
  TestServer server;
  TestClient& client = server.opens_stream();
  for (int i = 0; i < 29; ++i) {
    client.sends(" ");
    server.passes(Milliseconds(900));
  }
  EXPECT_TRUE(client.is_connected());
  server.passes(Seconds(2));
  client.is_disconnected("connection-timeout");
}

// Not a time for each phase: whoever signs in late has as much less for binding.
TEST(SignInTime, IsOnlyOneForAllPhases) {
  for (const unsigned shards : {1u, 2u, 5u}) {
    TestServer server({.shards = shards});
    TestClient& client = server.opens_stream();
    server.passes(Seconds(20));
    sign_in(client, "romeo");
    client.sends(header);
    server.passes(Seconds(8));
    EXPECT_TRUE(client.is_connected()) << shards;
    server.passes(Seconds(3));
    client.is_disconnected("connection-timeout");
  }
}

TEST(SignInTime, EndsWithTheBinding) {
  TestServer server;
  TestClient& client = server.opens_stream();
  server.passes(Seconds(20));
  sign_in(client, "romeo");
  client.sends(header);
  client.asks("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
              "<iq type='result'/>");
  server.passes(Seconds(30));
  EXPECT_TRUE(client.is_connected());
}

// A pause for too much input must not end the watch over whoever has not bound.
TEST(SignInTime, GoesOnOverAPauseForBandwidth) {
  TestServer server({.limits = "client_bandwidth = '1000B'\nclient_bandwidth_burst = '10000B'"});
  TestClient& client = server.opens_stream();
  sign_in(client, "romeo");
  client.sends(header);
  client.sends(std::string(12000, ' '));
  server.passes(Seconds(28));
  EXPECT_TRUE(client.is_connected());
  server.passes(Seconds(3));
  client.is_disconnected("connection-timeout");
}

constexpr auto registration =
    "<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>newcomer</username>"
    "<password>secret</password></query></iq>";

TEST(Registration, IsAnsweredBeforeTheLoginThatCameBehindIt) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    TestServer server({.domain = "registration = 'open'", .shards = 3, .seed = seed});
    TestClient& client = server.opens_stream();
    sign_in(client, "newcomer", registration);
  }
}

TEST(Registration, WhoseAnswerIsLateFindsNobody) {
  TestServer server({.domain = "registration = 'open'"});
  TestClient& client = server.opens_stream();
  client.sends(std::string(registration) + "</stream:stream>");
  client.receives("<iq type='result' id='reg'/>");  // the end waits as well
  EXPECT_FALSE(client.is_connected());
  TestClient& hasty = server.opens_stream();
  hasty.sends(
      "<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>another"
      "</username><password>secret</password></query></iq>");
  hasty.loses_connection();
  server.passes(Seconds(1));
  EXPECT_TRUE(server.log().has("account-registered account=another@xmpp.test"));
}

}  // namespace
}  // namespace herold::server
