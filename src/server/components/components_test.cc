// Components and the server, as programs speak text: signing in, both ways, being away, coming back
// (XEP-0114; HOSTILE 155, 156).
#include "server/components/components.h"

#include <gtest/gtest.h>

#include "server/testing/process.h"
#include "server/testing/test_component.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

const std::string irc_table = "[[component]]\nname = 'irc.xmpp.test'\nsecret = 'frog'\n";

std::string message(std::string_view to, std::string_view text, std::string_view type = "chat") {
  return "<message type='" + std::string(type) + "' id='m' to='" + std::string(to) + "'><body>" +
         std::string(text) + "</body></message>";
}

std::string body(std::string_view text) {
  return "<message><body>" + std::string(text) + "</body></message>";
}

const std::string is_away =
    "<error type='wait'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    "</error>";

class ComponentTest : public ::testing::Test {
 protected:
  TestServer server{{.domain = irc_table}};
  TestComponent irc{server, "irc.xmpp.test", "frog"};
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(ComponentTest, StanzasGoBothWaysWithAnyLocalPartAndResource) {
  irc.connects();
  juliet.sends(message("#verona%irc.example@irc.xmpp.test/Romeo", "hello"));
  irc.receives(
      "<message from='juliet@xmpp.test/balcony' to='#verona%irc.example@irc.xmpp.test/Romeo'>"
      "<body>hello</body></message>");
  irc.sends(
      "<message from='#verona@irc.xmpp.test/Romeo' to='juliet@xmpp.test/balcony' type='chat'>"
      "<body>hi</body></message>");
  juliet.receives("<message from='#verona@irc.xmpp.test/Romeo'><body>hi</body></message>");
  irc.sends(
      "<iq type='get' id='v' from='irc.xmpp.test' to='xmpp.test'>"
      "<query xmlns='jabber:iq:version'/></iq>");
  irc.receives("<iq type='result' id='v' from='xmpp.test' to='irc.xmpp.test'/>");
  juliet.sends("<iq type='get' id='p' to='irc.xmpp.test'><ping xmlns='x'/></iq>");
  irc.receives("<iq type='get' id='p' from='juliet@xmpp.test/balcony'/>");
  irc.sends("<iq type='result' id='p' from='irc.xmpp.test' to='juliet@xmpp.test/balcony'/>");
  juliet.receives("<iq type='result' id='p' from='irc.xmpp.test'/>");
}

TEST_F(ComponentTest, IsListedByTheDomainAboveIt) {
  juliet.asks(
      "<iq type='get' id='i' to='xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item jid='irc.xmpp.test'/></query></iq>");
}

TEST_F(ComponentTest, WhoDoesNotKnowTheSecretIsRefused) {
  TestComponent liar(server, "irc.xmpp.test", "toad");
  liar.cannot_connect("not-authorized");
  TestComponent stranger(server, "icq.xmpp.test", "frog");
  stranger.cannot_connect("host-unknown");
  TestComponent domain(server, "xmpp.test", "frog");
  domain.cannot_connect("host-unknown");
}

TEST_F(ComponentTest, TwoOfOneNameAreAConflict) {
  irc.connects();
  TestComponent second(server, "irc.xmpp.test", "frog");
  second.cannot_connect("conflict");
  irc.sends(
      "<message from='irc.xmpp.test' to='juliet@xmpp.test'><body>still here</body></message>");
  juliet.receives(body("still here"));
  irc.dies();
  second.connects();
}

TEST_F(ComponentTest, SpeaksForNobodyElse) {
  for (const char* from : {"romeo@xmpp.test", "xmpp.test", "sub.irc.xmpp.test"}) {
    irc.connects();
    irc.sends("<message from='" + std::string(from) +
              "' to='juliet@xmpp.test'><body>forged</body></message>");
    irc.is_disconnected("invalid-from");
  }
  juliet.receives_nothing();
}

TEST_F(ComponentTest, DomainsBelowBelongToItWhereThatIsSaid) {
  server.takes_settings({.domain = irc_table + "subdomains = true"});
  irc.connects();
  juliet.sends(message("#verona@libera.irc.xmpp.test", "hello"));
  irc.receives("<message to='#verona@libera.irc.xmpp.test'><body>hello</body></message>");
  irc.sends("<message from='libera.irc.xmpp.test' to='juliet@xmpp.test'><body>hi</body></message>");
  juliet.receives("<message from='libera.irc.xmpp.test'/>");
}

TEST_F(ComponentTest, WhatIsWrongInAStanzaIsAnswered) {
  irc.connects();
  irc.sends("<message from='irc.xmpp.test' id='1'><body>to nobody</body></message>");
  irc.receives(
      "<message type='error' id='1'><error type='modify'>"
      "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  irc.sends("<iq type='get' from='irc.xmpp.test' to='xmpp.test' id='2'/>");
  irc.receives(
      "<iq type='error' id='2'><error type='modify'>"
      "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  irc.sends("<handshake/>");
  irc.is_disconnected("unsupported-stanza-type");
}

TEST_F(ComponentTest, WhoeverWasToldOfItIsToldThatItIsGone) {
  irc.connects();
  irc.sends(
      "<presence from='#verona@irc.xmpp.test/Romeo' to='juliet@xmpp.test/balcony'>"
      "<x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/></x></presence>"
      "<presence from='#verona@irc.xmpp.test/Juliet' to='juliet@xmpp.test/balcony'>"
      "<x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/>"
      "<status code='110'/></x></presence>"
      "<presence from='irc.xmpp.test' to='juliet@xmpp.test'/>");
  juliet.skips();
  irc.dies();
  juliet.receives_all(
      {"<presence type='unavailable' from='#verona@irc.xmpp.test/Juliet'>"
       "<x xmlns='http://jabber.org/protocol/muc#user'><status code='332'/></x></presence>",
       "<presence type='unavailable' from='irc.xmpp.test'/>"});
  juliet.receives_nothing();
  // Requests and presence are answered at once.
  juliet.asks("<iq type='get' id='v' to='irc.xmpp.test'><query xmlns='jabber:iq:version'/></iq>",
              "<iq type='error' from='irc.xmpp.test'>" + is_away + "</iq>");
  juliet.sends("<presence to='#verona@irc.xmpp.test/Juliet'/>");
  juliet.receives("<presence type='error' from='#verona@irc.xmpp.test/Juliet'>" + is_away +
                  "</presence>");
  juliet.sends(message("#verona@irc.xmpp.test", "into the void", "groupchat"));
  juliet.receives("<message type='error'>" + is_away + "</message>");
}

TEST_F(ComponentTest, RequestsThatItTookWithItAreAnswered) {
  irc.connects();
  irc.stops_reading();
  juliet.sends("<iq type='get' id='v' to='irc.xmpp.test'><query xmlns='jabber:iq:version'/></iq>");
  juliet.sends(message("romeo@irc.xmpp.test", "first"));
  irc.dies();
  juliet.skips();
  irc.connects();
  irc.receives(body("first"));
  irc.receives_nothing();
}

TEST_F(ComponentTest, MessagesWaitForItInOrderAndOverARestartOfTheServer) {
  for (int i = 0; i < 20; ++i) juliet.sends(message("romeo@irc.xmpp.test", std::to_string(i)));
  juliet.sends("<presence type='subscribe' to='romeo@irc.xmpp.test'/>");
  juliet.skips();
  server.is_killed();
  server.passes(Seconds(5));
  irc.connects();
  for (int i = 0; i < 20; ++i) {
    irc.receives(body(std::to_string(i)));
    EXPECT_TRUE(irc.last().child("delay", "urn:xmpp:delay"));
  }
  irc.receives("<presence type='subscribe' from='juliet@xmpp.test'/>");
  irc.receives_nothing();
  server.passes(Seconds(5));
  EXPECT_EQ(server.process().open_stanzas(), 0u);
}

TEST_F(ComponentTest, WhatItHadNotReadComesAgain) {
  irc.connects();
  juliet.sends(message("romeo@irc.xmpp.test", "read"));
  irc.receives(body("read"));
  irc.answers_pings(false);
  juliet.sends(message("romeo@irc.xmpp.test", "perhaps"));
  irc.receives(body("perhaps"));
  irc.dies();
  irc.answers_pings(true);
  irc.connects();
  irc.receives("<message id='m'><body>perhaps</body></message>");
  irc.receives_nothing();
  irc.dies();
  irc.connects();
  irc.receives_nothing();
}

TEST_F(ComponentTest, WhoeverAnswersNoPingsHasWhatItsSocketTook) {
  irc.answers_pings(false);
  irc.connects();
  juliet.sends(message("romeo@irc.xmpp.test", "taken"));
  irc.receives(body("taken"));
  server.passes(Seconds(121));
  EXPECT_EQ(server.process().open_stanzas(), 0u);
  juliet.sends(message("romeo@irc.xmpp.test", "taken as well"));
  irc.receives(body("taken as well"));
  server.passes(Seconds(5));
  EXPECT_EQ(server.process().open_stanzas(), 0u);
  irc.dies();
  irc.connects();
  irc.receives_nothing();
}

TEST_F(ComponentTest, WhoeverStopsAnsweringIsLost) {
  irc.connects();
  juliet.sends(message("romeo@irc.xmpp.test", "one"));
  irc.answers_pings(false);
  juliet.sends(message("romeo@irc.xmpp.test", "two"));
  server.passes(Seconds(121));
  EXPECT_FALSE(irc.is_connected());
}

TEST(Components, MoreThanFitsIntoMemoryWaitsInTheJournal) {
  TestServer server({.limits = "component_queue = 3", .domain = irc_table});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestComponent irc(server, "irc.xmpp.test", "frog");
  for (int i = 0; i < 30; ++i) juliet.sends(message("romeo@irc.xmpp.test", std::to_string(i)));
  juliet.receives_nothing();
  irc.connects();
  server.passes(Seconds(5));
  for (int i = 0; i < 30; ++i) irc.receives(body(std::to_string(i)));
  irc.receives_nothing();
}

TEST(Components, WhatWaitsTooLongComesBack) {
  TestServer server({.limits = "message_lifetime = '1h'", .domain = irc_table});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(message("romeo@irc.xmpp.test", "hello"));
  server.passes(Seconds(3590));
  juliet.receives_nothing();
  server.passes(Seconds(20));
  juliet.receives("<message type='error' from='romeo@irc.xmpp.test'>" + is_away + "</message>");
}

TEST(Components, WhatIsNotConfiguredAnyMoreGoes) {
  TestServer server({.domain = irc_table});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestComponent irc(server, "irc.xmpp.test", "frog");
  irc.connects();
  server.takes_settings({});
  irc.is_disconnected("host-gone");
  juliet.sends(message("romeo@irc.xmpp.test", "hello"));
  server.passes(Seconds(60));
  juliet.receives("<message type='error' from='romeo@irc.xmpp.test'/>");
}

TEST(Components, OtherServersTalkWithThem) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague(capulet,
                      {.domain = "[[component]]\nname = 'irc.montague.test'\nsecret = 'frog'\n",
                       .name = "montague.test",
                       .seed = 2});
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestComponent irc(montague, "irc.montague.test", "frog");
  irc.connects();
  juliet.sends(message("#verona@irc.montague.test", "hello"));
  capulet.passes(Seconds(5));
  irc.receives("<message from='juliet@capulet.test/balcony'><body>hello</body></message>");
  irc.sends(
      "<message from='#verona@irc.montague.test/Romeo' to='juliet@capulet.test/balcony' "
      "type='chat'><body>hi</body></message>");
  capulet.passes(Seconds(5));
  juliet.receives("<message from='#verona@irc.montague.test/Romeo'><body>hi</body></message>");
}

}  // namespace
}  // namespace herold::server
