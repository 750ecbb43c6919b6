// Nodes of publish-subscribe services in SQLite: a node by its number, items in their order.
#include "store/sqlite/nodes.h"

#include <algorithm>

namespace herold::store {
namespace {

constexpr std::string_view step_1 = R"(
CREATE TABLE pubsub_node(
  number INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, name TEXT NOT NULL,
  settings TEXT NOT NULL, creator TEXT NOT NULL, created INTEGER NOT NULL,
  count INTEGER NOT NULL, bytes INTEGER NOT NULL,  -- of its items
  UNIQUE(service, name));
CREATE TABLE pubsub_affiliation(
  node INTEGER NOT NULL, jid TEXT NOT NULL, kind INTEGER NOT NULL,
  PRIMARY KEY(node, jid)) WITHOUT ROWID;
CREATE INDEX pubsub_affiliation_jid ON pubsub_affiliation(jid);
CREATE TABLE pubsub_subscription(
  node INTEGER NOT NULL, subid TEXT NOT NULL, jid TEXT NOT NULL, account TEXT NOT NULL,
  state INTEGER NOT NULL, options TEXT NOT NULL, PRIMARY KEY(node, subid)) WITHOUT ROWID;
CREATE INDEX pubsub_subscription_account ON pubsub_subscription(account);
CREATE TABLE pubsub_item(
  node INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, publisher TEXT NOT NULL,
  time INTEGER NOT NULL, bytes INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY(node, place), UNIQUE(node, id));
)";

constexpr std::string_view steps[] = {step_1};

constexpr std::string_view erase[] = {
    "DELETE FROM pubsub_item WHERE node IN "
    "(SELECT number FROM pubsub_node WHERE service = ?1)",
    "DELETE FROM pubsub_affiliation WHERE node IN "
    "(SELECT number FROM pubsub_node WHERE service = ?1)",
    "DELETE FROM pubsub_subscription WHERE node IN "
    "(SELECT number FROM pubsub_node WHERE service = ?1)",
    "DELETE FROM pubsub_node WHERE service = ?1",
    "UPDATE pubsub_node SET creator = '' WHERE creator = ?1",
    "UPDATE pubsub_item SET publisher = '' WHERE publisher = ?1",
    "DELETE FROM pubsub_affiliation WHERE jid = ?1",
    "DELETE FROM pubsub_subscription WHERE account = ?1",
};

constexpr Schema schema{"pubsub", steps, erase};

std::unexpected<Error> no_node() { return fail(Fault::not_found, "there is no such node"); }

// What an item takes of the service's room.
std::uint64_t size_of(const NodeItem& item) { return item.id.size() + item.payload.size(); }

Result<std::int64_t> find_node(Connection& connection, const std::string& service,
                               const std::string& name) {
  Rows rows = TRY(connection.query(
      "SELECT number FROM pubsub_node WHERE service = ?1 AND name = ?2", service, name));
  if (!TRY(rows.next())) return no_node();
  return rows.number(0);
}

// Removes the item in a row of (place, bytes, id), which is read completely before.
struct Row {
  std::int64_t place;
  std::int64_t bytes;
  std::string id;
  std::string publisher;
};

Result<> remove_row(Connection& connection, std::int64_t node, const Row& row) {
  TRY(connection.execute("DELETE FROM pubsub_item WHERE node = ?1 AND place = ?2", node,
                         row.place));
  return connection.execute(
      "UPDATE pubsub_node SET count = count - 1, bytes = bytes - ?2 WHERE number = ?1", node,
      row.bytes);
}

Result<std::optional<Row>> find_item(Connection& connection, std::int64_t node,
                                     const std::string& id) {
  Rows rows = TRY(connection.query(
      "SELECT place, bytes, publisher FROM pubsub_item WHERE node = ?1 AND id = ?2", node, id));
  if (!TRY(rows.next())) return std::nullopt;
  return Row{rows.number(0), rows.number(1), id, rows.text(2)};
}

// Those that `sql` names of a node and one value more, columns place, bytes and id.
template <class T>
Result<std::vector<Row>> rows_of(Connection& connection, std::string_view sql, std::int64_t node,
                                 const T& value) {
  std::vector<Row> found;
  Rows rows = TRY(connection.query(sql, node, value));
  while (TRY(rows.next())) found.push_back({rows.number(0), rows.number(1), rows.text(2), {}});
  return found;
}

Result<std::vector<Row>> oldest_rows(Connection& connection, std::int64_t node,
                                     std::uint64_t count) {
  return rows_of(connection,
                 "SELECT place, bytes, id FROM pubsub_item WHERE node = ?1 ORDER BY place LIMIT ?2",
                 node, count);
}

Result<> drop_expired(Connection& connection, std::int64_t node, WallTime before) {
  if (before == WallTime{}) return {};
  std::vector<Row> expired;  // they are in the order of their times
  {
    Rows rows = TRY(connection.query(
        "SELECT place, bytes, id, time FROM pubsub_item WHERE node = ?1 ORDER BY place", node));
    while (TRY(rows.next()) && rows.number(3) < microseconds(before))
      expired.push_back({rows.number(0), rows.number(1), rows.text(2), {}});
  }
  for (const Row& row : expired) TRY(remove_row(connection, node, row));
  return {};
}

Result<std::uint64_t> count_items(Connection& connection, std::int64_t node) {
  Rows rows = TRY(connection.query("SELECT count FROM pubsub_node WHERE number = ?1", node));
  if (!TRY(rows.next())) return no_node();
  return static_cast<std::uint64_t>(rows.number(0));
}

Result<> keep_newest(Connection& connection, std::int64_t node, std::uint64_t most,
                     NodeOutcome* outcome) {
  const std::uint64_t count = TRY(count_items(connection, node));
  if (count <= most) return {};
  for (const Row& row : TRY(oldest_rows(connection, node, count - most))) {
    TRY(remove_row(connection, node, row));
    if (outcome != nullptr) outcome->dropped.push_back(row.id);
  }
  return {};
}

// Of all nodes of the service that somebody has made, as this one.
Result<std::uint64_t> bytes_of(Connection& connection, const std::string& service,
                               std::int64_t node) {
  Rows rows =
      TRY(connection.query("SELECT coalesce(sum(bytes), 0) FROM pubsub_node WHERE service = ?1 AND "
                           "creator = (SELECT creator FROM pubsub_node WHERE number = ?2)",
                           service, node));
  TRY(rows.next());
  return static_cast<std::uint64_t>(rows.number(0));
}

Result<> insert_item(Connection& connection, std::int64_t node, const NodeItem& item) {
  TRY(connection.execute(
      "INSERT INTO pubsub_item(node, place, id, publisher, time, bytes, payload) "
      "VALUES(?1, (SELECT coalesce(max(place), 0) + 1 FROM pubsub_item WHERE node = ?1), "
      "?2, ?3, ?4, ?5, ?6)",
      node, item.id, item.publisher, microseconds(item.time), size_of(item), Blob{item.payload}));
  return connection.execute(
      "UPDATE pubsub_node SET count = count + 1, bytes = bytes + ?2 WHERE number = ?1", node,
      size_of(item));
}

// Applies one change after another within the job's transaction.
struct Apply {
  Connection& connection;
  const std::string& service;
  NodeOutcome& outcome;

