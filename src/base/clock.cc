// The machine's clocks.
#include "base/clock.h"

namespace herold {

MonotonicTime SystemClock::now() const {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return MonotonicTime(std::chrono::duration_cast<Duration>(since_start));
}

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now());
}

}  // namespace herold
