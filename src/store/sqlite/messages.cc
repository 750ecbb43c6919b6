// The message store in SQLite: bodies once, boxes with their counts, references by (box, id).
#include "store/sqlite/stores.h"

namespace herold::store {
namespace {

// The box's number; 0 when there is none.
Result<std::int64_t> find_box(Connection& connection, const Box& box) {
  Rows rows =
      TRY(connection.query("SELECT number FROM box WHERE owner = ?1 AND kind = ?2 AND session = ?3",
                           box.owner, static_cast<int>(box.kind), box.session));
  return TRY(rows.next()) ? rows.number(0) : 0;
}

Result<> count(Connection& connection, std::int64_t box, std::int64_t messages,
               std::int64_t bytes) {
  return connection.execute(
      "UPDATE box SET count = count + ?2, bytes = bytes + ?3 WHERE number = ?1", box, messages,
      bytes);
}

// Makes the box if it is new, and counts what comes into it; yields its number.
Result<std::int64_t> count_into(Connection& connection, const Box& box, std::int64_t messages,
                                std::int64_t bytes) {
  Rows rows = TRY(connection.query(
      "INSERT INTO box(owner, kind, session, count, bytes) VALUES(?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT(owner, kind, session) DO UPDATE SET count = count + ?4, bytes = bytes + ?5 "
      "RETURNING number",
      box.owner, static_cast<int>(box.kind), box.session, messages, bytes));
  TRY(rows.next());
  const std::int64_t number = rows.number(0);
  TRY(rows.next());
  return number;
}

struct Body {
  std::int64_t number = 0;
  bool known = false;  // it was stored before
};

// A new message starts with `uses` references, which the caller then makes.
Result<Body> put_body(Connection& connection, const Message& message, std::size_t uses) {
  {
    Rows rows = TRY(
        connection.query("INSERT INTO message(stanza_id, sender, recipient, time, uses, stanza) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING RETURNING number",
                         message.stanza_id, message.from, message.to, microseconds(message.time),
                         uses, Blob{message.stanza.view()}));
    if (TRY(rows.next())) {
      const Body body{rows.number(0), false};
      TRY(rows.next());
      return body;
    }
  }
  Rows rows =
      TRY(connection.query("SELECT number FROM message WHERE stanza_id = ?1", message.stanza_id));
  if (!TRY(rows.next())) return fail(Fault::unavailable, "database: a message has gone");
  return Body{rows.number(0), true};
}

Result<std::uint64_t> newest_of(Connection& connection, const std::string& owner) {
  Rows rows = TRY(connection.query("SELECT id FROM newest_id WHERE owner = ?1", owner));
  return TRY(rows.next()) ? static_cast<std::uint64_t>(rows.number(0)) : 0;
}

Result<std::uint64_t> take_id(Connection& connection, const Reference& reference,
                              const Clock& clock) {
  const std::string& owner = reference.box.owner;
  std::uint64_t id = reference.id;
  if (id == 0) id = next_number(TRY(newest_of(connection, owner)), clock);
  TRY(
      connection.execute("INSERT INTO newest_id(owner, id) VALUES(?1, ?2) ON CONFLICT(owner) "
                         "DO UPDATE SET id = ?2 WHERE id < ?2",
                         owner, id));
  return id;
}

// Rare: only for messages that come again without an id given by their home.
Result<bool> refers(Connection& connection, const Box& box, std::int64_t message) {
  const std::int64_t number = TRY(find_box(connection, box));
  Rows rows = TRY(connection.query(
      "SELECT 1 FROM reference WHERE box = ?1 AND message = ?2 LIMIT 1", number, message));
  return rows.next();
}

// False when the box held it already.
Result<bool> put_reference(Connection& connection, const Body& body, const Reference& reference,
                           std::int64_t bytes, const Clock& clock) {
  if (body.known && reference.id == 0 && TRY(refers(connection, reference.box, body.number)))
    return false;
  const std::int64_t box = TRY(count_into(connection, reference.box, 1, bytes));
  const std::uint64_t id = TRY(take_id(connection, reference, clock));
  TRY(connection.execute(
      "INSERT INTO reference(box, id, message) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING", box, id,
      body.number));
  if (connection.changes() != 0) return true;
  TRY(count(connection, box, -1, -bytes));
  return false;
}

Result<> add_one(Connection& connection, const NewMessage& one, const Clock& clock) {
  if (one.references.empty()) return {};
  const Body body = TRY(put_body(connection, one.message, one.references.size()));
  std::int64_t made = 0;
  for (const Reference& reference : one.references)
    made += TRY(put_reference(connection, body, reference,
                              static_cast<std::int64_t>(one.message.stanza.size()), clock));
  const std::int64_t counted = body.known ? 0 : static_cast<std::int64_t>(one.references.size());
  if (made == counted) return {};
  TRY(connection.execute("UPDATE message SET uses = uses + ?2 WHERE number = ?1", body.number,
                         made - counted));
  return connection.execute("DELETE FROM message WHERE number = ?1 AND uses <= 0", body.number);
}

// Takes one use off a message, which goes with its last.
Result<std::int64_t> release(Connection& connection, std::int64_t message) {
  std::int64_t uses = 0, bytes = 0;
  {
    Rows rows = TRY(connection.query(
        "UPDATE message SET uses = uses - 1 WHERE number = ?1 RETURNING uses, length(stanza)",
        message));
    if (!TRY(rows.next())) return 0;
    uses = rows.number(0);
    bytes = rows.number(1);
    TRY(rows.next());
  }
  if (uses <= 0) TRY(connection.execute("DELETE FROM message WHERE number = ?1", message));
  return bytes;
}

Result<> remove_ids(Connection& connection, const Box& box, const std::vector<std::uint64_t>& ids) {
  const std::int64_t number = TRY(find_box(connection, box));
  if (number == 0) return {};
  std::int64_t messages = 0, bytes = 0;
  for (const std::uint64_t id : ids) {
    std::int64_t message = 0;
    {
      Rows rows = TRY(connection.query(
          "DELETE FROM reference WHERE box = ?1 AND id = ?2 RETURNING message", number, id));
      if (!TRY(rows.next())) continue;
      message = rows.number(0);
      TRY(rows.next());
    }
    bytes += TRY(release(connection, message));
    ++messages;
  }
  return count(connection, number, -messages, -bytes);
}

Result<> remove_by_stanza(Connection& connection, const Box& box,
                          const std::vector<std::string>& stanza_ids) {
  const std::int64_t number = TRY(find_box(connection, box));
  if (number == 0) return {};
  std::vector<std::uint64_t> ids;
  for (const std::string& stanza_id : stanza_ids) {
    Rows rows =
        TRY(connection.query("SELECT r.id FROM message m JOIN reference r ON r.message = m.number "
                             "WHERE m.stanza_id = ?1 AND r.box = ?2",
                             stanza_id, number));
    while (TRY(rows.next())) ids.push_back(static_cast<std::uint64_t>(rows.number(0)));
  }
  return remove_ids(connection, box, ids);
}

Result<> drop_box(Connection& connection, std::int64_t box) {
  {
    Rows rows = TRY(connection.query("SELECT message FROM reference WHERE box = ?1", box));
    while (TRY(rows.next())) TRY(release(connection, rows.number(0)));
  }
  TRY(connection.execute("DELETE FROM reference WHERE box = ?1", box));
  return connection.execute("DELETE FROM box WHERE number = ?1", box);
}

Result<> move_box(Connection& connection, const Box& from, const Box& to) {
  const std::int64_t source = TRY(find_box(connection, from));
  if (source == 0) return {};
  const std::int64_t target = TRY(count_into(connection, to, 0, 0));
  // What stays behind is there already: the rest of the box goes as usual.
  TRY(connection.execute("UPDATE OR IGNORE reference SET box = ?2 WHERE box = ?1", source, target));
  TRY(drop_box(connection, source));
  return connection.execute(
      "UPDATE box SET (count, bytes) = (SELECT count(*), coalesce(sum(length(m.stanza)), 0) "
      "FROM reference r JOIN message m ON m.number = r.message WHERE r.box = ?1) WHERE number = ?1",
      target);
}

Result<std::vector<StoredMessage>> fetch_some(Connection& connection, const Box& box,
                                              std::uint64_t after, std::uint32_t limit) {
  std::vector<StoredMessage> found;
  const std::int64_t number = TRY(find_box(connection, box));
  if (number == 0) return found;
  Rows rows = TRY(connection.query(
      "SELECT r.id, m.stanza_id, m.sender, m.recipient, m.time, m.stanza FROM reference r "
      "JOIN message m ON m.number = r.message WHERE r.box = ?1 AND r.id > ?2 ORDER BY r.id "
      "LIMIT ?3",
      number, after, limit));
  while (TRY(rows.next()))
    found.push_back({static_cast<std::uint64_t>(rows.number(0)),
                     {rows.text(1), rows.text(2), rows.text(3), wall_time(rows.number(4)),
                      SharedBytes(rows.bytes(5))}});
  return found;
}

}  // namespace

Result<> erase_messages(Connection& connection, std::string_view owner) {
  std::vector<std::int64_t> boxes;
  {
    Rows rows = TRY(connection.query("SELECT number FROM box WHERE owner = ?1", owner));
    while (TRY(rows.next())) boxes.push_back(rows.number(0));
  }
  for (const std::int64_t box : boxes) TRY(drop_box(connection, box));
  return {};
}

void SqliteMessages::add(std::vector<NewMessage> messages, Completion<> done) {
  access_.write<void>(
      std::move(done),
      [messages = std::move(messages), &clock = clock_](Connection& connection) -> Result<> {
        for (const NewMessage& one : messages) TRY(add_one(connection, one, clock));
        return {};
      });
}

void SqliteMessages::backlog(Box box, Completion<Backlog> done) {
  access_.read<Backlog>(
      std::move(done), [box = std::move(box)](Connection& connection) -> Result<Backlog> {
        Rows rows = TRY(connection.query(
            "SELECT count, bytes FROM box WHERE owner = ?1 AND kind = ?2 AND session = ?3",
            box.owner, static_cast<int>(box.kind), box.session));
        if (!TRY(rows.next())) return Backlog{};
        return Backlog{static_cast<std::uint64_t>(rows.number(0)),
                       static_cast<Bytes>(rows.number(1))};
      });
}

void SqliteMessages::newest_id(std::string owner, Completion<std::uint64_t> done) {
  access_.read<std::uint64_t>(
      std::move(done), [owner = std::move(owner)](Connection& connection) -> Result<std::uint64_t> {
        return newest_of(connection, owner);
      });
}

void SqliteMessages::fetch(Box box, std::uint64_t after, std::uint32_t limit,
                           Completion<std::vector<StoredMessage>> done) {
  access_.read<std::vector<StoredMessage>>(
      std::move(done), [box = std::move(box), after, limit](Connection& connection) {
        return fetch_some(connection, box, after, limit);
      });
}

void SqliteMessages::remove(Box box, std::vector<std::uint64_t> ids, Completion<> done) {
  access_.write<void>(std::move(done),
                      [box = std::move(box), ids = std::move(ids)](Connection& connection) {
                        return remove_ids(connection, box, ids);
                      });
}

void SqliteMessages::remove_stanzas(Box box, std::vector<std::string> stanza_ids,
                                    Completion<> done) {
  access_.write<void>(std::move(done), [box = std::move(box), stanza_ids = std::move(stanza_ids)](
                                           Connection& connection) {
    return remove_by_stanza(connection, box, stanza_ids);
  });
}

void SqliteMessages::remove_all(Box box, Completion<> done) {
  access_.write<void>(std::move(done), [box = std::move(box)](Connection& connection) -> Result<> {
    const std::int64_t number = TRY(find_box(connection, box));
    return number == 0 ? Result<>() : drop_box(connection, number);
  });
}

void SqliteMessages::move(Box from, Box to, Completion<> done) {
  CHECK(from.owner == to.owner && !(from == to));
  access_.write<void>(std::move(done),
                      [from = std::move(from), to = std::move(to)](Connection& connection) {
                        return move_box(connection, from, to);
                      });
}

}  // namespace herold::store
