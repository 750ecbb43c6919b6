// XEP-0359: who gives ids, to what, that they stay, and that nobody else's pass for ours.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto disco_info = "http://jabber.org/protocol/disco#info";

std::string id_of(const TestClient& client) {
  const xml::Element id = client.last().child("stanza-id", "urn:xmpp:sid:0");
  return id ? std::string(id.attribute("id")) : "";
}

TEST(StanzaId, TheAccountSaysThatItGivesThem) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks("<iq type='get' id='d'><query xmlns='" + std::string(disco_info) + "'/></iq>",
            "<iq type='result'><query xmlns='" + std::string(disco_info) +
                "'><feature var='urn:xmpp:sid:0'/></query></iq>");
}

TEST(StanzaId, EachStoredMessageHasItsOwn) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'><body>1</body></message>"
      "<message to='romeo@xmpp.test' type='chat'><body>2</body></message>");
  romeo.receives(
      "<message><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@xmpp.test' id='{any}'/>"
      "</message>");
  const std::string first = id_of(romeo);
  romeo.receives(
      "<message><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@xmpp.test' id='{any}'/>"
      "</message>");
  EXPECT_NE(id_of(romeo), first);
  EXPECT_FALSE(first.empty());
}

TEST(StanzaId, WhatIsNotStoredHasNone) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'>"
      "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  romeo.receives("<message><ABSENT><stanza-id xmlns='urn:xmpp:sid:0'/></ABSENT></message>");
}

// Section 6, rule 4: only what claims to be ours is removed.
TEST(StanzaId, NobodyElseWritesOurs) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'><body>x</body>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='romeo@xmpp.test' id='forged'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='room@elsewhere.test' id='kept'/>"
      "<origin-id xmlns='urn:xmpp:sid:0' id='mine'/></message>");
  romeo.receives(
      "<message><stanza-id xmlns='urn:xmpp:sid:0' by='room@elsewhere.test' id='kept'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='romeo@xmpp.test'/>"
      "<origin-id xmlns='urn:xmpp:sid:0' id='mine'/>"
      "<ABSENT><stanza-id xmlns='urn:xmpp:sid:0' id='forged'/></ABSENT></message>");
}

TEST(StanzaId, AMessageThatComesAgainHasItsFirst) {
  TestServer server;
  TestClient& romeo =
      server.comes_online("romeo/orchard", {.managed = true, .acknowledges = false});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>x</body></message>");
  romeo.receives("<message><body>x</body></message>");
  const std::string first = id_of(romeo);
  server.is_killed();
  server.passes(Seconds(700));  // nobody resumes: the session ends, the message is stored
  TestClient& anew = server.signs_in("romeo/anew");
  anew.sends("<presence/>");
  anew.receives("<presence/>");
  anew.receives("<message><body>x</body></message>");
  EXPECT_EQ(id_of(anew), first);
}

}  // namespace
}  // namespace herold::server
