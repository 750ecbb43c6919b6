// Life and death of the simulated server.
#include "server/testing/process.h"

#include "base/check.h"
#include "server/archive_query.h"
#include "store/sqlite/sqlite_database.h"
#include "xmpp/sasl/credentials.h"

namespace herold::sim {
namespace {

using crypto::HashAlgorithm;

// Secrets are none here.
class PlainSealer final : public store::Sealer {
 public:
  Result<std::string> seal(std::string_view plain, std::string_view) const override {
    return std::string(plain);
  }
  Result<std::string> open(std::string_view sealed, std::string_view) const override {
    return std::string(sealed);
  }
};

const store::Sealer& sealer() {
  static const PlainSealer one;
  return one;
}

// PBKDF2 is done at once; it takes no virtual time.
class ImmediateWorkers final : public server::Workers {
 public:
  bool run(net::Task task) override {
    task();
    return true;
  }
};

}  // namespace

void SlowThread::run(store::Task work) {
  waiting_.push_back(std::move(work));
  schedule();
}

void SlowThread::schedule() {
  if (waiting_.empty() || timer_.running()) return;
  const auto span = static_cast<std::uint64_t>(slowest_.count());
  timer_.start(loop_, Duration(random_.below(span) + 1), [this] {
    store::Task work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
    schedule();
  });
}

void SlowThread::drop() {
  timer_.stop();
  while (!waiting_.empty()) {
    const store::Task gone = std::move(waiting_.front());
    waiting_.pop_front();
  }
}

xmpp::ClientKeys client_keys(const crypto::Crypto& crypto) {
  return {HashAlgorithm::sha256, password_iterations, std::string(password_salt),
          xmpp::scram_keys(crypto, HashAlgorithm::sha256, password, password_salt,
                           password_iterations)};
}

Result<> make_database(const std::string& path, std::span<const std::string> accounts,
                       const Friends& friends, const Records& records) {
  const crypto::OpenSslCrypto crypto;
  const xmpp::StoredCredentials keys = xmpp::derive_credentials(
      crypto, password, password_salt, password_iterations, HashAlgorithm::sha256);
  NoLog log;
  const net::sim::SimClock clock;
  store::TaskQueue queue;
  const store::SqliteOptions options{
      .path = path, .durability = store::Durability::none, .inline_executor = &queue};
  auto database = TRY(store::open_sqlite(options, Limits{}, sealer(), clock, log));
  auto stores = database->attach(queue);
  Result<> outcome;
  for (const std::string& account : accounts) {
    std::vector<store::Credential> rows;
    rows.push_back({"SHA-256", std::string(password_salt), password_iterations,
                    std::string(keys.stored_key.view()), std::string(keys.server_key.view())});
    stores->accounts().create(account, std::move(rows), clock.wall(), [&](Result<> made) {
      if (!made) outcome = made;
    });
  }
  for (const auto& [owner, contact] : friends)
    stores->rosters().change(
        owner, {store::PutItem{{.address = contact, .subscription = store::Subscription::both}}},
        [&](Result<std::uint64_t> version) {
          if (!version) outcome = std::unexpected(version.error());
        });
  for (const auto& [key, value] : records)
    stores->records().put(key, value, [&](Result<std::uint64_t> put) {
      if (!put) outcome = std::unexpected(put.error());
    });
  queue.run_all();
  stores.reset();
  database.reset();
  queue.run_all();
  return outcome;
}

Process::Process(net::sim::SimWorld& world, store::Disk& disk, Log& log, Settings settings)
    : world_(world),
      disk_(disk),
      log_(log),
      settings_(std::move(settings)),
      random_(settings_.seed ^ 0x5ca1ab1e),
      machine_(world.add_loop()),
      sync_thread_(machine_, random_, settings_.slowest_sync),
      database_thread_(machine_, random_, settings_.slowest_database),
      workers_(std::make_unique<ImmediateWorkers>()) {
  for (unsigned i = 0; i < settings_.shards; ++i) loops_.push_back(&world.add_loop());
}

Process::~Process() {
  if (running()) kill();
}

Result<> Process::start() {
  CHECK(!running());
  ++runs_;
  failed_ = stopped_ = false;
  const store::SqliteOptions options{.path = settings_.database,
                                     .durability = store::Durability::none,
                                     .inline_executor = &database_thread_,
                                     .text_of = server::words_of};
  database_ =
      TRY(store::open_sqlite(options, settings_.config.limits, sealer(), world_.clock(), log_));
  randoms_.clear();
  server::ServerWorld world{.loops = {},
                            .randoms = {},
                            .log = log_,
                            .disk = disk_,
                            .sync_runner = sync_thread_,
                            .database = *database_,
                            .workers = *workers_,
                            .crypto = crypto_,
                            .tls = nullptr,
                            .peers = settings_.peers,
                            .unknown_user_secret = std::string(32, 's'),
                            .most_files = 100000};
  for (net::sim::SimLoop* loop : loops_) {
    randoms_.push_back(std::make_unique<SeededRandom>(random_.number()));
    world.loops.push_back(loop);
    world.randoms.push_back(randoms_.back().get());
  }
  server_ = std::make_unique<server::Server>(settings_.config, std::move(world));
  server_->set_fatal([this](const Error&) { failed_ = true; });
  return server_->start();
}

// What waits may own requests, which answer when they die, and so make new tasks.
void Process::forget_tasks() {
  for (int round = 0; round < 4; ++round) {
    sync_thread_.drop();
    database_thread_.drop();
    if (database_) database_->abandon();
    for (net::sim::SimLoop* loop : loops_) loop->drop();
  }
}

void Process::kill() {
  forget_tasks();
  server_.reset();
  forget_tasks();
  database_.reset();
  failed_ = false;
}

void Process::stop() {
  CHECK(running());
  server_->stop([this] { stopped_ = true; });
  for (int i = 0; i < 1000 && !stopped_; ++i) world_.run_for(Milliseconds(10));
  CHECK(stopped_);
  server_->release_stores();
  database_.reset();  // finishes what waits; the shards are still there to be told
  forget_tasks();
  server_.reset();
  forget_tasks();
}

void Process::configure(server::Config config) {
  settings_.config = std::move(config);
  if (running()) server_->configure(settings_.config);
}

void Process::accept(std::unique_ptr<net::Transport> transport, server::ListenerKind kind) {
  loops_.front()->post([this, kind, transport = std::move(transport)]() mutable {
    server_->accept(std::move(transport), kind);
  });
}

std::uint64_t Process::open_stanzas() const {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < settings_.shards; ++i) sum += server_->shard(i).counts().open_stanzas;
  return sum;
}

}  // namespace herold::sim
