// The message store in SQLite: bodies once, boxes with their counts, references by (box, id).
#include <algorithm>
#include <map>

#include "base/hash.h"
#include "store/sqlite/message_rows.h"

namespace herold::store {
namespace {

// The same for ever, since its results are stored. Who makes addresses collide finds both under
// either name, in his own archive.
constexpr HashKey contact_key{0x6865726f6c643031, 0x636f6e7461637473};

std::uint64_t unsigned_id(std::int64_t number) { return static_cast<std::uint64_t>(number); }

Result<std::uint64_t> newest_of(Connection& connection, const std::string& owner) {
  Rows rows = TRY(connection.query("SELECT id FROM newest_id WHERE owner = ?1", owner));
  return TRY(rows.next()) ? unsigned_id(rows.number(0)) : 0;
}

Result<> count(Connection& connection, std::int64_t box, std::int64_t messages,
               std::int64_t bytes) {
  return connection.execute(
      "UPDATE box SET count = count + ?2, bytes = bytes + ?3 WHERE number = ?1", box, messages,
      bytes);
}

// Adds many messages. What is counted of boxes and owners is written once, by finish().
class Adding {
 public:
  Adding(Connection& connection, const Clock& clock) : connection_(connection), clock_(clock) {}

  Result<> add(const NewMessage& one) {
    if (one.references.empty()) return {};
    const auto expected = static_cast<std::int64_t>(one.references.size());
    const bool is_new = TRY(put_body(one.message, expected));
    std::int64_t made = 0;
    for (const Reference& reference : one.references)
      made += TRY(put_reference(one.message, reference, is_new)) ? 1 : 0;
    if (one.retraction) TRY(retract_in(one));
    const std::int64_t uses = made - (is_new ? expected : 0);
    if (uses == 0) return {};
    TRY(connection_.execute("UPDATE message SET uses = uses + ?2 WHERE stanza_id = ?1",
                            one.message.stanza_id, uses));
    return connection_.execute("DELETE FROM message WHERE stanza_id = ?1 AND uses <= 0",
                               one.message.stanza_id);
  }

  Result<> finish() {
    for (const auto& [owner, newest] : newest_)
      TRY(
          connection_.execute("INSERT INTO newest_id(owner, id) VALUES(?1, ?2) ON CONFLICT(owner) "
                              "DO UPDATE SET id = ?2 WHERE id < ?2",
                              owner, newest));
    for (const auto& [box, state] : boxes_)
      TRY(connection_.execute(
          "UPDATE box SET count = count + ?2, bytes = bytes + ?3, ahead = ?4, "
          "behind = ?5 WHERE number = ?1",
          state.row.number, state.count, state.bytes, state.row.ahead, state.row.behind));
    boxes_.clear();
    newest_.clear();
    return {};
  }

 private:
  struct State {
    BoxRow row;
    std::int64_t count = 0, bytes = 0;  // that came
  };

  // True for a new message, with `uses` references that the caller makes.
  Result<bool> put_body(const Message& message, std::int64_t uses) {
    TRY(connection_.execute(
        "INSERT INTO message(stanza_id, sender, recipient, time, uses, bytes, stanza) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        message.stanza_id, message.from, message.to, microseconds(message.time), uses,
        message.stanza.size(), Blob{message.stanza.view()}));
    return connection_.changes() != 0;
  }

  // What it means may have come with this very batch, before what is counted of its box is written.
  Result<> retract_in(const NewMessage& one) {
    TRY(finish());
    for (const Reference& reference : one.references)
      if (reference.box.kind == BoxKind::archive)
        TRY(retract(connection_, reference.box, reference.contact, *one.retraction));
    return {};
  }

  // False when the box held it already.
  Result<bool> put_reference(const Message& message, const Reference& reference, bool is_new) {
    State& state = *TRY(box(reference.box));
    if (!is_new && reference.id == 0 &&
        TRY(id_in_box(connection_, state.row, message.stanza_id)) != 0)
      return false;
    const std::int64_t time = microseconds(message.time);
    const auto id = static_cast<std::int64_t>(TRY(take_id(reference, time)));
    TRY(connection_.execute(
        "INSERT INTO reference(box, id, message, contact) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT DO NOTHING",
        state.row.number, id, message.stanza_id, contact_number(reference.contact)));
    if (connection_.changes() == 0) return false;
    state.row.ahead = std::max(state.row.ahead, id - time);
    state.row.behind = std::max(state.row.behind, time - id);
    ++state.count;
    state.bytes += static_cast<std::int64_t>(message.stanza.size());
    return true;
  }

