// What only SQLite has to show: migrations killed anywhere, kill -9, full disks, damage, erasure.
#include "store/sqlite/sqlite_database.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.h"

namespace herold::store {
namespace {

class PlainSealer final : public Sealer {
 public:
  Result<std::string> seal(std::string_view plain, std::string_view) const override {
    return std::string(plain.rbegin(), plain.rend());
  }
  Result<std::string> open(std::string_view sealed, std::string_view) const override {
    return std::string(sealed.rbegin(), sealed.rend());
  }
};

class CountingLog final : public Log {
 public:
  bool wants(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view, std::span<const LogField>) override {
    errors += level == LogLevel::error;
  }
  int errors = 0;
};

const WallTime noon{Microseconds(1'790'000'000'000'000)};

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    std::string pattern = testing::TempDir() + "herold-sqlite-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    options_.path = folder_ + "/herold.db";
    options_.inline_executor = &queue_;
    options_.durability = Durability::none;
  }
  ~SqliteTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }

  Result<> open() {
    auto opened = open_sqlite(options_, limits_, sealer_, clock_, log_);
    if (!opened) return std::unexpected(opened.error());
    database_ = std::move(*opened);
    stores_ = database_->attach(queue_);
    return {};
  }
  void close() {
    stores_.reset();
    database_.reset();
    queue_.run_all();
  }
  template <class T, class Call>
  Result<T> wait(Call call) {
    std::optional<Result<T>> value;
    call([&](Result<T> result) { value = std::move(result); });
    queue_.run_all();
    return std::move(*value);
  }
  Result<std::uint64_t> put(std::string key, std::string value) {
    return wait<std::uint64_t>([&](auto done) {
      stores_->records().put({"m", "a@x", std::move(key)}, std::move(value), std::move(done));
    });
  }
  Result<std::optional<Record>> get(std::string key) {
    return wait<std::optional<Record>>(
        [&](auto done) { stores_->records().get({"m", "a@x", key}, std::move(done)); });
  }
  std::string all_bytes() const {
    std::ostringstream bytes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      bytes << std::ifstream(entry.path()).rdbuf();
    return bytes.str();
  }
  void execute(const std::string& sql) const {
    sqlite3* database = nullptr;
    sqlite3_open(options_.path.c_str(), &database);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  std::string ask(const std::string& sql) const {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    sqlite3_open(options_.path.c_str(), &database);
    std::string answer = "error";
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
      answer = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return answer;
  }

  std::string folder_;
  TaskQueue queue_;
  SqliteOptions options_;
  Limits limits_;
  PlainSealer sealer_;
  SystemClock clock_;
  CountingLog log_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Stores> stores_;
};

// SQL function die(n): ends the process when the environment names this n.
void die(sqlite3_context* context, int, sqlite3_value** values) {
  const char* at = ::getenv("HEROLD_TEST_DIE_AT");
  if (at && ::atoi(at) == sqlite3_value_int(values[0])) ::_exit(9);
  sqlite3_result_null(context);
}
int add_die(sqlite3* database, const char**, const sqlite3_api_routines*) {
  return sqlite3_create_function(database, "die", 1, SQLITE_UTF8, nullptr, die, nullptr, nullptr);
}

constexpr std::string_view steps[] = {
    "SELECT die(1); CREATE TABLE t(a); SELECT die(2); INSERT INTO t VALUES(1); SELECT die(3);",
    "ALTER TABLE t ADD COLUMN b; SELECT die(4); UPDATE t SET b = 2; SELECT die(5);",
    "SELECT die(6); CREATE TABLE u(c); INSERT INTO u SELECT b FROM t; SELECT die(7);",
};
constexpr std::string_view erase[] = {"DELETE FROM u WHERE c = ?1"};

TEST_F(SqliteTest, AMigrationKilledAnywhereLeavesOldOrNew) {
  const auto extension = reinterpret_cast<void (*)()>(add_die);
  sqlite3_auto_extension(extension);
  const Schema module{"module", steps, erase};
  options_.modules = {&module, 1};
  const int version_at[] = {0, 0, 0, 1, 1, 2, 2};
  for (int at = 1; at <= 7; ++at) {
    SCOPED_TRACE(at);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("HEROLD_TEST_DIE_AT", std::to_string(at).c_str(), 1);
      static_cast<void>(open());
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 9);
    const std::string version =
        ask("SELECT coalesce(max(version), 0) FROM schema_version WHERE name = 'module'");
    EXPECT_EQ(version, std::to_string(version_at[at - 1]));
    EXPECT_EQ(ask("SELECT count(*) FROM sqlite_master WHERE name = 't'"),
              version_at[at - 1] >= 1 ? "1" : "0");
    EXPECT_EQ(ask("SELECT sum(b) FROM t"), version_at[at - 1] >= 2 ? "2" : "error");
  }
  ASSERT_TRUE(open());
  close();
  EXPECT_EQ(ask("SELECT c FROM u"), "2");
  EXPECT_EQ(ask("SELECT version FROM schema_version WHERE name = 'module'"), "3");
  sqlite3_cancel_auto_extension(extension);
}

// Accounts of the first release have no key of look-alikes, and other Unicode data may make others.
// What step 3 of the core's tables found, without what stood in them.
constexpr std::string_view before_step_3 =
    "ALTER TABLE account DROP COLUMN generation; DROP TABLE client; DROP TABLE second_factor;"
    "DROP TABLE removal;"
    "DROP TABLE message; DROP TABLE reference; DROP TABLE archive_text; DROP TABLE box;"
    "CREATE TABLE message(number INTEGER PRIMARY KEY AUTOINCREMENT, stanza_id TEXT NOT NULL UNIQUE,"
    "  sender TEXT NOT NULL, recipient TEXT NOT NULL, time INTEGER NOT NULL,"
    "  uses INTEGER NOT NULL, stanza BLOB NOT NULL);"
    "CREATE TABLE reference(box INTEGER NOT NULL, id INTEGER NOT NULL, message INTEGER NOT NULL,"
    "  PRIMARY KEY(box, id)) WITHOUT ROWID;"
    "CREATE TABLE box(number INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind INTEGER NOT NULL,"
    "  session TEXT NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    "  UNIQUE(owner, kind, session));"
    "UPDATE schema_version SET version = 2 WHERE name = 'core';";

