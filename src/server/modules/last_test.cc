// XEP-0012: how long ago, with which words, and who may know.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto romeos =
    "<iq type='get' id='l' to='romeo@xmpp.test'><query xmlns='jabber:iq:last'/></iq>";

std::string answer(int least, int most, const TestClient& client) {
  const int seconds = std::stoi(std::string(client.last().first_child().attribute("seconds")));
  return seconds >= least && seconds <= most ? "" : std::to_string(seconds);
}

// romeo and juliet see each other; romeo has two devices.
struct Last : ::testing::Test {
  Last() { server.befriend(orchard, juliet); }

  TestServer server;
  TestClient& orchard = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Last, WhoIsAvailableIsActiveNow) {
  server.passes(Seconds(50));
  juliet.asks(romeos, "<iq type='result'><query xmlns='jabber:iq:last' seconds='0'/></iq>");
}

TEST_F(Last, TheLastDeviceToGoCounts) {
  orchard.sends("<presence type='unavailable'><status>first</status></presence>");
  server.passes(Seconds(100));
  juliet.asks(romeos, "<iq type='result'><query seconds='0' xmlns='jabber:iq:last'/></iq>");
  street.sends("<presence type='unavailable'><status>good night</status></presence>");
  server.passes(Seconds(100));
  juliet.asks(romeos, "<iq type='result'><query xmlns='jabber:iq:last'>good night</query></iq>");
  EXPECT_EQ(answer(99, 102, juliet), "");
}

TEST_F(Last, ALostConnectionHasNoLastWords) {
  orchard.sends("<presence type='unavailable'><status>first</status></presence>");
  server.passes(Seconds(100));
  street.loses_connection();
  server.passes(Seconds(30));
  juliet.asks(romeos, "<iq type='result'><query xmlns='jabber:iq:last'/></iq>");
  EXPECT_EQ(juliet.last().first_child().text(), "");
  EXPECT_EQ(answer(29, 32, juliet), "");
}

TEST_F(Last, IsKnownAfterTheServerDied) {
  orchard.signs_off();
  street.sends("<presence type='unavailable'><status>bye</status></presence>");
  server.passes(Seconds(1000));
  server.is_killed();
  TestClient& again = server.signs_in("juliet/balcony");
  again.asks(romeos, "<iq type='result'><query xmlns='jabber:iq:last'>bye</query></iq>");
  EXPECT_EQ(answer(999, 1003, again), "");
}

TEST_F(Last, WordsThatAreTooLongAreLeftOut) {
  orchard.signs_off();
  street.sends("<presence type='unavailable'><status>" + std::string(1023, 'x') +
               "</status></presence>");
  juliet.asks(romeos, "<iq type='result'><query xmlns='jabber:iq:last'>" + std::string(1023, 'x') +
                          "</query></iq>");
  TestClient& again = server.comes_online("romeo/street");
  again.sends("<presence type='unavailable'><status>" + std::string(1024, 'x') +
              "</status></presence>");
  juliet.asks(romeos, "<iq type='result'/>");
  EXPECT_EQ(juliet.last().first_child().text(), "");
}

TEST_F(Last, StrangersLearnNothing) {
  server.signs_in("tybalt/street")
      .asks(romeos,
            "<iq type='error'><error type='auth'><forbidden "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(Last, WhoWasNeverThereIsMeasuredFromTheBeginning) {
  TestClient& nurse = server.signs_in("nurse/house");
  server.passes(Seconds(500));
  nurse.asks("<iq type='get' id='l'><query xmlns='jabber:iq:last'/></iq>",
             "<iq type='result'><query xmlns='jabber:iq:last'/></iq>");
  EXPECT_EQ(answer(500, 510, nurse), "");
}

TEST(LastOfServer, IsItsUptime) {
  TestServer server;
  constexpr auto question =
      "<iq type='get' id='u' to='xmpp.test'><query xmlns='jabber:iq:last'/></iq>";
  server.passes(Seconds(3600));
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(question, "<iq type='result'><query xmlns='jabber:iq:last'/></iq>");
  EXPECT_EQ(answer(3600, 3602, romeo), "");
  server.restarts();
  TestClient& again = server.signs_in("romeo/orchard");
  again.asks(question, "<iq type='result'><query xmlns='jabber:iq:last'/></iq>");
  EXPECT_EQ(answer(0, 2, again), "");
}

}  // namespace
}  // namespace herold::server
