// The words of archives (XEP-0431): an index by FTS5, filled for those who look for words.
//
// Most people never search, so nothing is indexed as it comes; what is missing is added before each
// search. A row is one reference, so that one owner's search costs what his own archive holds.
#include <algorithm>

#include "base/limits.h"
#include "store/sqlite/message_rows.h"

namespace herold::store {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string box_word(const BoxRow& box) { return "box" + std::to_string(box.number); }

struct Said {
  std::int64_t id = 0;
  std::string text;
};

Result<std::vector<Said>> next_texts(Connection& connection, const BoxRow& box, std::uint32_t limit,
                                     SqliteMessages::TextOf text_of) {
  std::vector<Said> found;
  Rows rows = TRY(connection.query(
      "SELECT r.id, m.stanza FROM reference r CROSS JOIN message m ON m.stanza_id = r.message "
      "WHERE r.box = ?1 AND r.id > (SELECT indexed FROM box WHERE number = ?1) ORDER BY r.id "
      "LIMIT ?2",
      box.number, limit));
  while (TRY(rows.next())) found.push_back({rows.number(0), text_of(rows.bytes(1))});
  return found;
}

Result<bool> index_some(Connection& connection, const Box& box, std::uint32_t limit,
                        SqliteMessages::TextOf text_of) {
  const BoxRow row = TRY(find_box(connection, box));
  if (row.number == 0 || text_of == nullptr) return false;
  const std::vector<Said> texts = TRY(next_texts(connection, row, limit, text_of));
  if (texts.empty()) return false;
  const std::string word = box_word(row);
  for (const Said& said : texts) {
    if (said.text.empty()) continue;
    TRY(connection.execute("INSERT INTO archive_text(text, box, id) VALUES(?1, ?2, ?3)", said.text,
                           word, said.id));
    TRY(connection.execute(
        "UPDATE reference SET text = last_insert_rowid() WHERE box = ?1 AND id = ?2", row.number,
        said.id));
  }
  TRY(connection.execute("UPDATE box SET indexed = ?2 WHERE number = ?1", row.number,
                         texts.back().id));
  return texts.size() == limit;
}

}  // namespace

// Each word is quoted, so that nothing of it is taken for FTS5's language.
std::string text_query(const BoxRow& box, std::string_view words) {
  std::string query = "box:\"" + box_word(box) + '"';
  std::size_t count = 0;
  while (count < bounds::archive_words) {
    words.remove_prefix(std::min(words.find_first_not_of(blanks), words.size()));
    if (words.empty()) break;
    const std::string_view word = words.substr(0, words.find_first_of(blanks));
    words.remove_prefix(word.size());
    query += " AND text:\"";
    for (const char c : word) {
      if (c == '"') query += c;
      if (c != '\0') query += c;
    }
    query += '"';
    ++count;
  }
  return query;
}

Result<> forget_text(Connection& connection, std::int64_t text) {
  if (text == 0) return {};
  return connection.execute("DELETE FROM archive_text WHERE rowid = ?1", text);
}

void SqliteMessages::index_text(Box box, std::uint32_t limit, Completion<bool> done) {
  access_.write<bool>(std::move(done),
                      [box = std::move(box), limit, text_of = text_of_](Connection& connection) {
                        return index_some(connection, box, limit, text_of);
                      });
}

Result<bool> merge_words(Connection& connection) {
  constexpr int pages = 64;
  const std::int64_t before = connection.total_changes();
  TRY(connection.execute("INSERT INTO archive_text(archive_text, rank) VALUES('merge', ?1)",
                         -pages));
  return connection.total_changes() - before >= 2;
}

void SqliteMessages::wipe_text(Completion<bool> done) {
  access_.write<bool>(std::move(done), merge_words);
}

}  // namespace herold::store
