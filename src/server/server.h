// The whole server: its shards, what they share, how it starts, changes its settings and stops.
//
// Nothing here knows whether the world is real: loops, disk, clock and transports come from
// outside, so that a simulation runs the same server (DECISIONS.md 14).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "net/loop.h"
#include "net/transport.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/gate.h"
#include "server/message_names.h"
#include "server/shard.h"
#include "server/sign_in.h"
#include "server/workers.h"
#include "store/database.h"
#include "store/disk.h"
#include "store/sync_runner.h"

namespace herold::net {
class TlsServerContext;
}

namespace herold::server {

class ClientTrust;
class PeerWorld;
class Recovery;

// Everything from outside; all outlive the server.
struct ServerWorld {
  std::vector<net::Loop*> loops;  // one a shard
  std::vector<Random*> randoms;   // one a shard
  Log& log;
  store::Disk& disk;
  store::SyncRunner& sync_runner;
  store::Database& database;
  Workers& workers;
  const crypto::Crypto& crypto;
  net::TlsServerContext* tls = nullptr;       // nullptr: the transports of a simulation need none
  const ClientTrust* client_trust = nullptr;  // nullptr: no certificate of a client counts
  PeerWorld* peers = nullptr;                 // nullptr: no other server is talked to
  std::string unknown_user_secret;            // 32 bytes that stay the same over restarts
  std::uint64_t most_files = 1024;            // open files that the process may have
};

class Server {
 public:
  Server(Config config, ServerWorld world);
  Server(const Server&) = delete;
  ~Server();

  // Recovers what earlier runs left and opens the journals. Blocks; before any loop runs.
  Result<> start();
  // A client's or another server's transport, on the thread of shard 0 (where the gate is).
  void accept(std::unique_ptr<net::Transport> transport, ListenerKind kind);
  // Takes new settings, from any thread; connections live on.
  void configure(Config config);
  // Ends every shard in order, on its own thread; `stopped` runs on the last one's. Sessions with
  // stream management stay in the journal, resumable (DECISIONS.md 30).
  void stop(std::function<void()> stopped);
  // After the loops have ended and before the database is destroyed, which in turn goes before
  // the server: its last completions still find their shards.
  void release_stores();
  // Our surroundings failed for good (a failed sync): nothing may be promised any more.
  void set_fatal(std::function<void(const Error&)> fatal) { fatal_ = std::move(fatal); }
  void fail(const Error& error);
  // From a shard: what it took over from earlier runs survives a power cut now.
  void recovered_is_safe();

  unsigned shard_count() const { return static_cast<unsigned>(world_.loops.size()); }
  Shard& shard(unsigned index) { return *shards_[index]; }
  // The shard where a bare address lives in this run.
  unsigned home_of(std::string_view bare) const {
    return static_cast<unsigned>(siphash(hash_key_, bare) % shard_count());
  }

  Log& log() { return world_.log; }
  store::Database& database() { return world_.database; }
  store::Disk& disk() { return world_.disk; }
  store::SyncRunner& sync_runner() { return world_.sync_runner; }
  Workers& workers() { return world_.workers; }
  const crypto::Crypto& crypto() const { return world_.crypto; }
  net::TlsServerContext& tls() { return *world_.tls; }
  const ClientTrust* client_trust() const { return world_.client_trust; }
  PeerWorld* peer_world() const { return world_.peers; }
  SignIn& sign_in() { return sign_in_; }
  std::string unknown_user_secret(std::string_view domain) const;
  const MessageNames& message_names() const { return message_names_; }
  MonotonicTime started() const { return started_; }
  WallTime started_wall() const { return started_wall_; }

  // Stanzas on their way into the database; over a bound sockets are not read.
  std::atomic<std::uint64_t>& unsaved_bytes() { return unsaved_bytes_; }

  // An unauthenticated connection signed in or ended; from any shard.
  void left_gate(Shard& from, const std::string& peer, ConnectionGate::Outcome outcome);
  ConnectionId next_connection() { return ++last_connection_; }
  // Now and then, on the thread of shard 0.
  void tidy_gate(MonotonicTime now) { gate_.tidy(now); }

  // Runs `letter` on every shard, then `done` on the thread of `from`.
  void on_all_shards(Shard& from, std::function<void(Shard&)> letter, std::function<void()> done);

 private:
  void serve(std::unique_ptr<net::Transport> transport, ListenerKind kind);
  void sessions_are_back(Shard& last);
  void stop_from(unsigned index, std::function<void()> stopped);

  Config config_;
  ServerWorld world_;
  HashKey hash_key_;
  MonotonicTime started_;
  WallTime started_wall_;
  std::vector<std::unique_ptr<Shard>> shards_;
  MessageNames message_names_;
  SignIn sign_in_;
  ConnectionGate gate_;
  struct Delayed;
  std::vector<std::unique_ptr<Delayed>> delayed_;
  struct Early;
  std::vector<Early> early_;  // until the sessions of earlier runs are back
  bool is_serving_ = false;   // of the first shard, which accepts
  std::atomic<ConnectionId> last_connection_ = 0;
  std::function<void(const Error&)> fatal_;
  std::unique_ptr<Recovery> recovery_;
  std::atomic<unsigned> journals_to_sync_ = 0;
  std::atomic<std::uint64_t> unsaved_bytes_ = 0;
  unsigned next_shard_ = 0;
  bool stopping_ = false;  // of the first shard, which accepts
};

}  // namespace herold::server
