// Buckets of latencies: linear within each power of two.
#include "apps/herold-load/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace herold::load {

unsigned Latency::bucket_of(std::uint64_t microseconds) {
  if (microseconds < steps) return static_cast<unsigned>(microseconds);
  const unsigned doubling = static_cast<unsigned>(std::bit_width(microseconds)) - 7;
  if (doubling >= doublings) return steps * (doublings + 1) - 1;
  return steps * (doubling + 1) + static_cast<unsigned>((microseconds >> doubling) - steps);
}

// The largest value that falls into the bucket.
std::uint64_t Latency::top_of(unsigned bucket) {
  if (bucket < steps) return bucket;
  const unsigned doubling = bucket / steps - 1;
  return ((std::uint64_t{bucket % steps} + steps + 1) << doubling) - 1;
}

void Latency::add(Duration latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  sum_ += value;
  max_ = std::max(max_, value);
}

void Latency::add(const Latency& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

double Latency::mean_milliseconds() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1000;
}

double Latency::percentile_milliseconds(double percent) const {
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (unsigned i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank && seen > 0) return static_cast<double>(std::min(top_of(i), max_)) / 1000;
  }
  return 0;
}

}  // namespace herold::load
