// Who may connect: rates by prefix are delays, numbers are refusals (DECISIONS.md 21, HOSTILE 167).
#include "server/gate.h"

#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

using Outcome = ConnectionGate::Outcome;

constexpr MonotonicTime start{Seconds(1000)};

Limits limits() {
  Limits limits;
  limits.connection_rate = 10;
  limits.connection_burst = 5;
  limits.connections_unauthenticated = 8;
  return limits;
}

TEST(AddressPrefix, IsTheWholeIpv4AndHalfTheIpv6Address) {
  EXPECT_EQ(address_prefix("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_prefix("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_prefix("2001:db8:1:2::6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_prefix("2001:db8::6"), address_prefix("2001:db8::7"));
  EXPECT_NE(address_prefix("2001:db8:1:2::1"), address_prefix("2001:db8:1:3::1"));
  EXPECT_NE(address_prefix("::1"), "::1");
}

TEST(ConnectionGate, DelaysOverTheRate) {
  ConnectionGate gate(limits(), 100);
  for (int i = 0; i < 5; ++i) {
    const auto decision = gate.enter("192.0.2.1", start);
    EXPECT_TRUE(decision.admitted);
    EXPECT_EQ(decision.wait, Duration(0)) << i;
  }
  const auto late = gate.enter("192.0.2.1", start);
  EXPECT_TRUE(late.admitted);
  EXPECT_EQ(late.wait, Milliseconds(100));
  EXPECT_EQ(gate.enter("192.0.2.1", start).wait, Milliseconds(200));
  EXPECT_EQ(gate.enter("192.0.2.2", start).wait, Duration(0));  // nobody else waits
}

TEST(ConnectionGate, GivesTheTokenBackAfterALogin) {
  ConnectionGate gate(limits(), 100);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(gate.enter("192.0.2.1", start).wait, Duration(0)) << i;
    gate.leave("192.0.2.1", Outcome::signed_in, start);
  }
  for (int i = 0; i < 5; ++i) {
    gate.enter("192.0.2.1", start);
    gate.leave("192.0.2.1", Outcome::gone, start);
  }
  EXPECT_GT(gate.enter("192.0.2.1", start).wait, Duration(0));
}

TEST(ConnectionGate, RefusesOverTheNumber) {
  ConnectionGate gate(limits(), 100);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(gate.enter("192.0.2.1", start).admitted);
  EXPECT_FALSE(gate.enter("192.0.2.1", start).admitted);
  EXPECT_TRUE(gate.enter("192.0.2.2", start).admitted);
  gate.leave("192.0.2.1", Outcome::gone, start);
  EXPECT_TRUE(gate.enter("192.0.2.1", start).admitted);
}

// A whole IPv6 network of one customer counts as one.
TEST(ConnectionGate, CountsAnIpv6NetworkOnce) {
  ConnectionGate gate(limits(), 100);
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(gate.enter("2001:db8:1:2::" + std::to_string(i + 1), start).admitted);
  EXPECT_FALSE(gate.enter("2001:db8:1:2::ffff", start).admitted);
  EXPECT_TRUE(gate.enter("2001:db8:1:3::1", start).admitted);
}

TEST(ConnectionGate, KeepsFilesForThoseWhoAreSignedIn) {
  ConnectionGate gate(limits(), 3);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(gate.enter("192.0.2." + std::to_string(i), start).admitted);
  EXPECT_FALSE(gate.enter("192.0.2.77", start).admitted);
  EXPECT_EQ(gate.unauthenticated(), 3u);
  gate.leave("192.0.2.0", Outcome::signed_in, start);
  EXPECT_TRUE(gate.enter("192.0.2.77", start).admitted);
}

TEST(ConnectionGate, ForgetsQuietPrefixesOnly) {
  ConnectionGate gate(limits(), 100);
  gate.enter("192.0.2.1", start);
  for (int i = 0; i < 5; ++i) {
    gate.enter("192.0.2.2", start);
    gate.leave("192.0.2.2", Outcome::gone, start);
  }
  gate.tidy(start + Seconds(1));
  EXPECT_GT(gate.enter("192.0.2.2", start).wait, Duration(0));  // its debt is remembered
  gate.leave("192.0.2.2", Outcome::gone, start);
  gate.tidy(start + Seconds(3600));
  gate.leave("192.0.2.1", Outcome::gone, start + Seconds(3600));
  EXPECT_EQ(gate.unauthenticated(), 0u);
  gate.leave("192.0.2.1", Outcome::gone, start + Seconds(3600));  // once too often
  EXPECT_EQ(gate.unauthenticated(), 0u);
}

TEST(ConnectionGate, TakesNewLimits) {
  ConnectionGate gate(limits(), 100);
  Limits tight = limits();
  tight.connections_unauthenticated = 1;
  gate.enter("192.0.2.1", start);
  gate.set_limits(tight);
  EXPECT_FALSE(gate.enter("192.0.2.1", start).admitted);
}

TEST(ConnectionGate, GetsThePlaceBackOfWhoeverLeavesWithoutSigningIn) {
  TestServer server({.limits = "connections_unauthenticated = 2"});
  for (int i = 0; i < 5; ++i) {
    TestClient& gone = server.opens_stream({.peer = "192.0.2.1"});
    i % 2 == 0 ? gone.loses_connection() : gone.signs_off();
    server.passes(Seconds(6));  // close_linger
  }
  server.opens_stream({.peer = "192.0.2.1"});
  server.opens_stream({.peer = "192.0.2.1"});
}

}  // namespace
}  // namespace herold::server
