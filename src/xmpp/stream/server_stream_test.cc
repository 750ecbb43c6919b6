// What a client may do wrong before and around its login, and the answer that HOSTILE.md demands.
#include "xmpp/stream/server_stream.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "xmpp/stream/testing/hosts.h"

namespace herold::xmpp {
namespace {

using std::string_literals::operator""s;
using testing::Answers;
using testing::TestServer;
using testing::World;

const std::string header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
const std::string auth_plain = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
const std::string starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

class ServerDialog : public ::testing::Test {
 protected:
  World world;

  // Whether all of `output` is one stream error with this condition, the stream closed after it.
  static ::testing::AssertionResult is_stream_error(TestServer& server, std::string_view output,
                                                    std::string_view condition) {
    const std::string error = "<stream:error><" + std::string(condition);
    if (output.find(error) == std::string_view::npos) {
      return ::testing::AssertionFailure() << "no " << condition << " in " << output;
    }
    if (!output.ends_with("</stream:error></stream:stream>")) {
      return ::testing::AssertionFailure() << "not closed: " << output;
    }
    if (server.closed_with != condition || server.stream.wants_input()) {
      return ::testing::AssertionFailure() << "host was told " << server.closed_with;
    }
    return ::testing::AssertionSuccess();
  }

  // What a fresh stream answers to its very first bytes.
  ::testing::AssertionResult first_bytes(std::string_view bytes, std::string_view condition,
                                         Channel channel = Channel::open) {
    TestServer server(world, channel);
    const std::string output = server.take(bytes);
    // RFC 6120 section 4.9.1.1: the error stands inside a stream.
    if (!output.starts_with("<?xml version=\"1.0\"?><stream:stream ")) {
      return ::testing::AssertionFailure() << "no header: " << output;
    }
    return is_stream_error(server, output, condition);
  }