  Result<std::uint64_t> take_id(const Reference& reference, std::int64_t time) {
    const std::string& owner = reference.box.owner;
    auto known = newest_.find(owner);
    if (known == newest_.end())
      known = newest_.emplace(owner, TRY(newest_of(connection_, owner))).first;
    std::uint64_t id = reference.id;
    if (id == 0) id = std::max(next_number(known->second, clock_), unsigned_id(time));
    known->second = std::max(known->second, id);
    return id;
  }

  // Made where there is none.
  Result<State*> box(const Box& box) {
    const auto known = boxes_.find(box);
    if (known != boxes_.end()) return &known->second;
    BoxRow row = TRY(find_box(connection_, box));
    if (row.number == 0) {
      TRY(connection_.execute(
          "INSERT INTO box(owner, kind, session, count, bytes) VALUES(?1, ?2, ?3, 0, 0)", box.owner,
          static_cast<int>(box.kind), box.session));
      row = TRY(find_box(connection_, box));
    }
    return &boxes_.emplace(box, State{row}).first->second;
  }

  Connection& connection_;
  const Clock& clock_;
  std::map<Box, State> boxes_;
  std::map<std::string, std::uint64_t> newest_;
};

// Takes one use off a message, which goes with its last. Yields how much it counted for.
Result<std::int64_t> release(Connection& connection, std::int64_t message) {
  std::int64_t uses = 0, bytes = 0;
  {
    Rows rows = TRY(connection.query(
        "UPDATE message SET uses = uses - 1 WHERE stanza_id = ?1 RETURNING uses, bytes", message));
    if (!TRY(rows.next())) return 0;
    uses = rows.number(0);
    bytes = rows.number(1);
    TRY(rows.next());
  }
  if (uses <= 0) TRY(connection.execute("DELETE FROM message WHERE stanza_id = ?1", message));
  return bytes;
}

Result<> remove_by_stanza(Connection& connection, const Box& box,
                          const std::vector<std::uint64_t>& stanza_ids) {
  const BoxRow row = TRY(find_box(connection, box));
  if (row.number == 0) return {};
  std::vector<std::uint64_t> ids;
  for (const std::uint64_t stanza_id : stanza_ids)
    if (const std::uint64_t id = TRY(id_in_box(connection, row, stanza_id))) ids.push_back(id);
  return remove_references(connection, row, ids);
}

Result<> drop_box(Connection& connection, std::int64_t box) {
  {
    Rows rows = TRY(connection.query("SELECT message FROM reference WHERE box = ?1", box));
    while (TRY(rows.next())) TRY(release(connection, rows.number(0)));
  }
  TRY(
      connection.execute("DELETE FROM archive_text WHERE rowid IN "
                         "(SELECT text FROM reference WHERE box = ?1 AND text <> 0)",
                         box));
  TRY(connection.execute("DELETE FROM reference WHERE box = ?1", box));
  return connection.execute("DELETE FROM box WHERE number = ?1", box);
}

Result<> move_box(Connection& connection, const Box& from, const Box& to) {
  const BoxRow source = TRY(find_box(connection, from));
  if (source.number == 0) return {};
  TRY(connection.execute(
      "INSERT INTO box(owner, kind, session, count, bytes) VALUES(?1, ?2, ?3, 0, 0) "
      "ON CONFLICT DO NOTHING",
      to.owner, static_cast<int>(to.kind), to.session));
  const std::int64_t target = TRY(find_box(connection, to)).number;
  // What stays behind is there already: the rest of the box goes as usual.
  TRY(connection.execute("UPDATE OR IGNORE reference SET box = ?2 WHERE box = ?1", source.number,
                         target));
  TRY(drop_box(connection, source.number));
  return connection.execute(
      "UPDATE box SET (count, bytes) = (SELECT count(*), coalesce(sum(m.bytes), 0) "
      "FROM reference r JOIN message m ON m.stanza_id = r.message WHERE r.box = ?1), "
      "ahead = max(ahead, ?2), behind = max(behind, ?3) WHERE number = ?1",
      target, source.ahead, source.behind);
}

Result<std::vector<StoredMessage>> fetch_some(Connection& connection, const Box& box,
                                              std::uint64_t after, std::uint32_t limit) {
  std::vector<StoredMessage> found;
  const std::int64_t number = TRY(find_box(connection, box)).number;
  if (number == 0) return found;
  Rows rows = TRY(connection.query(
      "SELECT r.id, m.stanza_id, m.sender, m.recipient, m.time, m.stanza FROM reference r "
      "JOIN message m ON m.stanza_id = r.message WHERE r.box = ?1 AND r.id > ?2 ORDER BY r.id "
      "LIMIT ?3",
      number, after, limit));
  while (TRY(rows.next())) found.push_back(stored_message(rows));
  return found;
}

}  // namespace

StoredMessage stored_message(const Rows& rows) {
  return {unsigned_id(rows.number(0)),
          {unsigned_id(rows.number(1)), rows.text(2), rows.text(3), wall_time(rows.number(4)),
           SharedBytes(rows.bytes(5))}};
}

std::int64_t contact_number(std::string_view contact) {
  if (contact.empty()) return 0;
  const auto number = static_cast<std::int64_t>(siphash(contact_key, contact));
  return number != 0 ? number : 1;
}

Result<BoxRow> find_box(Connection& connection, const Box& box) {
  Rows rows = TRY(connection.query(
      "SELECT number, ahead, behind FROM box WHERE owner = ?1 AND kind = ?2 AND session = ?3",
      box.owner, static_cast<int>(box.kind), box.session));
  if (!TRY(rows.next())) return BoxRow{};
  return BoxRow{rows.number(0), rows.number(1), rows.number(2)};
}

// There is no index by messages: the message's time says where in the box its reference must be.
Result<std::uint64_t> id_in_box(Connection& connection, const BoxRow& box,
                                std::uint64_t stanza_id) {
  Rows rows = TRY(connection.query(
      "SELECT r.id FROM message m CROSS JOIN reference r WHERE m.stanza_id = ?1 AND r.box = ?2 "
      "AND r.id BETWEEN m.time - ?3 AND m.time + ?4 AND r.message = ?1 LIMIT 1",
      stanza_id, box.number, box.behind, box.ahead));
  return TRY(rows.next()) ? unsigned_id(rows.number(0)) : 0;
}

Result<> remove_references(Connection& connection, const BoxRow& box,
                           const std::vector<std::uint64_t>& ids) {
  if (box.number == 0) return {};
  std::int64_t messages = 0, bytes = 0;
  for (const std::uint64_t id : ids) {
    std::int64_t message = 0, text = 0;
    {
      Rows rows = TRY(connection.query(
          "DELETE FROM reference WHERE box = ?1 AND id = ?2 RETURNING message, text", box.number,
          id));
      if (!TRY(rows.next())) continue;
      message = rows.number(0);
      text = rows.number(1);
      TRY(rows.next());
    }
    TRY(forget_text(connection, text));
    bytes += TRY(release(connection, message));
    ++messages;
  }
  return count(connection, box.number, -messages, -bytes);
}

Result<> erase_messages(Connection& connection, std::string_view owner) {
  std::vector<std::int64_t> boxes;
  {
    Rows rows = TRY(connection.query("SELECT number FROM box WHERE owner = ?1", owner));
    while (TRY(rows.next())) boxes.push_back(rows.number(0));
  }
  for (const std::int64_t box : boxes) TRY(drop_box(connection, box));
  return {};
}

void SqliteMessages::add(SharedMessages messages, Completion<> done) {
  access_.write<void>(
      std::move(done),
      [messages = std::move(messages), &clock = clock_](Connection& connection) -> Result<> {
        Adding adding(connection, clock);
        for (const NewMessage& one : *messages) TRY(adding.add(one));
        return adding.finish();
      });
}

void SqliteMessages::backlog(Box box, Completion<Backlog> done) {
  access_.read<Backlog>(
      std::move(done), [box = std::move(box)](Connection& connection) -> Result<Backlog> {
        Rows rows = TRY(connection.query(
            "SELECT count, bytes FROM box WHERE owner = ?1 AND kind = ?2 AND session = ?3",
            box.owner, static_cast<int>(box.kind), box.session));
        if (!TRY(rows.next())) return Backlog{};
        return Backlog{unsigned_id(rows.number(0)), static_cast<Bytes>(rows.number(1))};
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
  access_.write<void>(
      std::move(done),
      [box = std::move(box), ids = std::move(ids)](Connection& connection) -> Result<> {
        return remove_references(connection, TRY(find_box(connection, box)), ids);
      });
}

void SqliteMessages::remove_stanzas(Box box, std::vector<std::uint64_t> stanza_ids,
                                    Completion<> done) {
  access_.write<void>(std::move(done), [box = std::move(box), stanza_ids = std::move(stanza_ids)](
                                           Connection& connection) {
    return remove_by_stanza(connection, box, stanza_ids);
  });
}

void SqliteMessages::remove_all(Box box, Completion<> done) {
  access_.write<void>(std::move(done), [box = std::move(box)](Connection& connection) -> Result<> {
    const std::int64_t number = TRY(find_box(connection, box)).number;
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
