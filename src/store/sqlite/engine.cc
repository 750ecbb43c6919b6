// Opening, grouping and committing.
#include "store/sqlite/engine.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/limits.h"
#include "store/sqlite/nodes.h"
#include "store/sqlite/schema.h"

namespace herold::store {
namespace {

constexpr Seconds idle_time{5};
constexpr std::int64_t most_copied_pages = 4096;  // 16 MiB, a tenth of a second

bool is_small(Connection& connection) {
  auto pages = connection.query("PRAGMA page_count");
  if (!pages) return false;
  const auto is_there = pages->next();
  return is_there && *is_there && pages->number(0) <= most_copied_pages;
}

// The tables behind the stores; those of modules come from outside.
const Schema* const own_schemas[] = {&core_schema, &nodes_schema};

constexpr std::string_view remember_open =
    "INSERT OR REPLACE INTO state(key, value) VALUES('open', ?1)";

}  // namespace

Engine::Engine(const SqliteOptions& options, const Limits& limits, Log& log)
    : limits_(limits),
      log_(log),
      inline_(options.inline_executor),
      alive_(std::make_shared<Engine*>(this)) {}

Result<std::unique_ptr<Engine>> Engine::open(const SqliteOptions& options, const Limits& limits,
                                             Log& log) {
  std::unique_ptr<Engine> engine(new Engine(options, limits, log));
  if (auto ready = engine->prepare(options); !ready) {
    engine->writer_.reset();
    return std::unexpected(Error{ready.error().fault, options.path + ": " + ready.error().text});
  }
  if (!engine->inline_) engine->start_threads();
  return engine;
}

Result<> Engine::prepare(const SqliteOptions& options) {
  const mode_t before = ::umask(0077);  // the file and its companions are nobody else's
  auto opened = Connection::open(options.path, Connection::Mode::write);
  auto configured = opened ? configure(**opened, options) : Result<>();
  ::umask(before);
  writer_ = TRY(std::move(opened));
  TRY(std::move(configured));
  TRY(
      writer_->script("CREATE TABLE IF NOT EXISTS state(key TEXT PRIMARY KEY, value) "
                      "WITHOUT ROWID"));
  TRY(check_after_crash(options));
  for (const Schema* schema : own_schemas) {
    TRY(migrate(*writer_, *schema));
    erase_.insert(erase_.end(), schema->erase.begin(), schema->erase.end());
  }
  TRY(refresh_look_alikes(*writer_));
  for (const Schema& schema : options.modules) {
    TRY(migrate(*writer_, schema));
    erase_.insert(erase_.end(), schema.erase.begin(), schema.erase.end());
  }
  TRY(find_strangers(options));
  TRY(find_owed_removals());
  TRY(writer_->execute(remember_open, 1));
  if (inline_ || options.path == ":memory:") return {};
  reader_ = TRY(Connection::open(options.path, Connection::Mode::read));
  return reader_->script(
      "PRAGMA query_only = ON; PRAGMA cache_size = -256; "
      "PRAGMA busy_timeout = 5000;");
}

Result<> Engine::find_strangers(const SqliteOptions& options) {
  Rows rows = TRY(writer_->query("SELECT name FROM schema_version"));
  while (TRY(rows.next())) {
    const std::string name = rows.text(0);
    const auto is_it = [&](const Schema& schema) { return schema.name == name; };
    const auto is_own = [&](const Schema* schema) { return is_it(*schema); };
    if (std::ranges::none_of(own_schemas, is_own) && std::ranges::none_of(options.modules, is_it))
      strangers_.push_back(name);
  }
  return {};
}

Result<> Engine::find_owed_removals() {
  Rows rows = TRY(writer_->query("SELECT address FROM removal ORDER BY address"));
  while (TRY(rows.next())) owed_removals_.push_back(rows.text(0));
  return {};
}

Result<> Engine::configure(Connection& connection, const SqliteOptions& options) {
  TRY(
      connection.script("PRAGMA page_size = 4096; PRAGMA busy_timeout = 5000; "
                        "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; "
                        "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; "
                        "PRAGMA journal_size_limit = 4194304; PRAGMA trusted_schema = OFF;"));
  TRY(connection.script(options.durability == Durability::full ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = OFF"));
  if (options.most_pages == 0) return {};
  return connection.script("PRAGMA max_page_count = " + std::to_string(options.most_pages));
}

// A damaged page costs what stands on it, not the service (HOSTILE 179): it is reported.
Result<> Engine::check_after_crash(const SqliteOptions& options) {
  {
    Rows open = TRY(writer_->query("SELECT 1 FROM state WHERE key = 'open' AND value = 1"));
    if (!TRY(open.next())) return {};
    Rows pages = TRY(writer_->query("PRAGMA page_count"));
    if (!TRY(pages.next()) || pages.number(0) > bounds::checked_pages) return {};
  }
  Rows rows = TRY(writer_->query("PRAGMA quick_check(3)"));
  for (;;) {
    const auto more = rows.next();
    if (more && !*more) return {};
    const std::string_view what = more ? rows.bytes(0) : std::string_view(more.error().text);
    if (what != "ok") log_.error("database_damaged", {{"file", options.path}, {"what", what}});
    if (!more) return {};
  }
}

void Engine::start_threads() {
  writing_ = std::thread([this] { serve(writes_, *writer_); });
  if (reader_) reading_ = std::thread([this] { serve(reads_, *reader_); });
}

Engine::~Engine() {
  *alive_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (writing_.joinable()) writing_.join();
  if (reading_.joinable()) reading_.join();
  if (!writer_) return;
  if (inline_) run_inline();
  reader_.reset();
  // Should this fail, the next start checks the file once more; nothing else depends on it.
  static_cast<void>(writer_->execute(remember_open, 0));
}

void Engine::submit(std::unique_ptr<Job> job, Lane lane) {
  if (waiting_.fetch_add(1) >= limits_.store_queue) {
    --waiting_;
    ++failures_;
    return job->finish(fail(Fault::unavailable, "too many database jobs are waiting"));
  }
  bool schedule = false;
  {
    const std::lock_guard lock(mutex_);
    if (job->kind() == Job::Kind::scrub) ++scrubs_;
    (lane == Lane::reader && reader_ ? reads_ : writes_).push_back(std::move(job));
    schedule = inline_ && !std::exchange(scheduled_, true);
  }
  if (!inline_) return wake_.notify_all();
  if (schedule)
    inline_->post([alive = alive_] {
      if (*alive) (*alive)->run_inline();
    });
}

void Engine::abandon() {
  const std::lock_guard lock(mutex_);
  waiting_ -= writes_.size() + reads_.size();
  scrubs_ = 0;
  writes_.clear();
  reads_.clear();
}

// What runs in no transaction is a group of its own.
Engine::Jobs Engine::take(Jobs& queue) {
  std::uint64_t size = std::min<std::uint64_t>(queue.size(), limits_.store_batch);
  if (scrubs_ != 0) {
    const auto is_scrub = [](const auto& job) { return job->kind() == Job::Kind::scrub; };
    const auto scrub = std::ranges::find_if(queue, is_scrub);
    const auto before = static_cast<std::uint64_t>(scrub - queue.begin());
    if (before == 0) --scrubs_;
    size = std::min(size, std::max<std::uint64_t>(before, 1));
  }
  Jobs group;
  if (size == queue.size()) {
    group.swap(queue);
    return group;
  }
  for (std::uint64_t i = 0; i < size; ++i) {
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return group;
}

void Engine::serve(Jobs& queue, Connection& connection) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto due = [&] { return stopping_ || !queue.empty(); };
    if (!wake_.wait_for(lock, idle_time, due)) {
      lock.unlock();
      connection.release_memory();  // a batch may use 8 MiB of pages, an idle server none
      // What was removed must not stay in the file because nothing follows it in the log. A reader
      // may be in the way: then the next one does it.
      if (&connection == writer_.get())
        static_cast<void>(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
      lock.lock();
      wake_.wait(lock, due);
    }
    if (queue.empty()) return;
    Jobs jobs = take(queue);
    lock.unlock();
    run_group(connection, jobs);
    lock.lock();
  }
}

void Engine::run_inline() {
  std::unique_lock lock(mutex_);
  scheduled_ = false;
  while (!writes_.empty()) {
    Jobs jobs = take(writes_);
    lock.unlock();
    run_group(*writer_, jobs);
    lock.lock();
  }
}

void Engine::run_group(Connection& connection, Jobs& jobs) {
  bool writes = false, erases = false;
  for (const auto& job : jobs) {
    writes |= job->kind() != Job::Kind::read;
    erases |= job->kind() == Job::Kind::erase;
  }
  std::vector<Result<>> outcomes(jobs.size());
  if (!writes || jobs.front()->kind() == Job::Kind::scrub) {
    for (std::size_t i = 0; i < jobs.size(); ++i) outcomes[i] = jobs[i]->run(connection);
  } else if (!try_group(connection, jobs, outcomes)) {
    // Some errors (disk full, I/O) roll the whole transaction back: each job on its own, so that
    // one that is too big does not hurt the others.
    for (std::size_t i = 0; i < jobs.size(); ++i) outcomes[i] = run_alone(connection, *jobs[i]);
  }
  if (erases) wipe(connection);
  finish(jobs, outcomes);
}

// Deleted rows are overwritten, but copies of them that SQLite left behind when it divided a page
// are not: a database that is quickly copied is written anew. Best effort: a reader may hold the
// log; then the next checkpoint does it.
void Engine::wipe(Connection& connection) {
  if (is_small(connection)) static_cast<void>(connection.execute("VACUUM"));
  static_cast<void>(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

void Engine::finish(Jobs& jobs, const std::vector<Result<>>& outcomes) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!outcomes[i] && outcomes[i].error().fault == Fault::unavailable) ++failures_;
    ++jobs_;
    --waiting_;
    jobs[i]->finish(outcomes[i]);
  }
}

bool Engine::try_group(Connection& connection, Jobs& jobs, std::vector<Result<>>& outcomes) {
  if (!connection.execute("BEGIN IMMEDIATE")) return false;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    outcomes[i] = jobs[i]->kind() == Job::Kind::read ? jobs[i]->run(connection)
                                                     : run_in_savepoint(connection, *jobs[i]);
    if (!connection.in_transaction()) return false;
  }
  if (connection.execute("COMMIT")) {
    ++transactions_;
    return true;
  }
  if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
  return false;
}

Result<> Engine::run_in_savepoint(Connection& connection, Job& job) {
  TRY(connection.execute("SAVEPOINT job"));
  auto outcome = job.run(connection);
  if (!outcome && connection.in_transaction()) TRY(connection.execute("ROLLBACK TO job"));
  if (connection.in_transaction()) TRY(connection.execute("RELEASE job"));
  return outcome;
}

Result<> Engine::run_alone(Connection& connection, Job& job) {
  if (job.kind() == Job::Kind::read) return job.run(connection);
  TRY(connection.execute("BEGIN IMMEDIATE"));
  auto outcome = job.run(connection);
  if (outcome) outcome = connection.execute("COMMIT");
  if (outcome)
    ++transactions_;
  else if (connection.in_transaction())
    TRY(connection.execute("ROLLBACK"));
  return outcome;
}

DatabaseStatistics Engine::statistics() const {
  return {waiting_, jobs_, transactions_, failures_};
}

}  // namespace herold::store
