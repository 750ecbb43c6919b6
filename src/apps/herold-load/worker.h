// One thread of the load generator: a loop, what its connections share, and one share of the work.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/herold-load/options.h"
#include "apps/herold-load/phases.h"
#include "base/random.h"
#include "crypto/openssl/openssl_crypto.h"
#include "net/epoll_loop.h"
#include "net/tls.h"

namespace herold::load {

class Connection;
class Scenario;

// The users that one worker plays.
struct Share {
  unsigned first = 0;
  unsigned sessions = 0;
  std::uint64_t count = 0;  // of Options::count
};

class Worker {
 public:
  // Options and phases outlive the worker.
  static Result<std::unique_ptr<Worker>> make(const Options& options, Phases& phases, Share share);
  // For make().
  Worker(const Options& options, Phases& phases, Share share);
  ~Worker();

  void run();               // on a thread of its own, until stop()
  void stop();              // from any thread
  void begin(Phase phase);  // from any thread
  // Once run() has ended.
  const Scenario& scenario() const { return *scenario_; }
  unsigned retries() const { return retries_; }

  // For the scenario and its connections, on the worker's thread.
  void arrive() { phases_.arrive(); }
  void fail(std::string text);
  // Whether one more failed login may be tried again.
  bool may_retry() { return retries_ < options_.retries && ++retries_ > 0; }
  void note_progress() { has_progress_ = true; }
  // Runs `task` later; silence until then is no failure. One at a time.
  void after(Duration delay, net::Task task);
  void flush_later(Connection& connection) { unflushed_.push_back(&connection); }
  std::string next_source();  // "127.0.0.2:0", or "" for the machine's choice

  const Options& options() const { return options_; }
  const Share& share() const { return share_; }
  const Limits& limits() const { return limits_; }
  MonotonicTime now() const { return clock_.now(); }
  net::EpollLoop& loop() { return *loop_; }
  net::TlsClientContext& tls() { return *tls_; }
  const crypto::Crypto& crypto() const { return crypto_; }
  Random& random() { return random_; }
  std::span<char> buffer() { return buffer_; }

 private:
  void flush();
  void watch_progress();

  const Options& options_;
  Phases& phases_;
  const Share share_;
  SystemClock clock_;
  SystemRandom random_;
  crypto::OpenSslCrypto crypto_;
  Limits limits_;
  std::unique_ptr<net::EpollLoop> loop_;
  std::unique_ptr<net::TlsClientContext> tls_;
  std::vector<char> buffer_;
  std::vector<Connection*> unflushed_;
  std::vector<Connection*> flushing_;  // kept for its memory
  net::Timer watch_timer_;
  net::Timer timer_;
  bool has_progress_ = true;
  bool has_failed_ = false;
  unsigned source_ = 0;
  unsigned retries_ = 0;
  std::unique_ptr<Scenario> scenario_;
};

}  // namespace herold::load
