// The SQLite database: one file in WAL mode, one writer that commits waiting jobs in groups.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/database.h"
#include "store/sealer.h"

namespace herold::store {

enum class Durability {
  full,  // a commit survives a power cut
  none,  // for simulations and tests
};

struct SqliteOptions {
  std::string path;  // ":memory:" for a database that dies with the object
  Durability durability = Durability::full;
  // Null: own threads (a writer, a reader). Else all work runs as tasks of this executor, on one
  // thread, in the same groups: simulations, tests, tools.
  Executor* inline_executor = nullptr;
  std::span<const Schema> modules;  // beside the core's own tables
  std::uint64_t most_pages = 0;     // 0: no bound; of 4 KiB
  // What a stored stanza says, for those who look for words; nothing: it says nothing. Called on
  // the database's threads.
  std::string (*text_of)(std::string_view stanza) = nullptr;
};

// Blocks: makes or opens the file, brings its schema up to date, checks it after an unclean end.
// Fault::invalid with a sentence when the file was written by a newer release or is damaged.
// `limits` is copied; the others outlive the database.
Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options, const Limits& limits,
                                              const Sealer& sealer, const Clock& clock, Log& log);

}  // namespace herold::store
