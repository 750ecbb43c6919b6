// The message store in SQLite: bodies once, boxes with their counts, references by (box, id).
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/hash.h"
#include "store/sqlite/given_rows.h"
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

// New messages as rows of `message`.
class MessageRows final : public GivenRows {
 public:
  std::vector<const NewMessage*> messages;

  std::size_t count() const override { return messages.size(); }
  void show(std::size_t row, int column, Value value) const override {
    const Message& message = messages[row]->message;
    switch (column) {
      case 0:
        return value.number(static_cast<std::int64_t>(message.stanza_id));
      case 1:
        return value.text(message.from);
      case 2:
        return value.text(message.to);
      case 3:
        return value.number(microseconds(message.time));
      case 4:
        return value.number(static_cast<std::int64_t>(messages[row]->references.size()));
      case 5:
        return value.number(static_cast<std::int64_t>(message.stanza.size()));
      default:
        return value.bytes(message.stanza.view());
    }
  }
};

// Numbers of one kind of row, as many as it has columns.
template <std::size_t columns>
class NumberRows final : public GivenRows {
 public:
  using Row = std::array<std::int64_t, columns>;
  std::vector<Row> rows;

  std::size_t count() const override { return rows.size(); }
  void show(std::size_t row, int column, Value value) const override {
    value.number(rows[row][static_cast<std::size_t>(column)]);
  }
};

// Adds many messages, each table's rows together and in their order. What is counted of boxes and
// owners is written once. Ids are given in the order of the messages.
class Adding {
 public:
  Adding(Connection& connection, const Clock& clock) : connection_(connection), clock_(clock) {}

