// The core's tables, and the numbered steps that bring any database up to date.
#pragma once

#include "store/database.h"
#include "store/sqlite/connection.h"

namespace herold::store {

extern const Schema core_schema;

// Brings the tables of `schema` up to date, each step in a transaction together with its number:
// killed in the middle, a database is old or new, never between (HOSTILE 186). Fault::invalid when
// a newer release wrote it.
Result<> migrate(Connection& connection, const Schema& schema);

// Makes the keys of look-alikes of all accounts anew where they were made by another version of
// xmpp::look_alike_key(), or not at all. In one transaction.
Result<> refresh_look_alikes(Connection& connection);

}  // namespace herold::store
