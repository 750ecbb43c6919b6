// Small records of modules in SQLite.
#include "store/sqlite/stores.h"

namespace herold::store {
namespace {

Result<std::uint64_t> version_of(Connection& connection, const RecordKey& key) {
  Rows rows = TRY(
      connection.query("SELECT version FROM record WHERE module = ?1 AND owner = ?2 AND key = ?3",
                       key.module, key.owner, key.key));
  return TRY(rows.next()) ? static_cast<std::uint64_t>(rows.number(0)) : 0;
}

Result<std::uint64_t> put_record(Connection& connection, const RecordKey& key,
                                 const std::string& value, std::uint64_t before,
                                 const Clock& clock) {
  const std::uint64_t version = next_number(before, clock);
  TRY(connection.execute(
      "INSERT INTO record(module, owner, key, version, value) VALUES(?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT(module, owner, key) DO UPDATE SET version = ?4, value = ?5",
      key.module, key.owner, key.key, version, Blob{value}));
  return version;
}

Result<std::vector<Record>> list_records(Connection& connection, const std::string& module,
                                         const std::string& owner, const std::string& prefix) {
  std::vector<Record> found;
  Rows rows =
      TRY(connection.query("SELECT key, value, version FROM record "
                           "WHERE module = ?1 AND owner = ?2 AND key >= ?3 ORDER BY key",
                           module, owner, prefix));
  while (TRY(rows.next())) {
    if (!rows.bytes(0).starts_with(prefix)) break;  // in byte order, so no other follows
    found.push_back({rows.text(0), rows.text(1), static_cast<std::uint64_t>(rows.number(2))});
  }
  return found;
}

Result<> remove_records(Connection& connection, const std::string& module,
                        const std::string& owner) {
  return connection.execute("DELETE FROM record WHERE module = ?1 AND owner = ?2", module, owner);
}

}  // namespace

void SqliteRecords::get(RecordKey key, Completion<std::optional<Record>> done) {
  access_.read<std::optional<Record>>(
      std::move(done),
      [key = std::move(key)](Connection& connection) -> Result<std::optional<Record>> {
        Rows rows = TRY(connection.query(
            "SELECT value, version FROM record WHERE module = ?1 AND owner = ?2 AND key = ?3",
            key.module, key.owner, key.key));
        if (!TRY(rows.next())) return std::nullopt;
        return Record{key.key, rows.text(0), static_cast<std::uint64_t>(rows.number(1))};
      });
}

void SqliteRecords::list(std::string module, std::string owner, std::string prefix,
                         Completion<std::vector<Record>> done) {
  access_.read<std::vector<Record>>(
      std::move(done),
      [module = std::move(module), owner = std::move(owner), prefix = std::move(prefix)](
          Connection& connection) { return list_records(connection, module, owner, prefix); });
}

void SqliteRecords::put(RecordKey key, std::string value, Completion<std::uint64_t> done) {
  access_.write<std::uint64_t>(std::move(done),
                               [key = std::move(key), value = std::move(value),
                                &clock = clock_](Connection& connection) -> Result<std::uint64_t> {
                                 const std::uint64_t before = TRY(version_of(connection, key));
                                 return put_record(connection, key, value, before, clock);
                               });
}

void SqliteRecords::put_if(RecordKey key, std::string value, std::uint64_t version,
                           Completion<std::uint64_t> done) {
  access_.write<std::uint64_t>(std::move(done),
                               [key = std::move(key), value = std::move(value), version,
                                &clock = clock_](Connection& connection) -> Result<std::uint64_t> {
                                 const std::uint64_t before = TRY(version_of(connection, key));
                                 if (before != version)
                                   return fail(Fault::conflict, "the record changed meanwhile");
                                 return put_record(connection, key, value, before, clock);
                               });
}

void SqliteRecords::remove(RecordKey key, Completion<> done) {
  access_.write<void>(std::move(done), [key = std::move(key)](Connection& connection) {
    return connection.execute("DELETE FROM record WHERE module = ?1 AND owner = ?2 AND key = ?3",
                              key.module, key.owner, key.key);
  });
}

void SqliteRecords::remove_all(std::string module, std::string owner, Completion<> done) {
  access_.write<void>(std::move(done), [module = std::move(module),
                                        owner = std::move(owner)](Connection& connection) {
    return remove_records(connection, module, owner);
  });
}

void SqliteRecords::take_all(std::string module, std::string owner,
                             Completion<std::vector<Record>> done) {
  access_.write<std::vector<Record>>(std::move(done),
                                     [module = std::move(module), owner = std::move(owner)](
                                         Connection& connection) -> Result<std::vector<Record>> {
                                       std::vector<Record> taken =
                                           TRY(list_records(connection, module, owner, {}));
                                       TRY(remove_records(connection, module, owner));
                                       return taken;
                                     });
}

void SqliteRecords::usage(std::string module, std::string owner, Completion<RecordUsage> done) {
  access_.read<RecordUsage>(
      std::move(done),
      [module = std::move(module),
       owner = std::move(owner)](Connection& connection) -> Result<RecordUsage> {
        Rows rows = TRY(connection.query(
            "SELECT count(*), coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0) "
            "FROM record WHERE module = ?1 AND owner = ?2",
            module, owner));
        TRY(rows.next());
        return RecordUsage{static_cast<std::uint64_t>(rows.number(0)),
                           static_cast<Bytes>(rows.number(1))};
      });
}

}  // namespace herold::store
