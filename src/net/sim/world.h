// A simulated world: many loops and a network in one thread and one virtual time, by one seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/loop.h"
#include "net/timer_heap.h"

namespace herold::net::sim {

class SimWorld;

// Time that stands still until the world moves it.
class SimClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  WallTime wall() const override { return wall_start_ + (now_ - MonotonicTime()); }

 private:
  friend class SimWorld;
  MonotonicTime now_{Seconds(1)};
  WallTime wall_start_{Seconds(1795000000)};  // 2026-11-18
};

// One loop of the world. A turn runs every task that waited when it began, then what is due.
class SimLoop final : public Loop {
 public:
  SimLoop(SimWorld& world, std::uint32_t number) : world_(world), number_(number) {}

  const Clock& clock() const override;
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void set_turn_end(Task task) override { turn_end_ = std::move(task); }
  // Runs the whole world until this loop is stopped or nothing is left to do.
  void run() override;
  void stop() override { stopped_ = true; }
  // The process of this loop dies: tasks, timers and turn end are dropped unrun. The next process
  // may use the loop afresh.
  void drop();

 private:
  friend class SimWorld;
  std::uint64_t add_timer(MonotonicTime due, Task task) override {
    return timers_.add(due, std::move(task));
  }
  void remove_timer(std::uint64_t id) override { timers_.remove(id); }
  bool has_timer(std::uint64_t id) const override { return timers_.contains(id); }

  bool ready() const;
  void turn();

  SimWorld& world_;
  const std::uint32_t number_;
  std::vector<Task> tasks_;
  TimerHeap timers_;
  Task turn_end_;
  bool stopped_ = false;
};

// Owns the clock and the loops, and decides by its seed whose turn is next. The same seed and the
// same calls give the same run, which trace() proves.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed) : random_(seed) {}
  ~SimWorld();

  SimLoop& add_loop();
  const SimClock& clock() const { return clock_; }
  Random& random() { return random_; }

  // Runs one turn of one loop that has something to do; when none has, moves the time to the next
  // timer first. False when there is no timer either.
  bool step();
  // Until nothing is left to do, or `most_steps` steps: true when nothing is left.
  bool settle(std::uint64_t most_steps = 1'000'000);
  // Until `duration` has passed; what is due at its end has run.
  void run_for(Duration duration);

  // As an operator or NTP does; the monotonic clock goes on unmoved.
  void step_wall_clock(Duration by) { clock_.wall_start_ += by; }

  // A hash over every turn, its time, and whatever was noted: equal traces are equal runs.
  std::uint64_t trace() const { return trace_; }
  void note(std::uint64_t value);
  void note(std::string_view bytes);

 private:
  SimLoop* choose();
  std::optional<MonotonicTime> next_timer() const;

  SimClock clock_;
  SeededRandom random_;
  std::vector<std::unique_ptr<SimLoop>> loops_;
  std::vector<SimLoop*> ready_;  // kept for its memory
  std::uint64_t trace_ = 0xcbf29ce484222325;
};

}  // namespace herold::net::sim
