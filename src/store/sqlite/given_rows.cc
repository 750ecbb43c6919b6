// An eponymous virtual table: nothing is created, every read begins at the first row.
#include "store/sqlite/given_rows.h"

#include <memory>

namespace herold::store {
namespace {

struct Table : sqlite3_vtab {
  const GivenRows* const* rows;
};

struct Cursor : sqlite3_vtab_cursor {
  std::size_t row = 0;
  const GivenRows* rows() const { return *static_cast<const Table*>(pVtab)->rows; }
};

int connect(sqlite3* database, void* rows, int, const char* const*, sqlite3_vtab** made, char**) {
  static_assert(GivenRows::most_columns == 8);
  const int code = sqlite3_declare_vtab(database, "CREATE TABLE t(c0, c1, c2, c3, c4, c5, c6, c7)");
  if (code != SQLITE_OK) return code;
  auto table = std::make_unique<Table>();
  table->rows = static_cast<const GivenRows* const*>(rows);
  *made = table.release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  std::unique_ptr<Table>(static_cast<Table*>(table)).reset();
  return SQLITE_OK;
}

// Always from the first to the last; it is what should be read first of a join.
int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 1;
  info->estimatedRows = 1;
  return SQLITE_OK;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** made) {
  *made = std::make_unique<Cursor>().release();
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  std::unique_ptr<Cursor>(static_cast<Cursor*>(cursor)).reset();
  return SQLITE_OK;
}

int begin(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  static_cast<Cursor*>(cursor)->row = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<Cursor*>(cursor)->row;
  return SQLITE_OK;
}

int is_at_end(sqlite3_vtab_cursor* cursor) {
  const auto* at = static_cast<Cursor*>(cursor);
  return at->rows() == nullptr || at->row >= at->rows()->count();
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int number) {
  const auto* at = static_cast<Cursor*>(cursor);
  at->rows()->show(at->row, number, GivenRows::Value(context));
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(static_cast<Cursor*>(cursor)->row);
  return SQLITE_OK;
}

constexpr sqlite3_module module_of_given = [] {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = begin;
  module.xNext = next;
  module.xEof = is_at_end;
  module.xColumn = column;
  module.xRowid = rowid;
  return module;
}();

}  // namespace

int add_given_table(sqlite3* database, const GivenRows* const* rows) {
  return sqlite3_create_module_v2(database, "given", &module_of_given,
                                  const_cast<GivenRows const**>(rows), nullptr);
}

}  // namespace herold::store
