// What a server that we speak to says, right or wrong, and where we leave it.
#include "xmpp/stream/outbound_peer.h"

#include <gtest/gtest.h>

#include "xmpp/stream/testing/peers.h"

namespace herold::xmpp {
namespace {

using testing::domain;
using testing::pair_of;
using testing::Realm;
using testing::TestOutbound;
using Kind = OutboundPeerError::Kind;
using Tls = OutboundPeerConfig::Tls;

std::string header(std::string_view from = "montague.example", std::string_view id = "D60000229F") {
  return "<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
         "xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' "
         "to='capulet.example' version='1.0' from='" +
         std::string(from) + "' id='" + std::string(id) + "'>";
}
const std::string tls_features =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string external_features =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    "<mechanism>EXTERNAL</mechanism></mechanisms><dialback "
    "xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
    "<bidi xmlns='urn:xmpp:features:bidi'/></stream:features>";
const std::string success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const std::string failure =
    "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>expired</text>"
    "</failure>";
const std::string valid = "<db:result from='montague.example' to='capulet.example' type='valid'/>";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Outbound : public ::testing::Test {
 protected:
  Realm realm{{"capulet.example", "rooms.capulet.example"}, "s3cr3tf0rd14lb4ck"};
  OutboundPeerConfig config{.pair = pair_of("capulet.example", "montague.example"),
                            .tls = Tls::direct};

  std::unique_ptr<TestOutbound> make() {
    auto peer = std::make_unique<TestOutbound>(realm, config);
    peer->certified = {"montague.example", "chat.montague.example"};
    peer->stream.start();
    return peer;
  }
  // Behind TLS, features received.
  std::unique_ptr<TestOutbound> secured(const std::string& features = external_features) {
    auto peer = make();
    peer->stream.on_tls();
    peer->output();
    peer->sent = peer->take(header() + features);
    return peer;
  }
  // Signed in by SASL.
  std::unique_ptr<TestOutbound> ready() {
    auto peer = secured();
    peer->take(success);
    peer->take(header() + external_features);
    EXPECT_TRUE(peer->stream.is_authorised(domain("capulet.example"), domain("montague.example")));
    peer->heard();
    return peer;
  }
};

TEST_F(Outbound, StartTlsFirst) {
  config.tls = Tls::starttls;
  const auto peer = make();
  EXPECT_TRUE(has(peer->output(), " from=\"capulet.example\" to=\"montague.example\" "));
  EXPECT_EQ(peer->take(header() + tls_features),
            "<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  EXPECT_EQ(peer->take(proceed), "");
  EXPECT_TRUE(peer->wants_tls);
  EXPECT_FALSE(peer->stream.wants_input());
  peer->stream.on_tls();
  EXPECT_TRUE(has(peer->output(), "<stream:stream xmlns=\"jabber:server\" "));
}

// HOSTILE 154.
TEST_F(Outbound, LeavesWhoGivesNoTls) {
  config.tls = Tls::starttls;
  for (const std::string& bytes :
       {header() + external_features,
        header() + tls_features + "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}) {
    const auto peer = make();
    EXPECT_TRUE(peer->take(bytes).ends_with("</stream:stream>"));
    EXPECT_EQ(peer->error->kind, Kind::no_tls);
  }
  const auto peer = make();
  peer->take(header() + tls_features + proceed + "<stream:features/>");
  EXPECT_EQ(peer->error->kind, Kind::protocol);
  EXPECT_FALSE(peer->wants_tls);
}

// HOSTILE 146.
TEST_F(Outbound, LeavesWhoShowsAnotherCertificate) {
  auto peer = make();
  peer->certified = {"other.example"};
  peer->stream.on_tls();
  EXPECT_EQ(peer->output(), "");
  EXPECT_EQ(peer->error->kind, Kind::untrusted);
  config.trust = Trust::dialback;
  peer = make();
  peer->certified.clear();
  peer->stream.on_tls();
  EXPECT_FALSE(peer->is_closed);
}

TEST_F(Outbound, External) {
  const auto peer = secured();
  EXPECT_EQ(peer->output(),
            "<bidi xmlns=\"urn:xmpp:bidi\"><limits xmlns=\"urn:xmpp:stream-limits:0\"><max-bytes>"
            "524288</max-bytes></limits></bidi>"
            "<auth xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\" mechanism=\"EXTERNAL\">"
            "Y2FwdWxldC5leGFtcGxl</auth>");
  EXPECT_FALSE(peer->stream.verify(pair_of("montague.example", "capulet.example"), "i", "k"));
  EXPECT_TRUE(has(peer->take(success), "<stream:stream"));
  EXPECT_EQ(peer->take(header() + external_features), "");
  EXPECT_TRUE(peer->heard().ends_with("authorised:capulet.example>montague.example:certificate"));
  EXPECT_TRUE(peer->stream.verify(pair_of("montague.example", "capulet.example"), "i", "k"));
}

// XEP-0220 example 1.
TEST_F(Outbound, DialbackWithTheKeyOfTheExample) {
  config.may_use_external = false;
  config.wants_bidi = false;
  const auto peer = secured();
  EXPECT_EQ(peer->output(),
            "<db:result from=\"capulet.example\" to=\"montague.example\">"
            "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3</db:result>");
  EXPECT_EQ(peer->take(valid), "");
  EXPECT_EQ(peer->heard(), "can-verify authorised:capulet.example>montague.example:dialback");
}

TEST_F(Outbound, RefusedKeys) {
  config.may_use_external = false;
  auto peer = secured();
  peer->take("<db:result from='montague.example' to='capulet.example' type='invalid'/>");
  EXPECT_EQ(peer->error->kind, Kind::refused);
  EXPECT_EQ(peer->error->answer.type, DialbackType::invalid);
  peer = secured();
  peer->take(
      "<db:result from='montague.example' to='capulet.example' type='error'><error type='cancel'>"
      "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>");
  EXPECT_EQ(peer->error->answer.error.condition, Condition::item_not_found);
  EXPECT_EQ(peer->error->describe(), "The other server refused dialback: item-not-found.");
}

TEST_F(Outbound, FallsBackToDialbackWhereItMay) {
  auto peer = secured();
  EXPECT_TRUE(has(peer->take(failure), "<db:result"));
  EXPECT_EQ(peer->heard(), "external-refused:not-authorized can-verify");
  // Prosody ends the stream after a refused certificate.
  peer->take("</stream:stream>");
  EXPECT_EQ(peer->error->kind, Kind::sasl_failed);
  EXPECT_EQ(peer->error->describe(),
            "The other server refused our certificate: not-authorized: expired.");
  config.may_use_dialback = false;
  peer = secured();
  peer->take(failure);
  EXPECT_EQ(peer->error->kind, Kind::sasl_failed);
  config.may_use_external = false;
  EXPECT_EQ(secured()->error->kind, Kind::no_way);
}

TEST_F(Outbound, NoWayIn) {
  config.may_use_dialback = true;
  auto peer = make();
  peer->stream.on_tls();
  std::string plain = header();
  plain.replace(plain.find(" xmlns:db='jabber:server:dialback'"), 34, "");
  peer->take(plain + "<stream:features/>");
  EXPECT_EQ(peer->error->kind, Kind::no_way);
  // A key cannot be made for a stream without an id.
  config.may_use_external = false;
  peer = make();
  peer->stream.on_tls();
  peer->take(header("montague.example", "") + external_features);
  EXPECT_EQ(peer->error->kind, Kind::protocol);
}

TEST_F(Outbound, StopsAtWhatIsNoStreamOfThatServer) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400"), header() + "<message/>", header() + "text", header() + proceed,
        header() + success, header() + valid, header() + "<!-- -->",
        header("evil.example") + external_features, header() + external_features + success + "<x/>",
        header() + external_features + "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        std::string("<stream:stream xmlns='jabber:client' version='1.0' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>"),
        std::string("<stream:stream xmlns='jabber:server' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>")}) {
    const auto peer = make();
    peer->stream.on_tls();
    peer->take(bytes);
    ASSERT_TRUE(peer->error) << bytes;
    EXPECT_EQ(peer->error->kind, Kind::protocol) << bytes;
    EXPECT_FALSE(peer->stream.wants_input());
    EXPECT_EQ(peer->take("<stream:features/>"), "");
    EXPECT_FALSE(peer->stream.authorise(config.pair));
    EXPECT_FALSE(peer->stream.verify(config.pair, "i", "k"));
  }
}

TEST_F(Outbound, TellsWhatThePeerSaid) {
  const auto peer = make();
  peer->stream.on_tls();
  peer->take(header("other.example") +
             "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
             "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>who?</text>"
             "</stream:error></stream:stream>");
  EXPECT_EQ(peer->error->kind, Kind::stream);
  EXPECT_EQ(peer->error->describe(), "The other server ended the stream: host-unknown (who?).");
  EXPECT_TRUE(has(peer->heard(), "error:host-unknown"));
}

// HOSTILE 143.
TEST_F(Outbound, UnsolicitedAnswersChangeNothing) {
  const auto peer = ready();
  for (const std::string_view from : {"montague.example", "chat.montague.example", "x.example"})
    for (const std::string_view to : {"capulet.example", "rooms.capulet.example", "y.example"}) {
      const std::string addresses =
          " from='" + std::string(from) + "' to='" + std::string(to) + "' type='valid'/>";
      EXPECT_EQ(peer->take("<db:result" + addresses + "<db:verify id='i'" + addresses), "");
    }
  EXPECT_EQ(peer->heard(), "");
  EXPECT_FALSE(
      peer->stream.is_authorised(domain("rooms.capulet.example"), domain("montague.example")));
  EXPECT_TRUE(peer->stream.wants_input());
}

// XEP-0220 section 2.1.2.
TEST_F(Outbound, AsksAboutKeys) {
  config.purpose = OutboundPeerConfig::Purpose::verify;
  const auto peer = secured();
  EXPECT_EQ(peer->heard(), "can-verify");
  EXPECT_EQ(peer->output(), "");
  const DomainPair pair = pair_of("montague.example", "capulet.example");
  EXPECT_TRUE(peer->stream.verify(pair, "417GAF25", "225c"));
  EXPECT_EQ(peer->output(),
            "<db:verify from=\"capulet.example\" to=\"montague.example\" id=\"417GAF25\">225c"
            "</db:verify>");
  const std::string answer =
      "<db:verify from='montague.example' to='capulet.example' id='417GAF25' type=";
  peer->take("<db:verify from='montague.example' to='capulet.example' id='x' type='valid'/>");
  EXPECT_EQ(peer->heard(), "");
  peer->take(answer + "'invalid'/>");
  EXPECT_EQ(peer->heard(), "answer:montague.example>capulet.example:417GAF25:invalid");
  peer->take(answer + "'valid'/>");
  EXPECT_EQ(peer->heard(), "");
  EXPECT_FALSE(peer->stream.authorise(config.pair));
  for (std::size_t i = 0; i < bounds::peer_questions; ++i)
    EXPECT_TRUE(peer->stream.verify(pair, std::to_string(i), "k"));
  EXPECT_FALSE(peer->stream.verify(pair, "more", "k"));
}

TEST_F(Outbound, StanzasComeInOnlyWhereTheyWereAskedFor) {
  const std::string stanza = "<message from='r@montague.example' to='j@capulet.example'/>";
  auto peer = ready();
  EXPECT_EQ(peer->take(stanza), "");
  EXPECT_EQ(peer->stanzas.size(), 1u);
  EXPECT_TRUE(
      has(peer->take("<message from='r@x.example' to='j@capulet.example'/>"), "<invalid-from"));
  config.wants_bidi = false;
  peer = ready();
  EXPECT_TRUE(has(peer->take(stanza), "<not-authorized"));
  peer = ready();
  EXPECT_TRUE(has(peer->take("<db:result from='montague.example' to='capulet.example'>k"
                             "</db:result>"),
                  "<unsupported-stanza-type"));
}

TEST_F(Outbound, StreamManagementIsItsOwners) {
  const auto peer = ready();
  EXPECT_EQ(peer->take("<enabled xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='0'/>"), "");
  EXPECT_EQ(peer->heard(), "enabled a");
}

}  // namespace
}  // namespace herold::xmpp
