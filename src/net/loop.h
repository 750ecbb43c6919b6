// The event loop as everybody sees it: tasks and timers of one thread. Real or simulated.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"

namespace herold::net {

using Task = std::move_only_function<void()>;

// One a thread. All calls but post() come from the loop's own thread.
class Loop {
 public:
  virtual ~Loop() = default;

  virtual const Clock& clock() const = 0;

  // Runs `task` in a later turn of this loop; from any thread, in order per caller.
  virtual void post(Task task) = 0;

  // Called once at the end of each turn in which anything ran, before the loop waits again: where
  // output is flushed. One owner.
  virtual void set_turn_end(Task task) = 0;

  virtual void run() = 0;   // until stop()
  virtual void stop() = 0;  // from any thread

 private:
  friend class Timer;
  virtual std::uint64_t add_timer(MonotonicTime due, Task task) = 0;
  virtual void remove_timer(std::uint64_t id) = 0;  // nothing when it has fired already
  virtual bool has_timer(std::uint64_t id) const = 0;
};

// A timer that dies with its owner. 16 bytes; starting it again replaces what was due. Its loop
// outlives it; a task may stop, restart or destroy the timer that runs it.
class Timer {
 public:
  Timer() = default;
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer() { stop(); }

  void start(Loop& loop, Duration delay, Task task);  // once
  void stop();
  bool running() const;  // started, and neither stopped nor fired

 private:
  Loop* loop_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace herold::net
