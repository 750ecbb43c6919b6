// XEP-0160 and RFC 6121 section 8.5: what is kept for whom, handed over when, once and in order.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"
#include "store/database.h"

namespace herold::server {
namespace {

std::string says(std::string_view body, std::string_view more = "type='chat'",
                 std::string_view payload = "") {
  return "<message to='romeo@xmpp.test' " + std::string(more) + "><body>" + std::string(body) +
         "</body>" + std::string(payload) + "</message>";
}

std::string heard(std::string_view body) {
  return "<message from='juliet@xmpp.test/balcony' to='romeo@xmpp.test'><body>" +
         std::string(body) + "</body></message>";
}

constexpr auto full =
    "<message type='error' from='romeo@xmpp.test'><error type='cancel'><service-unavailable "
    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

// romeo is offline.
struct Offline : ::testing::Test {
  TestServer server{{.limits = "offline_messages = 3\noffline_bytes = 10000"}};
  TestClient& juliet = server.comes_online("juliet/balcony");

  // Signs in, is available, has looked at that.
  TestClient& romeo_comes(std::string_view address = "romeo/orchard", ClientSetup setup = {}) {
    TestClient& romeo = server.signs_in(address, std::move(setup));
    romeo.sends("<presence/>");
    while (romeo.takes("<presence/>")) {
    }
    return romeo;
  }
};

TEST_F(Offline, ComesInOrderWithItsTimeAndOnce) {
  juliet.sends(says("1"));
  server.passes(Seconds(3600));
  juliet.sends(says("2"));
  server.is_killed();
  TestClient& romeo = romeo_comes();
  romeo.receives(
      "<message from='juliet@xmpp.test/balcony'><body>1</body>"
      "<delay xmlns='urn:xmpp:delay' from='xmpp.test' stamp='{any}'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='romeo@xmpp.test'/></message>");
  const auto stamp = [&] {
    const std::string_view text = romeo.last().child("delay", "urn:xmpp:delay").attribute("stamp");
    return std::string(text.substr(0, 15));
  };
  EXPECT_EQ(stamp(), "2026-11-18T11:0");
  romeo.receives(heard("2"));
  EXPECT_EQ(stamp(), "2026-11-18T12:0");
  romeo.receives_nothing();
  romeo_comes("romeo/street").receives_nothing();
}

TEST_F(Offline, OnlyMessagesWorthItAreKept) {
  juliet.sends(says("normal", "type='normal'"));
  juliet.sends(says("untyped", ""));
  juliet.sends(says("headline", "type='headline'"));
  juliet.sends(says("error", "type='error'"));
  juliet.receives_nothing();
  juliet.sends(says("room", "type='groupchat'"));
  juliet.receives("<message type='error'/>");
  TestClient& romeo = romeo_comes();
  romeo.receives(heard("normal"));
  romeo.receives(heard("untyped"));
  romeo.receives_nothing();
}

// XEP-0334 and chat states.
TEST_F(Offline, HintsDecide) {
  juliet.sends(says("secret", "type='chat'", "<no-store xmlns='urn:xmpp:hints'/>"));
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat' id='typing'>"
      "<active xmlns='http://jabber.org/protocol/chatstates'/></message>");
  juliet.skips();
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'><store xmlns='urn:xmpp:hints'/>"
      "<active xmlns='http://jabber.org/protocol/chatstates'/></message>");
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'>"
      "<received xmlns='urn:xmpp:receipts' id='r'/></message>");
  TestClient& romeo = romeo_comes();
  romeo.receives("<message><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
  romeo.receives("<message><received xmlns='urn:xmpp:receipts' id='r'/></message>");
  romeo.receives_nothing();
}

TEST_F(Offline, OneThatIsForADeviceThatIsGoneIsKeptForTheOthers) {
  juliet.sends("<message to='romeo@xmpp.test/gone' type='chat'><body>x</body></message>");
  romeo_comes().receives("<message><body>x</body></message>");
}

// --- who takes messages ---

TEST_F(Offline, NegativePrioritiesTakeNone) {
  TestClient& robot = server.comes_online("romeo/robot", {.priority = -1});
  juliet.sends(says("1"));
  robot.receives_nothing();
  juliet.sends("<message to='romeo@xmpp.test/robot' type='chat'><body>2</body></message>");
  robot.receives("<message><body>2</body></message>");  // its own address is another matter
  TestClient& romeo = romeo_comes();
  romeo.receives(heard("1"));
  EXPECT_FALSE(robot.takes("<message/>"));
}

TEST_F(Offline, APriorityThatRisesTakesThem) {
  TestClient& romeo = server.comes_online("romeo/robot", {.priority = -1});
  juliet.sends(says("1"));
  romeo.sends("<presence><priority>0</priority></presence>");
  EXPECT_TRUE(romeo.takes("<presence/>"));
  romeo.receives(heard("1"));
  romeo.sends("<presence><priority>5</priority></presence>");
  EXPECT_TRUE(romeo.takes("<presence/>"));
  romeo.receives_nothing();
}

