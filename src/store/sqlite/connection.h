// A connection to SQLite: statements kept prepared, errors as values, rows read in order.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/result.h"

namespace herold::store {

class GivenRows;

struct Blob {  // bound as bytes, not as text
  std::string_view bytes;
};

// The rows of one running statement; gives the statement back when it dies.
class Rows {
 public:
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  Result<bool> next();  // false: no more
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string_view bytes(int column) const;  // until next()
  std::string text(int column) const { return std::string(bytes(column)); }

 private:
  friend class Connection;
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  enum class Mode { write, read };
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // `sql` is one statement that lives as long as the program: it stays prepared.
  template <class... Values>
  Result<Rows> query(std::string_view sql, const Values&... values) {
    sqlite3_stmt* statement = TRY(prepare(sql));
    int place = 0;
    (bind(statement, ++place, values), ...);
    return Rows(statement);
  }
  // Runs to the end, dropping rows.
  template <class... Values>
  Result<> execute(std::string_view sql, const Values&... values) {
    Rows rows = TRY(query(sql, values...));
    while (TRY(rows.next())) {
    }
    return {};
  }
  // The same for a statement that reads the table `given`, which shows `rows`.
  Result<Rows> query_given(std::string_view sql, const GivenRows& rows) {
    given_ = &rows;
    return query(sql);
  }
  Result<> execute_given(std::string_view sql, const GivenRows& rows) {
    given_ = &rows;
    return execute(sql);
  }
  // Any number of statements, not kept.
  Result<> script(const std::string& sql);

  void release_memory() { sqlite3_db_release_memory(database_); }
  int changes() const { return sqlite3_changes(database_); }
  std::int64_t total_changes() const { return sqlite3_total_changes64(database_); }
  bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql);
  static void bind(sqlite3_stmt* statement, int place, std::string_view text);
  static void bind(sqlite3_stmt* statement, int place, const Blob& blob);
  static void bind(sqlite3_stmt* statement, int place, std::integral auto number) {
    sqlite3_bind_int64(statement, place, static_cast<std::int64_t>(number));
  }

  sqlite3* database_;
  const GivenRows* given_ = nullptr;  // of the last statement that reads them
  std::unordered_map<std::string_view, sqlite3_stmt*> prepared_;
};

Error sqlite_error(sqlite3* database, int code);

}  // namespace herold::store