TEST_F(SqliteTest, TakesMessagesOverFromTheFirstTables) {
  ASSERT_TRUE(open());
  close();
  execute(std::string(before_step_3) +
          "INSERT INTO box VALUES(1, 'a@x', 2, '', 2, 10);"
          "INSERT INTO message VALUES(7, '0000010000000001', 'b@x/1', 'a@x', 1000, 1, x'3c612f3e');"
          "INSERT INTO message VALUES(8, 'fedcba9876543210', 'b@x/1', 'a@x', 2000, 1, x'3c622f3e');"
          "INSERT INTO reference VALUES(1, 1500, 7), (1, 1501, 8);");
  ASSERT_TRUE(open());
  const Box box{"a@x", BoxKind::offline, ""};
  const auto found = wait<std::vector<StoredMessage>>(
      [&](auto done) { stores_->messages().fetch(box, 0, 9, std::move(done)); });
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].message.stanza_id, 0x0000010000000001u);
  EXPECT_EQ((*found)[1].message.stanza_id, 0xfedcba9876543210u);
  EXPECT_EQ((*found)[1].message.stanza.view(), "<b/>");
  // References are found by their messages.
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->messages().remove_stanzas(box, {0x10000000001, 0xfedcba9876543210}, std::move(done));
  }));
  close();
  EXPECT_EQ(ask("SELECT count(*) FROM reference"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM message"), "0");
}

TEST_F(SqliteTest, KnowsLookAlikesOfAccountsThatWereThereBefore) {
  const auto looks_alike = [&] {
    return *wait<NameState>([&](auto done) {
      stores_->accounts().name_state("paypa1@x.test", std::move(done));
    }) == NameState::look_alike;
  };
  ASSERT_TRUE(open());
  for (int i = 0; i < 2500; ++i)
    stores_->accounts().create("u" + std::to_string(i) + "@x.test", {}, noon, [](Result<>) {});
  stores_->accounts().create("paypal@x.test", {}, noon, [](Result<>) {});
  queue_.run_all();
  close();
  execute(std::string(before_step_3) +
          "DROP INDEX account_look_alike; ALTER TABLE account DROP COLUMN look_alike;"
          "UPDATE schema_version SET version = 1 WHERE name = 'core';"
          "DELETE FROM state WHERE key = 'look_alike'");
  ASSERT_TRUE(open());
  EXPECT_TRUE(looks_alike());
  EXPECT_EQ(ask("SELECT count(*) FROM account WHERE look_alike = ''"), "0");
  close();
  execute(
      "UPDATE account SET look_alike = 'old'; UPDATE state SET value = 'old' "
      "WHERE key = 'look_alike'");
  ASSERT_TRUE(open());
  EXPECT_TRUE(looks_alike());
  close();
  execute("UPDATE account SET look_alike = 'old'");  // of the same version: not read at all
  ASSERT_TRUE(open());
  EXPECT_FALSE(looks_alike());
}

TEST_F(SqliteTest, RefusesTheDataOfANewerRelease) {
  ASSERT_TRUE(open());
  close();
  ask("UPDATE schema_version SET version = 99 WHERE name = 'core' RETURNING 1");
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid);
  EXPECT_NE(refused.error().text.find("newer release"), std::string::npos);
  EXPECT_NE(refused.error().text.find("99"), std::string::npos);
}

