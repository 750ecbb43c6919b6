// Rosters in SQLite: a removed item stays as a tombstone for a while, for differences.
#include <charconv>

#include "store/sqlite/stores.h"

namespace herold::store {
namespace {

// Groups as one value: each as "<bytes>:<group>".
std::string encode_groups(const std::vector<std::string>& groups) {
  std::string bytes;
  for (const std::string& group : groups)
    bytes.append(std::to_string(group.size())).append(":").append(group);
  return bytes;
}

std::vector<std::string> decode_groups(std::string_view bytes) {
  std::vector<std::string> groups;
  while (!bytes.empty()) {
    std::size_t size = 0;
    const auto [end, code] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), size);
    const auto start = static_cast<std::size_t>(end - bytes.data()) + 1;
    if (code != std::errc() || start > bytes.size() || size > bytes.size() - start) break;
    groups.emplace_back(bytes.substr(start, size));
    bytes.remove_prefix(start + size);
  }
  return groups;
}

// Columns contact, name, subscription, ask, approved, groups.
RosterItem item_of(const Rows& rows) {
  return {.address = rows.text(0),
          .name = rows.text(1),
          .subscription = static_cast<Subscription>(rows.number(2)),
          .ask = rows.number(3) != 0,
          .approved = rows.number(4) != 0,
          .groups = decode_groups(rows.bytes(5))};
}

struct Versions {
  std::uint64_t now = 0, oldest = 0;
};

Result<Versions> versions_of(Connection& connection, const std::string& owner) {
  Rows rows = TRY(connection.query("SELECT version, oldest FROM roster WHERE owner = ?1", owner));
  if (!TRY(rows.next())) return Versions{};
  return Versions{static_cast<std::uint64_t>(rows.number(0)),
                  static_cast<std::uint64_t>(rows.number(1))};
}

// Applies one change after another within the job's transaction.
struct Apply {
  Connection& connection;
  const std::string& owner;
  std::uint64_t version;

  Result<> operator()(const PutItem& put) const {
    const RosterItem& item = put.item;
    const std::string groups = encode_groups(item.groups);
    return connection.execute(
        "INSERT OR REPLACE INTO roster_item(owner, contact, version, removed, name, subscription, "
        "ask, approved, groups) VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8)",
        owner, item.address, version, item.name, static_cast<int>(item.subscription), int{item.ask},
        int{item.approved}, Blob{groups});
  }
  Result<> operator()(const RemoveItem& gone) const {
    return connection.execute(
        "UPDATE roster_item SET removed = 1, version = ?3, name = '', groups = x'', "
        "subscription = 0, ask = 0, approved = 0 WHERE owner = ?1 AND contact = ?2 AND removed = 0",
        owner, gone.address, version);
  }
  Result<> operator()(const PutRequest& put) const {
    return connection.execute(
        "INSERT OR REPLACE INTO subscription_request(owner, contact, received, stanza) "
        "VALUES(?1, ?2, ?3, ?4)",
        owner, put.request.from, microseconds(put.request.received), Blob{put.request.stanza});
  }
  Result<> operator()(const RemoveRequest& gone) const {
    return connection.execute("DELETE FROM subscription_request WHERE owner = ?1 AND contact = ?2",
                              owner, gone.from);
  }
};

// Forgets the oldest tombstones over `kept`; yields from which version on differences are known.
Result<std::uint64_t> forget_removals(Connection& connection, const std::string& owner,
                                      std::uint64_t oldest, std::uint64_t kept) {
  Rows rows =
      TRY(connection.query("SELECT version FROM roster_item WHERE owner = ?1 AND removed = 1 "
                           "ORDER BY version DESC LIMIT 1 OFFSET ?2",
                           owner, kept));
  if (!TRY(rows.next())) return oldest;
  const auto last = static_cast<std::uint64_t>(rows.number(0));
  TRY(connection.execute(
      "DELETE FROM roster_item WHERE owner = ?1 AND removed = 1 AND version <= ?2", owner, last));
  return last;
}

