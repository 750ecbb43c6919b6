// The message store in SQLite, continued: what archives need: pages of a selection, replacing, age.
#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "store/sqlite/message_rows.h"

namespace herold::store {
namespace {

constexpr std::int64_t no_bound = std::numeric_limits<std::int64_t>::max();

// A selection as numbers. Ids lie strictly between `after` and `before`.
struct Range {
  BoxRow box;
  std::int64_t after = 0, before = no_bound;
  std::int64_t start = std::numeric_limits<std::int64_t>::min(), end = no_bound;
  std::int64_t contact = 0;
  bool is_empty() const { return box.number == 0; }
};

Result<std::int64_t> position(Connection& connection, const BoxRow& box, std::uint64_t stanza_id) {
  const std::uint64_t id = box.number == 0 ? 0 : TRY(id_in_box(connection, box, stanza_id));
  if (id == 0) return fail(Fault::not_found, "the archive has no such message");
  return static_cast<std::int64_t>(id);
}

// Times narrow ids down, so that what is far from them is never looked at.
Result<Range> range_of(Connection& connection, const Box& box, const Selection& what) {
  Range range{.box = TRY(find_box(connection, box))};
  for (const std::uint64_t id : what.after)
    range.after = std::max(range.after, TRY(position(connection, range.box, id)));
  for (const std::uint64_t id : what.before)
    range.before = std::min(range.before, TRY(position(connection, range.box, id)));
  if (what.start) {
    range.start = microseconds(*what.start);
    range.after = std::max(range.after, range.start - range.box.behind - 1);
  }
  if (what.end) {
    range.end = microseconds(*what.end);
    if (range.end < no_bound - range.box.ahead - 1)
      range.before = std::min(range.before, range.end + range.box.ahead + 1);
  }
  range.contact = contact_number(what.contact);
  return range;
}

#define HEROLD_COLUMNS "SELECT r.id, m.stanza_id, m.sender, m.recipient, m.time, m.stanza, r.text "
#define HEROLD_SELECTED                                                                    \
  HEROLD_COLUMNS                                                                           \
  "FROM reference r CROSS JOIN message m ON m.stanza_id = r.message WHERE r.box = ?1 AND " \
  "r.id > ?2 AND r.id < ?3 AND m.time BETWEEN ?4 AND ?5 "
#define HEROLD_FOUND                                                                       \
  HEROLD_COLUMNS                                                                           \
  "FROM (SELECT rowid AS row, id FROM archive_text WHERE archive_text MATCH ?7) t "        \
  "CROSS JOIN reference r ON r.box = ?1 AND r.id = t.id CROSS JOIN message m "             \
  "ON m.stanza_id = r.message WHERE r.id > ?2 AND r.id < ?3 AND m.time BETWEEN ?4 AND ?5 " \
  "AND (?6 = 0 OR r.contact = ?6) "

Result<Rows> run(Connection& connection, const Range& range, PageAt at, const std::string& words) {
  const bool forwards = at == PageAt::start;
  if (!words.empty())
    return connection.query(
        forwards ? HEROLD_FOUND "ORDER BY r.id" : HEROLD_FOUND "ORDER BY r.id DESC",
        range.box.number, range.after, range.before, range.start, range.end, range.contact, words);
  const std::string_view sql =
      range.contact != 0
          ? (forwards ? HEROLD_SELECTED "AND r.contact = ?6 AND r.contact <> 0 ORDER BY r.id"
                      : HEROLD_SELECTED "AND r.contact = ?6 AND r.contact <> 0 ORDER BY r.id DESC")
          : (forwards ? HEROLD_SELECTED "AND ?6 = 0 ORDER BY r.id"
                      : HEROLD_SELECTED "AND ?6 = 0 ORDER BY r.id DESC");
  return connection.query(sql, range.box.number, range.after, range.before, range.start, range.end,
                          range.contact);
}
#undef HEROLD_FOUND
#undef HEROLD_SELECTED
#undef HEROLD_COLUMNS

bool is_wanted(const Rows& rows, const Selection& what) {
  if (what.address.empty()) return true;
  return rows.bytes(2) == what.address || rows.bytes(3) == what.address;
}

// Messages that are named are looked up one by one; all must be there.
Result<std::vector<std::int64_t>> named_positions(Connection& connection, const Range& range,
                                                  const Selection& what) {
  std::vector<std::int64_t> positions;
  for (const std::uint64_t id : what.stanza_ids)
    positions.push_back(TRY(position(connection, range.box, id)));
  std::ranges::sort(positions);
  const auto repeated = std::ranges::unique(positions);
  positions.erase(repeated.begin(), repeated.end());
  return positions;
}

// Calls `take` with the rows that are selected, from one end, until it says false.
template <class Take>
Result<> visit(Connection& connection, Range range, const Selection& what, PageAt at, Take take) {
  const std::string words = what.text.empty() ? std::string() : text_query(range.box, what.text);
  if (what.stanza_ids.empty()) {
    if (range.is_empty()) return {};
    Rows rows = TRY(run(connection, range, at, words));
    while (TRY(rows.next()))
      if (is_wanted(rows, what) && !take(rows)) return {};
    return {};
  }
  auto positions = TRY(named_positions(connection, range, what));
  if (at == PageAt::end) std::ranges::reverse(positions);
  for (const std::int64_t place : positions) {
    if (place <= range.after || place >= range.before) continue;
    Range one = range;
    one.after = place - 1;
    one.before = place + 1;
    Rows rows = TRY(run(connection, one, at, words));
    while (TRY(rows.next()))
      if (is_wanted(rows, what) && !take(rows)) return {};
  }
  return {};
}

Result<Page> select_page(Connection& connection, const Box& box, const Selection& what,
                         const PageBounds& bounds) {
  Page page;
  Bytes bytes = 0;
  const Range range = TRY(range_of(connection, box, what));
  TRY(visit(connection, range, what, bounds.at, [&](const Rows& rows) {
    bytes += rows.bytes(5).size();
    page.complete =
        page.messages.size() < bounds.messages && (page.messages.empty() || bytes <= bounds.bytes);
    if (page.complete) page.messages.push_back(stored_message(rows));
    return page.complete;
  }));
  if (bounds.at == PageAt::end) std::ranges::reverse(page.messages);
  return page;
}

Result<std::uint64_t> count_selected(Connection& connection, const Box& box,
                                     const Selection& what) {
  std::uint64_t count = 0;
  const Range range = TRY(range_of(connection, box, what));
  TRY(visit(connection, range, what, PageAt::start, [&](const Rows&) {
    ++count;
    return true;
  }));
  return count;
}

bool is_from(std::string_view address, std::string_view bare) {
  return address.starts_with(bare) &&
         (address.size() == bare.size() || address[bare.size()] == '/');
}

// What stood inside the first tag gives way. Boxes count the message as what it was.
Result<> replace_content(Connection& connection, std::uint64_t stanza_id, std::string_view stanza,
                         std::string_view content) {
  std::string tombstone(stanza.substr(0, stanza.find('>')));
  if (tombstone.ends_with('/')) tombstone.pop_back();
  tombstone.append(">").append(content).append("</message>");
  return connection.execute("UPDATE message SET stanza = ?2 WHERE stanza_id = ?1", stanza_id,
                            Blob{tombstone});
}

Result<> replace_in(Connection& connection, const Box& box, std::uint64_t stanza_id,
                    std::string_view content) {
  const BoxRow row = TRY(find_box(connection, box));
  const std::int64_t id = TRY(position(connection, row, stanza_id));
  std::string stanza;
  std::int64_t text = 0;
  {
    Rows rows = TRY(connection.query(
        "SELECT m.stanza, r.text FROM reference r JOIN message m ON m.stanza_id = r.message "
        "WHERE r.box = ?1 AND r.id = ?2",
        row.number, id));
    if (TRY(rows.next())) stanza = rows.text(0), text = rows.number(1);
  }
  TRY(forget_text(connection, text));
  return replace_content(connection, stanza_id, stanza, content);
}

Result<bool> trim_box(Connection& connection, const Box& box, WallTime older, Bytes most,
                      std::uint32_t limit) {
  const BoxRow row = TRY(find_box(connection, box));
  if (row.number == 0) return false;
  std::int64_t above = 0;
  {
    Rows rows = TRY(connection.query("SELECT bytes FROM box WHERE number = ?1", row.number));
    if (TRY(rows.next())) above = rows.number(0) - static_cast<std::int64_t>(most);
  }
  std::vector<std::uint64_t> ids;
  {
    Rows rows =
        TRY(connection.query("SELECT r.id, m.time, m.bytes FROM reference r CROSS JOIN message m "
                             "ON m.stanza_id = r.message WHERE r.box = ?1 ORDER BY r.id LIMIT ?2",
                             row.number, limit));
    while (TRY(rows.next())) {
      if (rows.number(1) >= microseconds(older) && above <= 0) break;
      above -= rows.number(2);
      ids.push_back(static_cast<std::uint64_t>(rows.number(0)));
    }
  }
  TRY(remove_references(connection, row, ids));
  return ids.size() == limit;
}

}  // namespace

Result<> retract(Connection& connection, const Box& box, std::string_view contact,
                 const Retraction& retraction) {
  const Range range = TRY(range_of(connection, box, Selection{.contact = std::string(contact)}));
  std::optional<StoredMessage> found;
  std::int64_t text = 0;
  std::uint64_t seen = 0;
  TRY(visit(connection, range, {}, PageAt::end, [&](const Rows& rows) {
    const std::string_view stanza = rows.bytes(5);
    const bool is_it = is_from(rows.bytes(2), retraction.sender) &&
                       stanza.substr(0, stanza.find('>')).contains(retraction.tag_text);
    if (is_it) found = stored_message(rows), text = rows.number(6);
    return !is_it && ++seen < bounds::retractable;
  }));
  if (!found) return {};
  TRY(forget_text(connection, text));
  return replace_content(connection, found->message.stanza_id, found->message.stanza.view(),
                         retraction.content);
}

void SqliteMessages::select(Box box, Selection what, PageBounds bounds, Completion<Page> done) {
  access_.read<Page>(std::move(done), [box = std::move(box), what = std::move(what),
                                       bounds](Connection& connection) {
    return select_page(connection, box, what, bounds);
  });
}

void SqliteMessages::count(Box box, Selection what, Completion<std::uint64_t> done) {
  access_.read<std::uint64_t>(
      std::move(done), [box = std::move(box), what = std::move(what)](Connection& connection) {
        return count_selected(connection, box, what);
      });
}

void SqliteMessages::replace(Box box, std::uint64_t stanza_id, std::string content,
                             Completion<> done) {
  access_.write<void>(std::move(done), [box = std::move(box), stanza_id,
                                        content = std::move(content)](Connection& connection) {
    return replace_in(connection, box, stanza_id, content);
  });
}

void SqliteMessages::boxes(BoxKind kind, std::uint64_t after, std::uint32_t limit,
                           Completion<std::vector<BoxUsage>> done) {
  access_.read<std::vector<BoxUsage>>(
      std::move(done),
      [kind, after, limit](Connection& connection) -> Result<std::vector<BoxUsage>> {
        std::vector<BoxUsage> found;
        Rows rows = TRY(connection.query(
            "SELECT b.number, b.owner, b.session, b.count, b.bytes, (SELECT m.time FROM reference "
            "r JOIN message m ON m.stanza_id = r.message WHERE r.box = b.number ORDER BY r.id "
            "LIMIT 1) FROM box b WHERE b.number > ?1 AND b.kind = ?2 ORDER BY b.number LIMIT ?3",
            after, static_cast<int>(kind), limit));
        while (TRY(rows.next()))
          found.push_back(
              {static_cast<std::uint64_t>(rows.number(0)),
               {rows.text(1), kind, rows.text(2)},
               {static_cast<std::uint64_t>(rows.number(3)), static_cast<Bytes>(rows.number(4))},
               wall_time(rows.number(5))});
        return found;
      });
}

void SqliteMessages::trim(Box box, WallTime older, Bytes most, std::uint32_t limit,
                          Completion<bool> done) {
  access_.write<bool>(std::move(done),
                      [box = std::move(box), older, most, limit](Connection& connection) {
                        return trim_box(connection, box, older, most, limit);
                      });
}

}  // namespace herold::store
