// How long archives keep what: the oldest messages go by age and by size, a few at a time.
//
// What was not delivered yet is kept by what waits for the user, not by the archive (DECISIONS.md
// 9): the archive lets go of its reference only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "net/loop.h"
#include "store/messages.h"

namespace herold::server {

class Shard;

// What a domain's module says of it; 0: for ever.
struct ArchiveLifetime {
  Seconds keep{0};
};

class ArchiveRetention {
 public:
  explicit ArchiveRetention(Shard& shard) : shard_(shard) {}
  ArchiveRetention(const ArchiveRetention&) = delete;

  // Looks through all archives of the server every hour; on one shard.
  void start();
  void stop() { timer_.stop(); }

 private:
  void next_boxes();
  void next_box();
  void trim(store::BoxUsage box);
  void wipe();
  void rest(Duration pause, net::Task then);

  Shard& shard_;
  net::Timer timer_;
  std::uint64_t seen_ = 0;  // number of the last box
  std::vector<store::BoxUsage> boxes_;
};

}  // namespace herold::server
