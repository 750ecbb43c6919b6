// Dialling in virtual time: the order of attempts, what ends one, and what is said at the end.
#include "net/dial.h"

#include <gtest/gtest.h>

#include "net/loopback_test.h"
#include "net/sim/network.h"
#include "net/sim/sim_connector.h"
#include "net/sim/table_resolver.h"
#include "net/test_peer.h"

namespace herold::net {
namespace {

using sim::SimConnector, sim::SimLoop, sim::SimNetwork, sim::SimWorld, sim::TableResolver;
using Reason = DialFailure::Reason;

// Notes when and where connections are begun.
class NotingConnector final : public Connector {
 public:
  NotingConnector(Connector& real, const Clock& clock) : real_(real), clock_(clock) {}
  Result<std::unique_ptr<Transport>> connect(std::string_view address) override {
    addresses.emplace_back(address);
    times.push_back(clock_.now());
    return real_.connect(address);
  }
  std::vector<std::string> addresses;
  std::vector<MonotonicTime> times;

 private:
  Connector& real_;
  const Clock& clock_;
};

class DialTest : public testing::Test {
 protected:
  void listen(std::string_view address) {
    network_.listen(address, [this, address = std::string(address)](auto transport) {
      accepted_.push_back(address);
      servers_.push_back(std::make_unique<TestPeer>(home_, std::move(transport)));
    });
  }
  void dial(std::string domain = "a.test") {
    dial_ = std::make_unique<Dial>(dial_world_, std::move(domain), [this](DialResult result) {
      ++told_;
      result_ = std::move(result);
    });
  }
  // Dials to the end.
  void dials(std::string domain = "a.test") {
    dial(std::move(domain));
    world_.settle();
    ASSERT_EQ(told_, 1);
  }
  void expect_failure(Reason reason, std::string_view text) {
    ASSERT_TRUE(result_ && !*result_);
    EXPECT_EQ(result_->error().reason, reason);
    EXPECT_EQ(result_->error().text, text);
  }
  std::string reached() { return result_ && *result_ ? (*result_)->address : "nobody"; }
  void allow(std::vector<std::string> networks) {
    policy_ = *AddressPolicy::make(networks, std::vector<std::string>{});
  }
  void set(std::string name, DnsType type, DnsAnswer answer) {
    resolver_.set({std::move(name), type}, std::move(answer));
  }

