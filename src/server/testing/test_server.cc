// A test's server.
#include "server/testing/test_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/check.h"
#include "server/federation/peer_world.h"
#include "server/modules.h"
#include "server/testing/process.h"

namespace herold::server {
namespace {

namespace files = std::filesystem;

Config config_of(const ServerSetup& setup) {
  static const auto descriptions = module_descriptions();
  // A simulated disk fills whole segments with zeros, and PBKDF2 takes its time.
  const std::string text =
      "data = '/data'\n[limits]\nscram_iterations = 4096\njournal_segment_bytes = 1048576\n"
      "journal_reserve_bytes = 65536\n" +
      setup.limits + "\n[listen]\nserver = ['127.0.0.1:0']\n[federation]\ntrust = 'dialback'\n" +
      setup.federation + "\n" + setup.modules + "\n[[domain]]\nname = '" + setup.name +
      "'\nadmins = ['admin@" + setup.name + "']\n" + setup.domain;
  auto config = parse_config(text, "test", descriptions);
  if (!config) ADD_FAILURE() << config.error().text;
  CHECK(config.has_value());  // the test has written no configuration
  return std::move(*config);
}

// A folder that goes with its owner.
class Folder {
 public:
  Folder() : path_(files::temp_directory_path() / "herold-test-XXXXXX") {
    CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    files::remove_all(path_, ignored);
  }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Made once in a test program: the database that every server of that name begins with.
std::string first_database(const std::string& domain) {
  static const Folder folder;
  const std::string path = folder.file(domain + ".sqlite");
  if (files::exists(path)) return path;
  std::vector<std::string> accounts;
  for (const char* name : {"romeo", "juliet", "mercutio", "benvolio", "tybalt", "nurse", "paris",
                           "rosaline", "lawrence", "balthasar", "admin"})
    accounts.push_back(name + ("@" + domain));
  CHECK(sim::make_database(path, accounts).has_value());
  return path;
}

const xmpp::ClientKeys& client_keys() {
  static const xmpp::ClientKeys keys = sim::client_keys(crypto::OpenSslCrypto());
  return keys;
}

net::sim::SimNetworkSettings fast_network() {
  return {.most_delay = Milliseconds(1), .window = 1 << 20, .short_percent = 5};
}

}  // namespace

// The world of one server or several.
struct TestServer::Neighbourhood {
  explicit Neighbourhood(std::uint64_t seed)
      : sim(seed), network(sim, fast_network()), loop(sim.add_loop()) {}

  net::sim::SimWorld sim;
  net::sim::SimNetwork network;
  net::sim::SimLoop& loop;  // of the clients
  std::map<std::string, TestServer*, std::less<>> servers;
  std::map<std::string, PeerFailure, std::less<>> missing;
  struct Stream {
    net::sim::SimNetwork::Link link;
    std::string from, to;
  };
  std::vector<Stream> streams;
};

struct Search final : PeerSearch {
  void go_on() override {
    timer.start(*loop, Duration(0), [then = then] {
      (*then)(std::unexpected(PeerFailure{.error = {Condition::remote_server_timeout}}));
    });
  }
  net::Loop* loop = nullptr;
  std::shared_ptr<PeerWorld::Found> then;  // shared with the call under way
  net::Timer timer;
};

// Other servers are found by their names, which their services have behind a dot.
class TestServer::Peers final : public PeerWorld {
 public:
  Peers(Neighbourhood& all, std::string own) : all_(all), own_(std::move(own)) {}

  std::unique_ptr<PeerSearch> find(const std::string& domain, net::Loop& loop, Random&,
                                   Found then) override {
    auto search = std::make_unique<Search>();
    search->loop = &loop;
    search->then = std::make_shared<Found>(std::move(then));
    search->timer.start(loop, Duration(0), [this, domain, then = search->then] {
      (*then)(look_for(domain));  // which may destroy the search
    });
    return search;
  }
  net::TlsServerContext* accepting() override { return nullptr; }
  net::TlsClientContext* connecting(std::string_view) override { return nullptr; }
  std::string judge(const PeerEvidence&, std::string_view, WallTime) const override {
    return "there are no certificates in a simulation";
  }
  const std::string& dialback_secret() const override { return secret_; }

