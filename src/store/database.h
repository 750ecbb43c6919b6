// The database behind the journal: what it offers to shards, without saying which one it is.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/accounts.h"
#include "store/clients.h"
#include "store/executor.h"
#include "store/messages.h"
#include "store/nodes.h"
#include "store/records.h"
#include "store/rosters.h"

namespace herold::store {

// The stores as one shard sees them. Completions run on the executor given to attach(). A call
// sees what earlier calls through the same Stores changed; a write completes after its commit.
// Fault::unavailable: database full, down, or its queue too long; it recovers by itself.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual Accounts& accounts() = 0;
  virtual Clients& clients() = 0;
  virtual Rosters& rosters() = 0;
  virtual Messages& messages() = 0;
  virtual Records& records() = 0;
  virtual Nodes& nodes() = 0;
};

struct DatabaseStatistics {
  std::uint64_t waiting = 0;       // jobs
  std::uint64_t jobs = 0;          // done, reads and writes
  std::uint64_t transactions = 0;  // commits
  std::uint64_t failures = 0;      // jobs that ended in Fault::unavailable
};

// The tables of one owner ("core" or a module): numbered steps from nothing to today.
struct Schema {
  std::string_view name;
  std::span<const std::string_view> steps;  // SQL; step N brings version N to N + 1; append only
  // Statements that remove all that belongs to the bare JID ?1 when its account is removed.
  std::span<const std::string_view> erase;
};

class Database {
 public:
  // Finishes what waits, marks the shutdown as clean. Stores must be gone before; executors are
  // posted to until then.
  virtual ~Database() = default;

  virtual std::unique_ptr<Stores> attach(Executor& executor) = 0;

  // True above three quarters of Limits::store_queue: stop reading sockets for a while.
  virtual bool pressed() const = 0;

  // Reads everything and checks it; Fault::malformed with what is damaged.
  virtual void verify(Executor& executor, Completion<> done) = 0;

  // Accounts whose removal an earlier run began and did not end (Accounts::remove), as they were
  // when the database was opened.
  virtual const std::vector<std::string>& owed_removals() const = 0;

  // Writes the whole database anew, so that nothing of what was removed is in its files: neither in
  // the unused space of pages, nor in indices of words, nor in the write-ahead log. Takes as long
  // as copying it and as much room again; what is written meanwhile waits, reads do not. `done`
  // gets the size before and after. Fault::unavailable: no room, or reads never ceased.
  struct Scrubbed {
    Bytes before = 0, after = 0;
  };
  virtual void scrub(Executor& executor, Completion<Scrubbed> done) = 0;

  // Drops what waits, uncommitted and unanswered: the simulated death of the process.
  virtual void abandon() = 0;

  virtual DatabaseStatistics statistics() const = 0;
};

}  // namespace herold::store