TEST_F(SqliteTest, AFailingMigrationChangesNothing) {
  static constexpr std::string_view broken[] = {"CREATE TABLE v(a); INSERT INTO nowhere VALUES(1)"};
  const Schema module{"module", broken, {}};
  options_.modules = {&module, 1};
  EXPECT_FALSE(open());
  EXPECT_EQ(ask("SELECT count(*) FROM sqlite_master WHERE name = 'v'"), "0");
  options_.modules = {};
  EXPECT_TRUE(open());
}

TEST_F(SqliteTest, KeepsWhatItCompletedOverKill9) {
  options_.inline_executor = nullptr;
  options_.durability = Durability::full;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      struct Direct final : Executor {
        void post(Task task) override { task(); }  // on the writer's thread
      } direct;
      auto database = open_sqlite(options_, limits_, sealer_, clock_, log_);
      if (!database) ::_exit(1);
      auto stores = (*database)->attach(direct);
      std::atomic<int> under_way = 0;
      for (int i = 0;; ++i) {
        while (under_way > 100) ::usleep(100);
        ++under_way;
        const std::string key = std::to_string(round) + "-" + std::to_string(i);
        stores->records().put({"m", "a@x", key}, "v", [&, key, fd = ends[1]](auto result) {
          const std::string line = key + "\n";
          if (result) static_cast<void>(!::write(fd, line.data(), line.size()));
          --under_way;
        });
      }
    }
    ::close(ends[1]);
    std::string told;
    char buffer[4096];
    while (told.size() < 2000u + 1000u * round) {
      const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
      if (n <= 0) break;
      told.append(buffer, static_cast<std::size_t>(n));
    }
    ::kill(child, SIGKILL);
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      told.append(buffer, static_cast<std::size_t>(n));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(options_.path.c_str(), &database), SQLITE_OK);
    sqlite3_stmt* find = nullptr;
    sqlite3_prepare_v2(database, "SELECT 1 FROM record WHERE key = ?1", -1, &find, nullptr);
    std::istringstream lines(told);
    int lost = 0;
    for (std::string key; std::getline(lines, key) && !lines.eof();) {
      sqlite3_bind_text(find, 1, key.data(), static_cast<int>(key.size()), SQLITE_TRANSIENT);
      lost += sqlite3_step(find) != SQLITE_ROW;
      sqlite3_reset(find);
    }
    EXPECT_EQ(lost, 0);
    EXPECT_GT(told.size(), 1000u);
    sqlite3_finalize(find);
    sqlite3_close(database);
  }
}

