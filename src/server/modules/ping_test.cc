// XEP-0199: whom the server pings, when, and what silence costs; in virtual time.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto pinged =
    "<iq type='get' from='xmpp.test' id='{any}'><ping xmlns='urn:xmpp:ping'/></iq>";
constexpr auto settings = "[module.ping]\nidle = '160s'\nidle_inactive = '480s'\npatience = '30s'";

// Ticks are a sixteenth of the idle time: 10 seconds.
struct Ping : ::testing::Test {
  TestServer server{{.limits = "sm_ack_wait = 10000", .modules = settings}};
  TestClient& romeo = server.comes_online("romeo/orchard", {.answers_pings = false});
};

TEST_F(Ping, TheServerAnswers) {
  romeo.asks("<iq type='get' id='1' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>",
             "<iq type='result' from='xmpp.test'/>");
  romeo.asks("<iq type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='result'/>");
  romeo.asks("<iq type='set' id='3' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>",
             "<iq type='error'><error><service-unavailable "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(Ping, WhoIsSilentIsPingedOnceAndThenLeft) {
  server.passes(Seconds(155));
  romeo.receives_nothing();
  server.passes(Seconds(20));
  romeo.receives(pinged);
  server.passes(Seconds(8));
  EXPECT_TRUE(romeo.is_connected());
  server.passes(Seconds(25));
  romeo.is_disconnected("connection-timeout");
  romeo.receives_nothing();
}

TEST_F(Ping, AnAnswerKeepsTheConnectionAndTheNextSilenceCountsAnew) {
  for (int round = 0; round < 3; ++round) {
    server.passes(Seconds(175));
    romeo.receives(pinged);
    romeo.sends("<iq type='result' to='xmpp.test' id='" +
                std::string(romeo.last().attribute("id")) + "'/>");
    server.passes(Seconds(100));
    EXPECT_TRUE(romeo.is_connected());
    romeo.receives_nothing();
    romeo.sends(" ");  // white space is a word too
  }
}

TEST_F(Ping, AnythingIsAsGoodAsTheAnswer) {
  server.passes(Seconds(35));
  for (const char* word : {" ", "<presence/>", "<iq type='error' to='xmpp.test' id='other'/>"}) {
    server.passes(Seconds(140));
    romeo.receives(pinged);
    romeo.sends(word);
    server.passes(Seconds(40));
    EXPECT_TRUE(romeo.is_connected()) << word;
    romeo.skips();
  }
}

TEST_F(Ping, WhoSpeaksIsNotPinged) {
  for (int i = 0; i < 10; ++i) {
    server.passes(Seconds(150));
    romeo.sends(" ");
  }
  romeo.receives_nothing();
}

// A radio that sleeps is woken less often.
TEST_F(Ping, AnInactiveClientMayBeSilentForLonger) {
  romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  server.passes(Seconds(475));
  romeo.receives_nothing();
  server.passes(Seconds(20));
  romeo.receives(pinged);
}

TEST_F(Ping, WhoBecomesActiveAgainIsWatchedAsSuch) {
  romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  server.passes(Seconds(200));
  romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  server.passes(Seconds(150));
  romeo.receives_nothing();
  server.passes(Seconds(30));
  romeo.receives(pinged);
}

// XEP-0198: what is closed is the connection; the session waits.
TEST_F(Ping, AManagedSessionCanBeResumedAndIsWatchedAgain) {
  TestClient& street = server.comes_online(
      "romeo/street", {.managed = true, .acknowledges = false, .answers_pings = false});
  server.passes(Seconds(175));
  street.receives(pinged);
  server.passes(Seconds(40));
  EXPECT_FALSE(street.is_connected());
  server.passes(Seconds(200));
  street.resumes();
  street.skips();
  server.passes(Seconds(150));
  street.receives_nothing();
  server.passes(Seconds(25));
  street.receives(pinged);
}

TEST_F(Ping, ASessionFromBeforeARestartIsWatched) {
  TestClient& street =
      server.comes_online("romeo/street", {.managed = true, .answers_pings = false});
  server.is_killed();
  street.resumes();
  street.skips();
  server.passes(Seconds(175));
  street.receives(pinged);
}

TEST_F(Ping, NewSettingsHoldForThoseWhoAreThere) {
  server.takes_settings({.modules = "[module.ping]\nidle = '32s'\npatience = '5s'"});
  server.passes(Seconds(36));
  romeo.receives(pinged);
  server.passes(Seconds(6));
  romeo.is_disconnected("connection-timeout");
}

// However long the patience is.
TEST(PingPatience, OneSilenceIsAskedAboutOnce) {
  TestServer server({.modules = "[module.ping]\nidle = '32s'\npatience = '10m'"});
  TestClient& romeo = server.comes_online("romeo/orchard", {.answers_pings = false});
  server.passes(Seconds(300));
  romeo.receives(pinged);
  romeo.receives_nothing();
  romeo.sends(" ");
  server.passes(Seconds(100));
  romeo.receives(pinged);
  romeo.receives_nothing();
}

TEST(PingOff, NobodyIsPinged) {
  TestServer server({.modules = "[module.ping]\nidle = '0s'"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.passes(Seconds(24 * 3600));
  romeo.receives_nothing();
  EXPECT_TRUE(romeo.is_connected());
}

// Whatever is dropped on the way: a connection that is gone without a word ends in finite time.
TEST(PingHalfOpen, ADeadConnectionEnds) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.answers_pings = false});
  server.befriend(romeo, juliet);
  for (int minute = 0; minute < 7; ++minute) {
    server.passes(Seconds(60));
    juliet.sends(" ");
  }
  juliet.receives("<presence type='unavailable' from='romeo@xmpp.test/orchard'/>");
}

}  // namespace
}  // namespace herold::server