  SimWorld world_{1};
  SimLoop& home_ = world_.add_loop();
  SimNetwork network_{world_};
  TableResolver resolver_{world_};
  SimConnector sim_{network_};
  NotingConnector connector_{sim_, world_.clock()};
  AddressPolicy policy_ = *AddressPolicy::make({}, {});
  DialSettings settings_;
  const DialWorld dial_world_{home_, resolver_, connector_, policy_, world_.random(), settings_};
  std::vector<std::unique_ptr<TestPeer>> servers_;
  std::vector<std::string> accepted_;
  std::optional<DialResult> result_;
  int told_ = 0;
  std::unique_ptr<Dial> dial_;
};

constexpr auto found = DnsAnswer::Status::found;

TEST_F(DialTest, FindsAServerByItsRecords) {
  resolver_.set_services("_xmpp-server._tcp.a.test", {{1, 0, 5270, "one.test"}});
  resolver_.set_addresses("one.test", {"8.8.8.8"});
  listen("8.8.8.8:5270");
  dials();
  ASSERT_EQ(reached(), "8.8.8.8:5270");
  EXPECT_EQ((*result_)->target, (ServiceTarget{"one.test", 5270}));
  EXPECT_FALSE((*result_)->is_secure);
  // What is given can be used, also when the dial has gone.
  dial_.reset();
  TestPeer client(home_, std::move((*result_)->transport));
  client.send("hello");
  world_.settle();
  EXPECT_EQ(servers_.at(0)->received, "hello");
}

TEST_F(DialTest, FallsBackToTheDomainItself) {
  resolver_.set_addresses("a.test", {"8.8.8.8"});
  listen("8.8.8.8:5269");
  dials();
  EXPECT_EQ(reached(), "8.8.8.8:5269");
}

TEST_F(DialTest, DirectTlsIsTold) {
  resolver_.set_services("_xmpps-server._tcp.a.test", {{1, 0, 5270, "one.test"}});
  resolver_.set_services("_xmpp-server._tcp.a.test", {{2, 0, 5269, "one.test"}});
  resolver_.set_addresses("one.test", {"8.8.8.8"});
  listen("8.8.8.8:5270");
  listen("8.8.8.8:5269");
  dials();
  ASSERT_EQ(reached(), "8.8.8.8:5270");
  EXPECT_EQ((*result_)->target.tls, TlsBegin::at_once);
  // Its TLS fails: the other one is tried.
  dial_->go_on();
  world_.settle();
  EXPECT_EQ(told_, 2);
  ASSERT_EQ(reached(), "8.8.8.8:5269");
  EXPECT_EQ((*result_)->target.tls, TlsBegin::by_starttls);
  dial_->go_on();
  world_.settle();
  expect_failure(Reason::unreachable, "a.test: nothing else is left to try");
}

TEST_F(DialTest, FamiliesTakeTurnsAQuarterOfASecondApart) {
  resolver_.set_addresses("a.test", {"8.8.8.1", "8.8.8.2", "2a01::1", "2a01::2"});
  for (const char* address : {"8.8.8.1:5269", "8.8.8.2:5269", "[2a01::1]:5269"})
    network_.swallow(address);
  listen("[2a01::2]:5269");
  dials();
  EXPECT_EQ(reached(), "[2a01::2]:5269");
  EXPECT_EQ(connector_.addresses,
            (std::vector<std::string>{"[2a01::1]:5269", "8.8.8.1:5269", "[2a01::2]:5269"}));
  EXPECT_EQ(connector_.times[1] - connector_.times[0], Milliseconds(250));
  EXPECT_EQ(connector_.times[2] - connector_.times[1], Milliseconds(250));
  EXPECT_EQ(accepted_.size(), 1u);
  (*result_)->transport.reset();
  servers_.clear();
  world_.settle();
  EXPECT_EQ(network_.links(), 0u);  // the others were closed
}

TEST_F(DialTest, WhoIsRefusedMakesRoomAtOnce) {
  resolver_.set_addresses("a.test", {"8.8.8.1", "8.8.8.2"});
  listen("8.8.8.2:5269");
  dials();
  EXPECT_EQ(reached(), "8.8.8.2:5269");
  EXPECT_LT(connector_.times[1] - connector_.times[0], Milliseconds(50));
}

TEST_F(DialTest, ShortAddressesWaitAMomentForLongOnes) {
  resolver_.set_addresses("a.test", {"8.8.8.8"});
  resolver_.set_mute({"a.test", DnsType::aaaa});
  listen("8.8.8.8:5269");
  const MonotonicTime start = world_.clock().now();
  dials();
  EXPECT_EQ(reached(), "8.8.8.8:5269");
  EXPECT_GE(connector_.times[0] - start, Milliseconds(50));
  EXPECT_LE(connector_.times[0] - start, Milliseconds(100));
}

TEST_F(DialTest, AHostWhoseNameTakesLongIsPassed) {
  resolver_.set_services("_xmpp-server._tcp.a.test",
                         {{1, 0, 5269, "slow.test"}, {2, 0, 5269, "quick.test"}});
  resolver_.set_mute({"slow.test", DnsType::a});
  resolver_.set_mute({"slow.test", DnsType::aaaa});
  resolver_.set_addresses("quick.test", {"8.8.8.8"});
  listen("8.8.8.8:5269");
  const MonotonicTime start = world_.clock().now();
  dials();
  EXPECT_EQ(reached(), "8.8.8.8:5269");
  EXPECT_LE(connector_.times[0] - start, Milliseconds(300));
}

TEST_F(DialTest, SaysWhyThereIsNobody) {
  dials();
  expect_failure(Reason::no_server, "a.test: there is no such server");
}

TEST_F(DialTest, ADotAndWhatIsNoNameAreNobody) {
  resolver_.set_services("_xmpp-server._tcp.a.test", {{0, 0, 0, ""}});
  dials();
  expect_failure(Reason::no_server, "a.test: says that it has no server (SRV \".\")");
  told_ = 0;
  dials("b\u00fccher.test");
  EXPECT_EQ(result_->error().reason, Reason::no_server);
}

TEST_F(DialTest, FailingNamesAreSaid) {
  set("_xmpp-server._tcp.a.test", DnsType::srv, {.why = "more than 64 records"});
  dials();
  expect_failure(Reason::no_names, "a.test: SRV records: more than 64 records");
  told_ = 0;
  set("b.test", DnsType::a, {.why = "forged, or signed badly"});
  dials("b.test");
  expect_failure(Reason::no_names, "b.test: b.test: forged, or signed badly");
}

TEST_F(DialTest, PrivateAddressesAreNotConnectedTo) {
  resolver_.set_addresses("a.test", {"127.0.0.1", "10.0.0.1", "::1", "64:ff9b::a00:1"});
  for (const char* address : {"127.0.0.1:5269", "10.0.0.1:5269", "[::1]:5269"}) listen(address);
  dials();
  ASSERT_TRUE(result_ && !*result_);
  EXPECT_EQ(result_->error().reason, Reason::refused);
  EXPECT_TRUE(result_->error().text.contains("10.0.0.1 is private")) << result_->error().text;
  EXPECT_TRUE(connector_.addresses.empty());
  told_ = 0;
  allow({"10.0.0.0/8"});
  dials();
  EXPECT_TRUE(reached() == "10.0.0.1:5269" || reached() == "[64:ff9b::a00:1]:5269") << reached();
}

TEST_F(DialTest, UnreachableOnesAreNamed) {
  resolver_.set_addresses("a.test", {"8.8.8.8"});
  dials();
  expect_failure(Reason::unreachable, "a.test: 8.8.8.8:5269: Connection refused");
}

TEST_F(DialTest, EndsInTime) {
  resolver_.set_addresses("a.test", {"8.8.8.8"});
  network_.swallow("8.8.8.8:5269");
  const MonotonicTime start = world_.clock().now();
  dials();
  expect_failure(Reason::timed_out, "a.test: not connected after 30 s");
  EXPECT_EQ(world_.clock().now() - start, Seconds(30));
  EXPECT_EQ(network_.links(), 0u);
}

TEST_F(DialTest, WhatIsMadeOfAConnectionDoesNotUseUpItsTime) {
  resolver_.set_addresses("a.test", {"8.8.8.1", "8.8.8.2", "8.8.8.3"});
  for (const char* address : {"8.8.8.1:5269", "8.8.8.3:5269"}) network_.swallow(address);
  listen("8.8.8.2:5269");
  dials();
  world_.run_for(Seconds(60));
  const MonotonicTime start = world_.clock().now();
  dial_->go_on();
  world_.settle();
  EXPECT_EQ(told_, 2);
  EXPECT_EQ(result_->error().reason, Reason::timed_out);
  EXPECT_GT(world_.clock().now() - start, Seconds(29));
  EXPECT_LT(world_.clock().now() - start, Seconds(30));
}

TEST_F(DialTest, AttemptsAreBounded) {
  std::vector<DnsService> services;
  for (std::uint16_t i = 0; i < 64; ++i) {
    services.push_back({i, 0, 5269, "h" + std::to_string(i) + ".test"});
    std::vector<std::string> addresses;
    for (int k = 0; k < 60; ++k)
      addresses.push_back("8." + std::to_string(i) + ".8." + std::to_string(k));
    resolver_.set_addresses(services.back().target, addresses);
  }
  resolver_.set_services("_xmpp-server._tcp.a.test", services);
  dials();
  EXPECT_EQ(result_->error().reason, Reason::unreachable);
  EXPECT_EQ(connector_.addresses.size(), bounds::dial_attempts);
  EXPECT_LE(resolver_.questions(), 2 + 2 * bounds::dial_targets);
}

TEST_F(DialTest, ListedHostsAskNobodyAndMayBePrivate) {
  settings_.hosts["a.test"] = {"nonsense", "10.0.0.7:5270"};
  listen("10.0.0.7:5270");
  dials();
  EXPECT_EQ(reached(), "10.0.0.7:5270");
  EXPECT_EQ(resolver_.questions(), 0u);
  told_ = 0;
  settings_.hosts["b.test"] = {"nonsense"};
  dials("b.test");
  expect_failure(Reason::no_server, "b.test: nonsense: not an address");
}

TEST_F(DialTest, AddressesAreDomainsToo) {
  listen("8.8.8.8:5269");
  listen("[2a01::1]:5269");
  dials("8.8.8.8");
  EXPECT_EQ(reached(), "8.8.8.8:5269");
  told_ = 0;
  dials("[2a01::1]");
  EXPECT_EQ(reached(), "[2a01::1]:5269");
  told_ = 0;
  dials("127.0.0.1");
  EXPECT_EQ(result_->error().reason, Reason::refused);
  EXPECT_EQ(resolver_.questions(), 0u);
}

class SecureDialTest : public DialTest {
 protected:
  SecureDialTest() {
    set("_xmpp-server._tcp.a.test", DnsType::srv,
        {.status = found,
         .secure = true,
         .services = {{1, 0, 5269, "one.test"}, {2, 0, 5269, "two.test"}}});
    set("one.test", DnsType::a, {.status = found, .secure = true, .addresses = {"8.8.8.8"}});
    set("two.test", DnsType::a, {.status = found, .secure = false, .addresses = {"8.8.4.4"}});
    listen("8.8.8.8:5269");
    listen("8.8.4.4:5269");
  }
};

TEST_F(SecureDialTest, TlsaRecordsComeAlong) {
  set("_5269._tcp.one.test", DnsType::tlsa,
      {.status = found, .secure = true, .tlsa = {{3, 1, 1, "x"}}});
  dials();
  ASSERT_EQ(reached(), "8.8.8.8:5269");
  EXPECT_TRUE((*result_)->is_secure);
  EXPECT_EQ((*result_)->tlsa.size(), 1u);
  dial_->go_on();
  world_.settle();
  ASSERT_EQ(reached(), "8.8.4.4:5269");
  EXPECT_FALSE((*result_)->is_secure);
  EXPECT_TRUE((*result_)->tlsa.empty());
}

TEST_F(SecureDialTest, InsecureTlsaRecordsAreNone) {
  set("_5269._tcp.one.test", DnsType::tlsa, {.status = found, .tlsa = {{3, 1, 1, "x"}}});
  dials();
  ASSERT_EQ(reached(), "8.8.8.8:5269");
  EXPECT_TRUE((*result_)->tlsa.empty());
}

TEST_F(SecureDialTest, AHostWhoseTlsaRecordsAreHiddenIsNotUsed) {
  set("_5269._tcp.one.test", DnsType::tlsa, {.why = "forged, or signed badly"});
  dials();
  EXPECT_EQ(reached(), "8.8.4.4:5269");
}

TEST_F(SecureDialTest, SilenceAboutTlsaRecordsEndsInTime) {
  resolver_.set_mute({"_5269._tcp.one.test", DnsType::tlsa});
  settings_.patience = Seconds(5);
  dials();
  expect_failure(Reason::timed_out, "a.test: not connected after 5 s");
}

TEST_F(DialTest, DyingAtAnyMomentTellsNothingAndLeavesNothing) {
  resolver_.set_services("_xmpp-server._tcp.a.test", {{1, 0, 5269, "one.test"}});
  resolver_.set_addresses("one.test", {"8.8.8.1", "8.8.8.8", "2a01::1"});
  network_.swallow("8.8.8.1:5269");
  listen("8.8.8.8:5269");
  for (int steps = 0; steps < 200; ++steps) {
    told_ = 0;
    dial();
    for (int i = 0; i < steps && told_ == 0; ++i) world_.step();
    dial_.reset();
    result_.reset();
    const int before = told_;
    world_.settle();
    EXPECT_EQ(told_, before);
    servers_.clear();
    world_.settle();
    ASSERT_EQ(network_.links(), 0u) << steps;
  }
}

TEST_F(DialTest, MayDieInsideItsLastWord) {
  dial_ = std::make_unique<Dial>(dial_world_, "a.test", [this](const DialResult&) {
    ++told_;
    dial_.reset();
  });
  world_.settle();
  EXPECT_EQ(told_, 1);
}

// The same over the kernel's sockets.
class RealDialTest : public LoopbackTest {};

TEST_F(RealDialTest, ConnectsAndIsRefused) {
  SimWorld world(1);
  TableResolver resolver(world);
  TcpConnector connector(limits_);
  SeededRandom random(1);
  const AddressPolicy policy = *AddressPolicy::make(std::vector<std::string>{"127.0.0.0/8"}, {});
  DialSettings settings;
  const std::uint16_t closed = (*Listener::open("127.0.0.1:0", limits_, log_))->port();
  settings.hosts["a.test"] = {"127.0.0.1:" + std::to_string(closed), listener_->address()};
  settings.hosts["b.test"] = {"127.0.0.1:" + std::to_string(closed)};
  const DialWorld here{*loop_, resolver, connector, policy, random, settings};
  std::optional<DialResult> result;
  const auto take = [&](DialResult told) {
    result = std::move(told);
    loop_->stop();
  };
  const Dial good(here, "a.test", take);
  run_until([&] { return result.has_value() && server_; });
  ASSERT_TRUE(*result) << result->error().text;
  EXPECT_EQ((*result)->address, listener_->address());
  client_ = std::make_unique<TestPeer>(*loop_, std::move((*result)->transport));
  server_->send("hello");
  run_until_received(*client_, 5);
  result.reset();
  const Dial bad(here, "b.test", take);
  run_until([&] { return result.has_value(); });
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::unreachable);
  EXPECT_TRUE(result->error().text.ends_with("Connection refused")) << result->error().text;
}

}  // namespace
}  // namespace herold::net
