// Time as the program sees it: a monotonic clock for timers, a wall clock for stamps.
#pragma once

#include <chrono>
#include <cstdint>

namespace herold {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;
using Duration = std::chrono::microseconds;

// Never goes backwards; only differences have a meaning.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using MonotonicTime = MonotonicClock::time_point;

// Microseconds since 1970-01-01T00:00:00Z; may step when the operator sets the clock.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Microseconds>;

// Injected wherever time matters, so that a test can be the clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  virtual WallTime wall() const = 0;
};

// The machine's own clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
class SystemClock final : public Clock {
 public:
  MonotonicTime now() const override;
  WallTime wall() const override;
};

}  // namespace herold