bool touches_items(const std::vector<RosterChange>& changes) {
  for (const RosterChange& change : changes)
    if (change.index() < 2) return true;
  return false;
}

Result<std::uint64_t> apply_all(Connection& connection, const std::string& owner,
                                const std::vector<RosterChange>& changes, const Clock& clock,
                                std::uint64_t kept) {
  const Versions before = TRY(versions_of(connection, owner));
  if (!touches_items(changes)) {
    for (const RosterChange& change : changes)
      TRY(std::visit(Apply{connection, owner, before.now}, change));
    return before.now;
  }
  const std::uint64_t version = next_number(before.now, clock);
  bool removes = false;
  for (const RosterChange& change : changes) {
    TRY(std::visit(Apply{connection, owner, version}, change));
    removes |= std::holds_alternative<RemoveItem>(change);
  }
  std::uint64_t oldest = before.now == 0 ? version : before.oldest;
  if (removes) oldest = TRY(forget_removals(connection, owner, oldest, kept));
  TRY(
      connection.execute("INSERT OR REPLACE INTO roster(owner, version, oldest) "
                         "VALUES(?1, ?2, ?3)",
                         owner, version, oldest));
  return version;
}

Result<Roster> load_roster(Connection& connection, const std::string& owner) {
  Roster roster;
  roster.version = TRY(versions_of(connection, owner)).now;
  Rows items = TRY(
      connection.query("SELECT contact, name, subscription, ask, approved, groups FROM roster_item "
                       "WHERE owner = ?1 AND removed = 0 ORDER BY contact",
                       owner));
  while (TRY(items.next())) roster.items.push_back(item_of(items));
  Rows requests = TRY(connection.query(
      "SELECT contact, stanza, received FROM subscription_request WHERE owner = ?1 "
      "ORDER BY received, contact",
      owner));
  while (TRY(requests.next()))
    roster.requests.push_back({requests.text(0), requests.text(1), wall_time(requests.number(2))});
  return roster;
}

Result<std::optional<RosterDifference>> difference(Connection& connection, const std::string& owner,
                                                   std::uint64_t version) {
  const Versions known = TRY(versions_of(connection, owner));
  const bool is_known = version == 0 || version >= known.oldest;  // before 0 there was nothing
  if (!is_known || version > known.now) return std::nullopt;
  RosterDifference found{known.now, {}, {}};
  Rows rows = TRY(connection.query(
      "SELECT contact, name, subscription, ask, approved, groups, removed FROM roster_item "
      "WHERE owner = ?1 AND version > ?2 ORDER BY version, contact",
      owner, version));
  while (TRY(rows.next())) {
    if (rows.number(6) != 0)
      found.removed.push_back(rows.text(0));
    else
      found.changed.push_back(item_of(rows));
  }
  return found;
}

}  // namespace

void SqliteRosters::load(std::string owner, Completion<Roster> done) {
  access_.read<Roster>(std::move(done), [owner = std::move(owner)](Connection& connection) {
    return load_roster(connection, owner);
  });
}

void SqliteRosters::change(std::string owner, std::vector<RosterChange> changes,
                           Completion<std::uint64_t> done) {
  access_.write<std::uint64_t>(
      std::move(done), [owner = std::move(owner), changes = std::move(changes), &clock = clock_,
                        kept = kept_removals_](Connection& connection) {
        return apply_all(connection, owner, changes, clock, kept);
      });
}

void SqliteRosters::changes_since(std::string owner, std::uint64_t version,
                                  Completion<std::optional<RosterDifference>> done) {
  access_.read<std::optional<RosterDifference>>(
      std::move(done), [owner = std::move(owner), version](Connection& connection) {
        return difference(connection, owner, version);
      });
}

}  // namespace herold::store
