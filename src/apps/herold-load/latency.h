// Latencies counted in buckets: constant memory, percentiles within 1.6 percent.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace herold::load {

class Latency {
 public:
  void add(Duration latency);
  void add(const Latency& other);
  void clear() { *this = {}; }

  std::uint64_t count() const { return count_; }
  double mean_milliseconds() const;
  double max_milliseconds() const { return static_cast<double>(max_) / 1000; }
  double percentile_milliseconds(double percent) const;  // 0 when nothing was counted

 private:
  // 64 steps to each doubling; below 64 us each microsecond has its own.
  static constexpr unsigned steps = 64, doublings = 30;
  static unsigned bucket_of(std::uint64_t microseconds);
  static std::uint64_t top_of(unsigned bucket);

  std::array<std::uint64_t, steps*(doublings + 1)> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace herold::load
