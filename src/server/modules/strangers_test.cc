// HOSTILE 83: how many people that do not know the sender may be written to.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

struct Strangers : ::testing::Test {
  void writes(TestClient& client, std::string_view to) {
    client.sends("<message type='chat' id='m' to='" + std::string(to) +
                 "@xmpp.test'><body>hi</body></message>");
  }
  bool refused(TestClient& client) {
    return client.takes(
        "<message type='error'><error type='wait'>"
        "<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<too-many-stanzas xmlns='urn:xmpp:errors'/></error></message>");
  }

  TestServer server{{.limits = "strangers = 2\nstranger_window = '10m'"}};
};

TEST_F(Strangers, AreCountedOnceEach) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* to : {"tybalt", "paris", "tybalt", "paris"}) {
    writes(romeo, to);
    EXPECT_FALSE(refused(romeo)) << to;
  }
  writes(romeo, "nurse");
  EXPECT_TRUE(refused(romeo));
  writes(romeo, "paris");
  EXPECT_FALSE(refused(romeo));
}

TEST_F(Strangers, AreCountedOverSessions) {
  for (const char* to : {"tybalt", "paris"}) {
    TestClient& romeo = server.comes_online("romeo/orchard");
    writes(romeo, to);
    EXPECT_FALSE(refused(romeo));
    romeo.signs_off();
    server.passes(Seconds(150));  // the account is no more in memory
  }
  TestClient& romeo = server.comes_online("romeo/orchard");
  writes(romeo, "nurse");
  EXPECT_TRUE(refused(romeo));
  server.passes(Seconds(600));
  writes(romeo, "nurse");
  EXPECT_FALSE(refused(romeo));
}

TEST_F(Strangers, AreAskedToSubscribeLikeWrittenTo) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* to : {"tybalt", "paris"})
    romeo.sends("<presence type='subscribe' to='" + std::string(to) + "@xmpp.test'/>");
  romeo.skips();
  romeo.sends("<presence type='subscribe' id='s' to='nurse@xmpp.test'/>");
  romeo.receives(
      "<presence type='error' id='s'><error type='wait'>"
      "<too-many-stanzas xmlns='urn:xmpp:errors'/></error></presence>");
}

// What a room says comes from nobody who could be answered.
TEST_F(Strangers, WhoWroteIsNotForgottenForRooms) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& nurse = server.comes_online("nurse/kitchen");
  for (const char* to : {"tybalt", "paris"}) writes(romeo, to);
  writes(nurse, "romeo");
  for (const char* room : {"cave", "heath"})
    romeo.sends(
        "<presence to='" + std::string(room) +
        "@conference.xmpp.test/romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  romeo.skips();
  writes(romeo, "nurse");
  EXPECT_FALSE(refused(romeo));
}

// A roster may hold anybody.
TEST_F(Strangers, AreNotContactsByAnEntryInTheRoster) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* to : {"tybalt", "paris", "nurse"}) {
    romeo.asks("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='" +
                   std::string(to) + "@xmpp.test'/></query></iq>",
               "<iq type='result'/>");
    writes(romeo, to);
  }
  EXPECT_TRUE(refused(romeo));
}

TEST_F(Strangers, AreNeitherContactsNorWhoWroteFirst) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& nurse = server.comes_online("nurse/chamber");
  server.befriend(juliet, romeo);
  server.passes(Seconds(700));
  for (const char* to : {"tybalt", "paris"}) writes(romeo, to);
  writes(romeo, "juliet");
  EXPECT_FALSE(refused(romeo));
  writes(nurse, "romeo");
  writes(romeo, "nurse");
  EXPECT_FALSE(refused(romeo));
  writes(romeo, "rosaline");
  EXPECT_TRUE(refused(romeo));
}

TEST_F(Strangers, MayBeWrittenToByAnAdministrator) {
  TestClient& admin = server.comes_online("admin/desk");
  for (const char* to : {"tybalt", "paris", "nurse", "rosaline"}) {
    writes(admin, to);
    EXPECT_FALSE(refused(admin)) << to;
  }
}

TEST_F(Strangers, WhoWritesToTooManyIsToldToTheAdministratorsOnce) {
  TestClient& admin = server.comes_online("admin/desk");
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* to : {"tybalt", "paris", "nurse", "rosaline", "benvolio"}) writes(romeo, to);
  admin.receives(
      "<message from='xmpp.test'><body>romeo@xmpp.test wrote to 2 people who do not know this "
      "account and has to wait</body></message>");
  admin.receives_nothing();
  server.passes(Seconds(590));
  admin.receives_nothing();
}

}  // namespace
}  // namespace herold::server
