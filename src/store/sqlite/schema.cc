// Tables and migrations. Steps are only ever appended; what a release has run stays as it is.
#include "store/sqlite/schema.h"

namespace herold::store {
namespace {

constexpr std::string_view step_1 = R"(
CREATE TABLE account(
  address TEXT PRIMARY KEY, domain TEXT NOT NULL, state INTEGER NOT NULL,
  created INTEGER NOT NULL, last_sign_in INTEGER) WITHOUT ROWID;
CREATE INDEX account_domain ON account(domain, address);
CREATE TABLE credential(
  address TEXT NOT NULL, hash TEXT NOT NULL, salt BLOB NOT NULL, iterations INTEGER NOT NULL,
  stored_key BLOB NOT NULL, server_key BLOB NOT NULL,  -- sealed
  PRIMARY KEY(address, hash)) WITHOUT ROWID;

-- Differences are known for versions from `oldest` on.
CREATE TABLE roster(
  owner TEXT PRIMARY KEY, version INTEGER NOT NULL, oldest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE roster_item(
  owner TEXT NOT NULL, contact TEXT NOT NULL, version INTEGER NOT NULL, removed INTEGER NOT NULL,
  name TEXT NOT NULL, subscription INTEGER NOT NULL, ask INTEGER NOT NULL,
  approved INTEGER NOT NULL, groups BLOB NOT NULL, PRIMARY KEY(owner, contact)) WITHOUT ROWID;
CREATE TABLE subscription_request(
  owner TEXT NOT NULL, contact TEXT NOT NULL, received INTEGER NOT NULL, stanza BLOB NOT NULL,
  PRIMARY KEY(owner, contact)) WITHOUT ROWID;

-- A message stands once; `uses` counts its references.
CREATE TABLE message(
  number INTEGER PRIMARY KEY AUTOINCREMENT, stanza_id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, time INTEGER NOT NULL, uses INTEGER NOT NULL, stanza BLOB NOT NULL);
CREATE TABLE box(
  number INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind INTEGER NOT NULL, session TEXT NOT NULL,
  count INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE(owner, kind, session));
CREATE TABLE reference(
  box INTEGER NOT NULL, id INTEGER NOT NULL, message INTEGER NOT NULL,
  PRIMARY KEY(box, id)) WITHOUT ROWID;
CREATE TABLE newest_id(owner TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE record(
  module TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
  value BLOB NOT NULL, UNIQUE(module, owner, key));
CREATE INDEX record_owner ON record(owner);
)";

// The key is empty until refresh_look_alikes(), which follows.
constexpr std::string_view step_2 = R"(
ALTER TABLE account ADD COLUMN look_alike TEXT NOT NULL DEFAULT '';
CREATE INDEX account_look_alike ON account(domain, look_alike);
)";

// A message's key is its stanza id as a number, so that rows are appended and need no index beside;
// a reference knows whom the message was exchanged with, and its row of `archive_text`. `ahead` and
// `behind` are how far the ids of a box and the times of its messages are apart at most: so ids are
// found by times, and references by their messages, without an index.
constexpr std::string_view step_3 = R"(
ALTER TABLE message RENAME TO message_1;
ALTER TABLE reference RENAME TO reference_1;
CREATE TABLE message(
  stanza_id INTEGER PRIMARY KEY, sender TEXT NOT NULL, recipient TEXT NOT NULL,
  time INTEGER NOT NULL, uses INTEGER NOT NULL, bytes INTEGER NOT NULL, stanza BLOB NOT NULL);
CREATE TABLE reference(
  box INTEGER NOT NULL, id INTEGER NOT NULL, message INTEGER NOT NULL,
  contact INTEGER NOT NULL, text INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(box, id)) WITHOUT ROWID;
CREATE INDEX reference_contact ON reference(box, contact, id) WHERE contact <> 0;
CREATE TABLE number_of(number INTEGER PRIMARY KEY, stanza_id INTEGER NOT NULL);
WITH RECURSIVE digits(number, value, rest) AS (
  SELECT number, 0, stanza_id FROM message_1 UNION ALL
  SELECT number, value << 4 | instr('123456789abcdef', substr(rest, 1, 1)), substr(rest, 2)
  FROM digits WHERE rest <> '')
INSERT INTO number_of SELECT number, value FROM digits WHERE rest = '';
INSERT INTO message
  SELECT n.stanza_id, m.sender, m.recipient, m.time, m.uses, length(m.stanza), m.stanza
  FROM message_1 m JOIN number_of n ON n.number = m.number;
INSERT INTO reference
  SELECT r.box, r.id, n.stanza_id, 0, 0 FROM reference_1 r JOIN number_of n ON n.number = r.message;
DROP TABLE number_of;
DROP TABLE message_1;
DROP TABLE reference_1;
ALTER TABLE box ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
ALTER TABLE box ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE box ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
-- What messages say, of the boxes whose owners look for words: up to `indexed`.
CREATE VIRTUAL TABLE archive_text USING fts5(
  text, box, id UNINDEXED, tokenize = 'unicode61 remove_diacritics 2');
UPDATE box SET (ahead, behind) = (
  SELECT max(0, coalesce(max(r.id - m.time), 0)), max(0, coalesce(max(m.time - r.id), 0))
  FROM reference r JOIN message m ON m.stanza_id = r.message WHERE r.box = box.number);
)";

// Who may sign in beside the password; `secrets` is sealed, empty where there is none.
constexpr std::string_view step_4 = R"(
ALTER TABLE account ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
CREATE TABLE client(
  address TEXT NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, agent TEXT NOT NULL,
  software TEXT NOT NULL, device TEXT NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, flags INTEGER NOT NULL, secrets BLOB NOT NULL,
  PRIMARY KEY(address, id)) WITHOUT ROWID;
CREATE TABLE second_factor(
  address TEXT PRIMARY KEY, secret BLOB NOT NULL, last_step INTEGER NOT NULL) WITHOUT ROWID;
)";

