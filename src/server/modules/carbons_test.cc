// XEP-0280: which messages are copied, to whom, and what forbids it.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto enable = "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>";

// juliet/balcony writes to romeo/phone; romeo/tablet has carbons.
struct Carbons : ::testing::Test {
  Carbons() { tablet.asks(enable, "<iq type='result'/>"); }

  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& phone = server.comes_online("romeo/phone");
  TestClient& tablet = server.comes_online("romeo/tablet");

  static constexpr auto received =
      "<message from='romeo@xmpp.test' to='romeo@xmpp.test/tablet' type='chat'>"
      "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
      "<message xmlns='jabber:client' from='juliet@xmpp.test/balcony' "
      "to='romeo@xmpp.test/phone'/></forwarded></received></message>";
};

TEST_F(Carbons, ADeviceSeesWhatAnotherOneGets) {
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  phone.receives("<message from='juliet@xmpp.test/balcony'><body>hi</body></message>");
  tablet.receives(received);
  tablet.receives_nothing();
}

TEST_F(Carbons, ADeviceSeesWhatAnotherOneSends) {
  phone.sends("<message to='juliet@xmpp.test' type='chat'><body>hi</body></message>");
  juliet.receives("<message from='romeo@xmpp.test/phone'><body>hi</body></message>");
  tablet.receives(
      "<message from='romeo@xmpp.test' type='chat'><sent xmlns='urn:xmpp:carbons:2'>"
      "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='juliet@xmpp.test' "
      "from='romeo@xmpp.test/phone'><body>hi</body></message></forwarded></sent></message>");
  phone.receives_nothing();
}

// --- eligibility (section 6.1) ---

struct Case {
  const char* what;
  const char* attributes;
  const char* content;
  bool is_copied;
};

constexpr Case cases[] = {
    {"a chat", "type='chat'", "<body>x</body>", true},
    {"a chat state", "type='chat'", "<active xmlns='http://jabber.org/protocol/chatstates'/>",
     true},
    {"a normal message with a body", "type='normal'", "<body>x</body>", true},
    {"one without a type with a body", "", "<body>x</body>", true},
    {"a normal message without a body", "type='normal'", "<x xmlns='urn:x'/>", false},
    {"a headline", "type='headline'", "<body>x</body>", false},
    {"of a room", "type='groupchat'", "<body>x</body>", false},
    {"a private one", "type='chat'", "<body>x</body><private xmlns='urn:xmpp:carbons:2'/>", false},
    {"one that forbids copies", "type='chat'", "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>",
     false},
    {"one that is not to be stored", "type='chat'",
     "<body>x</body><no-store xmlns='urn:xmpp:hints'/>", true},
};

TEST_F(Carbons, OnlySomeMessagesAreCopiedToTheReceiver) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    juliet.sends("<message to='romeo@xmpp.test/phone' " + std::string(one.attributes) + ">" +
                 one.content + "</message>");
    phone.receives("<message from='juliet@xmpp.test/balcony'/>");
    EXPECT_EQ(tablet.takes("<message><received xmlns='urn:xmpp:carbons:2'/></message>"),
              one.is_copied);
    tablet.receives_nothing();
  }
}

TEST_F(Carbons, OnlySomeMessagesAreCopiedToTheSender) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    phone.sends("<message to='juliet@xmpp.test/balcony' " + std::string(one.attributes) + ">" +
                one.content + "</message>");
    juliet.receives("<message from='romeo@xmpp.test/phone'/>");
    EXPECT_EQ(tablet.takes("<message><sent xmlns='urn:xmpp:carbons:2'/></message>"), one.is_copied);
    tablet.receives_nothing();
  }
}

// --- who gets one ---

TEST_F(Carbons, WhoHasTheMessageGetsNoCopy) {
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>both</body></message>");
  phone.receives("<message><body>both</body></message>");
  tablet.receives("<message><body>both</body></message>");
  tablet.receives_nothing();
  juliet.sends("<message to='romeo@xmpp.test/tablet' type='chat'><body>one</body></message>");
  tablet.receives("<message><body>one</body></message>");
  tablet.receives_nothing();
  phone.receives_nothing();  // it never asked for carbons
}

