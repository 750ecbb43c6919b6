// A whole server in a simulated world, for tests of modules: clients that speak text, virtual time,
// settings as in the configuration file, restarts.
//
//   TEST(Carbons, ADeviceSeesWhatAnotherOneGets) {
//     TestServer server;
//     TestClient& juliet = server.comes_online("juliet/balcony");
//     TestClient& phone = server.comes_online("romeo/phone");
//     TestClient& tablet = server.comes_online("romeo/tablet");
//     tablet.asks("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
//                 "<iq type='result'/>");
//     juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
//     phone.receives("<message from='juliet@xmpp.test/balcony'><body>hi</body></message>");
//     tablet.receives("<message from='romeo@xmpp.test'><received xmlns='urn:xmpp:carbons:2'/>"
//                     "</message>");
//   }
//
// Nothing waits for real time: a client's step lets 100 virtual milliseconds pass, in which
// everything happens that comes of it. The same test runs in the same way every time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "server/connection.h"
#include "server/testing/test_client.h"

namespace herold::sim {
class Process;
}
namespace herold::store {
class SimDisk;
class Stores;
}  // namespace herold::store

namespace herold::server {

struct PeerFailure;

// What stands in the configuration file, as text.
struct ServerSetup {
  std::string limits{};   // under [limits]: "csi_queue = 3"
  std::string modules{};  // tables: "[module.ping]\nidle = '60s'"
  std::string domain{};   // under its [[domain]]: "registration = 'open'"
  std::string name = "xmpp.test";
  std::string federation{};  // under [federation]; the rest is as dialback in a simulation needs it
  unsigned shards = 2;
  std::uint64_t seed = 1;  // another order of everything that has none
};

// Accounts of xmpp.test, or whatever its name is: romeo, juliet, mercutio, benvolio, tybalt, nurse,
// paris, rosaline, lawrence, balthasar and admin. A test whose server logs an error fails, unless
// it has cleared log().errors.
class TestServer {
 public:
  using Place = TestClient::Place;

  explicit TestServer(ServerSetup setup = {});
  // Another one in the same world, whose domain is `setup.name`. The first outlives it.
  TestServer(TestServer& neighbour, ServerSetup setup);
  TestServer(const TestServer&) = delete;
  ~TestServer();

  // Signs in and becomes available; what that brings by itself is skipped. "romeo/orchard" is
  // romeo@xmpp.test/orchard.
  TestClient& comes_online(std::string_view address, ClientSetup setup = {},
                           Place place = Place::current());
  // Signs in, no more.
  TestClient& signs_in(std::string_view address, ClientSetup setup = {},
                       Place place = Place::current());
  // A client that has not connected yet.
  TestClient& client(std::string_view address, ClientSetup setup = {});
  // A client that does not sign in: its stream is open.
  TestClient& opens_stream(ClientSetup setup = {}, Place place = Place::current());
  // Both see each other's presence; by the way, what they get is skipped.
  void befriend(TestClient& one, TestClient& other);

  void passes(Duration time);
  WallTime wall() const;
  void clock_is_set(Duration by);                 // the wall clock, as an operator or NTP does
  void takes_settings(const ServerSetup& setup);  // as a reload does
  // Other servers find it no more, or again; "" or why they do not.
  void is_not_found(const PeerFailure& why);
  void is_found_again();
  void loses_its_streams();  // to and from other servers
  void restarts();           // in order
  void is_killed();          // and starts again
  void loses_power();        // the same, and unsynced writes are lost

  // Events as "what key=value ...", errors also apart.
  struct TestLog final : Log {
    bool wants(LogLevel) const override { return true; }
    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override;
    bool has(std::string_view start) const;
    std::vector<std::string> lines, errors;
  };
  TestLog& log();
  // For what cannot be brought about from outside.
  sim::Process& process();
  store::Stores& stores();  // of the first shard
  store::SimDisk& disk();

 private:
  friend class TestClient;
  friend class TestComponent;
  struct Neighbourhood;
  class Peers;
  struct World;
  TestServer(Neighbourhood* neighbourhood, ServerSetup setup);

  void settle() { passes(Milliseconds(100)); }
  enum class Death : std::uint8_t { kill, power_cut };
  void dies(Death how);
  std::string next_peer();
  void accept(std::unique_ptr<net::Transport> transport,
              ListenerKind kind = ListenerKind::plain);
  std::string full_address(std::string_view shortened) const;
  net::sim::SimNetwork& network();
  net::Loop& client_loop();
  const crypto::Crypto& crypto() const;
  Random& random();
  const xmpp::ClientKeys& keys() const;

  std::unique_ptr<World> world_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  unsigned peers_ = 0;
};

}  // namespace herold::server
