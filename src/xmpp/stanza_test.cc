// Stanza heads: what RFC 6120 and 6121 accept and refuse, and the two pieces a stanza is written
// in.
#include "xmpp/stanza.h"

#include <gtest/gtest.h>

#include "xmpp/ext/presence.h"
#include "xmpp/testing.h"

namespace herold::xmpp {
namespace {

Answer<StanzaHead> head_of(std::string_view text) {
  const xml::Document document = parse_test(text);
  return parse_head(document.root());
}

std::string refusal(std::string_view text) {
  const auto head = head_of(text);
  return head ? "accepted" : std::string(name_of(head.error().condition));
}

TEST(StanzaTest, ReadsTheHead) {
  const auto head = head_of(
      "<message to='Juliet@Example.com' from='romeo@example.net/orchard' type='chat' id='&lt;1'"
      " xml:lang='en'><body>hi</body></message>");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->is(MessageType::chat) && head->is(StanzaKind::message));
  EXPECT_FALSE(head->is(IqType::get) || head->is(PresenceType::available));
  EXPECT_EQ(head->to.text(), "juliet@example.com");
  EXPECT_EQ(head->from.resource(), "orchard");
  EXPECT_EQ(head->id, "<1");
  EXPECT_EQ(head->lang, "en");
}

TEST(StanzaTest, JudgesTypes) {
  EXPECT_TRUE(head_of("<message type='what'/>")->is(MessageType::normal));
  EXPECT_TRUE(head_of("<message/>")->is(MessageType::normal));
  EXPECT_TRUE(head_of("<presence/>")->is(PresenceType::available));
  EXPECT_TRUE(head_of("<presence type='unsubscribed'/>")->is(PresenceType::unsubscribed));
  EXPECT_EQ(refusal("<presence type='away'/>"), "bad-request");
  EXPECT_EQ(refusal("<presence type='available'/>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1' type='what'><a/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1'><a/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<other/>"), "bad-request");
}

TEST(StanzaTest, JudgesIqs) {
  EXPECT_EQ(refusal("<iq id='1' type='get'><a/></iq>"), "accepted");
  EXPECT_EQ(refusal("<iq type='get'><a/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='' type='get'><a/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1' type='set'/>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1' type='get'><a/><b/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1' type='result'/>"), "accepted");
  EXPECT_EQ(refusal("<iq id='1' type='result'><a/><b/></iq>"), "bad-request");
  EXPECT_EQ(refusal("<iq id='1' type='error'><a/><error/></iq>"), "accepted");
}

TEST(StanzaTest, JudgesAddresses) {
  EXPECT_EQ(refusal("<message to='a@b@c'/>"), "jid-malformed");
  EXPECT_EQ(refusal("<message to=''/>"), "jid-malformed");
  EXPECT_EQ(refusal("<message from='@b'/>"), "jid-malformed");
  EXPECT_EQ(refusal("<message to='" + std::string(1024, 'a') + "@b'/>"), "jid-malformed");
}

TEST(StanzaTest, SalvagesWhatAnAnswerNeeds) {
  const xml::Document document = parse_test("<iq to='@' from='a@b/c' id='5' type='what'/>");
  const StanzaHead head = salvage_head(document.root());
  EXPECT_FALSE(head.to);
  EXPECT_EQ(error_reply(head, {Condition::jid_malformed}),
            "<iq to=\"a@b/c\" type=\"error\" id=\"5\"><error type=\"modify\"><jid-malformed "
            "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>");
}

TEST(StanzaTest, ErrorsAreNotAnsweredWithErrors) {
  EXPECT_FALSE(StanzaHead::of(MessageType::error).may_get_error());
  EXPECT_FALSE(StanzaHead::of(PresenceType::error).may_get_error());
  EXPECT_FALSE(StanzaHead::of(IqType::error).may_get_error());
  EXPECT_FALSE(StanzaHead::of(IqType::result).may_get_error());
  EXPECT_TRUE(StanzaHead::of(IqType::get).may_get_error());
  EXPECT_TRUE(StanzaHead::of(MessageType::chat).may_get_error());
}

TEST(StanzaTest, WritesTheHead) {
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.to = *Jid::parse("a@b/'\"<");
  head.id = "\n\"";
  EXPECT_EQ(to_xml(head, "<body/>"),
            "<message to=\"a@b/'&quot;&lt;\" id=\"&#xA;&quot;\"><body/></message>");
  EXPECT_EQ(to_xml(StanzaHead::of(PresenceType::available), "", ns::client),
            "<presence xmlns=\"jabber:client\"></presence>");
  const StanzaHead reply = reply_to(*head_of("<iq from='a@b' to='c' id='1' type='get'><x/></iq>"));
  EXPECT_TRUE(reply.is(IqType::result));
  EXPECT_EQ(to_xml(reply, ""), "<iq to=\"a@b\" from=\"c\" type=\"result\" id=\"1\"></iq>");
}

TEST(StanzaTest, ThePayloadServesEveryStream) {
  const std::string inside =
      "<body>a</body>text<x xmlns='urn:x'><y/><body xmlns='jabber:client'/></x>"
      "<s:error xmlns:s='http://etherx.jabber.org/streams'/>";
  const xml::Document client = parse_test("<message>" + inside + "</message>", ns::client);
  EXPECT_EQ(payload_bytes(client.root()),
            "<body>a</body><x xmlns=\"urn:x\"><y/><body xmlns=\"jabber:client\"/></x>"
            "<error xmlns=\"http://etherx.jabber.org/streams\"/>");
  const xml::Document server = parse_test("<message>" + inside + "</message>", ns::server);
  EXPECT_EQ(payload_bytes(server.root()), payload_bytes(client.root()));
  const auto keep = [](xml::Element child) { return child.name() == "body"; };
  EXPECT_EQ(payload_bytes(client.root(), keep), "<body>a</body>");
}

TEST(StanzaTest, ReadsPriorityAndShow) {
  const auto priority = [](std::string_view text) {
    const xml::Document document = parse_test(text);
    const auto value = priority_of(document.root());
    return value ? int(*value) : 1000;
  };
  EXPECT_EQ(priority("<presence/>"), 0);
  EXPECT_EQ(priority("<presence><priority>-128</priority></presence>"), -128);
  EXPECT_EQ(priority("<presence><priority>+5</priority></presence>"), 5);
  EXPECT_EQ(priority("<presence><priority>\n 5 </priority></presence>"), 5);
  EXPECT_EQ(priority("<presence><priority>1 2</priority></presence>"), 1000);
  EXPECT_EQ(priority("<presence><priority> </priority></presence>"), 1000);
  EXPECT_EQ(priority("<presence><priority>128</priority></presence>"), 1000);
  EXPECT_EQ(priority("<presence><priority/></presence>"), 1000);
  const xml::Document away = parse_test("<presence><show>away</show></presence>");
  EXPECT_EQ(show_of(away.root()), Show::away);
}

}  // namespace
}  // namespace herold::xmpp
