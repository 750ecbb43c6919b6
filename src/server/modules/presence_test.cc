// RFC 6121 section 4: who learns of whose presence, and of its end.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string from(std::string_view jid, std::string_view more = "") {
  return "<presence from='" + std::string(jid) + "' " + std::string(more) + "/>";
}
constexpr auto gone = "type='unavailable'";

// romeo and juliet see each other; tybalt sees nobody.
struct Presence : ::testing::Test {
  Presence() { server.befriend(orchard, juliet); }

  TestServer server{{.limits = "directed_presence = 10"}};
  TestClient& orchard = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& tybalt = server.comes_online("tybalt/street");
};

TEST_F(Presence, InitialPresenceBringsEverybodysAndGoesToEverybody) {
  TestClient& street = server.signs_in("romeo/street");
  street.receives_nothing();
  street.sends("<presence><show>dnd</show></presence>");
  street.receives_all({from("romeo@xmpp.test/street"), from("romeo@xmpp.test/orchard"),
                       from("juliet@xmpp.test/balcony")});
  street.receives_nothing();
  juliet.receives("<presence from='romeo@xmpp.test/street'><show>dnd</show></presence>");
  orchard.receives(from("romeo@xmpp.test/street"));
  tybalt.receives_nothing();
}

TEST_F(Presence, LaterPresenceIsToldAndAsksForNothing) {
  orchard.sends("<presence><show>away</show></presence>");
  juliet.receives("<presence from='romeo@xmpp.test/orchard'><show>away</show></presence>");
  orchard.receives(from("romeo@xmpp.test/orchard"));
  orchard.receives_nothing();
  tybalt.receives_nothing();
}

TEST_F(Presence, ItsEndIsToldHoweverItComes) {
  TestClient& street = server.comes_online("romeo/street");
  juliet.skips();
  orchard.sends("<presence type='unavailable'><status>bye</status></presence>");
  juliet.receives(
      "<presence from='romeo@xmpp.test/orchard' type='unavailable'>"
      "<status>bye</status></presence>");
  orchard.signs_off();
  juliet.receives_nothing();  // once is enough
  street.loses_connection();
  juliet.receives(from("romeo@xmpp.test/street", gone));
  juliet.sends("<presence type='unavailable'/>");
  juliet.receives(from("juliet@xmpp.test/balcony", gone));  // section 4.5.2: she as well
  server.comes_online("romeo/house");
  juliet.receives_nothing();
}

TEST_F(Presence, AReplacedSessionEndsFirst) {
  TestClient& again = server.signs_in("romeo/orchard");
  orchard.is_disconnected("conflict");
  juliet.receives(from("romeo@xmpp.test/orchard", gone));
  again.sends("<presence/>");
  juliet.receives(from("romeo@xmpp.test/orchard"));
}

// --- probes (section 4.3) ---

TEST_F(Presence, AProbeIsAnsweredForThoseWhoMaySee) {
  juliet.sends("<presence type='probe' to='romeo@xmpp.test'/>");
  juliet.receives(from("romeo@xmpp.test/orchard"));
  tybalt.sends("<presence type='probe' to='romeo@xmpp.test'/>");
  tybalt.receives_nothing();
  orchard.receives_nothing();
}

