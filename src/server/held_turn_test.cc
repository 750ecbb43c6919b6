// A turn whose records the disk does not take is held (HOSTILE 176): nothing of it leaves before
// they are written, whoever comes meanwhile hears that nothing is accepted, and all goes on alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "server/testing/test_server.h"
#include "store/sim_disk.h"

namespace herold::server {
namespace {

constexpr auto hello = "<message type='chat' id='m' to='romeo@xmpp.test'><body>hi</body></message>";
constexpr auto heard = "<message from='juliet@xmpp.test/balcony'><body>hi</body></message>";
constexpr auto no_room =
    "<message type='error' id='m'><error type='wait'><resource-constraint "
    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

class HeldTurn : public ::testing::TestWithParam<unsigned> {
 protected:
  HeldTurn() { server.passes(Seconds(2)); }
  void disk_takes_writes(bool on) {
    server.disk().refuse_writes(!on);
    if (on) server.passes(Seconds(2));  // until it is tried again
  }

  TestServer server{{.shards = GetParam()}};
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
};

TEST_P(HeldTurn, LeavesOnceItIsWritten) {
  disk_takes_writes(false);
  juliet.sends(hello);
  server.passes(Seconds(10));
  EXPECT_TRUE(server.log().has("journal-not-written"));
  romeo.receives_nothing();
  juliet.receives_nothing();
  disk_takes_writes(true);
  romeo.receives(heard);
  romeo.receives_nothing();
  juliet.receives_nothing();
}

TEST_P(HeldTurn, IsToldOfOnceHoweverLongItLasts) {
  disk_takes_writes(false);
  juliet.sends(hello);
  server.passes(Seconds(60));
  const auto told = std::ranges::count_if(server.log().lines, [](const std::string& line) {
    return line.starts_with("journal-not-written");
  });
  EXPECT_EQ(told, 1);
  disk_takes_writes(true);
}

// Neither does the client hear that it was handled, nor is more of it read.
TEST_P(HeldTurn, IsNotAcknowledged) {
  disk_takes_writes(false);
  juliet.sends(std::string(hello) + "<r xmlns='urn:xmpp:sm:3'/>");
  juliet.sends("<iq type='get' id='p' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>");
  juliet.receives_nothing();
  disk_takes_writes(true);
  juliet.receives("<iq type='result' id='p'/>");
  romeo.receives(heard);
}

TEST_P(HeldTurn, WhoComesMeanwhileHearsThatNothingIsAccepted) {
  TestClient& nurse = server.comes_online("nurse/room");
  TestClient& again = server.comes_online("juliet/street");
  server.passes(Seconds(2));
  disk_takes_writes(false);
  juliet.sends(hello);
  again.sends(hello);  // the same shard
  again.receives(no_room);
  nurse.asks("<iq type='get' id='p' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>",
             "<iq type='result'/>");
  disk_takes_writes(true);
  romeo.receives(heard);
  romeo.receives_nothing();  // what was refused was not accepted
  again.sends(hello);
  romeo.receives("<message from='juliet@xmpp.test/street'><body>hi</body></message>");
}

INSTANTIATE_TEST_SUITE_P(Shards, HeldTurn, ::testing::Values(1u, 2u, 7u));

}  // namespace
}  // namespace herold::server
