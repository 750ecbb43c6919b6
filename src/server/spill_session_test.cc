// A session whose client is away for long: what memory may not hold waits on disk (DECISIONS 20).
#include <gtest/gtest.h>

#include "server/testing/test_server.h"
#include "store/sim_disk.h"

namespace herold::server {
namespace {

constexpr auto quick = "client_bandwidth = 100000000\nclient_bandwidth_burst = 100000000\n";
constexpr auto volatile_message = "<no-store xmlns='urn:xmpp:hints'/><x xmlns='urn:example:x'/>";

class SpillSession : public ::testing::Test {
 protected:
  // Numbered messages of half a kilobyte, `extra` in each.
  static void send_many(TestClient& from, int first, int count, const std::string& extra = "",
                        const std::string& to = "romeo@xmpp.test/orchard") {
    constexpr int at_once = 500;
    for (int done = 0; done < count; done += at_once) {
      std::string xml;
      for (int i = done; i < std::min(count, done + at_once); ++i)
        xml += "<message type='chat' to='" + to + "'><body>" + std::to_string(first + i) +
               "</body><pad xmlns='urn:example:pad'>" + std::string(400, '.') + "</pad>" + extra +
               "</message>";
      from.sends(xml);
    }
  }
  static std::string numbered(int number) {
    return "<message><body>" + std::to_string(number) + "</body></message>";
  }
  static void receives_many(TestClient& client, int first, int count) {
    for (int i = 0; i < count; ++i) client.receives(numbered(first + i));
  }
};

// Fifty rooms of two hundred bring this much before the first acknowledgement.
TEST_F(SpillSession, TenThousandVolatileStanzasWaitForWhoComesBack) {
  TestServer server({.limits = quick});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.loses_connection();
  send_many(juliet, 0, 10000, volatile_message);
  EXPECT_GT(server.disk().used(), 0u);
  romeo.resumes();
  server.passes(Seconds(30));
  receives_many(romeo, 0, 10000);
  romeo.receives_nothing();
  EXPECT_FALSE(server.log().has("session-not-resumable"));
}

TEST_F(SpillSession, WhatWasWrittenAndNotAcknowledgedIsSentAgain) {
  TestServer server({.limits = std::string(quick) + "sm_queue_bytes = 65536"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo =
      server.comes_online("romeo/orchard", {.managed = true, .acknowledges = false});
  romeo.stops_reading();
  send_many(juliet, 0, 1000);
  romeo.loses_connection();
  send_many(juliet, 1000, 10);
  romeo.resumes();
  server.passes(Seconds(10));
  receives_many(romeo, 0, 1010);
  romeo.receives_nothing();
  EXPECT_FALSE(server.log().has("session-not-resumable"));
}

// The journal has what is durable; the file goes with the process.
TEST_F(SpillSession, ARestartTakesItFromTheJournal) {
  TestServer server({.limits = std::string(quick) + "sm_queue_bytes = 65536"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.loses_connection();
  send_many(juliet, 0, 500);
  send_many(juliet, 500, 100, volatile_message);
  server.is_killed();
  TestClient& nurse = server.comes_online("nurse/room");
  send_many(nurse, 600, 500);  // more than memory may hold, again
  romeo.resumes();
  server.passes(Seconds(10));
  receives_many(romeo, 0, 500);
  receives_many(romeo, 600, 500);
  romeo.receives("<presence from='romeo@xmpp.test/orchard'/>");  // as after every restart
  romeo.receives_nothing();
  EXPECT_FALSE(server.log().has("session-not-resumable"));
}

TEST_F(SpillSession, OverItsBoundOnDiskItEndsAndIsHandedOver) {
  TestServer server(
      {.limits = std::string(quick) + "sm_queue_bytes = 65536\nsm_disk_bytes = 1048576"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.loses_connection();
  send_many(juliet, 0, 1500);
  EXPECT_FALSE(server.log().has("session-not-resumable"));
  send_many(juliet, 1500, 900);
  EXPECT_TRUE(server.log().has("session-not-resumable"));
  romeo.cannot_resume();
}

// One account with many sessions does not fill the disk either.
TEST_F(SpillSession, SoAreAllSessionsOfAnAccountTogether) {
  TestServer server(
      {.limits = std::string(quick) + "sm_queue_bytes = 65536\nsm_disk_bytes = 1048576"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  std::vector<TestClient*> romeos;
  for (int i = 0; i < 5; ++i)
    romeos.push_back(&server.comes_online("romeo/r" + std::to_string(i), {.managed = true}));
  for (TestClient* romeo : romeos) romeo->skips(), romeo->loses_connection();
  for (int i = 0; i < 4; ++i)
    send_many(juliet, 0, 1500, volatile_message, romeos[static_cast<std::size_t>(i)]->address());
  EXPECT_FALSE(server.log().has("session-not-resumable"));
  TestClient& fifth = *romeos.back();
  send_many(juliet, 0, 50, volatile_message, fifth.address());  // which memory may hold
  EXPECT_FALSE(server.log().has("session-not-resumable"));
  send_many(juliet, 50, 200, volatile_message, fifth.address());
  EXPECT_TRUE(server.log().has("session-not-resumable jid=romeo@xmpp.test/r4"));
  fifth.cannot_resume();
  romeos.front()->resumes();
  server.passes(Seconds(30));
  receives_many(*romeos.front(), 0, 1500);
  // Which makes room for another one.
  TestClient& sixth = server.comes_online("romeo/r5", {.managed = true});
  sixth.loses_connection();
  send_many(juliet, 0, 200, volatile_message, sixth.address());
  sixth.resumes();
  server.passes(Seconds(30));
  receives_many(sixth, 0, 200);
}

// HOSTILE 176: it costs the session its resumption, and nobody anything else.
TEST_F(SpillSession, AFullDiskEndsResumptionAndLosesNothing) {
  TestServer server({.limits = std::string(quick) + "sm_queue_bytes = 65536"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.loses_connection();
  send_many(juliet, 0, 50);
  server.disk().set_capacity(server.disk().used());
  send_many(juliet, 50, 200);
  EXPECT_TRUE(server.log().has("session-not-resumable"));
  server.disk().set_capacity(~Bytes{0});
  romeo.cannot_resume();
  TestClient& again = server.signs_in("romeo/orchard");
  again.sends("<presence/>");
  server.passes(Seconds(10));
  EXPECT_TRUE(again.takes("<presence/>"));
  receives_many(again, 0, 250);
}

// Who asked gets an answer even where the question lies on disk.
TEST_F(SpillSession, RequestsOnDiskAreRefusedWhenTheSessionEnds) {
  TestServer server({.limits = std::string(quick) + "sm_queue_bytes = 65536\nsm_resume_time = 30"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.loses_connection();
  juliet.sends("<iq type='get' id='early' to='romeo@xmpp.test/orchard'><q xmlns='urn:x'/></iq>");
  send_many(juliet, 0, 300, volatile_message);
  EXPECT_GT(server.disk().used(), 0u);
  server.passes(Seconds(40));
  juliet.receives(
      "<iq type='error' id='early'><error><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
