// The database object: an engine, and a bundle of stores for each shard.
#include "store/sqlite/sqlite_database.h"

#include "store/sqlite/engine.h"
#include "store/sqlite/message_rows.h"
#include "store/sqlite/nodes.h"
#include "store/sqlite/stores.h"

namespace herold::store {
namespace {

class SqliteStores final : public Stores {
 public:
  SqliteStores(Engine& engine, Executor& executor, const Limits& limits, const Sealer& sealer,
               const Clock& clock, SqliteMessages::TextOf text_of)
      : access_(engine, executor),
        accounts_(access_, sealer),
        clients_(access_, sealer),
        rosters_(access_, clock, limits.roster_removals),
        messages_(access_, clock, text_of),
        records_(access_, clock),
        nodes_(access_) {}
  Accounts& accounts() override { return accounts_; }
  Clients& clients() override { return clients_; }
  Rosters& rosters() override { return rosters_; }
  Messages& messages() override { return messages_; }
  Records& records() override { return records_; }
  Nodes& nodes() override { return nodes_; }

 private:
  Access access_;
  SqliteAccounts accounts_;
  SqliteClients clients_;
  SqliteRosters rosters_;
  SqliteMessages messages_;
  SqliteRecords records_;
  SqliteNodes nodes_;
};

Result<> verify_all(Connection& connection) {
  Rows rows = TRY(connection.query("PRAGMA integrity_check(10)"));
  std::string damage;
  for (;;) {
    const auto more = rows.next();
    if (more && !*more) break;
    const std::string_view what = more ? rows.bytes(0) : std::string_view(more.error().text);
    if (what != "ok") damage.append(damage.empty() ? "" : "; ").append(what);
    if (!more) break;  // so damaged that the check itself ends
  }
  if (!damage.empty()) return fail(Fault::malformed, "the database is damaged: " + damage);
  return {};
}

// Each waits for readers as long as busy_timeout says.
constexpr int checkpoints = 6;
// A copy up to this goes into memory, a larger one into a file without a name.
constexpr std::int64_t pages_in_memory = 16384;

Result<std::int64_t> number_of(Connection& connection, std::string_view pragma) {
  Rows rows = TRY(connection.query(pragma));
  return TRY(rows.next()) ? rows.number(0) : 0;
}

Result<> empty_log(Connection& connection) {
  for (int attempt = 0; attempt < checkpoints; ++attempt)
    if (TRY(number_of(connection, "PRAGMA wal_checkpoint(TRUNCATE)")) == 0) return {};
  return fail(Fault::unavailable, "the write-ahead log is being read all the time");
}

// SQLite makes a copy, which then takes the place of the old pages.
Result<> copy_anew(Connection& connection) {
  const bool is_small = TRY(number_of(connection, "PRAGMA page_count")) <= pages_in_memory;
  if (is_small) return connection.execute("VACUUM");
  TRY(connection.script("PRAGMA temp_store = FILE"));
  const auto copied = connection.execute("VACUUM");
  TRY(connection.script("PRAGMA temp_store = MEMORY"));
  return copied;
}

Result<Database::Scrubbed> scrub_all(Connection& connection) {
  const auto bytes = [&]() -> Result<Bytes> {
    return static_cast<Bytes>(TRY(number_of(connection, "PRAGMA page_count")) *
                              TRY(number_of(connection, "PRAGMA page_size")));
  };
  Database::Scrubbed done{.before = TRY(bytes())};
  while (TRY(merge_words(connection))) {
  }
  TRY(copy_anew(connection));
  TRY(empty_log(connection));
  done.after = TRY(bytes());
  return done;
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::unique_ptr<Engine> engine, const Limits& limits, const Sealer& sealer,
                 const Clock& clock, SqliteMessages::TextOf text_of)
      : engine_(std::move(engine)),
        limits_(limits),
        sealer_(sealer),
        clock_(clock),
        text_of_(text_of) {}

  std::unique_ptr<Stores> attach(Executor& executor) override {
    return std::make_unique<SqliteStores>(*engine_, executor, limits_, sealer_, clock_, text_of_);
  }
  bool pressed() const override { return engine_->pressed(); }
  void verify(Executor& executor, Completion<> done) override {
    Access(*engine_, executor).read<void>(std::move(done), verify_all);
  }
  const std::vector<std::string>& owed_removals() const override {
    return engine_->owed_removals();
  }
  void scrub(Executor& executor, Completion<Scrubbed> done) override {
    Access(*engine_, executor).write<Scrubbed>(std::move(done), scrub_all, Job::Kind::scrub);
  }
  void abandon() override { engine_->abandon(); }
  DatabaseStatistics statistics() const override { return engine_->statistics(); }

 private:
  std::unique_ptr<Engine> engine_;
  Limits limits_;
  const Sealer& sealer_;
  const Clock& clock_;
  SqliteMessages::TextOf text_of_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options, const Limits& limits,
                                              const Sealer& sealer, const Clock& clock, Log& log) {
  auto engine = TRY(Engine::open(options, limits, log));
  return std::make_unique<SqliteDatabase>(std::move(engine), limits, sealer, clock,
                                          options.text_of);
}

}  // namespace herold::store