  Result<> operator()(const PutNode& put) const {
    return connection.execute(
        "INSERT INTO pubsub_node(service, name, settings, creator, created, count, bytes) "
        "VALUES(?1, ?2, ?3, ?4, ?5, 0, 0) "
        "ON CONFLICT(service, name) DO UPDATE SET settings = ?3",
        service, put.node, put.settings, put.creator, microseconds(put.created));
  }
  Result<> operator()(const RemoveNode& gone) const {
    const std::int64_t node = TRY(find_node(connection, service, gone.node));
    TRY(connection.execute("DELETE FROM pubsub_item WHERE node = ?1", node));
    TRY(connection.execute("DELETE FROM pubsub_affiliation WHERE node = ?1", node));
    TRY(connection.execute("DELETE FROM pubsub_subscription WHERE node = ?1", node));
    return connection.execute("DELETE FROM pubsub_node WHERE number = ?1", node);
  }
  Result<> operator()(const PutAffiliation& put) const {
    return connection.execute(
        "INSERT OR REPLACE INTO pubsub_affiliation(node, jid, kind) VALUES(?1, ?2, ?3)",
        TRY(find_node(connection, service, put.node)), put.affiliation.jid, put.affiliation.kind);
  }
  Result<> operator()(const RemoveAffiliation& gone) const {
    return connection.execute("DELETE FROM pubsub_affiliation WHERE node = ?1 AND jid = ?2",
                              TRY(find_node(connection, service, gone.node)), gone.jid);
  }
  Result<> operator()(const PutSubscription& put) const {
    const NodeSubscription& one = put.subscription;
    const std::string_view account = std::string_view(one.jid).substr(0, one.jid.find('/'));
    return connection.execute(
        "INSERT OR REPLACE INTO pubsub_subscription(node, subid, jid, account, state, options) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        TRY(find_node(connection, service, put.node)), one.subid, one.jid, account, one.state,
        one.options);
  }
  Result<> operator()(const RemoveSubscription& gone) const {
    return connection.execute("DELETE FROM pubsub_subscription WHERE node = ?1 AND subid = ?2",
                              TRY(find_node(connection, service, gone.node)), gone.subid);
  }
  Result<> operator()(const PublishItem& put) const {
    const std::int64_t node = TRY(find_node(connection, service, put.node));
    TRY(drop_expired(connection, node, put.expired_before));
    const auto same = TRY(find_item(connection, node, put.item.id));
    if (same) TRY(remove_row(connection, node, *same));
    if (put.reject && TRY(count_items(connection, node)) >= put.most)
      return fail(Fault::conflict, "the node is full");
    TRY(insert_item(connection, node, put.item));
    TRY(keep_newest(connection, node, put.most, &outcome));
    if (TRY(bytes_of(connection, service, node)) > put.most_bytes)
      return fail(Fault::limit, "there is no room for more items");
    return {};
  }
  Result<> operator()(const RetractItem& gone) const {
    const std::int64_t node = TRY(find_node(connection, service, gone.node));
    const auto found = TRY(find_item(connection, node, gone.id));
    if (!found) return fail(Fault::not_found, "there is no such item");
    if (!gone.publisher.empty() && gone.publisher != found->publisher)
      return fail(Fault::refused, "somebody else has published it");
    return remove_row(connection, node, *found);
  }
  Result<> operator()(const PurgeItems& gone) const {
    const std::int64_t node = TRY(find_node(connection, service, gone.node));
    if (!gone.publisher.empty()) return purge_of(node, gone.publisher);
    TRY(connection.execute("DELETE FROM pubsub_item WHERE node = ?1", node));
    return connection.execute("UPDATE pubsub_node SET count = 0, bytes = 0 WHERE number = ?1",
                              node);
  }
  Result<> operator()(const ExpireItems& expire) const {
    return drop_expired(connection, TRY(find_node(connection, service, expire.node)),
                        expire.before);
  }
  Result<> operator()(const KeepItems& keep) const {
    return keep_newest(connection, TRY(find_node(connection, service, keep.node)), keep.most,
                       nullptr);
  }

