// XEP-0202: the time is that of the clock, in UTC.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto question = "<iq type='get' id='t' to='xmpp.test'><time xmlns='urn:xmpp:time'/></iq>";

TEST(Time, IsThatOfTheClock) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(question,
             "<iq type='result' from='xmpp.test'><time xmlns='urn:xmpp:time'><tzo>+00:00</tzo>"
             "</time></iq>");
  const auto utc = [&] { return romeo.last().first_child().child("utc", "urn:xmpp:time").text(); };
  EXPECT_EQ(utc().substr(0, 17), "2026-11-18T11:06:");
  EXPECT_EQ(utc().back(), 'Z');
  server.passes(Seconds(3600));
  romeo.asks(question, "<iq type='result'/>");
  EXPECT_EQ(utc().substr(0, 17), "2026-11-18T12:06:");
  // An operator sets the clock back; nobody's uptime.
  server.clock_is_set(-Seconds(24 * 3600));
  romeo.asks(question, "<iq type='result'/>");
  EXPECT_EQ(utc().substr(0, 17), "2026-11-17T12:06:");
}

TEST(Time, IsOnlyAskedForAndOnlyOfTheServer) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  constexpr auto refused =
      "<iq type='error'><error type='cancel'>"
      "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  romeo.asks("<iq type='set' id='1' to='xmpp.test'><time xmlns='urn:xmpp:time'/></iq>", refused);
  romeo.asks("<iq type='get' id='2'><time xmlns='urn:xmpp:time'/></iq>", refused);
  romeo.asks("<iq type='get' id='3' to='juliet@xmpp.test'><time xmlns='urn:xmpp:time'/></iq>",
             refused);
}

}  // namespace
}  // namespace herold::server