// Section 4.3.2: no answer tells an account that is there from one that is not.
TEST_F(Presence, AProbeTellsStrangersNothing) {
  orchard.signs_off();
  juliet.skips();
  tybalt.sends("<presence type='probe' to='romeo@xmpp.test'/>");
  tybalt.sends("<presence type='probe' to='nobody@xmpp.test'/>");
  tybalt.receives_nothing();
  tybalt.sends("<presence type='probe'/>");
  tybalt.receives(
      "<presence type='error'><error type='modify'><bad-request "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
}

// --- directed presence (section 4.6) ---

TEST_F(Presence, WhoGotItDirectlyLearnsItsEnd) {
  orchard.sends("<presence to='tybalt@xmpp.test'><show>chat</show></presence>");
  tybalt.receives("<presence from='romeo@xmpp.test/orchard'><show>chat</show></presence>");
  orchard.sends("<presence><show>away</show></presence>");
  tybalt.receives_nothing();  // broadcasts are for subscribers
  orchard.loses_connection();
  tybalt.receives(from("romeo@xmpp.test/orchard", gone));
  tybalt.receives_nothing();
}

TEST_F(Presence, WhoseWasTakenBackLearnsNothingMore) {
  orchard.sends(
      "<presence to='tybalt@xmpp.test'/><presence type='unavailable' "
      "to='tybalt@xmpp.test'/>");
  tybalt.receives(from("romeo@xmpp.test/orchard"));
  tybalt.receives(from("romeo@xmpp.test/orchard", gone));
  orchard.signs_off();
  tybalt.receives_nothing();
}

TEST_F(Presence, ASubscriberLearnsTheEndOnce) {
  orchard.sends("<presence to='juliet@xmpp.test/balcony'/>");
  juliet.receives(from("romeo@xmpp.test/orchard"));
  orchard.signs_off();
  juliet.receives(from("romeo@xmpp.test/orchard", gone));
  juliet.receives_nothing();
}

TEST_F(Presence, IsDirectedToAsManyAsTheLimitSays) {
  for (int i = 0; i < 10; ++i)
    orchard.sends("<presence to='tybalt@xmpp.test/" + std::to_string(i) + "'/>");
  orchard.sends("<presence to='tybalt@xmpp.test/0'/>");  // is no new one
  orchard.receives_nothing();
  orchard.sends("<presence to='paris@xmpp.test'/>");
  orchard.receives(
      "<presence type='error' from='paris@xmpp.test'><error type='wait'>"
      "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
      "</presence>");
}

TEST_F(Presence, WhatWasDirectedIsKnownAfterARestart) {
  TestClient& street = server.comes_online("romeo/street", {.managed = true});
  street.sends("<presence to='nurse@xmpp.test'/>");
  server.is_killed();
  TestClient& nurse = server.comes_online("nurse/house");
  street.resumes();
  street.signs_off();
  nurse.receives(from("romeo@xmpp.test/street", gone));
}

// --- priorities (section 4.7.2.3) ---

TEST_F(Presence, PrioritiesAreNumbersOfOneByte) {
  for (const char* priority : {"-128", "0", "127"}) {
    orchard.sends("<presence><priority>" + std::string(priority) + "</priority></presence>");
    juliet.receives(from("romeo@xmpp.test/orchard"));
  }
  orchard.skips();
  for (const char* priority : {"-129", "128", "high", "1.5", "0x1"}) {
    orchard.sends("<presence><priority>" + std::string(priority) + "</priority></presence>");
    orchard.receives(
        "<presence type='error'><error type='modify'><bad-request "
        "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
    juliet.receives_nothing();
  }
}

// --- sessions that come back ---

TEST_F(Presence, AResumedSessionWasNeverGone) {
  TestClient& street = server.comes_online("romeo/street", {.managed = true});
  juliet.skips();
  street.loses_connection();
  server.passes(Seconds(60));
  street.resumes();
  juliet.receives_nothing();
}

TEST_F(Presence, OneThatIsNotResumedEndsInTime) {
  TestServer brief({.limits = "sm_resume_time = 60"});
  TestClient& romeo = brief.comes_online("romeo/orchard", {.managed = true});
  TestClient& beloved = brief.comes_online("juliet/balcony");
  brief.befriend(romeo, beloved);
  romeo.loses_connection();
  brief.passes(Seconds(58));
  beloved.receives_nothing();
  brief.passes(Seconds(3));
  beloved.receives(from("romeo@xmpp.test/orchard", gone));
  romeo.cannot_resume();
}

// DECISIONS.md 5: what others knew died with the server.
TEST_F(Presence, AfterARestartItIsToldAndAskedForAnew) {
  TestClient& street = server.comes_online("romeo/street", {.managed = true});
  street.sends("<presence><show>xa</show></presence>");
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  street.skips();
  street.resumes();
  EXPECT_TRUE(street.takes(from("juliet@xmpp.test/balcony")));
  again.receives("<presence from='romeo@xmpp.test/street'><show>xa</show></presence>");
}

}  // namespace
}  // namespace herold::server
