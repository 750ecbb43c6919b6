// XEP-0191: what the list holds back on both ways, who hears of a change, and its bounds.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string change(std::string_view what, std::initializer_list<std::string_view> items) {
  std::string xml = "<iq type='set' id='b'><" + std::string(what) + " xmlns='urn:xmpp:blocking'>";
  for (const std::string_view item : items) xml += "<item jid='" + std::string(item) + "'/>";
  return xml + "</" + std::string(what) + "></iq>";
}

std::string error(std::string_view type, std::string_view condition) {
  return "<iq type='error'><error type='" + std::string(type) + "'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

constexpr auto list = "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>";
constexpr auto empty =
    "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'>"
    "<ABSENT><item/></ABSENT></blocklist></iq>";
constexpr auto done = "<iq type='result'/>";

// romeo and juliet are contacts; romeo does not want to hear of her for a while.
struct Blocking : ::testing::Test {
  Blocking() { server.befriend(romeo, juliet); }

  void romeo_blocks(std::string_view whom) { romeo.asks(change("block", {whom}), done); }

  TestServer server{{.limits = "block_items = 3"}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

// --- the list ---

TEST_F(Blocking, TheListIsKeptAndPushedToThoseWhoAskedForIt) {
  TestClient& street = server.comes_online("romeo/street");
  romeo.asks(list, empty);
  romeo.skips();
  street.asks(change("block", {"tybalt@xmpp.test", "paris@xmpp.test"}), done);
  romeo.receives(
      "<iq type='set' id='{any}'><block xmlns='urn:xmpp:blocking'>"
      "<item jid='tybalt@xmpp.test'/><item jid='paris@xmpp.test'/></block></iq>");
  street.receives_nothing();
  server.is_killed();
  TestClient& again = server.signs_in("romeo/orchard");
  again.asks(list,
             "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'>"
             "<item jid='tybalt@xmpp.test'/><item jid='paris@xmpp.test'/></blocklist></iq>");
  again.asks(change("unblock", {"tybalt@xmpp.test"}), done);
  again.asks(list,
             "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'>"
             "<item jid='paris@xmpp.test'/><ABSENT><item jid='tybalt@xmpp.test'/></ABSENT>"
             "</blocklist></iq>");
  again.asks(change("unblock", {}), done);
  again.asks(list, empty);
}

TEST_F(Blocking, TheListHoldsAsManyAsTheLimitSays) {
  romeo.asks(change("block", {"a@x.test", "b@x.test", "c@x.test"}), done);
  romeo.asks(change("block", {"a@x.test"}), done);  // is no new one
  romeo.asks(change("block", {"d@x.test"}), error("wait", "resource-constraint"));
  romeo.asks(change("unblock", {"a@x.test"}), done);
  romeo.asks(change("block", {"d@x.test", "e@x.test"}), error("wait", "resource-constraint"));
  romeo.asks(change("block", {"d@x.test"}), done);
}

TEST_F(Blocking, WhatIsNoListIsRefused) {
  romeo.asks(change("block", {}), error("modify", "bad-request"));
  romeo.asks(change("block", {"@"}), "<iq type='error'><error type='modify'/></iq>");
  romeo.asks(change("block", {""}), "<iq type='error'><error type='modify'/></iq>");
  juliet.asks(
      "<iq type='get' id='1' to='romeo@xmpp.test'>"
      "<blocklist xmlns='urn:xmpp:blocking'/></iq>",
      error("cancel", "service-unavailable"));
}

// --- presence while both are there ---

TEST_F(Blocking, WhoIsBlockedSeesTheUserGoAndComeBack) {
  romeo_blocks("juliet@xmpp.test");
  juliet.receives("<presence from='romeo@xmpp.test/orchard' type='unavailable'/>");
  romeo.sends("<presence><show>away</show></presence>");
  juliet.sends("<presence><show>dnd</show></presence>");
  juliet.skips();
  EXPECT_FALSE(romeo.takes("<presence from='juliet@xmpp.test/balcony'/>"));
  romeo.asks(change("unblock", {"juliet@xmpp.test"}), done);
  juliet.receives("<presence from='romeo@xmpp.test/orchard'><show>away</show></presence>");
  juliet.receives_nothing();
}

TEST_F(Blocking, BlockingTwiceTellsOnce) {
  romeo_blocks("juliet@xmpp.test");
  romeo_blocks("xmpp.test");
  juliet.receives("<presence type='unavailable'/>");
  juliet.receives_nothing();
  romeo.asks(change("unblock", {"juliet@xmpp.test"}), done);
  juliet.receives_nothing();  // the domain is still blocked
  romeo.asks(change("unblock", {}), done);
  juliet.receives("<presence from='romeo@xmpp.test/orchard'/>");
}

TEST_F(Blocking, ProbesAndNewSessionsSeeNothing) {
  romeo_blocks("juliet@xmpp.test");
  juliet.skips();
  juliet.sends("<presence type='probe' to='romeo@xmpp.test'/>");
  juliet.receives_nothing();
  TestClient& garden = server.signs_in("juliet/garden");
  garden.sends("<presence/>");
  EXPECT_FALSE(garden.takes("<presence from='romeo@xmpp.test/orchard'/>"));
  TestClient& street = server.signs_in("romeo/street");
  street.sends("<presence/>");
  EXPECT_FALSE(street.takes("<presence from='juliet@xmpp.test/balcony'/>"));
  EXPECT_FALSE(garden.takes("<presence from='romeo@xmpp.test/street'/>"));
}

// --- traffic (section 3.3) ---

TEST_F(Blocking, MessagesComeBackAsIfNobodyWasThere) {
  romeo_blocks("juliet@xmpp.test");
  juliet.skips();
  constexpr auto refused =
      "<message type='error'><error type='cancel'><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>x</body></message>");
  juliet.receives(refused);
  juliet.sends("<message to='romeo@xmpp.test/orchard' type='chat'><body>x</body></message>");
  juliet.receives(refused);
  juliet.sends("<message to='romeo@xmpp.test' type='headline'><body>x</body></message>");
  juliet.receives(refused);
  juliet.sends("<message to='romeo@xmpp.test/orchard' type='groupchat'><body>x</body></message>");
  juliet.receives_nothing();  // an error would end a stay in a room
  juliet.sends("<message to='romeo@xmpp.test' type='error'><error type='cancel'/></message>");
  juliet.receives_nothing();
  romeo.receives_nothing();
}

TEST_F(Blocking, NothingIsKeptOfIt) {
  romeo_blocks("juliet@xmpp.test");
  romeo.signs_off();
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>x</body></message>");
  TestClient& again = server.signs_in("romeo/orchard");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes("<message/>"));
}

TEST_F(Blocking, RequestsAreRefusedAndAnswersVanish) {
  romeo_blocks("juliet@xmpp.test");
  juliet.skips();
  juliet.asks(
      "<iq type='get' id='1' to='romeo@xmpp.test/orchard'><ping xmlns='urn:xmpp:ping'/>"
      "</iq>",
      error("cancel", "service-unavailable"));
  juliet.asks("<iq type='get' id='2' to='romeo@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
              error("cancel", "service-unavailable"));
  juliet.sends("<iq type='result' id='3' to='romeo@xmpp.test/orchard'/>");
  juliet.receives_nothing();
  romeo.receives_nothing();
}

TEST_F(Blocking, SubscriptionsOfTheBlockedAreNotHeard) {
  TestClient& tybalt = server.comes_online("tybalt/street");
  romeo_blocks("tybalt@xmpp.test");
  tybalt.sends("<presence type='subscribe' to='romeo@xmpp.test'/>");
  romeo.receives_nothing();
  romeo.asks(change("unblock", {}), done);
  romeo.signs_off();
  TestClient& again = server.signs_in("romeo/orchard");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes("<presence type='subscribe'/>"));
}

