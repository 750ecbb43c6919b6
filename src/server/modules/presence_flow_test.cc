// HOSTILE 93: presence of those who send too much, and to those who do not read it.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string presences(int from, int to) {
  std::string xml;
  for (int i = from; i <= to; ++i)
    xml += "<presence><status>" + std::to_string(i) + "</status></presence>";
  return xml;
}

std::string presence(int number) {
  return "<presence from='romeo@xmpp.test/orchard'><status>" + std::to_string(number) +
         "</status></presence>";
}

struct PresenceFlow : ::testing::Test {
  TestServer server{{.limits = "presence_burst = 4\npresence_rate = 1"}};
};

TEST_F(PresenceFlow, IsCoalescedOverTheBurst) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& garden = server.comes_online("romeo/garden");
  server.passes(Seconds(60));
  romeo.sends(presences(1, 9));
  for (int i = 1; i <= 4; ++i) garden.receives(presence(i));
  garden.receives_nothing();
  server.passes(Seconds(2));
  garden.receives(presence(9));
  garden.receives_nothing();
  server.passes(Seconds(10));
  romeo.sends(presences(10, 10));  // a quiet client's goes out at once
  garden.receives(presence(10));
  EXPECT_TRUE(romeo.is_connected());
}

TEST_F(PresenceFlow, EndsTheStreamAtFourTimesTheBurst) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.passes(Seconds(60));
  romeo.sends(presences(1, 16));
  EXPECT_TRUE(romeo.is_connected());
  romeo.sends(presences(17, 18));
  romeo.is_disconnected("policy-violation");
}

TEST_F(PresenceFlow, RefusesAlsoLaterWhatIsWrong) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.passes(Seconds(60));
  romeo.sends(presences(1, 4) + "<presence id='p'><priority>200</priority></presence>");
  romeo.skips();
  server.passes(Seconds(2));
  romeo.receives(
      "<presence type='error' id='p'><error>"
      "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
}

TEST_F(PresenceFlow, OfASessionThatEndedGoesNowhere) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& garden = server.comes_online("romeo/garden");
  server.passes(Seconds(60));
  romeo.sends(presences(1, 6));
  romeo.signs_off();
  garden.skips();
  server.passes(Seconds(10));
  garden.receives_nothing();
}

// One client is away and comes back: of each sender it gets the newest, and messages in order.
TEST(PresenceOfOthers, WaitsForAClientThatIsAwayAsTheNewestOnly) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& garden = server.comes_online("romeo/garden", {.managed = true});
  server.passes(Seconds(10));
  garden.skips();
  garden.loses_connection();
  romeo.sends(presences(1, 20));
  street.sends("<presence><show>away</show></presence><presence><show>dnd</show></presence>");
  romeo.sends("<message type='chat' to='romeo@xmpp.test/garden'><body>between</body></message>" +
              presences(21, 30));
  garden.resumes();
  garden.receives(presence(20));
  garden.receives("<message from='romeo@xmpp.test/orchard'><body>between</body></message>");
  garden.receives_all(
      {presence(30), "<presence from='romeo@xmpp.test/street'><show>dnd</show></presence>"});
  garden.receives_nothing();
}

// More than the network takes, less than what ends the session.
TEST(PresenceOfOthers, WaitsForAClientThatDoesNotRead) {
  TestServer server({.limits = "client_bandwidth_burst = '16MiB'"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& garden = server.comes_online("romeo/garden");
  server.passes(Seconds(10));
  garden.stops_reading();
  const std::string much(100000, 'x');
  for (int i = 0; i < 13; ++i)
    romeo.sends("<message type='chat' to='romeo@xmpp.test/garden'><body>" + much +
                "</body></message>");
  romeo.sends(presences(1, 50));
  garden.reads_again();
  for (int i = 0; i < 13; ++i) garden.receives("<message from='romeo@xmpp.test/orchard'/>");
  garden.receives(presence(50));
  garden.receives_nothing();
  romeo.sends(presences(51, 52));  // it reads again
  garden.receives(presence(51));
  garden.receives(presence(52));
}

TEST(PresenceOfOthers, IsHeldOfABoundedNumberOfSenders) {
  TestServer server({.limits = "held_presences = 1"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& garden = server.comes_online("romeo/garden", {.managed = true});
  server.passes(Seconds(10));
  garden.skips();
  garden.loses_connection();
  romeo.sends(presences(1, 5));
  street.sends("<presence><show>away</show></presence><presence><show>dnd</show></presence>");
  garden.resumes();
  garden.receives_all({"<presence from='romeo@xmpp.test/street'><show>away</show></presence>",
                       "<presence from='romeo@xmpp.test/street'><show>dnd</show></presence>",
                       presence(5)});
  garden.receives_nothing();
}

}  // namespace
}  // namespace herold::server
