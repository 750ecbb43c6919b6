// The server as a process of a simulated world: it starts, is killed at any moment, and starts
// again on what its disk and its database kept. Unit tests of modules and tests/sim run it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "crypto/openssl/openssl_crypto.h"
#include "net/sim/world.h"
#include "server/server.h"
#include "store/sim_disk.h"
#include "xmpp/sasl/client.h"

namespace herold::sim {

// Of every account that make_database() makes.
inline constexpr std::string_view password = "secret";
inline constexpr std::string_view password_salt = "0123456789abcdef";
inline constexpr std::uint32_t password_iterations = 4096;
// What a client keeps instead of the password, so that a sign-in costs no PBKDF2.
xmpp::ClientKeys client_keys(const crypto::Crypto& crypto);

// A thread of the machine: does its work in order, each piece at a time of the seed's choice.
class SlowThread final : public store::Executor, public store::SyncRunner {
 public:
  SlowThread(net::sim::SimLoop& loop, Random& random, Duration slowest)
      : loop_(loop), random_(random), slowest_(slowest) {}

  void post(store::Task task) override { run(std::move(task)); }
  void run(store::Task work) override;
  void drop();  // what waits is not done any more

 private:
  void schedule();

  net::sim::SimLoop& loop_;
  Random& random_;
  Duration slowest_;
  std::deque<store::Task> waiting_;
  net::Timer timer_;
};

// A database file with these accounts; every run starts with a copy of it. `friends` are pairs of
// owner and contact who see each other; `records` are those of modules.
using Friends = std::vector<std::pair<std::string, std::string>>;
using Records = std::vector<std::pair<store::RecordKey, std::string>>;
Result<> make_database(const std::string& path, std::span<const std::string> accounts,
                       const Friends& friends = {}, const Records& records = {});

class Process {
 public:
  struct Settings {
    unsigned shards = 1;
    server::Config config;
    std::string database;  // path of this run's copy
    std::uint64_t seed = 0;
    server::PeerWorld* peers = nullptr;
    Duration slowest_sync{Milliseconds(4)}, slowest_database{Milliseconds(8)};
  };
  Process(net::sim::SimWorld& world, store::Disk& disk, Log& log, Settings settings);
  ~Process();

  Result<> start();
  // At once, without a word: as kill -9. What the disk keeps is the disk's to say.
  void kill();
  // In order, as SIGTERM; `running()` ends with it.
  void stop();
  // New settings, as SIGHUP; a restart keeps them.
  void configure(server::Config config);

  bool running() const { return server_ != nullptr; }
  bool has_failed() const { return failed_; }  // it could not go on: to be killed
  server::Server& server() { return *server_; }
  void accept(std::unique_ptr<net::Transport> transport,
              server::ListenerKind kind = server::ListenerKind::plain);
  std::uint64_t open_stanzas() const;
  unsigned runs() const { return runs_; }

 private:
  void forget_tasks();

  net::sim::SimWorld& world_;
  store::Disk& disk_;
  Log& log_;
  Settings settings_;
  SeededRandom random_;
  crypto::OpenSslCrypto crypto_;
  std::vector<net::sim::SimLoop*> loops_;
  net::sim::SimLoop& machine_;  // syncs and the database's thread
  SlowThread sync_thread_, database_thread_;
  std::unique_ptr<server::Workers> workers_;
  std::vector<std::unique_ptr<Random>> randoms_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<server::Server> server_;
  bool failed_ = false;
  bool stopped_ = false;
  unsigned runs_ = 0;
};

}  // namespace herold::sim
