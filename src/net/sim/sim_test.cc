// The simulated world keeps the contract of Loop and Transport, and a seed replays a run exactly.
#include <gtest/gtest.h>

#include "net/sim/network.h"
#include "net/sim/world.h"
#include "net/test_peer.h"
#include "net/tls.h"

namespace herold::net::sim {
namespace {

TEST(SimWorld, TimeJumpsToTheNextTimer) {
  SimWorld world(1);
  SimLoop& loop = world.add_loop();
  const MonotonicTime start = world.clock().now();
  std::string fired;
  Timer late, early, never;
  late.start(loop, Seconds(3600), [&] { fired += 'l'; });
  early.start(loop, Seconds(60), [&] { fired += 'e'; });
  never.start(loop, Seconds(30), [&] { fired += 'x'; });
  never.stop();
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(fired, "el");
  EXPECT_EQ(world.clock().now() - start, Seconds(3600));
}

TEST(SimWorld, TheWallClockStepsAndTimersDoNot) {
  SimWorld world(1);
  SimLoop& loop = world.add_loop();
  const WallTime before = world.clock().wall();
  Timer timer;
  int fired = 0;
  timer.start(loop, Seconds(10), [&] { ++fired; });
  world.step_wall_clock(-Seconds(3600));
  world.run_for(Seconds(9));
  EXPECT_EQ(fired, 0);
  world.run_for(Seconds(1));
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(world.clock().wall() - before, Seconds(10 - 3600));
}

TEST(SimWorld, ADroppedLoopForgetsWhatWaitedAndGoesOn) {
  SimWorld world(1);
  SimLoop& loop = world.add_loop();
  int ran = 0;
  Timer timer;
  timer.start(loop, Seconds(1), [&] { ++ran; });
  loop.post([&] { ++ran; });
  loop.set_turn_end([&] { ++ran; });
  loop.drop();
  EXPECT_FALSE(timer.running());
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(ran, 0);
  loop.post([&] { ++ran; });
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(ran, 1);
}

TEST(SimWorld, RunEndsWithStopOrWithNothingLeft) {
  SimWorld world(1);
  SimLoop& first = world.add_loop();
  SimLoop& second = world.add_loop();
  int turns = 0;
  first.set_turn_end([&] { ++turns; });
  std::function<void()> forever = [&] { second.post([&] { forever(); }); };
  forever();
  first.post([&] { first.stop(); });
  first.run();
  EXPECT_EQ(turns, 1);
  forever = [] {};
  second.run();
}

TEST(SimWorld, TheSeedDecidesWhoseTurnIsNext) {
  const auto order = [](std::uint64_t seed) {
    SimWorld world(seed);
    std::string turns;
    for (const char name : {'a', 'b', 'c', 'd', 'e', 'f'})
      world.add_loop().post([&turns, name] { turns += name; });
    world.settle();
    return turns;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(SimWorld, TasksMayOwnTimersOfOtherLoops) {
  SimWorld world(1);
  SimLoop& first = world.add_loop();
  SimLoop& second = world.add_loop();
  for (SimLoop* loop : {&first, &second}) {
    Timer held;
    held.start(loop == &first ? second : first, Seconds(1), [] {});
    loop->post([timer = std::move(held)] {});
  }
}  // nothing ran: everything goes with the world

struct Outcome {
  bool intact = false;
  std::size_t reads = 0;
  std::uint64_t trace = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Two ends send 200 kB to each other, over three loops, one of them moving all the time.
Outcome exchange(std::uint64_t seed) {
  SimWorld world(seed);
  SimNetwork network(world, {.window = 20000});
  SimLoop& a = world.add_loop();
  SimLoop& b = world.add_loop();
  SimLoop& c = world.add_loop();
  auto link = network.connect();
  TestPeer client(a, std::move(link.client)), server(b, std::move(link.server));
  const std::string text = numbered_bytes(200000);
  Outcome outcome;
  client.on_bytes = [&] { ++outcome.reads; };
  server.on_bytes = [&] { server.move_to(&server.loop() == &b ? c : b); };
  client.send(text);
  server.send(text);
  world.settle();
  outcome.intact = client.received == text && server.received == text;
  outcome.trace = world.trace();
  return outcome;
}

TEST(SimNetwork, CarriesEveryByteWhateverTheSeed) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) EXPECT_TRUE(exchange(seed).intact) << seed;
}

TEST(SimNetwork, ASeedReplaysARunExactly) {
  for (const std::uint64_t seed : {1, 2, 3}) EXPECT_EQ(exchange(seed), exchange(seed));
  EXPECT_NE(exchange(1).trace, exchange(2).trace);
  EXPECT_NE(exchange(1).reads, 1u);
}

class SimNetworkTest : public testing::TestWithParam<int> {
 protected:
  SimNetworkTest() {
    auto made = network_.connect("192.0.2.7");
    link_ = made.link;
    client_ = std::make_unique<TestPeer>(loop_, std::move(made.client));
    server_ = std::make_unique<TestPeer>(other_, std::move(made.server));
  }

  SimWorld world_{static_cast<std::uint64_t>(GetParam())};
  SimNetwork network_{world_};
  SimLoop& loop_ = world_.add_loop();
  SimLoop& other_ = world_.add_loop();
  SimNetwork::Link link_{};
  std::unique_ptr<TestPeer> client_, server_;
};

TEST_P(SimNetworkTest, TellsTheEndAfterTheLastByte) {
  EXPECT_EQ(server_->transport().peer_address(), "192.0.2.7");
  client_->send("last words");
  client_->finish();
  EXPECT_TRUE(world_.settle());
  EXPECT_EQ(server_->received, "last words");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  EXPECT_EQ(network_.links(), 1u);
  server_.reset();
  EXPECT_EQ(network_.links(), 0u);
}

TEST_P(SimNetworkTest, ClosesHalfWays) {
  client_->transport().shutdown();
  world_.settle();
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  server_->send("answer");
  server_->transport().shutdown();
  world_.settle();
  EXPECT_EQ(client_->received, "answer");
  EXPECT_EQ(client_->ended, Ending::peer_closed);
  EXPECT_EQ(client_->transport().write("x"), 0u);
}

TEST_P(SimNetworkTest, AReaderThatStopsHoldsTheWriter) {
  server_->transport().set_reading(false);
  client_->send(numbered_bytes(500000));
  EXPECT_TRUE(world_.settle());
  EXPECT_EQ(client_->unsent(), 500000u - SimNetworkSettings().window);
  EXPECT_EQ(server_->received, "");
  server_->transport().set_reading(true);
  EXPECT_TRUE(world_.settle());
  EXPECT_TRUE(server_->received == numbered_bytes(500000));
}

TEST_P(SimNetworkTest, ResetsBothEnds) {
  client_->send(numbered_bytes(30000));
  network_.reset(link_);
  world_.settle();
  EXPECT_EQ(client_->ended, Ending::reset);
  EXPECT_EQ(server_->ended, Ending::reset);
  EXPECT_EQ(server_->received, "");
}

TEST_P(SimNetworkTest, ClosingWithUnreadBytesResets) {
  server_->transport().set_reading(false);
  client_->send("unread");
  world_.settle();
  server_->close();
  world_.settle();
  EXPECT_EQ(client_->ended, Ending::reset);
}

TEST_P(SimNetworkTest, WritingToAClosedEndResets) {
  server_->close();
  client_->transport().set_reading(false);
  world_.settle();
  EXPECT_FALSE(client_->ended);
  client_->send("anybody there?");
  world_.settle();
  EXPECT_EQ(client_->ended, Ending::reset);
}

TEST_P(SimNetworkTest, AFrozenLinkIsHalfOpenUntilItHeals) {
  network_.freeze(link_);
  client_->send("into the dark");
  client_->finish();
  world_.run_for(Seconds(3600));
  EXPECT_EQ(server_->received, "");
  EXPECT_FALSE(server_->ended);
  network_.heal(link_);
  world_.settle();
  EXPECT_EQ(server_->received, "into the dark");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
}

TEST_P(SimNetworkTest, BothEndsAreSecuredOnceBothHaveStarted) {
  TlsServerContext server_context({}, nullptr);
  TlsClientContext client_context(ServerCheck::none, nullptr);
  server_->on_bytes = [&] {
    if (server_->received != "<starttls/>") return;
    server_->on_drained = [&] { server_->transport().start_tls(server_context); };
    server_->send("<proceed/>");
  };
  client_->on_bytes = [&] {
    if (client_->received != "<proceed/>") return;
    client_->transport().start_tls(client_context, "xmpp.test");
    client_->send("inside");
  };
  client_->send("<starttls/>");
  world_.settle();
  EXPECT_EQ(server_->secured, 1);
  EXPECT_EQ(client_->secured, 1);
  EXPECT_TRUE(server_->transport().secured());
  EXPECT_EQ(server_->transport().tls_server_name(), "xmpp.test");
  EXPECT_EQ(server_->received, "<starttls/>inside");
}

// HOSTILE.md 29: what was pipelined in plain is no handshake.
TEST_P(SimNetworkTest, PlainBytesAreNoHandshake) {
  TlsServerContext server_context({}, nullptr);
  server_->transport().start_tls(server_context);
  client_->send("plain");
  world_.settle();
  EXPECT_EQ(server_->ended, Ending::tls_failed);
  EXPECT_EQ(server_->received, "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimNetworkTest, testing::Range(0, 20));

}  // namespace
}  // namespace herold::net::sim
