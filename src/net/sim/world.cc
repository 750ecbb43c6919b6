// The scheduler of the simulated world.
#include "net/sim/world.h"

#include <algorithm>
#include <utility>

namespace herold::net::sim {

const Clock& SimLoop::clock() const { return world_.clock(); }

void SimLoop::run() {
  while (!stopped_ && world_.step()) {
  }
  stopped_ = false;
}

void SimLoop::drop() {
  turn_end_ = nullptr;
  timers_.clear();
  while (!tasks_.empty()) std::vector<Task>().swap(tasks_);
}

bool SimLoop::ready() const {
  const auto next = timers_.next();
  return !tasks_.empty() || (next && *next <= clock().now());
}

void SimLoop::turn() {
  std::vector<Task> tasks = std::exchange(tasks_, {});
  for (Task& task : tasks) {
    // Each task dies before the next one runs, as in the real loop.
    Task current = std::move(task);
    current();
  }
  const std::uint64_t mark = timers_.mark();
  while (Task task = timers_.take_due(clock().now(), mark)) task();
  if (turn_end_) turn_end_();
}

SimWorld::~SimWorld() {
  // What the tasks own may hold timers of other loops: all go while all loops are there.
  for (const auto& loop : loops_) loop->drop();
}

SimLoop& SimWorld::add_loop() {
  loops_.push_back(std::make_unique<SimLoop>(*this, static_cast<std::uint32_t>(loops_.size())));
  return *loops_.back();
}

bool SimWorld::step() {
  SimLoop* chosen = choose();
  if (!chosen) {
    const auto next = next_timer();
    if (!next) return false;
    clock_.now_ = std::max(clock_.now_, *next);
    chosen = choose();
  }
  note(chosen->number_);
  note(static_cast<std::uint64_t>(clock_.now_.time_since_epoch().count()));
  chosen->turn();
  return true;
}

bool SimWorld::settle(std::uint64_t most_steps) {
  for (std::uint64_t i = 0; i < most_steps; ++i)
    if (!step()) return true;
  return false;
}

void SimWorld::run_for(Duration duration) {
  const MonotonicTime end = clock_.now_ + duration;
  for (;;) {
    if (!choose()) {
      const auto next = next_timer();
      if (!next || *next > end) break;
    }
    step();
  }
  clock_.now_ = end;
}

SimLoop* SimWorld::choose() {
  ready_.clear();
  for (const auto& loop : loops_)
    if (loop->ready()) ready_.push_back(loop.get());
  if (ready_.empty()) return nullptr;
  return ready_.size() == 1 ? ready_.front() : ready_[random_.below(ready_.size())];
}

std::optional<MonotonicTime> SimWorld::next_timer() const {
  std::optional<MonotonicTime> first;
  for (const auto& loop : loops_)
    if (const auto next = loop->timers_.next(); next && (!first || *next < *first)) first = next;
  return first;
}

void SimWorld::note(std::uint64_t value) {
  // FNV-1a, eight bytes at a time.
  trace_ = (trace_ ^ value) * 0x100000001b3;
}

void SimWorld::note(std::string_view bytes) {
  note(bytes.size());
  for (const char c : bytes) note(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
}

}  // namespace herold::net::sim