  Result<> add(const std::vector<NewMessage>& messages) {
    const std::vector<Way> ways = TRY(ways_of(messages));
    TRY(find_held(messages, ways));
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const NewMessage& one = messages[i];
      if (one.references.empty()) continue;
      TRY(ways[i] == Way::alone ? add_alone(one) : add_together(one, ways[i]));
      if (one.retraction) TRY(retract_in(one));
    }
    return finish();
  }

 private:
  enum class Way : std::uint8_t {
    fresh,  // the store does not have it
    known,  // the store has it, perhaps in other boxes
    alone,  // it comes several times in these messages, or with ids of its own
  };

  struct State {
    BoxRow row;
    std::uint64_t* newest = nullptr;    // id of its owner's
    std::int64_t count = 0, bytes = 0;  // that came
  };

  Result<std::vector<Way>> ways_of(const std::vector<NewMessage>& messages) {
    std::vector<Way> ways(messages.size(), Way::fresh);
    NumberRows<2> ids;  // stanza ids and places
    for (std::size_t i = 0; i < messages.size(); ++i) {
      ids.rows.push_back(
          {static_cast<std::int64_t>(messages[i].message.stanza_id), static_cast<std::int64_t>(i)});
      if (!has_free_ids(messages[i])) ways[i] = Way::alone;
    }
    std::ranges::sort(ids.rows);
    const auto way = [&](std::size_t row) -> Way& {
      return ways[static_cast<std::size_t>(ids.rows[row][1])];
    };
    for (std::size_t row = 1; row < ids.rows.size(); ++row)
      if (ids.rows[row][0] == ids.rows[row - 1][0]) way(row) = way(row - 1) = Way::alone;
    Rows found = TRY(connection_.query_given(
        "SELECT given.rowid FROM given CROSS JOIN message ON message.stanza_id = given.c0", ids));
    while (TRY(found.next())) {
      Way& known = way(static_cast<std::size_t>(found.number(0)));
      if (known == Way::fresh) known = Way::known;
    }
    return ways;
  }

  static bool has_free_ids(const NewMessage& one) {
    const auto& references = one.references;
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (references[i].id != 0) return false;
      for (std::size_t j = 0; j < i; ++j)
        if (references[i].box == references[j].box) return false;
    }
    return true;
  }

  // References to known messages that their boxes hold already: see id_in_box().
  Result<> find_held(const std::vector<NewMessage>& messages, const std::vector<Way>& ways) {
    NumberRows<4> asked;
    std::vector<const Reference*> references;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (ways[i] != Way::known) continue;
      for (const Reference& reference : messages[i].references) {
        const BoxRow& row = TRY(box(reference.box))->row;
        const std::int64_t time = microseconds(messages[i].message.time);
        asked.rows.push_back({row.number, time - row.behind, time + row.ahead,
                              static_cast<std::int64_t>(messages[i].message.stanza_id)});
        references.push_back(&reference);
      }
    }
    if (references.empty()) return {};
    Rows found = TRY(connection_.query_given(
        "SELECT given.rowid FROM given CROSS JOIN reference r ON r.box = given.c0 AND "
        "r.id BETWEEN given.c1 AND given.c2 AND r.message = given.c3",
        asked));
    while (TRY(found.next())) held_.insert(references[static_cast<std::size_t>(found.number(0))]);
    return {};
  }

  Result<> add_together(const NewMessage& one, Way way) {
    const Message& message = one.message;
    const auto stanza_id = static_cast<std::int64_t>(message.stanza_id);
    std::int64_t uses = 0;
    for (const Reference& reference : one.references) {
      if (held_.contains(&reference)) continue;
      State& state = *TRY(box(reference.box));
      const auto id = static_cast<std::int64_t>(take_id(state, reference, message));
      references_.rows.push_back(
          {state.row.number, id, stanza_id, contact_number(reference.contact)});
      note(state, message, id);
      ++uses;
    }
    if (way == Way::fresh)
      fresh_.messages.push_back(&one);
    else if (uses > 0)
      more_uses_.rows.push_back({stanza_id, uses});
    return {};
  }

  Result<> write_together() {
    const auto stanza_id = [](const NewMessage* one) { return one->message.stanza_id; };
    std::ranges::sort(fresh_.messages, {}, stanza_id);
    std::ranges::sort(more_uses_.rows);
    std::ranges::sort(references_.rows);
    if (fresh_.count() > 0)
      TRY(connection_.execute_given(
          "INSERT INTO message(stanza_id, sender, recipient, time, uses, bytes, stanza) "
          "SELECT c0, c1, c2, c3, c4, c5, c6 FROM given",
          fresh_));
    if (more_uses_.count() > 0)
      TRY(
          connection_.execute_given("UPDATE message SET uses = uses + given.c1 FROM given "
                                    "WHERE stanza_id = given.c0",
                                    more_uses_));
    if (references_.count() > 0)
      TRY(connection_.execute_given(
          "INSERT INTO reference(box, id, message, contact) SELECT c0, c1, c2, c3 FROM given",
          references_));
    fresh_.messages.clear();
    more_uses_.rows.clear();
    references_.rows.clear();
    return {};
  }

  // It may be there already, and so may its references.
  Result<> add_alone(const NewMessage& one) {
    TRY(write_together());
    const auto expected = static_cast<std::int64_t>(one.references.size());
    const bool is_new = TRY(put_body(one.message, expected));
    std::int64_t made = 0;
    for (const Reference& reference : one.references)
      made += TRY(put_reference(one.message, reference, is_new)) ? 1 : 0;
    const std::int64_t uses = made - (is_new ? expected : 0);
    if (uses == 0) return {};
    TRY(connection_.execute("UPDATE message SET uses = uses + ?2 WHERE stanza_id = ?1",
                            one.message.stanza_id, uses));
    return connection_.execute("DELETE FROM message WHERE stanza_id = ?1 AND uses <= 0",
                               one.message.stanza_id);
  }

  // True for a new message, with `uses` references that the caller makes.
  Result<bool> put_body(const Message& message, std::int64_t uses) {
    TRY(connection_.execute(
        "INSERT INTO message(stanza_id, sender, recipient, time, uses, bytes, stanza) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        message.stanza_id, message.from, message.to, microseconds(message.time), uses,
        message.stanza.size(), Blob{message.stanza.view()}));
    return connection_.changes() != 0;
  }

  // False when the box held it already.
  Result<bool> put_reference(const Message& message, const Reference& reference, bool is_new) {
    State& state = *TRY(box(reference.box));
    if (!is_new && reference.id == 0 &&
        TRY(id_in_box(connection_, state.row, message.stanza_id)) != 0)
      return false;
    const auto id = static_cast<std::int64_t>(take_id(state, reference, message));
    TRY(connection_.execute(
        "INSERT INTO reference(box, id, message, contact) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT DO NOTHING",
        state.row.number, id, message.stanza_id, contact_number(reference.contact)));
    if (connection_.changes() == 0) return false;
    note(state, message, id);
    return true;
  }

  static void note(State& state, const Message& message, std::int64_t id) {
    const std::int64_t time = microseconds(message.time);
    state.row.ahead = std::max(state.row.ahead, id - time);
    state.row.behind = std::max(state.row.behind, time - id);
    ++state.count;
    state.bytes += static_cast<std::int64_t>(message.stanza.size());
  }

  std::uint64_t take_id(State& state, const Reference& reference, const Message& message) {
    std::uint64_t id = reference.id;
    if (id == 0)
      id = std::max(next_number(*state.newest, clock_), unsigned_id(microseconds(message.time)));
    *state.newest = std::max(*state.newest, id);
    return id;
  }

  // What it means may have come with this very batch.
  Result<> retract_in(const NewMessage& one) {
    TRY(finish());
    for (const Reference& reference : one.references)
      if (reference.box.kind == BoxKind::archive)
        TRY(retract(connection_, reference.box, reference.contact, *one.retraction));
    return {};
  }

  Result<> finish() {
    TRY(write_together());
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
    auto newest = newest_.find(box.owner);
    if (newest == newest_.end())
      newest = newest_.emplace(box.owner, TRY(newest_of(connection_, box.owner))).first;
    return &boxes_.emplace(box, State{row, &newest->second}).first->second;
  }

  Connection& connection_;
  const Clock& clock_;
  std::set<const Reference*> held_;
  // Not written yet: new messages, what known ones are used for beside, all their references.
  MessageRows fresh_;
  NumberRows<2> more_uses_;
  NumberRows<4> references_;
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
        return Adding(connection, clock).add(*messages);
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
