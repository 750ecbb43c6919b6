// What a server says that comes to us, right or wrong, after the examples of RFC 6120 section 9.2,
// XEP-0178, XEP-0220 and XEP-0288.
#include "xmpp/stream/inbound_peer.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "xmpp/stream/testing/peers.h"

namespace herold::xmpp {
namespace {

using testing::domain;
using testing::Realm;
using testing::TestInbound;

std::string open(std::string_view to = "montague.example",
                 std::string_view from = "capulet.example") {
  std::string out =
      "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
      "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";
  if (!to.empty()) out.append(" to='").append(to).append("'");
  if (!from.empty()) out.append(" from='").append(from).append("'");
  return out + ">";
}
const std::string starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
std::string external(std::string_view authzid) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" +
         std::string(authzid) + "</auth>";
}
const std::string key_shown =
    "<db:result from='capulet.example' to='montague.example'>\n  b4835385\n</db:result>";
const std::string message =
    "<message from='juliet@capulet.example/balcony' to='romeo@montague.example'>"
    "<body>hi</body></message>";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Inbound : public ::testing::Test {
 protected:
  Realm realm{{"montague.example", "chat.montague.example"}, "d14lb4ck43v3r"};
  std::string features;  // of the last one that was secured

  // Behind TLS, with the certificates named.
  std::unique_ptr<TestInbound> secured(std::set<std::string> certified = {},
                                       const std::string& header = open()) {
    auto peer = std::make_unique<TestInbound>(realm, Channel::tls);
    peer->certified = std::move(certified);
    peer->stream.on_tls();
    features = peer->take(header);
    return peer;
  }
  // Signed in by dialback.
  std::unique_ptr<TestInbound> accepted(Trust trust = Trust::dialback) {
    realm.policy.trust = trust;
    auto peer = secured({"capulet.example"});
    peer->take(key_shown);
    EXPECT_TRUE(peer->stream.is_authenticated());
    peer->heard();
    return peer;
  }
  // The condition of the stream error that `bytes` end a stream with.
  static std::string fate(TestInbound& peer, const std::string& bytes) {
    peer.heard();
    const std::string answer = peer.take(bytes);
    EXPECT_FALSE(peer.stream.wants_input()) << bytes;
    EXPECT_TRUE(answer.ends_with("</stream:stream>")) << bytes << "\n" << answer;
    EXPECT_EQ(peer.take(message), "");
    const std::string heard = peer.heard();
    return heard.substr(heard.rfind("closed"));
  }
};

TEST_F(Inbound, OffersNothingButTlsInTheClear) {
  TestInbound peer(realm, Channel::open);
  const std::string answer = peer.take(open());
  EXPECT_TRUE(has(answer, " xmlns=\"jabber:server\" "));
  EXPECT_TRUE(has(answer, " xmlns:db=\"jabber:server:dialback\""));
  EXPECT_TRUE(has(answer, " from=\"montague.example\" to=\"capulet.example\" id=\""));
  EXPECT_TRUE(
      answer.ends_with("<stream:features><starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-"
                       "tls\"><required/></starttls></stream:features>"));
  EXPECT_EQ(peer.take(starttls), "<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  EXPECT_TRUE(peer.wants_tls);
  EXPECT_FALSE(peer.stream.wants_input());
}

// HOSTILE 154.
TEST_F(Inbound, NothingGoesInTheClear) {
  for (const std::string& bytes :
       {message, key_shown, std::string("<bidi xmlns='urn:xmpp:bidi'/>"),
        std::string("<db:verify from='capulet.example' to='montague.example' id='i'>k"
                    "</db:verify>")}) {
    TestInbound peer(realm, Channel::open);
    peer.take(open());
    EXPECT_EQ(fate(peer, bytes), "closed:policy-violation") << bytes;
  }
  TestInbound peer(realm, Channel::open);
  peer.take(open());
  EXPECT_TRUE(has(peer.take(external("=")), "<encryption-required/>"));
  // HOSTILE 29, 31.
  EXPECT_TRUE(has(peer.take(starttls + "<x/>"), "<failure"));
  EXPECT_FALSE(peer.wants_tls);
}

TEST_F(Inbound, HeadersThatAreRefused) {
  const auto refusal = [&](const std::string& header) {
    TestInbound peer(realm, Channel::open);
    return fate(peer, header);
  };
  EXPECT_EQ(refusal(open("")), "closed:improper-addressing");
  EXPECT_EQ(refusal(open("verona.example")), "closed:host-unknown");
  EXPECT_EQ(refusal(open("romeo@montague.example")), "closed:host-unknown");
  EXPECT_EQ(refusal(open("montague.example", "@")), "closed:invalid-from");
  EXPECT_EQ(refusal(open("montague.example", "juliet@capulet.example")), "closed:invalid-from");
  EXPECT_EQ(refusal(open("montague.example", "chat.montague.example")), "closed:invalid-from");
  EXPECT_EQ(refusal("<stream:stream xmlns='jabber:client' to='montague.example' version='1.0' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>"),
            "closed:invalid-namespace");
  EXPECT_EQ(refusal("<stream:stream xmlns='jabber:server' to='montague.example' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>"),
            "closed:unsupported-version");
  realm.blocked = {"capulet.example"};
  EXPECT_EQ(refusal(open()), "closed:policy-violation");
  realm.blocked.clear();
  TestInbound peer(realm, Channel::open);
  peer.take(open());
  EXPECT_EQ(fate(peer, open()), "closed:restricted-xml");
}

TEST_F(Inbound, OffersWhatFitsTheCertificateAndThePolicy) {
  const std::string external_offer = "<mechanism>EXTERNAL</mechanism>";
  const std::string dialback_offer =
      "<dialback xmlns=\"urn:xmpp:features:dialback\"><errors/></dialback>";
  const auto offer = [&](std::set<std::string> certified, const std::string& header) {
    secured(std::move(certified), header);
    return features;
  };
  features = offer({"capulet.example"}, open());
  EXPECT_TRUE(has(features, external_offer) && has(features, dialback_offer));
  EXPECT_TRUE(has(features, "<bidi xmlns=\"urn:xmpp:features:bidi\"/>"));
  features = offer({"other.example"}, open());
  EXPECT_FALSE(has(features, external_offer) || has(features, dialback_offer));
  features = offer({"capulet.example"}, open("montague.example", ""));
  EXPECT_FALSE(has(features, external_offer));
  realm.policy = {
      .trust = Trust::dialback, .offers_bidi = false, .offers_stream_management = false};
  features = offer({}, open("montague.example", ""));
  EXPECT_TRUE(has(features, dialback_offer));
  EXPECT_FALSE(has(features, external_offer) || has(features, "bidi") || has(features, "<sm"));
  EXPECT_TRUE(has(features, "<max-bytes>"));
}

// XEP-0178 section 3.
TEST_F(Inbound, External) {
  for (const std::string& authzid : {std::string("="), base64_encode("capulet.example")}) {
    const auto peer = secured({"capulet.example"});
    EXPECT_EQ(peer->take(external(authzid)),
              "<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
    features = peer->take(open());
    EXPECT_FALSE(has(features, "EXTERNAL"));
    EXPECT_TRUE(has(features, "<sm xmlns=\"urn:xmpp:sm:3\"/>"));
    EXPECT_TRUE(has(peer->heard(), "accepted:capulet.example>montague.example:certificate"));
    EXPECT_EQ(peer->take(message), "");
    EXPECT_EQ(peer->heard(), "stanza");
    EXPECT_EQ(fate(*peer, external(authzid)), "closed:policy-violation");
  }
  // Without an initial response (RFC 6120 section 6.4.2).
  const auto peer = secured({"capulet.example"});
  EXPECT_EQ(peer->take(external("")), "<challenge xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
  EXPECT_TRUE(has(peer->take("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</response>"),
                  "<success"));
  // The header behind it has to be for the same domains.
  EXPECT_EQ(fate(*peer, open("chat.montague.example")), "closed:not-authorized");
}

// HOSTILE 146.
TEST_F(Inbound, ExternalThatFails) {
  const auto failure = [&](std::set<std::string> certified, const std::string& bytes) {
    const auto peer = secured(std::move(certified));
    const std::string answer = peer->take(bytes);
    EXPECT_FALSE(peer->stream.is_authenticated());
    return answer;
  };
  EXPECT_TRUE(has(failure({}, external("=")), "<not-authorized/><text>"));
  EXPECT_TRUE(has(failure({"other.example"}, external("=")), "<not-authorized/>"));
  EXPECT_TRUE(
      has(failure({"capulet.example", "tybalt.example"}, external(base64_encode("tybalt.example"))),
          "<invalid-authzid/>"));
  EXPECT_TRUE(has(failure({"capulet.example"}, external("%")), "<incorrect-encoding/>"));
  EXPECT_TRUE(has(failure({"capulet.example"}, external("<x/>")), "<malformed-request/>"));
  EXPECT_TRUE(has(failure({"capulet.example"},
                          "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>"),
                  "<invalid-mechanism/>"));
  EXPECT_TRUE(has(failure({"capulet.example"},
                          "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</response>"),
                  "<malformed-request/>"));
  const auto peer = secured();
  for (std::uint64_t i = 0; i < realm.limits.auth_failures_stream; ++i) peer->take(external("="));
  EXPECT_EQ(fate(*peer, external("=")), "closed:policy-violation");
}

// XEP-0220 section 2.2.1.
TEST_F(Inbound, DialbackAsksTheHost) {
  realm.policy.trust = Trust::dialback;
  const auto peer = secured();
  peer->heard();
  EXPECT_EQ(peer->take(key_shown), "");
  EXPECT_EQ(peer->take(key_shown), "");  // one answer comes for both
  ASSERT_EQ(peer->asked.size(), 1u);
  EXPECT_EQ(peer->asked[0].key, "b4835385");
  EXPECT_EQ(peer->asked[0].id, peer->stream.stream_id());
  peer->stream.on_key_verdict(Ticket{77}, {});
  EXPECT_EQ(peer->output(), "");
  EXPECT_TRUE(peer->stream.wants_input());
  peer->stream.on_key_verdict(peer->asked[0].ticket, {});
  EXPECT_EQ(peer->output(),
            "<db:result from=\"montague.example\" to=\"capulet.example\" type=\"valid\"/>");
  EXPECT_EQ(peer->heard(),
            "verify:capulet.example>montague.example "
            "accepted:capulet.example>montague.example:dialback");
  peer->stream.on_key_verdict(peer->asked[0].ticket, {DialbackType::invalid, {}});
  EXPECT_EQ(peer->output(), "");
  peer->take(message);
  EXPECT_EQ(peer->stanzas.size(), 1u);
  // Shown again it is still so, and nobody is asked.
  EXPECT_TRUE(has(peer->take(key_shown), "type=\"valid\""));
}

TEST_F(Inbound, DialbackThatFailsWithAnError) {
  realm.policy.trust = Trust::dialback;
  const auto peer = secured();
  peer->take(key_shown);
  peer->stream.on_key_verdict(
      peer->asked[0].ticket,
      DialbackAnswer::failed({Condition::remote_server_not_found, "Nobody there"}));
  EXPECT_EQ(
      peer->output(),
      "<db:result from=\"montague.example\" to=\"capulet.example\" type=\"error\"><error "
      "type=\"cancel\"><remote-server-not-found "
      "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/><text "
      "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\" xml:lang=\"en\">Nobody there</text></error>"
      "</db:result>");
  EXPECT_TRUE(peer->stream.wants_input());
  EXPECT_TRUE(has(peer->take("<db:result from='capulet.example' to='verona.example'>k</db:result>"),
                  "<item-not-found"));
  EXPECT_TRUE(peer->stream.wants_input());
  EXPECT_EQ(fate(*peer, message), "closed:not-authorized");
}

TEST_F(Inbound, WrongKeyAmongRightOnesIsAnErrorOnly) {
  const auto peer = accepted();
  peer->take("<db:result from='tybalt.example' to='montague.example'>k</db:result>");
  ASSERT_EQ(peer->asked.size(), 1u);
  peer->stream.on_key_verdict(peer->asked[0].ticket, {DialbackType::invalid, {}});
  EXPECT_TRUE(has(peer->output(), "type=\"error\"><error type=\"auth\"><forbidden"));
  EXPECT_EQ(peer->take(message), "");
  EXPECT_TRUE(peer->stream.wants_input());
}

TEST_F(Inbound, KeysUnderWayAreBounded) {
  realm.policy.trust = Trust::dialback;
  const auto peer = secured();
  for (std::size_t i = 0; i <= bounds::peer_questions; ++i) {
    const std::string answer = peer->take("<db:result from='d" + std::to_string(i) +
                                          ".example' to='montague.example'>k</db:result>");
    EXPECT_EQ(has(answer, "<resource-constraint"), i == bounds::peer_questions) << answer;
  }
}

TEST_F(Inbound, PairsAreBounded) {
  const auto peer = accepted();
  for (std::size_t i = 1; i <= realm.limits.peer_pairs; ++i) {
    const std::string sender = "d" + std::to_string(i) + ".example";
    peer->certified.insert(sender);
    const std::string answer =
        peer->take("<db:result from='" + sender + "' to='montague.example'>k</db:result>");
    EXPECT_EQ(has(answer, "<resource-constraint"), i == realm.limits.peer_pairs) << answer;
  }
}

// XEP-0220 section 2.2.2, with the key of its example 5.
TEST_F(Inbound, AnswersForItsOwnKeysBeforeAnybodySignedIn) {
  const auto peer = secured();
  const std::string right = "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d";
  const auto ask = [&](std::string_view to, std::string_view id, std::string_view key) {
    return peer->take("<db:verify from='capulet.example' id='" + std::string(id) + "' to='" +
                      std::string(to) + "'>\n " + std::string(key) + "\n</db:verify>");
  };
  EXPECT_EQ(ask("montague.example", "417GAF25", right),
            "<db:verify from=\"montague.example\" to=\"capulet.example\" id=\"417GAF25\" "
            "type=\"valid\"/>");
  EXPECT_TRUE(has(ask("montague.example", "417GAF26", right), "type=\"invalid\"/>"));
  EXPECT_TRUE(has(ask("chat.montague.example", "417GAF25", right), "type=\"invalid\"/>"));
  EXPECT_TRUE(has(ask("montague.example", "417GAF25", ""), "type=\"invalid\"/>"));
  EXPECT_TRUE(has(ask("verona.example", "417GAF25", right), "<item-not-found"));
  EXPECT_FALSE(peer->stream.is_authenticated());
}

// HOSTILE 143.
TEST_F(Inbound, UnsolicitedAnswersEndTheStream) {
  for (const std::string_view type : {"valid", "invalid", "error", "", "x"})
    for (const std::string_view name : {"result", "verify"}) {
      const auto peer = accepted();
      EXPECT_EQ(fate(*peer, "<db:" + std::string(name) +
                                " from='tybalt.example' to='montague.example' id='i' type='" +
                                std::string(type) + "'/>"),
                "closed:policy-violation");
      EXPECT_FALSE(peer->stream.is_accepted(domain("tybalt.example"), domain("montague.example")));
    }
}

// HOSTILE 144.
TEST_F(Inbound, StanzasOfOthersEndTheStream) {
  const auto fate_of = [&](std::string_view from, std::string_view to) {
    const auto peer = accepted();
    std::string stanza = "<message";
    if (!from.empty()) stanza.append(" from='").append(from).append("'");
    if (!to.empty()) stanza.append(" to='").append(to).append("'");
    return fate(*peer, stanza + "/>");
  };
  EXPECT_EQ(fate_of("tybalt@tybalt.example", "romeo@montague.example"), "closed:invalid-from");
  EXPECT_EQ(fate_of("romeo@montague.example", "romeo@montague.example"), "closed:invalid-from");
  EXPECT_EQ(fate_of("a@rooms.capulet.example", "romeo@montague.example"), "closed:invalid-from");
  EXPECT_EQ(fate_of("juliet@capulet.example", "x@verona.example"), "closed:host-unknown");
  EXPECT_EQ(fate_of("juliet@capulet.example", "chat.montague.example"), "closed:not-authorized");
  EXPECT_EQ(fate_of("", "romeo@montague.example"), "closed:improper-addressing");
  EXPECT_EQ(fate_of("juliet@capulet.example", ""), "closed:improper-addressing");
  EXPECT_EQ(fate_of("juliet@", "romeo@montague.example"), "closed:improper-addressing");
  for (const std::string_view own : {"montague.example", "chat.montague.example"}) {
    const auto peer = accepted();
    EXPECT_EQ(fate(*peer, "<db:result from='" + std::string(own) +
                              "' to='montague.example'>k</db:result>"),
              "closed:invalid-from");
  }
}

TEST_F(Inbound, AnOddAddressCostsTheStanzaAlone) {
  const auto peer = accepted();
  EXPECT_EQ(peer->take("<message from='a b@capulet.example/x' to='romeo@montague.example'/>"), "");
  EXPECT_EQ(peer->take("<iq from='capulet.example' to='montague.example' type='odd' id='1'/>"), "");
  EXPECT_EQ(peer->heard(), "stanza:jid-malformed stanza:bad-request");
}

TEST_F(Inbound, ElementsThatAreNotDue) {
  const auto fate_of = [&](const std::string& bytes) { return fate(*accepted(), bytes); };
  EXPECT_EQ(fate_of("<x xmlns='urn:x'/>"), "closed:unsupported-stanza-type");
  EXPECT_EQ(fate_of("<query/>"), "closed:unsupported-stanza-type");
  EXPECT_EQ(fate_of("<db:x/>"), "closed:unsupported-stanza-type");
  EXPECT_EQ(fate_of("<stream:features/>"), "closed:bad-format");
  EXPECT_EQ(fate_of("<db:result to='montague.example'>k</db:result>"),
            "closed:improper-addressing");
  EXPECT_EQ(fate_of("<db:verify from='a@b' to='montague.example' id='1'>k</db:verify>"),
            "closed:improper-addressing");
  EXPECT_EQ(fate_of("text"), "closed:bad-format");
  EXPECT_EQ(fate_of("<!-- -->"), "closed:restricted-xml");
  EXPECT_EQ(fate_of("<a></b>"), "closed:not-well-formed");
  EXPECT_EQ(fate_of("</stream:stream>"), "closed");
  EXPECT_EQ(fate_of("<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                    "</stream:error>"),
            "closed");
}

TEST_F(Inbound, StreamManagementIsItsOwners) {
  const auto peer = secured({"capulet.example"});
  EXPECT_TRUE(has(peer->take("<enable xmlns='urn:xmpp:sm:3'/>"), "<not-authorized"));
  const auto second = accepted();
  EXPECT_EQ(second->take("<enable xmlns='urn:xmpp:sm:3'/><r xmlns='urn:xmpp:sm:3'/>"), "");
  EXPECT_EQ(second->heard(), "enable r");
}

TEST_F(Inbound, BidiIsForWhoAsksInTime) {
  realm.policy.trust = Trust::dialback;
  const std::string bidi = "<bidi xmlns='urn:xmpp:bidi'/>";
  const auto peer = secured({"capulet.example"});
  EXPECT_EQ(peer->take(bidi), "");
  EXPECT_TRUE(peer->stream.is_bidirectional());
  const auto late = accepted();
  EXPECT_EQ(late->take(bidi), "");
  EXPECT_FALSE(late->stream.is_bidirectional());
  realm.policy.offers_bidi = false;
  const auto refused = secured({"capulet.example"});
  refused->take(bidi);
  EXPECT_FALSE(refused->stream.is_bidirectional());
}

}  // namespace
}  // namespace herold::xmpp
