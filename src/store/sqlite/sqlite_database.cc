// The database object: an engine, and a bundle of stores for each shard.
#include "store/sqlite/sqlite_database.h"

#include "store/sqlite/engine.h"
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
