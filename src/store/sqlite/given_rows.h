// Rows in memory as a table of SQLite, so that one statement inserts them all.
//
// A statement of its own costs a row several times what the row itself does: cursors are opened,
// the tree is descended and a savepoint is made for each.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string_view>

namespace herold::store {

// What a statement reads from the table `given`, whose columns are c0, c1, ... in this order.
class GivenRows {
 public:
  static constexpr int most_columns = 8;

  virtual ~GivenRows() = default;
  virtual std::size_t count() const = 0;

  class Value {
   public:
    explicit Value(sqlite3_context* context) : context_(context) {}
    void number(std::int64_t value) { sqlite3_result_int64(context_, value); }
    // Both have to stay as they are until the statement is done.
    void text(std::string_view value) {
      sqlite3_result_text64(context_, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    void bytes(std::string_view value) {
      sqlite3_result_blob64(context_, value.data(), value.size(), SQLITE_STATIC);
    }

   private:
    sqlite3_context* context_;
  };
  virtual void show(std::size_t row, int column, Value value) const = 0;
};

// Makes the table `given` of a connection; it shows what `*rows` points to, which outlives the
// connection. An SQLite result code.
int add_given_table(sqlite3* database, const GivenRows* const* rows);

}  // namespace herold::store