 private:
  std::expected<FoundPeer, PeerFailure> look_for(const std::string& domain) {
    std::string_view name = domain;
    while (!all_.servers.contains(name) && name.find('.') != name.npos)
      name.remove_prefix(name.find('.') + 1);
    const auto missing = all_.missing.find(name);
    if (missing != all_.missing.end()) return std::unexpected(missing->second);
    const auto found = all_.servers.find(name);
    if (found == all_.servers.end() || !found->second->process().running())
      return std::unexpected(
          PeerFailure{.error = {Condition::remote_server_not_found}, .is_final = true});
    auto pair = all_.network.connect("198.51.100.1");
    all_.streams.push_back({pair.link, own_, std::string(name)});
    found->second->process().accept(std::move(pair.server), ListenerKind::peer);
    return FoundPeer{.transport = std::move(pair.client), .host = {}, .tlsa = {}};
  }

  Neighbourhood& all_;
  const std::string own_;
  const std::string secret_ = own_ + std::string(32, 'd');
};

struct TestServer::World {
  World(const ServerSetup& setup, Neighbourhood* neighbourhood)
      : own(neighbourhood ? nullptr : std::make_unique<Neighbourhood>(setup.seed)),
        all(neighbourhood ? *neighbourhood : *own),
        sim(all.sim),
        network(all.network),
        loop(all.loop),
        peers(all, setup.name),
        disk(setup.seed),
        name(setup.name) {
    files::copy_file(first_database(name), folder.file("herold.sqlite"));
    process = std::make_unique<sim::Process>(
        sim, disk, log,
        sim::Process::Settings{setup.shards, config_of(setup), folder.file("herold.sqlite"),
                               setup.seed, &peers, Milliseconds(1)});
  }

  TestLog log;
  Folder folder;
  std::unique_ptr<Neighbourhood> own;  // of the first of them
  Neighbourhood& all;
  net::sim::SimWorld& sim;
  net::sim::SimNetwork& network;
  net::sim::SimLoop& loop;
  Peers peers;
  store::SimDisk disk;
  crypto::OpenSslCrypto crypto;
  std::unique_ptr<sim::Process> process;
  const std::string name;
};

void TestServer::TestLog::write(LogLevel level, std::string_view event,
                                std::span<const LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields)
    line += ' ' + std::string(field.key) + '=' + std::string(field.value);
  if (level == LogLevel::error) errors.push_back(line);
  lines.push_back(std::move(line));
}

bool TestServer::TestLog::has(std::string_view start) const {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.starts_with(start); });
}

TestServer::TestServer(ServerSetup setup) : TestServer(nullptr, std::move(setup)) {}

TestServer::TestServer(TestServer& neighbour, ServerSetup setup)
    : TestServer(&neighbour.world_->all, std::move(setup)) {}

TestServer::TestServer(Neighbourhood* neighbourhood, ServerSetup setup)
    : world_(std::make_unique<World>(setup, neighbourhood)) {
  world_->all.servers[world_->name] = this;
  const auto started = world_->process->start();
  if (!started) ADD_FAILURE() << started.error().text;
  settle();
}

void TestServer::is_not_found(const PeerFailure& why) { world_->all.missing[world_->name] = why; }
void TestServer::is_found_again() { world_->all.missing.erase(world_->name); }

void TestServer::loses_its_streams() {
  for (const auto& stream : std::exchange(world_->all.streams, {})) {
    if (stream.from == world_->name || stream.to == world_->name)
      world_->network.reset(stream.link);
    else
      world_->all.streams.push_back(stream);
  }
}

std::string TestServer::full_address(std::string_view shortened) const {
  if (shortened.find('@') != std::string_view::npos) return std::string(shortened);
  const std::size_t slash = shortened.find('/');
  CHECK(slash != std::string_view::npos);
  return std::string(shortened.substr(0, slash)) + '@' + world_->name +
         std::string(shortened.substr(slash));
}

