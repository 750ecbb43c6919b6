// How much all archives of a domain hold together: over its bound the oldest messages go, whoever's
// they are, a few at a time. ArchiveRetention sees to each archive by itself.
//
// What was not delivered yet is kept by what waits for the user, not by the archive (DECISIONS.md
// 9): the archive lets go of its reference only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "server/module_host.h"
#include "store/messages.h"

namespace herold::server {

class DomainArchives {
 public:
  DomainArchives(ModuleHost& host, Bytes most) : host_(host), most_(most) {}
  DomainArchives(const DomainArchives&) = delete;

  // Adds them up every hour; on one shard.
  void start();
  void stop();

 private:
  void measure();
  void judge();
  void end_round();
  void next_boxes();
  void next_box();
  void shorten(store::BoxUsage box);
  void note_gone(store::BoxUsage before);
  bool is_ours(const store::BoxUsage& box) const;

  ModuleHost& host_;
  const Bytes most_;
  Timer timer_;
  bool is_stopped_ = false;
  // Once through all archives of the server; what is left of the last page of them.
  std::uint64_t seen_ = 0;  // number of the last box
  std::vector<store::BoxUsage> boxes_;
  // As found.
  Bytes held_ = 0;
  WallTime oldest_ = WallTime::max();
  // What was too much, is so still, and goes as far as it is older than that.
  Bytes asked_ = 0, excess_ = 0;
  WallTime until_ = WallTime::min();
};

}  // namespace herold::server
