// What processes cost, read from /proc: CPU time and memory of whole process trees (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

#include "base/result.h"

namespace herold::load {

// Of one or more process trees at one moment.
struct Usage {
  double user_seconds = 0;  // all threads, and children that have ended
  double system_seconds = 0;
  std::uint64_t resident_kilobytes = 0;
  std::uint64_t proportional_kilobytes = 0;  // shared pages divided among those who share them
  unsigned processes = 0;

  double cpu_seconds() const { return user_seconds + system_seconds; }
};

// Each of `roots` with all its descendants, nobody counted twice. Fails when a root is not there.
Result<Usage> read_usage(std::span<const pid_t> roots);

// This program's own CPU time.
double own_cpu_seconds();

}  // namespace herold::load