TEST_F(Carbons, ALowerPriorityGetsACopyOfWhatGoesToTheHigher) {
  phone.sends("<presence><priority>5</priority></presence>");
  tablet.skips();
  phone.skips();
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>hi</body></message>");
  phone.receives("<message><body>hi</body></message>");
  tablet.receives("<message><received xmlns='urn:xmpp:carbons:2'/></message>");
}

TEST_F(Carbons, ANegativePriorityGetsCopiesToo) {
  tablet.sends("<presence><priority>-1</priority></presence>");
  tablet.skips();
  phone.skips();
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>hi</body></message>");
  phone.receives("<message><body>hi</body></message>");
  tablet.receives("<message><received xmlns='urn:xmpp:carbons:2'/></message>");
}

TEST_F(Carbons, OneNeedsNoPresenceForThem) {
  TestClient& watch = server.signs_in("romeo/watch");
  watch.asks(enable, "<iq type='result'/>");
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  watch.receives("<message><received xmlns='urn:xmpp:carbons:2'/></message>");
}

TEST_F(Carbons, WhatGoesToOneselfIsThereOnce) {
  phone.sends("<message to='romeo@xmpp.test/tablet' type='chat'><body>note</body></message>");
  tablet.receives("<message from='romeo@xmpp.test/phone'><body>note</body></message>");
  tablet.receives_nothing();
  tablet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>back</body></message>");
  phone.receives("<message><body>back</body></message>");
  tablet.receives_nothing();  // it sent this itself
}

TEST_F(Carbons, CopiesAreNotCopied) {
  TestClient& watch = server.comes_online("romeo/watch");
  watch.asks(enable, "<iq type='result'/>");
  tablet.skips();
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  tablet.receives(received);
  watch.receives("<message><received xmlns='urn:xmpp:carbons:2'/></message>");
  tablet.receives_nothing();
  watch.receives_nothing();
}

// CVE-2017-5589 and its kin: a wrapper that did not come from the own account.
TEST_F(Carbons, ForgedOnesArriveWithoutTheirWrapper) {
  juliet.sends(
      "<message to='romeo@xmpp.test/tablet' type='chat'><body>x</body>"
      "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
      "<message xmlns='jabber:client' from='nurse@xmpp.test'/></forwarded></received>"
      "</message>");
  tablet.receives(
      "<message from='juliet@xmpp.test/balcony'>"
      "<ABSENT><received xmlns='urn:xmpp:carbons:2'/></ABSENT></message>");
}

// --- turning them on and off ---

TEST_F(Carbons, TheyEndWhenTheyAreDisabled) {
  tablet.asks("<iq type='set' id='c'><disable xmlns='urn:xmpp:carbons:2'/></iq>",
              "<iq type='result'/>");
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  tablet.receives_nothing();
  tablet.asks(enable, "<iq type='result'/>");
  tablet.asks(enable, "<iq type='result'/>");
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  tablet.receives(received);
  tablet.receives_nothing();
}

TEST_F(Carbons, TheyAreASessionsOwn) {
  tablet.signs_off();
  TestClient& again = server.comes_online("romeo/tablet");
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  again.receives_nothing();
}

TEST_F(Carbons, AResumedSessionKeepsThemOverTheDeathOfTheServer) {
  TestClient& watch = server.comes_online("romeo/watch", {.managed = true});
  watch.asks(enable, "<iq type='result'/>");
  server.is_killed();
  watch.resumes();
  watch.skips();
  TestClient& phone_again = server.comes_online("romeo/phone");
  watch.skips();
  server.comes_online("juliet/balcony")
      .sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  phone_again.receives("<message><body>hi</body></message>");
  watch.receives("<message><received xmlns='urn:xmpp:carbons:2'/></message>");
}

TEST_F(Carbons, NobodyElseTurnsThemOn) {
  juliet.asks(
      "<iq type='set' id='c' to='romeo@xmpp.test'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
      "<iq type='error'><error><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
