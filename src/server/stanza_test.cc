// Stanzas inside the server: written for each receiver, shared, parsed again, answered.
#include "server/stanza.h"

#include <gtest/gtest.h>

#include "xmpp/ns.h"
#include "xmpp/testing.h"

namespace herold::server {
namespace {

Jid jid(std::string_view text) { return *Jid::parse(text); }

Stanza read(std::string_view text) {
  xml::Document document = xmpp::parse_test(text);
  auto head = xmpp::parse_head(document.root());
  EXPECT_TRUE(head.has_value());
  SharedBytes payload(xmpp::payload_bytes(document.root()));
  return Stanza(*head, std::move(payload), std::move(document));
}

TEST(Stanza, IsWrittenAsItWasRead) {
  const Stanza stanza = read(
      "<message to='b@x.test/r' from='a@x.test' type='chat' id='1' xml:lang='de'>"
      "<body>a &lt; b</body><x xmlns='urn:x'/></message>");
  EXPECT_EQ(stanza.to_xml(),
            "<message to=\"b@x.test/r\" from=\"a@x.test\" type=\"chat\" id=\"1\" xml:lang=\"de\">"
            "<body>a &lt; b</body><x xmlns=\"urn:x\"/></message>");
}

TEST(Stanza, PutsExtrasInFrontAndClosesWhatIsEmpty) {
  StanzaHead head = StanzaHead::of(PresenceType::available);
  const Stanza empty(head, std::string_view());
  EXPECT_EQ(empty.to_xml(), "<presence/>");
  EXPECT_EQ(empty.to_xml("<e/>"), "<presence><e/></presence>");
  const Stanza full(head, std::string_view("<show>away</show>"));
  EXPECT_EQ(full.to_xml("<e/>"), "<presence><e/><show>away</show></presence>");
}

TEST(Stanza, ChangesItsHeadWithoutTouchingThePayload) {
  Stanza stanza = read("<message to='b@x.test' id='1'><body>x</body></message>");
  Stanza second = stanza.copy();
  EXPECT_EQ(second.payload().view().data(), stanza.payload().view().data());  // the same bytes
  second.head.to = jid("c@x.test");
  EXPECT_EQ(stanza.head.to.text(), "b@x.test");
  EXPECT_EQ(second.to_xml(), "<message to=\"c@x.test\" id=\"1\"><body>x</body></message>");
  EXPECT_EQ(second.child({"body", xmpp::ns::client}).first_text(), "x");
}

TEST(Stanza, IsTheSameWhereItIsWrittenForMany) {
  for (const char* text :
       {"<message from='a@x.test/&lt;&apos;&gt;' type='groupchat' id='&amp;1' xml:lang='de'>"
        "<body>a &lt; b</body></message>",
        "<presence from='a@x.test/r' type='unavailable'/>", "<message/>"}) {
    Stanza single = read(text), many = single.copy();
    many.write_for_many();
    for (const char* to : {"b@x.test/it's <me>", "c@x.test", "x.test"}) {
      single.head.to = many.head.to = jid(to);
      EXPECT_EQ(many.to_xml(), single.to_xml());
      EXPECT_EQ(many.to_xml("<e/>"), single.to_xml("<e/>"));
    }
    many.set_payload("<x/>");
    EXPECT_EQ(many.copy().to_xml(), many.to_xml());
  }
}

TEST(Stanza, GetsATreeOfWhatItIsGiven) {
  Stanza stanza(StanzaHead::of(MessageType::chat), std::string_view("<body>one</body>"));
  EXPECT_EQ(stanza.child({"body", xmpp::ns::client}).first_text(), "one");
  stanza.set_payload("<x xmlns=\"urn:x\"/>");
  EXPECT_FALSE(stanza.has({"body", xmpp::ns::client}));
  EXPECT_TRUE(stanza.has({"x", "urn:x"}));
}

TEST(Stanza, OfTheStoreIsReadAgain) {
  const std::string xml =
      "<message to=\"b@x.test\" from=\"a@x.test/r\" id=\"&quot;&lt;\"><body>x</body></message>";
  const Stanza stanza = parse_stored(xml);
  EXPECT_EQ(stanza.head.id, "\"<");
  EXPECT_EQ(stanza.to_xml(), xml);
}

TEST(Stanza, CopiesKeepTheIdButNotTheOrigin) {
  Stanza stanza = read("<message to='b@x.test'><body>x</body></message>");
  stanza.id = 77;
  stanza.origin = {5, 6};
  stanza.accepted = WallTime(Seconds(9));
  const Stanza second = stanza.copy();
  EXPECT_EQ(second.id, 77u);
  EXPECT_EQ(second.accepted, stanza.accepted);
  EXPECT_EQ(second.origin.session, 0u);  // counted once, with the first
}

TEST(Answers, GoBackToWhoAsked) {
  StanzaHead head = StanzaHead::of(IqType::get);
  head.from = jid("a@x.test/r");
  head.to = jid("x.test");
  head.id = "q";
  EXPECT_EQ(make_result(head, "<q xmlns=\"urn:q\"/>").to_xml(),
            "<iq to=\"a@x.test/r\" from=\"x.test\" type=\"result\" id=\"q\">"
            "<q xmlns=\"urn:q\"/></iq>");
  EXPECT_EQ(make_error(head, Condition::not_allowed).to_xml(),
            "<iq to=\"a@x.test/r\" from=\"x.test\" type=\"error\" id=\"q\"><error type=\"cancel\">"
            "<not-allowed xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>");
  EXPECT_TRUE(
      make_error(StanzaHead::of(MessageType::chat), Condition::gone).head.is(MessageType::error));
  EXPECT_TRUE(make_error(StanzaHead::of(PresenceType::subscribe), Condition::gone)
                  .head.is(PresenceType::error));
}

}  // namespace
}  // namespace herold::server
