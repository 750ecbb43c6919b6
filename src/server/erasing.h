// Erasing at once what was removed (DECISIONS.md 32): no file has it any more when this is done.
//
// What accounts were owed is finished, every shard leaves the files of its journal (what is open is
// copied forward), and the database is written anew. What others still have, and what waits for
// their clients, is theirs and stays.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "store/database.h"

namespace herold::server {

class Server;
class Shard;

struct Erased {
  std::uint64_t journal_files = 0;  // that went
  store::Database::Scrubbed database;
  std::uint64_t owed = 0;  // accounts whose removal could not be finished
};

// `done` runs on `from`, where it is called.
void erase_now(Server& server, Shard& from, std::move_only_function<void(Result<Erased>)> done);

}  // namespace herold::server
