// The steps of a run, which all workers take together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"

namespace herold::load {

// Most scenarios only prepare, measure and finish; rooms are entered before.
enum class Phase : std::uint8_t { prepare, enter, warm_up, measure, finish };

// Where workers tell the main thread that they are done with a phase, or that the run has failed.
class Phases {
 public:
  explicit Phases(unsigned workers) : workers_(workers) {}

  void arrive() {
    const std::lock_guard lock(mutex_);
    ++arrived_;
    changed_.notify_one();
  }
  void fail(std::string text) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(text);
    changed_.notify_one();
  }

  // Until all have arrived or one has failed.
  Result<> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return failure_ || arrived_ == workers_; });
    if (failure_) return herold::fail(Fault::unavailable, *failure_);
    arrived_ = 0;
    return {};
  }

 private:
  const unsigned workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned arrived_ = 0;                // guarded by mutex_
  std::optional<std::string> failure_;  // guarded by mutex_
};

}  // namespace herold::load