TestServer::~TestServer() {
  for (const std::string& error : log().errors) ADD_FAILURE() << "the server logged: " << error;
  for (const auto& client : clients_)
    if (client->is_connected()) client->drop();
  clients_.clear();
  world_->all.servers.erase(world_->name);
  world_->process->kill();
  if (world_->own) world_->loop.drop();
}

TestClient& TestServer::signs_in(std::string_view address, ClientSetup setup, Place place) {
  TestClient& made = client(address, std::move(setup));
  made.connect(TestClient::State::ready, place);
  return made;
}

TestClient& TestServer::client(std::string_view address, ClientSetup setup) {
  clients_.push_back(std::make_unique<TestClient>(*this, full_address(address), std::move(setup)));
  return *clients_.back();
}

TestClient& TestServer::comes_online(std::string_view address, ClientSetup setup, Place place) {
  const std::string priority = std::to_string(setup.priority);
  TestClient& client = signs_in(address, std::move(setup), place);
  client.sends("<presence><priority>" + priority + "</priority></presence>");
  for (const auto& one : clients_)
    if (one.get() == &client || one->bare() == client.bare()) one->skips();
  return client;
}

TestClient& TestServer::opens_stream(ClientSetup setup, Place place) {
  clients_.push_back(
      std::make_unique<TestClient>(*this, "stranger@" + world_->name, std::move(setup)));
  clients_.back()->connect(TestClient::State::ready, place);
  return *clients_.back();
}

void TestServer::befriend(TestClient& one, TestClient& other) {
  for (auto [asking, asked] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
    asking->sends("<presence type='subscribe' to='" + asked->bare() + "'/>");
    asked->sends("<presence type='subscribed' to='" + asking->bare() + "'/>");
  }
  for (const auto& client : clients_)
    if (client->bare() == one.bare() || client->bare() == other.bare()) client->skips();
}

// A process that its disk lets die does nothing more, not even in the same microsecond.
void TestServer::passes(Duration time) {
  if (!world_->disk.is_doomed()) return world_->sim.run_for(time);
  constexpr Duration moment = Microseconds(1);
  for (Duration passed{0}; passed < time; passed += moment) {
    world_->sim.run_for(moment);
    if (world_->disk.dead() && world_->process->running()) world_->process->kill();
  }
}

WallTime TestServer::wall() const { return world_->loop.clock().wall(); }

void TestServer::clock_is_set(Duration by) { world_->sim.step_wall_clock(by); }

void TestServer::takes_settings(const ServerSetup& setup) {
  world_->process->configure(config_of(setup));
  settle();
}

void TestServer::restarts() {
  world_->process->stop();
  settle();
  for (const auto& client : clients_)
    if (client->is_connected()) client->drop();
  ASSERT_TRUE(world_->process->start());
  settle();
}

void TestServer::is_killed() { dies(Death::kill); }
void TestServer::loses_power() { dies(Death::power_cut); }

void TestServer::dies(Death how) {
  world_->process->kill();
  how == Death::kill ? world_->disk.kill() : world_->disk.power_cut();
  for (const auto& client : clients_)
    if (client->is_connected()) client->drop();
  settle();
  ASSERT_TRUE(world_->process->start());
  settle();
}

// Each from a network of its own, so that no rate of connections holds a test up.
std::string TestServer::next_peer() {
  ++peers_;
  return "10." + std::to_string(peers_ / 250) + "." + std::to_string(peers_ % 250) + ".1";
}

void TestServer::accept(std::unique_ptr<net::Transport> transport, ListenerKind kind) {
  world_->process->accept(std::move(transport), kind);
}

TestServer::TestLog& TestServer::log() { return world_->log; }
sim::Process& TestServer::process() { return *world_->process; }
store::Stores& TestServer::stores() { return process().server().shard(0).stores(); }
store::SimDisk& TestServer::disk() { return world_->disk; }
net::sim::SimNetwork& TestServer::network() { return world_->network; }
net::Loop& TestServer::client_loop() { return world_->loop; }
const crypto::Crypto& TestServer::crypto() const { return world_->crypto; }
Random& TestServer::random() { return world_->sim.random(); }
const xmpp::ClientKeys& TestServer::keys() const { return client_keys(); }

}  // namespace herold::server
