// SASL2 as XEP-0388's examples have it, and what a client may do wrong in it (HOSTILE 35 to 50).
#include <gtest/gtest.h>

#include "base/base64.h"
#include "xmpp/sasl/hashed_token.h"
#include "xmpp/stream/testing/hosts.h"

namespace herold::xmpp {
namespace {

using std::string_literals::operator""s;
using testing::TestServer;
using testing::World;

const std::string header =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='example.org' from='user@example.org' version='1.0'>";
const std::string agent =
    "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>AwesomeXMPP</software>"
    "<device>Kiva's Phone</device></user-agent>";

class Sasl2 : public ::testing::Test {
 protected:
  World world;

  // A server whose features have been sent.
  std::unique_ptr<TestServer> opened(Channel channel = Channel::tls) {
    auto server = std::make_unique<TestServer>(world, channel);
    if (channel == Channel::tls) server->stream.on_tls({world.bindings, {}, "0304"});
    features = server->take(header);
    return server;
  }
  static std::string authenticate(std::string_view mechanism, std::string_view message,
                                  std::string_view more = {}) {
    return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) +
           "'><initial-response>" + base64_encode(message) + "</initial-response>" +
           std::string(more) + "</authenticate>";
  }
  static std::string plain(std::string_view more = {}, std::string_view password = "pencil") {
    return authenticate("PLAIN", "\0user\0"s.append(password), more);
  }
  std::string token(std::string_view mechanism, std::string_view secret,
                    std::string_view fast = "<fast xmlns='urn:xmpp:fast:0'/>",
                    std::string_view who = agent, std::string_view user = "user") const {
    const std::string data = mechanism == "HT-SHA-256-EXPR"   ? "exported"
                             : mechanism == "HT-SHA-256-ENDP" ? "certificate"
                                                              : "";
    HashedTokenClient client(world.crypto, std::string(user), secret, data);
    return authenticate(mechanism, client.first(), std::string(who).append(fast));
  }
  static std::string failure(std::string_view condition) {
    return "<failure xmlns=\"urn:xmpp:sasl:2\"><" + std::string(condition) +
           " xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/></failure>";
  }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
  std::string features;
};

TEST_F(Sasl2, FeaturesOfASecuredStream) {
  opened();
  EXPECT_TRUE(has(features,
                  "<authentication xmlns=\"urn:xmpp:sasl:2\"><mechanism>SCRAM-SHA-256-PLUS"
                  "</mechanism>"))
      << features;
  EXPECT_TRUE(
      has(features, "<inline><sm xmlns=\"urn:xmpp:sm:3\"/><bind xmlns=\"urn:xmpp:bind:0\">"));
  EXPECT_TRUE(has(features,
                  "<fast xmlns=\"urn:xmpp:fast:0\"><mechanism>HT-SHA-256-EXPR</mechanism>"
                  "<mechanism>HT-SHA-256-ENDP</mechanism>"
                  "<mechanism>HT-SHA-256-NONE</mechanism></fast>"));
  EXPECT_TRUE(has(features, "<upgrade xmlns=\"urn:xmpp:sasl:upgrade:0\">UPGR-SCRAM-SHA-256"));
  EXPECT_TRUE(has(features, "<config-version xmlns=\"urn:xmpp:iap:0\" scheme=\"opaque\" value=\""));
  EXPECT_TRUE(has(features, "<mechanisms xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\">"));
  EXPECT_FALSE(has(features, "0rtt"));
}

TEST_F(Sasl2, FeaturesFitTheChannel) {
  opened(Channel::open);
  EXPECT_FALSE(has(features, "urn:xmpp:sasl:2"));
  opened(Channel::trusted);
  EXPECT_TRUE(has(features, "<mechanism>HT-SHA-256-NONE</mechanism>"));
  EXPECT_FALSE(has(features, "HT-SHA-256-EXPR"));
}

// Section 6.1.
TEST_F(Sasl2, OneStepAndFeaturesFollowWithoutARestart) {
  const auto server = opened();
  EXPECT_EQ(server->take(plain(agent)),
            "<success xmlns=\"urn:xmpp:sasl:2\"><authorization-identifier>user@example.org"
            "</authorization-identifier></success><stream:features><bind "
            "xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/></stream:features>");
  EXPECT_TRUE(server->stream.is_ready());
  EXPECT_EQ(server->completed.request.agent->software, "AwesomeXMPP");
  server->take("<message><body>hi</body></message>");
  EXPECT_EQ(server->elements.size(), 1u);
}

TEST_F(Sasl2, WithoutAnInitialResponseTheServerAsksForIt) {
  const auto server = opened();
  EXPECT_EQ(server->take("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>"),
            "<challenge xmlns=\"urn:xmpp:sasl:2\"/>");
  EXPECT_TRUE(has(server->take("<response xmlns='urn:xmpp:sasl:2'>\n  " +
                               base64_encode("\0user\0pencil"s) + "\n</response>"),
                  "<success"));
}

TEST_F(Sasl2, WhatWasAskedForComesInTheSuccess) {
  const auto server = opened();
  const std::string answer = server->take(
      plain("<resume xmlns='urn:xmpp:sm:3' h='1' previd='gone'/>"
            "<bind xmlns='urn:xmpp:bind:0'><tag>Awesome</tag>"
            "<enable xmlns='urn:xmpp:carbons:2'/></bind><unknown xmlns='urn:unknown'/>"));
  EXPECT_TRUE(has(answer,
                  "<authorization-identifier>user@example.org/Awesome/r"
                  "</authorization-identifier><failed xmlns=\"urn:xmpp:sm:3\">"))
      << answer;
  EXPECT_TRUE(has(answer, "<bound xmlns=\"urn:xmpp:bind:0\"/></success><stream:features>"));
  EXPECT_EQ(server->completed.request.bind->features, "<enable xmlns=\"urn:xmpp:carbons:2\"/>");
}

TEST_F(Sasl2, NoFeaturesFollowAResumption) {
  const auto server = opened();
  const std::string answer =
      server->take(plain("<resume xmlns='urn:xmpp:sm:3' h='1' previd='known'/>"));
  EXPECT_TRUE(
      answer.ends_with("<resumed xmlns=\"urn:xmpp:sm:3\" h=\"5\" previd=\"known\"/></success>"))
      << answer;
}

// HOSTILE 49: nothing that was asked for is done.
TEST_F(Sasl2, AWrongPasswordExecutesNothing) {
  const auto server = opened();
  EXPECT_EQ(server->take(plain("<bind xmlns='urn:xmpp:bind:0'/>", "wrong")),
            failure("not-authorized"));
  EXPECT_EQ(server->signed_in, "");
  EXPECT_TRUE(has(server->take(plain()), "<success"));  // the stream goes on
}

TEST_F(Sasl2, WhatCannotBeUnderstood) {
  const std::string begin = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism=";
  const std::pair<std::string, std::string> cases[] = {
      {begin + "'DIGEST-MD5'/>", "invalid-mechanism"},
      {begin + "'HT-SHA-256-NONE'/>", "malformed-request"},
      {begin + "'EXTERNAL'/>", "invalid-mechanism"},
      {"<authenticate xmlns='urn:xmpp:sasl:2'/>", "malformed-request"},
      {begin + "'PLAIN'><initial-response>!!</initial-response></authenticate>",
       "incorrect-encoding"},
      {begin + "'PLAIN'><initial-response/></authenticate>", "malformed-request"},
      {begin + "'PLAIN'><user-agent id='x'/></authenticate>", "malformed-request"},
      {begin + "'PLAIN'><bind xmlns='urn:xmpp:bind:0'/><bind xmlns='urn:xmpp:bind:0'/>"
               "</authenticate>",
       "malformed-request"},
      {begin + "'PLAIN'><resume xmlns='urn:xmpp:sm:3' h='-1' previd='a'/></authenticate>",
       "malformed-request"},
      {plain("<fast xmlns='urn:xmpp:fast:0'/>"), "malformed-request"},
      {"<response xmlns='urn:xmpp:sasl:2'/>", "malformed-request"},
      {"<next xmlns='urn:xmpp:sasl:2' task='TOTP'/>", "malformed-request"},
      {"<task-data xmlns='urn:xmpp:sasl:2'/>", "malformed-request"},
      {"<abort xmlns='urn:xmpp:sasl:2'/>", "aborted"},
      {authenticate("PLAIN", "other@example.org\0user\0pencil"s), "invalid-authzid"},
  };
  for (const auto& [sent, condition] : cases) {
    const auto server = opened();
    EXPECT_EQ(server->take(sent), failure(condition)) << sent;
  }
}

// Section 2.3: whoever the stream is from signs in.
TEST_F(Sasl2, AnotherAccountThanTheHeaderSaid) {
  TestServer server(world, Channel::proxied);
  std::string other = header;
  server.take(other.replace(other.find("user@"), 5, "peer@"));
  EXPECT_EQ(server.take(plain()), failure("invalid-authzid"));
  TestServer foreign(world, Channel::proxied);
  other = header;
  EXPECT_TRUE(has(foreign.take(other.replace(other.find("user@example.org"), 16, "user@far.test")),
                  "<invalid-from"));
}

// Section 2.4, HOSTILE 49.
TEST_F(Sasl2, NothingElseDuringTheExchange) {
  const std::string begin = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>";
  for (const char* other :
       {"<message/>", " ", "<presence/>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>", "<r xmlns='urn:xmpp:sm:3'/>",
        "<strange xmlns='urn:xmpp:sasl:2'/>"}) {
    const auto server = opened();
    server->take(begin);
    EXPECT_TRUE(has(server->take(other), "<stream:error>")) << other;
    EXPECT_TRUE(server->is_closed) << other;
  }
}

TEST_F(Sasl2, TheProfilesDoNotMix) {
  const auto server = opened();
  server->take("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>");
  EXPECT_TRUE(has(server->take(plain()), "policy-violation"));
  const auto other = opened();
  other->take(plain());
  EXPECT_TRUE(has(other->take(plain()), "policy-violation"));
}

TEST_F(Sasl2, AFourthFailureEndsTheStream) {
  const auto server = opened();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(server->take(plain({}, "wrong")), failure("not-authorized"));
  EXPECT_TRUE(has(server->take(plain({}, "wrong")), "policy-violation"));
}

TEST_F(Sasl2, TheHostMayRefuseAfterAll) {
  const auto server = opened();
  server->refusal = SaslCondition::temporary_auth_failure;
  EXPECT_EQ(server->take(plain()), failure("temporary-auth-failure"));
  EXPECT_FALSE(server->stream.is_authenticated());
}

TEST_F(Sasl2, MovesToAnotherHostBeforeItsSuccess) {
  const auto server = opened();
  server->answers = testing::Answers::later;
  EXPECT_EQ(server->take(plain()), "");
  server->stream.on_verdict(server->asked_ticket, Verdict::accepted);
  EXPECT_FALSE(server->stream.wants_input());
  World other;
  server->stream.move_to(*server, other.environment);
  server->refusal = SaslCondition::temporary_auth_failure;
  server->finish();
  server->refusal.reset();
  EXPECT_EQ(server->output(), failure("temporary-auth-failure"));
  server->answers = testing::Answers::at_once;
  EXPECT_TRUE(has(server->take(plain()), "<success"));
}

// --- tokens (XEP-0484)

TEST_F(Sasl2, ATokenSignsInWithoutMore) {
  world.fresh_token = "secret";
  const auto server = opened();
  const std::string answer = server->take(token("HT-SHA-256-EXPR", "secret"));
  EXPECT_TRUE(has(answer, "<success xmlns=\"urn:xmpp:sasl:2\"><additional-data>")) << answer;
  EXPECT_EQ(server->completed.proof.kind, Proof::Kind::token);
  EXPECT_EQ(server->completed.proof.client, 7u);
  EXPECT_TRUE(server->completed.proof.is_fresh_token);
  EXPECT_EQ(server->signed_in, "user@example.org HT-SHA-256-EXPR");
}

TEST_F(Sasl2, TheOlderTokenIsGoodUntilTheNewOneIsUsed) {
  world.fresh_token = "newer";
  world.current_token = "older";
  const auto server = opened();
  EXPECT_TRUE(has(server->take(token("HT-SHA-256-EXPR", "older")), "<success"));
  EXPECT_FALSE(server->completed.proof.is_fresh_token);
}

// HOSTILE 50: whatever is wrong with it, the client asks its user for the password.
TEST_F(Sasl2, TokensThatAreNotBelieved) {
  world.fresh_token = "secret";
  world.token_count = 5;
  const std::string count = "<fast xmlns='urn:xmpp:fast:0' count=";
  const std::string another = "<user-agent id='aaaaaaaa-4d72-4749-b3d3-740edbf87770'/>";
  const std::string fast = "<fast xmlns='urn:xmpp:fast:0'/>";
  for (const std::string& sent :
       {token("HT-SHA-256-EXPR", "wrong"), token("HT-SHA-256-EXPR", ""),
        token("HT-SHA-256-NONE", "secret"), token("HT-SHA-256-ENDP", "secret"),
        token("HT-SHA-256-EXPR", "secret", count + "'5'/>"),
        token("HT-SHA-256-EXPR", "secret", count + "'1'/>"),
        token("HT-SHA-256-EXPR", "secret", fast, another),
        token("HT-SHA-256-EXPR", "secret", fast, agent, "nobody")}) {
    auto server = opened();
    std::string sent_now = sent;
    EXPECT_EQ(server->take(sent_now), failure("credentials-expired")) << sent_now;
  }
  EXPECT_TRUE(has(opened()->take(token("HT-SHA-256-EXPR", "secret", count + "'6'/>")), "<success"));
  world.token_expiry = world.now;
  EXPECT_EQ(opened()->take(token("HT-SHA-256-EXPR", "secret")), failure("credentials-expired"));
}

TEST_F(Sasl2, TokensNeedTheirFrame) {
  world.fresh_token = "secret";
  for (const std::string& sent :
       {token("HT-SHA-256-EXPR", "secret", ""),
        token("HT-SHA-256-EXPR", "secret", "<fast xmlns='urn:xmpp:fast:0'/>", ""),
        token("HT-SHA-256-EXPR", "secret", "<fast xmlns='urn:xmpp:fast:0' count='-1'/>"),
        authenticate("HT-SHA-256-EXPR", "user", agent + "<fast xmlns='urn:xmpp:fast:0'/>"),
        authenticate("HT-SHA-256-EXPR", "user\0short"s, agent + "<fast xmlns='urn:xmpp:fast:0'/>"),
        token("HT-SHA-256-EXPR", "secret", "<fast xmlns='urn:xmpp:fast:0'/>", agent,
              "user@elsewhere.test")})
    EXPECT_EQ(opened()->take(sent), failure("malformed-request")) << sent;
  EXPECT_TRUE(
      has(opened()->take(token("HT-SHA-256-EXPR", "secret", "<fast xmlns='urn:xmpp:fast:0'/>",
                               agent, "user@example.org")),
          "<success"));
  EXPECT_EQ(opened(Channel::trusted)->take(token("HT-SHA-256-EXPR", "secret")),
            failure("invalid-mechanism"));
}

TEST_F(Sasl2, TheTokenOfADisabledAccount) {
  world.fresh_token = "secret";
  const auto server = opened();
  server->state = AccountState::disabled;
  EXPECT_EQ(server->take(token("HT-SHA-256-EXPR", "secret")), failure("account-disabled"));
}

// --- pipelining (XEP-0509)

TEST_F(Sasl2, ASignInThatReliesOnOldFeaturesCountsForNothing) {
  const auto server = opened();
  const std::string old = "<config-version xmlns='urn:xmpp:iap:0' value='old'/>";
  for (int i = 0; i < 5; ++i) {
    const std::string answer = server->take(plain(old));
    EXPECT_EQ(answer,
              "<failure xmlns=\"urn:xmpp:sasl:2\"><aborted "
              "xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/><config-version-mismatch "
              "xmlns=\"urn:xmpp:iap:0\"/><text>The features have changed</text></failure>");
  }
  EXPECT_TRUE(server->failures.empty());
  const std::size_t at = features.find("value=\"") + 7;
  const std::string now = features.substr(at, features.find('"', at) - at);
  EXPECT_TRUE(has(
      server->take(
          plain("<config-version xmlns='urn:xmpp:iap:0' scheme='opaque' value='" + now + "'/>")),
      "<success"));
}

TEST_F(Sasl2, HeaderAndSignInMayComeTogether) {
  world.fresh_token = "secret";
  opened();
  const std::size_t at = features.find("value=\"") + 7;
  const std::string now = features.substr(at, features.find('"', at) - at);
  TestServer server(world, Channel::tls);
  server.stream.on_tls({world.bindings, {}, "0304"});
  const std::string answer = server.take(
      header +
      token("HT-SHA-256-EXPR", "secret",
            "<fast xmlns='urn:xmpp:fast:0'/><config-version xmlns='urn:xmpp:iap:0' value='" + now +
                "'/>"));
  EXPECT_TRUE(has(answer, "</stream:features><success")) << answer;
}

// --- tasks

TEST_F(Sasl2, TheSecondFactorIsATask) {
  const auto server = opened();
  server->facts.needs_second_factor = true;
  EXPECT_EQ(server->take(plain("<bind xmlns='urn:xmpp:bind:0'/>")),
            "<continue xmlns=\"urn:xmpp:sasl:2\"><tasks><task>TOTP</task></tasks></continue>");
  EXPECT_EQ(server->take("<next xmlns='urn:xmpp:sasl:2' task='TOTP'/>"),
            "<task-data xmlns=\"urn:xmpp:sasl:2\"><totp xmlns=\"urn:xmpp:mfa:0\"/></task-data>");
  EXPECT_FALSE(server->stream.is_authenticated());
  EXPECT_TRUE(has(server->take("<task-data xmlns='urn:xmpp:sasl:2'><totp xmlns='urn:xmpp:mfa:0'>"
                               "123456</totp></task-data>"),
                  "<bound"));
}

TEST_F(Sasl2, AWrongCodeEndsTheSignIn) {
  const auto server = opened();
  server->facts.needs_second_factor = true;
  server->take(plain());
  EXPECT_EQ(server->take("<next xmlns='urn:xmpp:sasl:2' task='TOTP'><totp xmlns='urn:xmpp:mfa:0'>"
                         "654321</totp></next>"),
            failure("not-authorized"));
  EXPECT_EQ(server->failures.back(), "user@example.org not-authorized");
  EXPECT_TRUE(has(server->take(plain()), "policy-violation"));  // section 4.8
}

TEST_F(Sasl2, TasksInTheirOrderOnly) {
  for (const char* sent :
       {"<task-data xmlns='urn:xmpp:sasl:2'/>", "<response xmlns='urn:xmpp:sasl:2'/>",
        "<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>",
        "<next xmlns='urn:xmpp:sasl:2'/>"}) {
    const auto server = opened();
    server->facts.needs_second_factor = true;
    server->take(plain());
    EXPECT_EQ(server->take(sent), failure("malformed-request")) << sent;
  }
  const auto server = opened();
  server->facts.needs_second_factor = true;
  server->take(plain());
  EXPECT_EQ(server->take("<abort xmlns='urn:xmpp:sasl:2'/>"), failure("aborted"));
}

TEST_F(Sasl2, TheOldProfileHasNoSecondFactor) {
  const auto server = opened();
  server->facts.needs_second_factor = true;
  const std::string answer = server->take(
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
      "mechanism='PLAIN'>" +
      base64_encode("\0user\0pencil"s) + "</auth>");
  EXPECT_TRUE(has(answer,
                  "<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"><mechanism-too-weak/>"
                  "<text>"))
      << answer;
}

// XEP-0480 section 3.
TEST_F(Sasl2, OneMoreHashIsATask) {
  const auto server = opened();
  server->facts.hashes = {HashAlgorithm::sha1};
  const std::string wish = "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>";
  EXPECT_EQ(
      server->take(plain(wish + "UPGR-SCRAM-SHA-256</upgrade>" + wish + "UPGR-ODD</upgrade>")),
      "<continue xmlns=\"urn:xmpp:sasl:2\"><tasks><task>UPGR-SCRAM-SHA-256</task></tasks>"
      "</continue>");
  const std::string data =
      server->take("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>");
  const std::string before = "<salt xmlns=\"urn:xmpp:scram-upgrade:0\" iterations=\"4096\">";
  ASSERT_TRUE(has(data, before)) << data;
  const std::size_t at = data.find(before) + before.size();
  const auto salt = base64_decode(data.substr(at, data.find('<', at) - at));
  ASSERT_TRUE(salt && salt->size() == scram_salt_bytes);
  const auto salted = world.crypto.pbkdf2(HashAlgorithm::sha256, "pencil", *salt, 4096);
  EXPECT_TRUE(has(server->take("<task-data xmlns='urn:xmpp:sasl:2'><hash "
                               "xmlns='urn:xmpp:scram-upgrade:0'>" +
                               base64_encode(salted.view()) + "</hash></task-data>"),
                  "<success"));
  ASSERT_TRUE(server->added);
  EXPECT_TRUE(verify_password(world.crypto, *server->added, "pencil"));
}

TEST_F(Sasl2, NoUpgradeWhereItIsNotDue) {
  const std::string wish = "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>";
  EXPECT_TRUE(has(opened()->take(plain(wish)), "<success"));  // it has that hash
  const auto server = opened();
  server->facts = {false, true, {HashAlgorithm::sha1}};
  EXPECT_TRUE(has(server->take(plain(wish)), "<success"));  // app passwords would not fit
  const auto wrong = opened();
  wrong->facts.hashes = {};
  wrong->take(plain(wish));
  wrong->take("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>");
  EXPECT_EQ(wrong->take("<task-data xmlns='urn:xmpp:sasl:2'><hash "
                        "xmlns='urn:xmpp:scram-upgrade:0'>c2hvcnQ=</hash></task-data>"),
            failure("malformed-request"));
}

}  // namespace
}  // namespace herold::xmpp