TEST_F(SqliteTest, AFullDatabaseRefusesReadsOnAndRecovers) {
  options_.most_pages = 120;
  ASSERT_TRUE(open());
  const std::string big(20000, 'x');
  int stored = 0;
  for (;; ++stored) {
    const auto result = put("big" + std::to_string(stored), big);
    if (result) continue;
    EXPECT_EQ(result.error().fault, Fault::unavailable);
    break;
  }
  EXPECT_GT(stored, 5);
  EXPECT_EQ((*get("big0"))->value, big);
  // One job that is too big does not take the small one of its group with it.
  std::optional<bool> small, large;
  stores_->records().put({"m", "a@x", "large"}, std::string(200000, 'x'),
                         [&](auto result) { large = result.has_value(); });
  stores_->records().put({"m", "a@x", "big0"}, "small",
                         [&](auto result) { small = result.has_value(); });
  queue_.run_all();
  EXPECT_EQ(large, false);
  EXPECT_EQ(small, true);
  EXPECT_GT(database_->statistics().failures, 0u);
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->records().remove_all("m", "a@x", std::move(done)); }));
  EXPECT_TRUE(put("again", big));
}

TEST_F(SqliteTest, LeavesNoBytesOfARemovedAccount) {
  ASSERT_TRUE(open());
  const std::string marker = "a secret that must go";
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->accounts().create("a@x", {{"SHA-1", "salt", 1, "plain key", "k"}}, noon,
                               std::move(done));
  }));
  ASSERT_TRUE(put("k", marker));
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->messages().add(
        {{{1, "b@x", "a@x", noon, SharedBytes(marker)}, {{{"a@x", BoxKind::offline, ""}, 1}}}},
        std::move(done));
  }));
  EXPECT_NE(all_bytes().find(marker), std::string::npos);
  EXPECT_EQ(all_bytes().find("plain key"), std::string::npos);  // only sealed
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->accounts().remove("a@x", {}, std::move(done)); }));
  EXPECT_EQ(all_bytes().find(marker), std::string::npos);
}

// What says where the rest of it is goes under another owner, until that is gone too.
TEST_F(SqliteTest, KnowsWhichRemovalsAreOwed) {
  ASSERT_TRUE(open());
  EXPECT_TRUE(database_->owed_removals().empty());
  const auto create = [&] {
    return wait<void>(
        [&](auto done) { stores_->accounts().create("a@x", {}, noon, std::move(done)); });
  };
  const auto remove = [&] {
    return wait<void>(
        [&](auto done) { stores_->accounts().remove("a@x", {"index"}, std::move(done)); });
  };
  const auto keys = [&](const std::string& owner) {
    std::string all;
    const auto rows = wait<std::vector<Record>>(
        [&](auto done) { stores_->records().list("index", owner, "", std::move(done)); });
    for (const Record& row : *rows) all += row.key + ' ';
    return all;
  };
  const auto index = [&](const std::string& key) {
    return wait<std::uint64_t>(
        [&](auto done) { stores_->records().put({"index", "a@x", key}, "", std::move(done)); });
  };
  EXPECT_EQ(remove().error().fault, Fault::not_found);
  ASSERT_TRUE(create());
  ASSERT_TRUE(index("here"));
  ASSERT_TRUE(put("k", "v"));
  ASSERT_TRUE(remove());
  EXPECT_EQ(keys("a@x"), "");
  EXPECT_EQ(keys(removed_owner("a@x")), "here ");
  EXPECT_FALSE(*get("k"));
  close();
  ASSERT_TRUE(open());
  EXPECT_EQ(database_->owed_removals(), std::vector<std::string>{"a@x"});
  // One of that name has its own, and may go in turn.
  ASSERT_TRUE(create());
  ASSERT_TRUE(index("here"));
  ASSERT_TRUE(index("there"));
  EXPECT_EQ(keys("a@x"), "here there ");
  ASSERT_TRUE(remove());
  EXPECT_EQ(keys(removed_owner("a@x")), "here there ");
  ASSERT_TRUE(create());
  ASSERT_TRUE(index("own"));
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->accounts().end_removal("a@x", std::move(done)); }));
  EXPECT_EQ(keys(removed_owner("a@x")), "");
  EXPECT_EQ(keys("a@x"), "own ");
  close();
  ASSERT_TRUE(open());
  EXPECT_TRUE(database_->owed_removals().empty());
}

