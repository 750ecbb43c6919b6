// What a server, or somebody who plays one, may do wrong, and where our client stops.
#include "xmpp/stream/client_stream.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "xmpp/stream/testing/hosts.h"

namespace herold::xmpp {
namespace {

using testing::TestClient;
using testing::World;
using Kind = ClientStreamError::Kind;
using Tls = ClientStreamConfig::Tls;

const std::string header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='s1' from='example.org' "
    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const std::string tls_features =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string ns = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
const std::string plain_features = "<stream:features><mechanisms" + ns +
                                   "><mechanism>PLAIN</mechanism></mechanisms></stream:features>";

class ClientDialog : public ::testing::Test {
 protected:
  World world;

  std::unique_ptr<TestClient> make(Tls tls, SaslPolicy policy = {}) {
    ClientStreamConfig config{.account = *Jid::parse("user@example.org"),
                              .credentials = {"user", crypto::SecretString("pencil"), {}, {}},
                              .policy = policy,
                              .tls = tls};
    auto client = std::make_unique<TestClient>(world, std::move(config));
    client->stream.start();
    return client;
  }
  // A client on a plain stream of its owner's choice, signed in with PLAIN and binding.
  std::unique_ptr<TestClient> make_binding() {
    auto client = make(Tls::never, {.plain = SaslPolicy::Plain::allowed});
    client->sent = client->take(header + plain_features + "<success" + ns + "/>" + header +
                                "<stream:features/>");
    return client;
  }
  static std::string id_of(const std::string& iq) {
    const std::size_t start = iq.find("id=\"") + 4;
    return iq.substr(start, iq.find('"', start) - start);
  }
};

TEST_F(ClientDialog, TellsNobodyWhoItIsBeforeTls) {
  const auto client = make(Tls::starttls);
  const std::string first = client->output();
  EXPECT_NE(first.find(" to=\"example.org\""), std::string::npos);
  EXPECT_EQ(first.find("from="), std::string::npos);
  EXPECT_EQ(client->take(header + tls_features),
            "<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  EXPECT_EQ(client->stream.stream_id(), "s1");
  EXPECT_EQ(client->take(proceed), "");
  EXPECT_TRUE(client->wants_tls);
  EXPECT_FALSE(client->stream.wants_input());
}

TEST_F(ClientDialog, StopsWhereStartTlsIsMissing) {
  const auto client = make(Tls::starttls, {.plain = SaslPolicy::Plain::allowed});
  client->output();
  EXPECT_EQ(client->take(header + plain_features), "</stream:stream>");  // HOSTILE 32
  EXPECT_EQ(client->error->kind, Kind::no_tls);
  const auto refused = make(Tls::starttls);
  refused->take(header + tls_features + "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  EXPECT_EQ(refused->error->kind, Kind::no_tls);
}

TEST_F(ClientDialog, StopsAtBytesBehindProceed) {
  const auto client = make(Tls::starttls);
  client->take(header + tls_features + proceed + header);
  EXPECT_FALSE(client->wants_tls);
  EXPECT_EQ(client->error->kind, Kind::protocol);
}

TEST_F(ClientDialog, StopsAtWhatIsNoStreamOfOurServer) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400"), header + "<message/>", header + "text", header + proceed,
        header + "<stream:features/><x/>", header + "<!-- -->",
        std::string("<stream:stream xmlns='jabber:client' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>"),
        std::string("<stream:stream xmlns='jabber:server' version='1.0' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>"),
        std::string("<stream:stream xmlns='jabber:client' version='1.0' from='evil.example' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>") +
            tls_features}) {
    const auto client = make(Tls::starttls);
    client->take(bytes);
    ASSERT_TRUE(client->error) << bytes;
    EXPECT_TRUE(client->error->kind == Kind::protocol || client->error->kind == Kind::no_tls);
    EXPECT_FALSE(client->stream.wants_input());
    EXPECT_EQ(client->take("<stream:features/>"), "");
  }
}

TEST_F(ClientDialog, ReportsStreamErrors) {
  const auto client = make(Tls::starttls);
  std::string foreign = header;
  foreign.replace(foreign.find("example.org"), 11, "other.example");
  client->take(foreign +
               "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
               "/></stream:error></stream:stream>");
  EXPECT_EQ(client->error->kind, Kind::stream);
  EXPECT_EQ(client->error->stream.condition, StreamCondition::host_unknown);
  EXPECT_EQ(client->error->describe(), "The server ended the stream: host-unknown.");
}

TEST_F(ClientDialog, ReportsRefusedLogins) {
  for (const auto& [content, condition] :
       {std::pair{"<account-disabled/><text>later</text>", SaslCondition::account_disabled},
        std::pair{"<temporary-auth-failure/>", SaslCondition::temporary_auth_failure},
        std::pair{"<made-up/>", SaslCondition::not_authorized},
        std::pair{"", SaslCondition::not_authorized}}) {
    const auto client = make(Tls::never, {.plain = SaslPolicy::Plain::allowed});
    client->take(header + plain_features + "<failure" + ns + ">" + content + "</failure>");
    EXPECT_EQ(client->error->kind, Kind::sasl_failed);
    EXPECT_EQ(client->error->condition, condition);
  }
}

TEST_F(ClientDialog, BelievesNoSuccessWithoutProof) {
  const std::string features = "<stream:features><mechanisms" + ns +
                               "><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
  for (const std::string& answer :
       {"<success" + ns + "/>", "<success" + ns + ">dj1BQUFB</success>",
        "<success" + ns + ">!</success>", "<challenge" + ns + ">!</challenge>",
        "<challenge" + ns + "/>", "<challenge" + ns + ">cj1hYmMscz1RUT09LGk9MQ==</challenge>",
        "<proceed" + ns + "/>"}) {
    const auto client = make(Tls::never);
    client->take(header + features + answer);
    ASSERT_TRUE(client->error) << answer;
    EXPECT_TRUE(client->address.empty());
    EXPECT_EQ(client->stages.back(), ClientStage::authenticating);
  }
}

TEST_F(ClientDialog, EmptyInitialResponseIsAnEqualsSign) {
  const auto client = make(Tls::never, {.certificate = SaslPolicy::Certificate::presented});
  client->output();
  EXPECT_EQ(client->take(header + "<stream:features><mechanisms" + ns +
                         "><mechanism>EXTERNAL</mechanism></mechanisms></stream:features>"),
            "<auth xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\" mechanism=\"EXTERNAL\">=</auth>");
}

TEST_F(ClientDialog, BindsAndMayTryAgain) {
  const auto client = make_binding();
  const std::string sent = client->output();
  const std::string id = id_of(sent.substr(sent.find("<iq")));
  client->take("<presence/><iq type='error' id='" + id +
               "'><error type='modify'><bad-request "
               "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(client->bind_error, "bad-request");
  EXPECT_EQ(client->elements.size(), 1u);
  client->stream.bind("");
  const std::string second = client->output();
  EXPECT_EQ(second.find("resource"), std::string::npos);
  client->take("<iq type='result' id='" + id_of(second) +
               "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
               "<jid>user@example.org/abc</jid></bind></iq><message/>");
  EXPECT_EQ(client->address, "user@example.org/abc");
  EXPECT_EQ(client->elements.size(), 2u);
  client->stream.close();
  EXPECT_EQ(client->output(), "</stream:stream>");
  EXPECT_TRUE(client->is_closed);
  EXPECT_FALSE(client->error);
}

TEST_F(ClientDialog, TakesNoForeignAddress) {
  for (const std::string_view content :
       {"", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user@example.org</jid></bind>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user@evil.example/a</jid></bind>"}) {
    const auto client = make_binding();
    const std::string sent = client->output();
    client->take("<iq type='result' id='" + id_of(sent.substr(sent.find("<iq"))) + "'>" +
                 std::string(content) + "</iq>");
    ASSERT_TRUE(client->error) << content;
    EXPECT_EQ(client->error->kind, Kind::protocol);
  }
}

TEST_F(ClientDialog, StreamErrorsAfterTheLogin) {
  const auto client = make_binding();
  client->take("<message><stream:error/></message>");  // HOSTILE 27: only at depth 1
  EXPECT_FALSE(client->error);
  client->take(
      "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
      "</stream:error>");
  EXPECT_EQ(client->error->stream.condition, StreamCondition::conflict);
}

}  // namespace
}  // namespace herold::xmpp