// Accounts that went while what others have of them is still to go.
constexpr std::string_view step_5 = R"(
CREATE TABLE removal(address TEXT PRIMARY KEY) WITHOUT ROWID;
)";

constexpr std::string_view steps[] = {step_1, step_2, step_3, step_4, step_5};

// References and messages are removed by code, which knows the counts.
constexpr std::string_view erase[] = {
    "DELETE FROM credential WHERE address = ?1",
    "DELETE FROM client WHERE address = ?1",
    "DELETE FROM second_factor WHERE address = ?1",
    "DELETE FROM roster WHERE owner = ?1",
    "DELETE FROM roster_item WHERE owner = ?1",
    "DELETE FROM subscription_request WHERE owner = ?1",
    "DELETE FROM newest_id WHERE owner = ?1",
    "DELETE FROM record WHERE owner = ?1",
};

Result<std::uint64_t> version_of(Connection& connection, std::string_view name) {
  Rows rows = TRY(connection.query("SELECT version FROM schema_version WHERE name = ?1", name));
  return TRY(rows.next()) ? static_cast<std::uint64_t>(rows.number(0)) : 0;
}

Result<> take_step(Connection& connection, const Schema& schema, std::uint64_t version) {
  TRY(connection.script(std::string(schema.steps[version])));
  return connection.execute("INSERT OR REPLACE INTO schema_version(name, version) VALUES(?1, ?2)",
                            schema.name, version + 1);
}

}  // namespace

constexpr Schema core{"core", steps, erase};
const Schema core_schema = core;

Result<> migrate(Connection& connection, const Schema& schema) {
  TRY(
      connection.script("CREATE TABLE IF NOT EXISTS schema_version("
                        "name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"));
  std::uint64_t version = TRY(version_of(connection, schema.name));
  if (version > schema.steps.size())
    return fail(Fault::invalid, "the database was written by a newer release: its tables \"" +
                                    std::string(schema.name) + "\" have version " +
                                    std::to_string(version) + ", this release knows up to " +
                                    std::to_string(schema.steps.size()) +
                                    "; start the newer release, or restore a backup");
  for (; version < schema.steps.size(); ++version) {
    TRY(connection.script("BEGIN IMMEDIATE"));
    auto done = take_step(connection, schema, version);
    if (done) done = connection.script("COMMIT");
    if (done) continue;
    if (connection.in_transaction()) TRY(connection.script("ROLLBACK"));
    return done;
  }
  return {};
}

}  // namespace herold::store
