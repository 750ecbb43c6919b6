// SQLite's C interface behind Result.
#include "store/sqlite/connection.h"

#include "store/sqlite/given_rows.h"

namespace herold::store {

Error sqlite_error(sqlite3* database, int code) {
  const Fault fault = (code & 0xff) == SQLITE_CONSTRAINT ? Fault::conflict : Fault::unavailable;
  // The message of SQLite names tables and columns, never values.
  return {fault, std::string("database: ") + sqlite3_errmsg(database)};
}

Result<bool> Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(sqlite_error(sqlite3_db_handle(statement_), code));
}

std::string_view Rows::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::write ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database));
  const int added = code == SQLITE_OK ? add_given_table(database, &connection->given_) : code;
  if (added == SQLITE_OK) return connection;
  return std::unexpected(sqlite_error(database, added));
}

Connection::~Connection() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<> Connection::script(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database_, code));
  return {};
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql) {
  if (const auto found = prepared_.find(sql); found != prepared_.end()) {
    CHECK(sqlite3_stmt_busy(found->second) == 0);
    return found->second;
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(database_, code));
  prepared_.emplace(sql, statement);
  return statement;
}

// Static: what is bound outlives the statement's run, which ends inside the caller's expression
// or with its Rows.
void Connection::bind(sqlite3_stmt* statement, int place, std::string_view text) {
  sqlite3_bind_text64(statement, place, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void Connection::bind(sqlite3_stmt* statement, int place, const Blob& blob) {
  if (blob.bytes.empty())
    sqlite3_bind_zeroblob(statement, place, 0);
  else
    sqlite3_bind_blob64(statement, place, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
}

}  // namespace herold::store
