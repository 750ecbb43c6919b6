// Where work that blocks on the disk runs, so that no shard waits for a sync.
#pragma once

#include "store/executor.h"

namespace herold::store {

// The journal hands it syncs, the making of segments and their removal; `work` posts its own
// result home. A simulation runs the work at a virtual time of its choice, in order.
class SyncRunner {
 public:
  virtual ~SyncRunner() = default;
  // Runs `work` once, away from the caller, in the order of the calls; from any thread.
  virtual void run(Task work) = 0;
};

}  // namespace herold::store
