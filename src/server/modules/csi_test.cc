// XEP-0352: what waits while nobody looks, in which order it comes, and where waiting ends.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto inactive = "<inactive xmlns='urn:xmpp:csi:0'/>";
constexpr auto active = "<active xmlns='urn:xmpp:csi:0'/>";
constexpr auto composing =
    "<message to='romeo@xmpp.test' type='chat'>"
    "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>";
constexpr auto is_composing =
    "<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>";

std::string show(std::string_view value) {
  return "<presence><show>" + std::string(value) + "</show></presence>";
}

std::string says(std::string_view body) {
  return "<message to='romeo@xmpp.test' type='chat'><body>" + std::string(body) +
         "</body></message>";
}

// romeo looks away.
struct Csi : ::testing::Test {
  Csi() {
    server.befriend(romeo, juliet);
    romeo.sends(inactive);
  }

  TestServer server{{.limits = "csi_queue = 10\ncsi_toggles = 4"}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
};

TEST_F(Csi, IsOfferedAfterTheLogin) {
  EXPECT_NE(romeo.features().find("<csi xmlns=\"urn:xmpp:csi:0\""), std::string::npos);
  // Before it only as what may be switched on with it (XEP-0386).
  EXPECT_EQ(server.opens_stream().features().find("<csi"), std::string::npos);
}

TEST_F(Csi, OnlyTheNewestPresenceOfEachContactWaits) {
  juliet.sends(show("away"));
  TestClient& garden = server.signs_in("juliet/garden");
  garden.sends(show("dnd"));
  juliet.sends(show("xa"));
  romeo.receives_nothing();
  romeo.sends(active);
  romeo.receives("<presence from='juliet@xmpp.test/garden'><show>dnd</show></presence>");
  romeo.receives("<presence from='juliet@xmpp.test/balcony'><show>xa</show></presence>");
  romeo.receives_nothing();
}

TEST_F(Csi, AMessageBringsWhatWaitedBeforeIt) {
  juliet.sends(show("away"));
  juliet.sends(composing);
  juliet.sends(says("hi"));
  romeo.receives(show("away"));
  romeo.receives(is_composing);
  romeo.receives("<message><body>hi</body></message>");
  juliet.sends(show("xa"));  // and it is still inactive
  romeo.receives_nothing();
}

TEST_F(Csi, WhatMattersNeverWaits) {
  juliet.sends("<iq type='get' id='1' to='romeo@xmpp.test/orchard'><query xmlns='urn:x'/></iq>");
  romeo.receives("<iq type='get'/>");
  server.comes_online("tybalt/street").sends("<presence type='subscribe' to='romeo@xmpp.test'/>");
  romeo.receives("<presence type='subscribe'/>");
  juliet.sends("<message to='romeo@xmpp.test' type='headline'><body>news</body></message>");
  romeo.receives("<message type='headline'/>");
  // A receipt has no body, and is stored all the same.
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'>"
      "<received xmlns='urn:xmpp:receipts' id='1'/></message>");
  romeo.receives("<message><received xmlns='urn:xmpp:receipts'/></message>");
}

TEST_F(Csi, TheQueueHasABoundAndEmptiesThereInOrder) {
  for (int i = 0; i < 10; ++i) juliet.sends(composing);
  romeo.receives_nothing();
  juliet.sends(show("away"));
  for (int i = 0; i < 10; ++i) romeo.receives(is_composing);
  romeo.receives(show("away"));
}

// HOSTILE 68.
TEST_F(Csi, WhoFlipsAllTheTimeStaysActive) {
  for (int i = 0; i < 3; ++i) romeo.sends(std::string(active) + inactive);  // four, with the first
  juliet.sends(composing);
  romeo.receives_nothing();
  romeo.sends(std::string(active) + inactive);
  romeo.receives(is_composing);
  juliet.sends(composing);
  romeo.receives(is_composing);  // the fifth had no effect
  server.passes(Seconds(61));
  romeo.sends(inactive);
  juliet.sends(composing);
  romeo.receives_nothing();
}

// Section 5.2.
TEST_F(Csi, AResumedClientIsActiveAndGetsWhatWaited) {
  juliet.sends(show("away"));
  romeo.loses_connection();
  juliet.sends(composing);
  romeo.resumes();
  romeo.receives(show("away"));
  romeo.receives(is_composing);
  juliet.sends(show("xa"));
  romeo.receives(show("xa"));
}

TEST_F(Csi, AfterARestartToo) {
  server.is_killed();
  romeo.resumes();
  romeo.skips();
  TestClient& garden = server.comes_online("juliet/garden");
  EXPECT_TRUE(romeo.takes("<presence from='juliet@xmpp.test/garden'/>"));
  romeo.skips();
  garden.sends(composing);
  romeo.receives(is_composing);
}

TEST_F(Csi, WhatWaitsIsGoneWithItsSession) {
  juliet.sends(show("away"));
  romeo.signs_off();
  TestClient& again = server.signs_in("romeo/orchard");
  again.receives_nothing();
}

TEST_F(Csi, OneDeviceSleepsTheOtherDoesNot) {
  TestClient& desk = server.comes_online("romeo/desk");
  romeo.skips();
  juliet.sends(composing);
  desk.receives(is_composing);
  romeo.receives_nothing();
}

// XEP-0060: events of nodes wait too; of one item the newest is enough.
TEST_F(Csi, OfAnItemThatChangesTheNewestEventWaits) {
  romeo.sends(active);
  wants(romeo, {"n"});
  romeo.skips();
  romeo.sends(inactive);
  const auto many = option("max_items", "10");
  juliet.asks(publish("n", "a", "<p xmlns='urn:x'>1</p>", many), "<iq type='result'/>");
  juliet.asks(publish("n", "b", "<p xmlns='urn:x'>2</p>"), "<iq type='result'/>");
  juliet.asks(publish("n", "a", "<p xmlns='urn:x'>3</p>"), "<iq type='result'/>");
  romeo.receives_nothing();
  romeo.sends(active);
  for (const char* item :
       {"<item id='b'><p xmlns='urn:x'>2</p></item>", "<item id='a'><p xmlns='urn:x'>3</p></item>"})
    romeo.receives("<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>" +
                   std::string(item) + "</items></event></message>");
  romeo.receives_nothing();
}

}  // namespace
}  // namespace herold::server
