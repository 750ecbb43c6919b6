// The stores as a shard sees them: of temporary accounts (XEP-0175) they know and keep nothing.
//
// One gate for all modules, so that none can forget it: reads of an anonymous address find nothing,
// writes fail with Fault::refused. Everything else goes on to the database's stores.
#pragma once

#include <memory>

#include "store/database.h"

namespace herold::server {

// `executor`, which outlives it, is the one that `behind` was attached with.
std::unique_ptr<store::Stores> without_temporary_accounts(std::unique_ptr<store::Stores> behind,
                                                          store::Executor& executor);

}  // namespace herold::server