 private:
  Result<> purge_of(std::int64_t node, const std::string& publisher) const {
    for (const Row& row : TRY(rows_of(connection,
                                      "SELECT place, bytes, id FROM pubsub_item WHERE node = ?1 "
                                      "AND publisher = ?2 ORDER BY place",
                                      node, publisher))) {
      TRY(remove_row(connection, node, row));
      outcome.dropped.push_back(row.id);
    }
    return {};
  }
};

Result<std::vector<StoredNode>> load_nodes(Connection& connection, const std::string& service) {
  std::vector<StoredNode> nodes;
  std::vector<std::int64_t> numbers;
  {
    Rows rows =
        TRY(connection.query("SELECT name, settings, creator, created, number FROM pubsub_node "
                             "WHERE service = ?1 ORDER BY name",
                             service));
    while (TRY(rows.next())) {
      nodes.push_back({.name = rows.text(0),
                       .settings = rows.text(1),
                       .creator = rows.text(2),
                       .created = wall_time(rows.number(3))});
      numbers.push_back(rows.number(4));
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Rows who = TRY(connection.query(
        "SELECT jid, kind FROM pubsub_affiliation WHERE node = ?1 ORDER BY jid", numbers[i]));
    while (TRY(who.next()))
      nodes[i].affiliations.push_back({who.text(0), static_cast<std::uint8_t>(who.number(1))});
    Rows rows = TRY(connection.query(
        "SELECT subid, jid, state, options FROM pubsub_subscription WHERE node = ?1 "
        "ORDER BY subid",
        numbers[i]));
    while (TRY(rows.next()))
      nodes[i].subscriptions.push_back(
          {rows.text(0), rows.text(1), static_cast<std::uint8_t>(rows.number(2)), rows.text(3)});
  }
  return nodes;
}

// Columns id, publisher, time, payload.
NodeItem item_of(const Rows& rows) {
  return {rows.text(0), rows.text(1), wall_time(rows.number(2)), rows.text(3)};
}

Result<ItemPage> items_by_id(Connection& connection, std::int64_t node, const ItemQuery& query) {
  ItemPage page;
  Bytes bytes = 0;
  for (const std::string& id : query.ids) {
    Rows rows =
        TRY(connection.query("SELECT id, publisher, time, payload FROM pubsub_item "
                             "WHERE node = ?1 AND id = ?2 AND time >= ?3",
                             node, id, microseconds(query.expired_before)));
    if (!TRY(rows.next())) continue;
    NodeItem item = item_of(rows);
    bytes += size_of(item);
    page.complete =
        page.items.size() < query.most && (bytes <= query.most_bytes || page.items.empty());
    if (!page.complete) break;
    page.items.push_back(std::move(item));
  }
  page.count = page.items.size();
  return page;
}

// Where a page begins: beyond the item that is named.
Result<std::int64_t> place_of(Connection& connection, std::int64_t node,
                              const std::optional<std::string>& id, std::int64_t otherwise) {
  if (!id) return otherwise;
  const auto found = TRY(find_item(connection, node, *id));
  if (!found) return fail(Fault::not_found, "there is no such item");
  return found->place;
}

// What a query may see at all: ?3 is the oldest time, ?4 the youngest, ?5 the publisher.
#define SEEN_ITEMS                                                                  \
  " FROM pubsub_item WHERE node = ?1 AND place < ?2 AND time >= ?3 AND time <= ?4 " \
  "AND (?5 = '' OR publisher = ?5) "

Result<std::uint64_t> count_before(Connection& connection, std::int64_t node, std::int64_t place,
                                   const ItemQuery& query) {
  Rows rows = TRY(connection.query("SELECT count(*)" SEEN_ITEMS, node, place,
                                   microseconds(query.expired_before), microseconds(query.until),
                                   query.publisher));
  TRY(rows.next());
  return static_cast<std::uint64_t>(rows.number(0));
}

// Reads until the page is full; true when nothing was left.
Result<bool> fill(Rows& rows, const ItemQuery& query, std::vector<NodeItem>& items,
                  std::int64_t& first_place) {
  Bytes bytes = 0;
  while (TRY(rows.next())) {
    NodeItem item = item_of(rows);
    bytes += size_of(item);
    if (items.size() >= query.most || (bytes > query.most_bytes && !items.empty())) return false;
    item.place = static_cast<std::uint64_t>(rows.number(4));
    if (items.empty() || query.from_end) first_place = rows.number(4);
    items.push_back(std::move(item));
  }
  return true;
}

Result<ItemPage> page_of(Connection& connection, std::int64_t node, const ItemQuery& query) {
  const std::int64_t after = std::max(TRY(place_of(connection, node, query.after, 0)),
                                      static_cast<std::int64_t>(query.after_place));
  const std::int64_t before = std::min(TRY(place_of(connection, node, query.before, INT64_MAX)),
                                       static_cast<std::int64_t>(query.before_place));
  ItemPage page;
  std::int64_t first = 0;
  page.count = TRY(count_before(connection, node, INT64_MAX, query));
  constexpr std::string_view forwards = "SELECT id, publisher, time, payload, place" SEEN_ITEMS
                                        "AND place > ?6 ORDER BY place LIMIT -1 OFFSET ?7";
  constexpr std::string_view backwards = "SELECT id, publisher, time, payload, place" SEEN_ITEMS
                                         "AND place > ?6 ORDER BY place DESC LIMIT -1 OFFSET ?7";
  Rows rows =
      TRY(connection.query(query.from_end ? backwards : forwards, node, before,
                           microseconds(query.expired_before), microseconds(query.until),
                           query.publisher, after, query.from_end ? 0 : query.index.value_or(0)));
  page.complete = TRY(fill(rows, query, page.items, first));
  if (query.from_end) std::ranges::reverse(page.items);
  page.index = TRY(count_before(connection, node, first, query));
  return page;
}

Result<std::vector<LastItem>> find_last(Connection& connection, const std::string& service,
                                        const std::vector<std::string>& nodes) {
  std::vector<LastItem> found;
  for (const std::string& node : nodes) {
    Rows rows =
        TRY(connection.query("SELECT id, publisher, time, payload FROM pubsub_item WHERE node = "
                             "(SELECT number FROM pubsub_node WHERE service = ?1 AND name = ?2) "
                             "ORDER BY place DESC LIMIT 1",
                             service, node));
    if (TRY(rows.next())) found.push_back({node, item_of(rows)});
  }
  return found;
}

Result<std::vector<std::string>> find_publishers(Connection& connection, const std::string& service,
                                                 const std::string& node) {
  const std::int64_t number = TRY(find_node(connection, service, node));
  std::vector<std::string> found;
  Rows rows =
      TRY(connection.query("SELECT DISTINCT publisher FROM pubsub_item WHERE node = ?1", number));
  while (TRY(rows.next())) found.push_back(rows.text(0));
  return found;
}

}  // namespace

const Schema nodes_schema = schema;

void SqliteNodes::load(std::string service, Completion<std::vector<StoredNode>> done) {
  access_.read<std::vector<StoredNode>>(std::move(done),
                                        [service = std::move(service)](Connection& connection) {
                                          return load_nodes(connection, service);
                                        });
}

void SqliteNodes::change(std::string service, std::vector<NodeChange> changes,
                         Completion<NodeOutcome> done) {
  access_.write<NodeOutcome>(std::move(done),
                             [service = std::move(service), changes = std::move(changes)](
                                 Connection& connection) -> Result<NodeOutcome> {
                               NodeOutcome outcome;
                               for (const NodeChange& change : changes)
                                 TRY(std::visit(Apply{connection, service, outcome}, change));
                               return outcome;
                             });
}

void SqliteNodes::items(std::string service, ItemQuery query, Completion<ItemPage> done) {
  access_.read<ItemPage>(std::move(done),
                         [service = std::move(service),
                          query = std::move(query)](Connection& connection) -> Result<ItemPage> {
                           const std::int64_t node =
                               TRY(find_node(connection, service, query.node));
                           if (!query.ids.empty()) return items_by_id(connection, node, query);
                           return page_of(connection, node, query);
                         });
}

void SqliteNodes::last_items(std::string service, std::vector<std::string> nodes,
                             Completion<std::vector<LastItem>> done) {
  access_.read<std::vector<LastItem>>(
      std::move(done),
      [service = std::move(service), nodes = std::move(nodes)](Connection& connection) {
        return find_last(connection, service, nodes);
      });
}

void SqliteNodes::publishers(std::string service, std::string node,
                             Completion<std::vector<std::string>> done) {
  access_.read<std::vector<std::string>>(
      std::move(done),
      [service = std::move(service),
       node = std::move(node)](Connection& connection) -> Result<std::vector<std::string>> {
        return find_publishers(connection, service, node);
      });
}

}  // namespace herold::store