TEST_F(Offline, ASessionWithoutPresenceTakesNone) {
  TestClient& romeo = server.signs_in("romeo/orchard");
  juliet.sends(says("1"));
  romeo.receives_nothing();
  romeo.sends("<presence/>");
  romeo.receives("<presence/>");
  romeo.receives(heard("1"));
}

TEST_F(Offline, TheFirstOfTwoDevicesTakesThemAll) {
  juliet.sends(says("1"));
  juliet.sends(says("2"));
  TestClient& orchard = server.signs_in("romeo/orchard");
  TestClient& street = server.signs_in("romeo/street");
  orchard.sends("<presence/>");
  street.sends("<presence/>");
  EXPECT_TRUE(orchard.takes(heard("1")));
  EXPECT_TRUE(orchard.takes(heard("2")));
  EXPECT_FALSE(street.takes("<message/>"));
}

// --- bounds ---

TEST_F(Offline, ThereAreAsManyAsTheLimitSays) {
  for (const char* body : {"1", "2", "3"}) juliet.sends(says(body));
  juliet.receives_nothing();
  juliet.sends(says("4"));
  juliet.receives(full);
  TestClient& romeo = romeo_comes();
  for (const char* body : {"1", "2", "3"}) romeo.receives(heard(body));
  romeo.receives_nothing();
  romeo.signs_off();
  juliet.sends(says("5"));  // there is room again
  juliet.receives_nothing();
}

TEST_F(Offline, TheCountIsKnownAfterARestart) {
  for (const char* body : {"1", "2", "3"}) juliet.sends(says(body));
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  again.sends(says("4"));
  again.receives(full);
}

TEST_F(Offline, TheyAreAsLargeAsTheLimitSays) {
  juliet.sends(says(std::string(6000, 'x')));
  juliet.sends(says(std::string(6000, 'y')));
  juliet.receives(full);
  juliet.sends(says(std::string(1000, 'z')));
  juliet.receives_nothing();
}

// --- on the way ---

// Without an ack they are as good as lost: the next session has them, with the ids that they had.
TEST_F(Offline, WhatIsNotAcknowledgedComesAgain) {
  juliet.sends(says("1"));
  TestClient& romeo = romeo_comes("romeo/orchard", {.managed = true, .acknowledges = false});
  romeo.receives(heard("1"));
  const std::string id(romeo.last().child("stanza-id", "urn:xmpp:sid:0").attribute("id"));
  romeo.loses_connection();
  server.passes(Seconds(700));
  TestClient& street = romeo_comes("romeo/street");
  street.receives(heard("1"));
  EXPECT_EQ(street.last().child("stanza-id", "urn:xmpp:sid:0").attribute("id"), id);
}

TEST(OfflinePages, ManyComeInOrderBesideWhatIsNew) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  for (int i = 0; i < 250; ++i) juliet.sends(says(std::to_string(i)));
  TestClient& romeo = server.signs_in("romeo/orchard", {.managed = true});
  romeo.sends("<presence/>");
  juliet.sends(says("new"));
  server.passes(Seconds(5));
  EXPECT_TRUE(romeo.takes("<presence/>"));
  EXPECT_TRUE(romeo.takes(heard("new")));
  for (int i = 0; i < 250; ++i) romeo.receives(heard(std::to_string(i)));
  romeo.receives_nothing();
}

// The queue of a client that takes its time is never filled beyond its bound by what waited.
TEST(OfflinePages, ASlowClientGetsThemAllTheSame) {
  TestServer server({.limits = "sm_queue_bytes = 100000"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  for (int i = 0; i < 60; ++i)
    juliet.sends(says(std::to_string(i), "type='chat'", "<x>" + std::string(5000, 'x') + "</x>"));
  TestClient& romeo = server.signs_in("romeo/orchard", {.managed = true});
  romeo.sends("<presence/>");
  server.passes(Seconds(60));
  EXPECT_TRUE(romeo.takes("<presence/>"));
  for (int i = 0; i < 60; ++i) romeo.receives(heard(std::to_string(i)));
  EXPECT_FALSE(server.log().has("session-not-resumable"));
}

// Another server gave them to the archive alone, which was off.
TEST(OfflineWithoutArchive, ComesToAClientThatBindsInItsSignIn) {
  TestServer server({.modules = "[module.archive]\nenabled = false"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<message to='nurse@xmpp.test' type='chat'><body>waits</body></message>");
  for (const bool is_managed : {false, true}) {
    const std::string agent = is_managed ? "d4565fa7-4d72-4749-b3d3-740edbf87770"
                                         : "b8b2b0d0-4e1c-4a45-9a8e-8a0d1f0f4c11";
    TestClient& nurse = server.signs_in("nurse/kitchen", {.managed = is_managed, .agent = agent});
    nurse.sends("<presence/>");
    EXPECT_TRUE(
        nurse.takes("<message from='juliet@xmpp.test/balcony'><body>waits</body></message>"));
    nurse.signs_off();
    juliet.sends("<message to='nurse@xmpp.test' type='chat'><body>waits</body></message>");
  }
}

}  // namespace
}  // namespace herold::server