// A database that is not written anew by each removal: pages are divided and joined, and what
// SQLite leaves in their unused space goes with a scrub, and so do words in the index.
TEST_F(SqliteTest, ScrubsWhatWasRemovedOutOfALargeFile) {
  options_.text_of = [](std::string_view stanza) { return std::string(stanza); };
  limits_.store_queue = 100'000;
  ASSERT_TRUE(open());
  constexpr int rows = 6000;
  const std::string rest(3000, '.');
  SeededRandom dice(5);
  for (int i = 0; i < rows; ++i) {
    const bool goes = dice.below(2) == 0;
    const std::string key = std::to_string(dice.number());
    stores_->records().put({"m", goes ? "a@x" : "b@x", (goes ? "goes" : "stays") + key},
                           (goes ? "leaving" : "staying") + rest.substr(dice.below(2900)), {});
    if (i % 10 == 0)
      stores_->messages().add(
          {{{static_cast<std::uint64_t>(i + 1), "b@x", "a@x", noon, SharedBytes("quidproquo")},
            {{{goes ? "a@x" : "b@x", BoxKind::archive, ""}, 0}}}},
          {});
    if (i % 200 == 0) queue_.run_all();
  }
  queue_.run_all();
  for (const char* owner : {"a@x", "b@x"})
    while (*wait<bool>([&](auto done) {
      stores_->messages().index_text({owner, BoxKind::archive, ""}, 500, std::move(done));
    })) {
    }
  EXPECT_GT(all_bytes().size(), std::size_t{4096} * 4096 / 2);
  // There is no such account; all that is of the address goes.
  EXPECT_FALSE(
      wait<void>([&](auto done) { stores_->accounts().remove("a@x", {}, std::move(done)); }));
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->messages().remove_all({"b@x", BoxKind::archive, ""}, std::move(done));
  }));
  const auto scrubbed =
      wait<Database::Scrubbed>([&](auto done) { database_->scrub(queue_, std::move(done)); });
  ASSERT_TRUE(scrubbed) << scrubbed.error().text;
  EXPECT_LT(scrubbed->after, scrubbed->before);
  const std::string bytes = all_bytes();
  for (const char* word : {"goes", "leaving", "quidproquo"})
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  EXPECT_NE(bytes.find("staying"), std::string::npos);
  EXPECT_TRUE(wait<void>([&](auto done) { database_->verify(queue_, std::move(done)); }));
  std::error_code none;
  EXPECT_EQ(std::filesystem::file_size(options_.path + "-wal", none), 0u);
  EXPECT_EQ(std::filesystem::file_size(options_.path), scrubbed->after);
}