  // SASL failure, after which the stream goes on.
  static std::string failure(std::string_view condition) {
    return "<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"><" + std::string(condition) +
           "/></failure>";
  }
  static std::string plain(std::string_view bytes) {
    return auth_plain + base64_encode(bytes) + "</auth>";
  }
};

TEST_F(ServerDialog, AnswersAHeaderWithHeaderAndFeatures) {
  TestServer server(world, Channel::open);
  const std::string output =
      server.take(replaced(header, "to=", "from='User@example.org' xml:lang='de' to="));
  EXPECT_TRUE(
      output.starts_with("<?xml version=\"1.0\"?><stream:stream xmlns=\"jabber:client\" "
                         "xmlns:stream=\"http://etherx.jabber.org/streams\" from=\"example.org\" "
                         "to=\"user@example.org\" id=\""))
      << output;
  EXPECT_TRUE(output.ends_with(
      "\" xml:lang=\"en\" version=\"1.0\"><stream:features><starttls "
      "xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"><required/></starttls></stream:features>"))
      << output;
  EXPECT_EQ(server.opened, "example.org de");
  TestServer other(world, Channel::open);
  EXPECT_NE(other.take(header), output);  // the id is random
}

TEST_F(ServerDialog, FeaturesOfASecuredStream) {
  TestServer server(world, Channel::tls);
  server.stream.on_tls({world.bindings, {}});
  const std::string output = server.take(header);
  EXPECT_NE(output.find("<stream:features><mechanisms xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\">"
                        "<mechanism>SCRAM-SHA-256-PLUS</mechanism>"),
            std::string::npos)
      << output;
  EXPECT_NE(output.find("<sasl-channel-binding xmlns=\"urn:xmpp:sasl-cb:0\"><channel-binding "
                        "type=\"tls-exporter\"/><channel-binding type=\"tls-server-end-point\"/>"),
            std::string::npos)
      << output;
  EXPECT_NE(output.find("<mechanism>PLAIN</mechanism>"), std::string::npos);
  EXPECT_NE(output.find("<limits xmlns=\"urn:xmpp:stream-limits:0\"><max-bytes>16384</max-bytes>"),
            std::string::npos);
  EXPECT_NE(output.find("iq-register"), std::string::npos);
  EXPECT_EQ(output.find("starttls"), std::string::npos);
}

TEST_F(ServerDialog, MechanismsFitTheChannel) {
  TestServer trusted(world, Channel::trusted);
  const std::string of_trusted = trusted.take(header);
  EXPECT_EQ(of_trusted.find("PLUS"), std::string::npos);
  EXPECT_EQ(of_trusted.find("PLAIN"), std::string::npos);
  EXPECT_EQ(of_trusted.find("sasl-channel-binding"), std::string::npos);
  TestServer proxied(world, Channel::proxied);
  const std::string of_proxied = proxied.take(header);
  EXPECT_NE(of_proxied.find("PLAIN"), std::string::npos);
  EXPECT_EQ(of_proxied.find("PLUS"), std::string::npos);
  world.mechanisms = {Mechanism::external, Mechanism::plain};
  TestServer tls(world, Channel::tls);
  tls.stream.on_tls({world.bindings, {}});
  const std::string of_tls = tls.take(header);
  EXPECT_EQ(of_tls.find("EXTERNAL"), std::string::npos);              // no client certificate
  EXPECT_EQ(of_tls.find("sasl-channel-binding"), std::string::npos);  // nothing could use it
}

TEST_F(ServerDialog, BytesThatAreNoStream) {
  EXPECT_TRUE(first_bytes("GET / HTTP/1.1\r\n\r\n", "not-well-formed"));  // HOSTILE 1
  EXPECT_TRUE(first_bytes("<!DOCTYPE a [<!ENTITY b 'c'>]>", "restricted-xml"));
  EXPECT_TRUE(first_bytes("<!-- hello -->", "restricted-xml"));
  EXPECT_TRUE(first_bytes("<?xml version='1.1'?><stream:stream>", "not-well-formed"));
  EXPECT_TRUE(first_bytes(header + "text", "bad-format"));  // 12
  EXPECT_TRUE(first_bytes(header + "<a></b>", "not-well-formed"));
  EXPECT_TRUE(first_bytes(header + "<a b='" + std::string(20000, 'x') + "'/>",
                          "policy-violation"));  // 20
}

TEST_F(ServerDialog, HeadersThatAreRefused) {
  EXPECT_TRUE(first_bytes(replaced(header, "etherx.jabber", "other.jabber"), "invalid-namespace"));
  EXPECT_TRUE(first_bytes(replaced(header, "jabber:client", "jabber:server"), "invalid-namespace"));
  EXPECT_TRUE(first_bytes(replaced(header, "xmlns='jabber:client' ", ""), "invalid-namespace"));
  EXPECT_TRUE(first_bytes(replaced(header, "<stream:stream", "<stream:flow"), "bad-format"));
  EXPECT_TRUE(first_bytes(replaced(header, " version='1.0'>", ">"), "unsupported-version"));  // 9
  for (const std::string_view version : {"0.9", "", "1", "x", "1.", ".1", "1.0.0", "-1.0"}) {
    const std::string changed =
        replaced(header, " version='1.0'>", " version='" + std::string(version) + "'>");
    EXPECT_TRUE(first_bytes(changed, "unsupported-version")) << version;
  }
  EXPECT_TRUE(first_bytes(replaced(header, "to='example.org'", ""), "improper-addressing"));  // 10
  EXPECT_TRUE(first_bytes(replaced(header, "example.org", ""), "improper-addressing"));
  EXPECT_TRUE(first_bytes(replaced(header, "example.org", "@"), "improper-addressing"));
  EXPECT_TRUE(first_bytes(replaced(header, "example.org", "example.net"), "host-unknown"));
  EXPECT_TRUE(first_bytes(replaced(header, "example.org", "user@example.org"), "host-unknown"));
  EXPECT_TRUE(first_bytes(replaced(header, "to=", "from='@' to="), "invalid-from"));
  TestServer server(world, Channel::open);
  const std::string higher = server.take(replaced(header, " version='1.0'>", " version='2.0'>"));
  EXPECT_NE(higher.find(" version=\"1.0\"><stream:features>"), std::string::npos);
}

TEST_F(ServerDialog, ErrorsSpeakForADomainOfOurs) {
  TestServer server(world, Channel::open);
  EXPECT_NE(server.take("<<").find(" from=\"default.example\""), std::string::npos);
}

TEST_F(ServerDialog, StanzasAndUnknownElementsBeforeTheLogin) {
  for (const Channel channel : {Channel::open, Channel::trusted}) {
    for (const std::string_view stanza :
         {"<message/>", "<presence/>", "<iq type='get' id='1'><query xmlns='x'/></iq>", "<iq/>",
          "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"}) {
      EXPECT_TRUE(first_bytes(header + std::string(stanza), "not-authorized", channel));  // 30, 53
    }
    EXPECT_TRUE(first_bytes(header + "<other/>", "unsupported-stanza-type", channel));  // 14
    EXPECT_TRUE(first_bytes(header + "<a xmlns='b'/>", "unsupported-stanza-type", channel));
  }
  TestServer server(world, Channel::trusted);  // 58
  server.take(header);
  EXPECT_EQ(server.take("<resume xmlns='urn:xmpp:sm:3' h='0' previd='x'/>"),
            "<failed xmlns=\"urn:xmpp:sm:3\"><not-authorized "
            "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></failed>");
}

TEST_F(ServerDialog, RegistrationOnlyWhereTheHostAllowsIt) {
  const std::string iq = "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>";
  TestServer server(world, Channel::trusted);
  server.allows_registration = true;
  server.take(header);
  EXPECT_EQ(server.take(iq), "<iq type=\"result\" id=\"1\"/>");
  server.take("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>");
  EXPECT_TRUE(is_stream_error(server, server.take(iq), "not-authorized"));
  TestServer open(world, Channel::open);
  open.allows_registration = true;
  EXPECT_TRUE(is_stream_error(open, open.take(header + iq), "not-authorized"));
}

TEST_F(ServerDialog, StartTls) {
  TestServer server(world, Channel::open);
  server.take(header);
  EXPECT_EQ(server.take(starttls), "<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  EXPECT_EQ(server.events, "tls ");
  EXPECT_FALSE(server.stream.wants_input());
  server.stream.on_tls({world.bindings, {}});
  EXPECT_NE(server.take(header).find("mechanism"), std::string::npos);
  // HOSTILE 31: once more.
  EXPECT_EQ(server.take(starttls),
            "<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/></stream:stream>");
  EXPECT_TRUE(server.is_closed);
}

TEST_F(ServerDialog, BytesBehindStartTlsAreNotBelieved) {
  TestServer server(world, Channel::open);
  server.take(header);
  const std::string output = server.take(starttls + plain("\0user\0pencil"s));
  EXPECT_EQ(output, "<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/></stream:stream>");
  EXPECT_EQ(server.events, "closed ");
}

TEST_F(ServerDialog, TheDomainStaysBehindTls) {
  TestServer server(world, Channel::open);
  server.take(header);
  server.take(starttls);
  server.stream.on_tls({world.bindings, {}});
  const std::string output = server.take(replaced(header, "example.org", "example.com"));
  EXPECT_TRUE(is_stream_error(server, output, "not-authorized"));
}

TEST_F(ServerDialog, AFailedHandshakeLeavesNothingToSay) {
  TestServer server(world, Channel::open);
  server.take(header);
  server.take(starttls);
  server.stream.fail(StreamCondition::connection_timeout);
  EXPECT_EQ(server.output(), "");
  EXPECT_TRUE(server.is_closed);
}

TEST_F(ServerDialog, LoginBeforeTls) {
  TestServer server(world, Channel::open);
  server.take(header);
  EXPECT_EQ(server.take(plain("\0user\0pencil"s)), failure("encryption-required"));  // 30
  EXPECT_FALSE(server.is_closed);
}

TEST_F(ServerDialog, SaslRequestsThatBreakTheRules) {
  const std::string ns = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  const std::pair<std::string, std::string> cases[] = {
      {"<auth" + ns + " mechanism='X-UNKNOWN'>AA==</auth>", "invalid-mechanism"},  // 35
      {"<auth" + ns + ">AA==</auth>", "invalid-mechanism"},
      {"<auth" + ns + " mechanism='SCRAM-SHA-512'>AA==</auth>", "invalid-mechanism"},
      {"<auth" + ns + " mechanism='SCRAM-SHA-1-PLUS'>AA==</auth>", "invalid-mechanism"},
      {"<auth" + ns + " mechanism='PLAIN'>A</auth>", "incorrect-encoding"},  // 36
      {"<auth" + ns + " mechanism='PLAIN'>AB==</auth>", "incorrect-encoding"},
      {"<auth" + ns + " mechanism='PLAIN'> AA==</auth>", "incorrect-encoding"},
      {"<auth" + ns + " mechanism='PLAIN'><a/></auth>", "malformed-request"},
      {"<auth" + ns + " mechanism='PLAIN'>=</auth>", "malformed-request"},
      {plain("user"), "malformed-request"},                            // 37
      {plain("other@example.org\0user\0pencil"s), "invalid-authzid"},  // 38
      {"<response" + ns + ">AA==</response>", "malformed-request"},    // 47
      {"<abort" + ns + "/>", "aborted"},
      {plain("\0user\0wrong"s), "not-authorized"},
      {plain("\0nobody\0pencil"s), "not-authorized"},
  };
  for (const auto& [bytes, condition] : cases) {
    TestServer server(world, Channel::proxied);
    server.take(header);
    EXPECT_EQ(server.take(bytes), failure(condition)) << bytes;
    EXPECT_EQ(server.failures.size(), 1u);
    EXPECT_FALSE(server.is_closed);
    // The stream is as good as before.
    EXPECT_EQ(server.take(plain("\0user\0pencil"s)),
              "<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
  }
  EXPECT_TRUE(first_bytes(header + "<other" + ns + "/>", "unsupported-stanza-type"));
}

TEST_F(ServerDialog, ASecondAuthDuringAnExchange) {
  TestServer server(world, Channel::proxied);
  server.take(header);
  EXPECT_EQ(server.take(auth_plain + "</auth>"),
            "<challenge xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
  EXPECT_EQ(server.take(auth_plain + "</auth>"), failure("malformed-request"));  // 47
  // It ended the exchange.
  const std::string response = "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
                               base64_encode("\0user\0pencil"s) + "</response>";
  EXPECT_EQ(server.take(response), failure("malformed-request"));
  server.take(auth_plain + "</auth>");
  EXPECT_EQ(server.take(response), "<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
}

TEST_F(ServerDialog, TheFourthFailureEndsTheStream) {
  TestServer server(world, Channel::proxied);
  server.take(header);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.take(plain("\0user\0wrong"s)), failure("not-authorized"));
  }
  const std::string output = server.take(plain("\0user\0wrong"s));  // 45
  EXPECT_TRUE(output.starts_with(failure("not-authorized")));
  EXPECT_TRUE(is_stream_error(server, output, "policy-violation"));
  EXPECT_EQ(server.failures.size(), 4u);
}

TEST_F(ServerDialog, HostPoliciesBecomeConditions) {
  TestServer server(world, Channel::trusted);
  server.take(header);
  const auto first = [&](std::string_view user) {
    return server.take("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>" +
                       base64_encode("n,,n=" + std::string(user) + ",r=abc") + "</auth>");
  };
  EXPECT_EQ(first("busy"), failure("temporary-auth-failure"));  // 46
  EXPECT_EQ(server.failures.back(), "busy@example.org temporary-auth-failure");
  EXPECT_TRUE(first("nobody").starts_with("<challenge"));  // 43
}

TEST_F(ServerDialog, AfterTheLogin) {
  TestServer server(world, Channel::proxied);
  server.take(header);
  server.take(plain("\0user\0pencil"s));
  EXPECT_TRUE(server.stream.is_authenticated());
  EXPECT_FALSE(server.stream.is_ready());
  const std::string output = server.take(header);
  EXPECT_TRUE(
      output.ends_with("<stream:features><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\""
                       "/></stream:features>"))
      << output;
  EXPECT_TRUE(server.stream.is_ready());
  server.take("<a xmlns='b'/><message/>");
  EXPECT_EQ(server.elements.size(), 2u);
  const std::string again = server.take(plain("\0user\0pencil"s));  // 48
  EXPECT_TRUE(is_stream_error(server, again, "policy-violation"));
  EXPECT_EQ(server.take("<message/>"), "");
  EXPECT_EQ(server.elements.size(), 2u);
}

TEST_F(ServerDialog, TheRestartKeepsItsAddresses) {
  const std::pair<std::string, std::string> cases[] = {
      {replaced(header, "example.org", "example.com"), "not-authorized"},  // 11
      {replaced(header, "to=", "from='other@example.org' to="), "not-authorized"},
      {replaced(header, "to='example.org'", ""), "improper-addressing"},
      {"<message/>", "not-well-formed"},
  };
  for (const auto& [bytes, condition] : cases) {
    TestServer server(world, Channel::proxied);
    server.take(header);
    server.take(plain("\0user\0pencil"s));
    const std::string output = server.take(bytes);
    EXPECT_TRUE(is_stream_error(server, output, condition)) << bytes;
    EXPECT_TRUE(output.starts_with("<?xml"));
  }
  TestServer server(world, Channel::proxied);
  server.take(header);
  server.take(plain("\0user\0pencil"s));
  server.take(replaced(header, "to=", "from='user@example.org' to="));
  EXPECT_TRUE(server.stream.is_ready());
}

TEST_F(ServerDialog, TheHostMayEndItWhenItHearsOfAFailure) {
  TestServer server(world, Channel::proxied);
  server.fails_at_failure = true;
  server.take(header);
  const std::string output = server.take(plain("\0user\0wrong"s));
  EXPECT_TRUE(is_stream_error(server, output, "policy-violation"));
}

TEST_F(ServerDialog, ExternalByTheClientsCertificate) {
  world.mechanisms = {Mechanism::external, Mechanism::scram_sha_1};
  TestServer server(world, Channel::tls);
  server.stream.on_tls({world.bindings, {*Jid::parse("user@example.org")}});
  EXPECT_NE(server.take(header).find("<mechanism>EXTERNAL</mechanism>"), std::string::npos);
  EXPECT_EQ(server.take("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>="
                        "</auth>"),
            "<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
  EXPECT_EQ(server.signed_in, "user@example.org EXTERNAL");
  // XEP-0178 section 2: offered only where it could succeed.
  TestServer other(world, Channel::tls);
  other.stream.on_tls({world.bindings, {*Jid::parse("user@elsewhere.net")}});
  EXPECT_EQ(other.take(header).find("EXTERNAL"), std::string::npos);
}

TEST_F(ServerDialog, TheEndInPeace) {
  TestServer server(world, Channel::open);
  server.take(header);
  EXPECT_EQ(server.take("</stream:stream><message/>"), "</stream:stream>");  // 25
  EXPECT_EQ(server.events, "closed ");
  EXPECT_EQ(server.closed_with, "");
  server.stream.fail(StreamCondition::system_shutdown);  // too late
  EXPECT_EQ(server.output(), "");
  EXPECT_EQ(server.events, "closed ");
}

TEST_F(ServerDialog, TheHostMayEndItWhileItOwesAnAnswer) {
  TestServer server(world, Channel::proxied);
  server.answers = Answers::later;
  server.take(header);
  server.take(plain("\0user\0pencil"s));
  EXPECT_FALSE(server.stream.wants_input());
  EXPECT_EQ(server.take("<message/>"), "");  // left unread
  server.stream.fail(StreamCondition::system_shutdown);
  server.stream.on_verdict(server.asked_ticket, Verdict::accepted);
  EXPECT_EQ(server.signed_in, "");
  EXPECT_TRUE(is_stream_error(server, server.output(), "system-shutdown"));
}

TEST_F(ServerDialog, AStreamErrorOfTheClientIsNotAnsweredByOne) {
  TestServer server(world, Channel::open);
  server.take(header);
  EXPECT_EQ(server.take("<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                        "</stream:error>"),
            "</stream:stream>");
}

TEST_F(ServerDialog, ASecondHeaderIsNoNewStream) {
  TestServer server(world, Channel::open);
  server.take(header);
  server.stream.on_header(*xml::parse_header(header, preauth_bounds(world.limits)));  // 15
  EXPECT_TRUE(is_stream_error(server, server.output(), "bad-format"));
}

}  // namespace
}  // namespace herold::xmpp