// Section 3.3: one's own words to somebody blocked come back with a reason of their own.
TEST_F(Blocking, WhoBlocksCannotSpeakToThem) {
  romeo_blocks("juliet@xmpp.test");
  juliet.skips();
  constexpr auto why =
      "<error type='cancel'><not-acceptable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
      "<blocked xmlns='urn:xmpp:blocking:errors'/></error>";
  romeo.sends("<message to='juliet@xmpp.test' type='chat'><body>x</body></message>");
  romeo.receives("<message type='error' from='juliet@xmpp.test'>" + std::string(why) +
                 "</message>");
  romeo.sends("<presence to='juliet@xmpp.test'/>");
  romeo.receives("<presence type='error'>" + std::string(why) + "</presence>");
  romeo.asks("<iq type='get' id='1' to='juliet@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
             "<iq type='error'>" + std::string(why) + "</iq>");
  juliet.receives_nothing();
}

// Section 5: addresses stand for all that belongs to them.
TEST_F(Blocking, AnEntryStandsForWhatBelongsToIt) {
  TestClient& garden = server.comes_online("juliet/garden");
  romeo_blocks("juliet@xmpp.test/garden");
  garden.skips();
  romeo.skips();
  garden.sends("<message to='romeo@xmpp.test' type='chat'><body>garden</body></message>");
  garden.receives("<message type='error'/>");
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>balcony</body></message>");
  romeo.receives("<message><body>balcony</body></message>");
}

// Whoever blocks his own domain still hears his own devices and his server.
TEST_F(Blocking, OneselfAndTheServerAreAlwaysHeard) {
  TestClient& street = server.comes_online("romeo/street");
  romeo_blocks("xmpp.test");
  romeo.skips();
  street.sends("<message to='romeo@xmpp.test/orchard' type='chat'><body>me</body></message>");
  romeo.receives("<message from='romeo@xmpp.test/street'><body>me</body></message>");
  romeo.asks("<iq type='get' id='1' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>", done);
  street.sends("<presence><show>away</show></presence>");
  EXPECT_TRUE(romeo.takes("<presence from='romeo@xmpp.test/street'><show>away</show></presence>"));
}

}  // namespace
}  // namespace herold::server