// In between of others' writes, on threads of its own, with a reader beside it.
TEST_F(SqliteTest, ScrubsWhileItIsUsed) {
  options_.inline_executor = nullptr;
  ASSERT_TRUE(open());
  std::atomic<int> answered = 0;
  for (int i = 0; i < 50; ++i) {
    stores_->records().put({"m", "a@x", std::to_string(i)}, "v", [&](auto put) {
      EXPECT_TRUE(put);
      ++answered;
    });
    if (i % 10 == 5)
      database_->scrub(queue_, [&](auto scrubbed) {
        EXPECT_TRUE(scrubbed);
        ++answered;
      });
    stores_->records().get({"m", "a@x", std::to_string(i)}, [&](auto got) {
      EXPECT_TRUE(got && *got);
      ++answered;
    });
  }
  close();
  queue_.run_all();
  EXPECT_EQ(answered, 105);
}

TEST_F(SqliteTest, ErasesTheTablesOfModulesToo) {
  static constexpr std::string_view tables[] = {"CREATE TABLE u(c)"};
  const Schema module{"module", tables, erase};
  options_.modules = {&module, 1};
  ASSERT_TRUE(open());
  ask("INSERT INTO u VALUES('a@x') RETURNING 1");
  EXPECT_FALSE(
      wait<void>([&](auto done) { stores_->accounts().remove("a@x", {}, std::move(done)); }));
  EXPECT_EQ(ask("SELECT count(*) FROM u"), "0");
}

TEST_F(SqliteTest, RemovesNobodyWhereItDoesNotKnowAllTables) {
  static constexpr std::string_view tables[] = {"CREATE TABLE u(c)"};
  const Schema module{"module", tables, erase};
  options_.modules = {&module, 1};
  ASSERT_TRUE(open());
  close();
  options_.modules = {};
  ASSERT_TRUE(open());
  const auto removed =
      wait<void>([&](auto done) { stores_->accounts().remove("a@x", {}, std::move(done)); });
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().fault, Fault::refused);
}

TEST_F(SqliteTest, DropsWhatIsNotCommittedWhenTheProcessDies) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(put("kept", "v"));
  bool told = false;
  stores_->records().put({"m", "a@x", "lost"}, "v", [&](auto) { told = true; });
  database_->abandon();
  close();
  EXPECT_FALSE(told);
  ASSERT_TRUE(open());
  EXPECT_TRUE(*get("kept"));
  EXPECT_FALSE(*get("lost"));
}

TEST_F(SqliteTest, RefusesJobsOverTheBoundOfItsQueue) {
  limits_.store_queue = 8;
  ASSERT_TRUE(open());
  int taken = 0, refused = 0;
  for (int i = 0; i < 10; ++i)
    stores_->records().put({"m", "a@x", "k"}, "v", [&](auto result) {
      ++(result ? taken : refused);
      if (!result) EXPECT_EQ(result.error().fault, Fault::unavailable);
    });
  EXPECT_TRUE(database_->pressed());
  queue_.run_all();
  EXPECT_EQ(taken, 8);
  EXPECT_EQ(refused, 2);
  EXPECT_FALSE(database_->pressed());
}

TEST_F(SqliteTest, ReportsDamageAndServesTheRest) {
  ASSERT_TRUE(open());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(std::to_string(i), std::string(3000, 'x')));
  close();
  ask("UPDATE state SET value = 1 WHERE key = 'open' RETURNING 1");  // as after a crash
  const std::size_t row = all_bytes().rfind(std::string(3000, 'x'));
  std::fstream file(options_.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(row / 4096 * 4096));
  file << std::string(64, '\xff');
  file.close();
  ASSERT_TRUE(open());
  EXPECT_GT(log_.errors, 0);
  EXPECT_TRUE(*get("0"));
  const auto verified = wait<void>([&](auto done) { database_->verify(queue_, std::move(done)); });
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().fault, Fault::malformed);
}

TEST_F(SqliteTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(options_.path) << std::string(10000, 'x');
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("not a database"), std::string::npos);
}

TEST_F(SqliteTest, KeepsItsFilesToItself) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(put("k", "v"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    struct stat status{};
    ::stat(entry.path().c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
}

}  // namespace
}  // namespace herold::store
