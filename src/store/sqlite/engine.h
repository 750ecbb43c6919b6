// The engine behind the SQLite stores: a writer that commits waiting jobs in groups, a reader.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "store/database.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/sqlite_database.h"

namespace herold::store {

// One piece of work on the database. run() may be called again after a rollback.
class Job {
 public:
  enum class Kind {
    read,
    write,
    erase,  // a write after which no copy of the old bytes may stay in the write-ahead log
    scrub,  // in no transaction: it rewrites the file
  };
  explicit Job(Kind kind) : kind_(kind) {}
  virtual ~Job() = default;
  virtual Result<> run(Connection& connection) = 0;
  virtual void finish(Result<> outcome) = 0;  // posts the completion
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const SqliteOptions& options, const Limits& limits,
                                              Log& log);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  // Reads that must see writes still waiting take the lane of the writer. From any thread.
  enum class Lane { writer, reader };
  void submit(std::unique_ptr<Job> job, Lane lane);

  void abandon();
  bool pressed() const { return waiting_ > limits_.store_queue / 4 * 3; }
  DatabaseStatistics statistics() const;
  const std::vector<std::string_view>& erase_statements() const { return erase_; }
  const std::vector<std::string>& owed_removals() const { return owed_removals_; }
  // Whose tables are in the file, and nobody named them: what is theirs cannot be erased.
  const std::vector<std::string>& strangers() const { return strangers_; }

 private:
  using Jobs = std::deque<std::unique_ptr<Job>>;

  Engine(const SqliteOptions& options, const Limits& limits, Log& log);
  Result<> prepare(const SqliteOptions& options);
  Result<> configure(Connection& connection, const SqliteOptions& options);
  Result<> check_after_crash(const SqliteOptions& options);
  void start_threads();
  void serve(Jobs& queue, Connection& connection);
  void run_inline();
  void run_group(Connection& connection, Jobs& jobs);
  static void wipe(Connection& connection);
  bool try_group(Connection& connection, Jobs& jobs, std::vector<Result<>>& outcomes);
  Result<> run_alone(Connection& connection, Job& job);
  Result<> run_in_savepoint(Connection& connection, Job& job);
  void finish(Jobs& jobs, const std::vector<Result<>>& outcomes);
  Jobs take(Jobs& queue);

  Limits limits_;
  Log& log_;
  Executor* inline_;
  std::unique_ptr<Connection> writer_, reader_;  // no reader: everything on the writer
  std::vector<std::string_view> erase_;
  std::vector<std::string> strangers_, owed_removals_;
  Result<> find_strangers(const SqliteOptions& options);
  Result<> find_owed_removals();

  std::mutex mutex_;
  std::condition_variable wake_;
  Jobs writes_, reads_;
  std::uint64_t scrubs_ = 0;  // among them; always in the writer's lane
  bool stopping_ = false;
  bool scheduled_ = false;          // run_inline() was posted
  std::shared_ptr<Engine*> alive_;  // shared with a posted run_inline()
  std::atomic<std::uint64_t> waiting_ = 0, jobs_ = 0, transactions_ = 0, failures_ = 0;
  std::thread writing_, reading_;
};

// One shard's way into the engine: runs bodies `Result<T>(Connection&)` and brings values home.
class Access {
 public:
  Access(Engine& engine, Executor& executor)
      : engine_(engine), executor_(executor), unfinished_(std::make_shared<Count>(0)) {}

  template <class T, class Body>
  void read(Completion<T> done, Body body) {
    // Behind writes of the same caller that are not committed yet a read takes their lane.
    const bool behind = unfinished_->load(std::memory_order_acquire) != 0;
    submit<T>(Job::Kind::read, behind ? Engine::Lane::writer : Engine::Lane::reader,
              std::move(done), std::move(body));
  }
  template <class T, class Body>
  void write(Completion<T> done, Body body, Job::Kind kind = Job::Kind::write) {
    submit<T>(kind, Engine::Lane::writer, std::move(done), std::move(body));
  }
  Engine& engine() const { return engine_; }

 private:
  using Count = std::atomic<std::uint32_t>;

  template <class T, class Body>
  class JobOf final : public Job {
   public:
    JobOf(Kind kind, Executor& executor, std::shared_ptr<Count> unfinished, Completion<T> done,
          Body body)
        : Job(kind),
          executor_(executor),
          unfinished_(std::move(unfinished)),
          done_(std::move(done)),
          body_(std::move(body)) {}

    Result<> run(Connection& connection) override {
      value_ = body_(connection);
      if (!value_) return std::unexpected(value_.error());
      return {};
    }
    void finish(Result<> outcome) override {
      if (!outcome) value_ = std::unexpected(outcome.error());
      executor_.post([done = std::move(done_), value = std::move(value_)]() mutable {
        if (done) done(std::move(value));
      });
      if (unfinished_) unfinished_->fetch_sub(1, std::memory_order_release);
    }

   private:
    Executor& executor_;
    std::shared_ptr<Count> unfinished_;
    Completion<T> done_;
    Body body_;
    Result<T> value_;
  };

  template <class T, class Body>
  void submit(Job::Kind kind, Engine::Lane lane, Completion<T> done, Body body) {
    std::shared_ptr<Count> unfinished;
    if (lane == Engine::Lane::writer) {
      unfinished = unfinished_;
      unfinished->fetch_add(1, std::memory_order_relaxed);
    }
    engine_.submit(std::make_unique<JobOf<T, Body>>(kind, executor_, std::move(unfinished),
                                                    std::move(done), std::move(body)),
                   lane);
  }

  Engine& engine_;
  Executor& executor_;
  std::shared_ptr<Count> unfinished_;  // shared with jobs under way, on the engine's threads
};

}  // namespace herold::store
