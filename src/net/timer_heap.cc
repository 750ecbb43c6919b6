// A binary heap whose entries know their place, so that a timer in the middle can leave.
#include "net/timer_heap.h"

#include <utility>

namespace herold::net {

std::uint64_t TimerHeap::add(MonotonicTime due, Task task) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot].task = std::move(task);
  heap_.emplace_back();
  rise(heap_.size() - 1, {due, added_++, slot});
  return static_cast<std::uint64_t>(slots_[slot].generation) << 32 | slot;
}

void TimerHeap::remove(std::uint64_t id) {
  // The task goes at the end of this scope: what it holds may come back to this heap.
  Task gone;
  if (find(id)) gone = take(static_cast<std::uint32_t>(id));
}

void TimerHeap::clear() {
  while (!heap_.empty()) Task gone = take(heap_.front().slot);
}

bool TimerHeap::contains(std::uint64_t id) const { return find(id) != nullptr; }

std::optional<MonotonicTime> TimerHeap::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

Task TimerHeap::take_due(MonotonicTime now, std::uint64_t mark) {
  if (heap_.empty() || heap_.front().due > now || heap_.front().order >= mark) return {};
  return take(heap_.front().slot);
}

const TimerHeap::Slot* TimerHeap::find(std::uint64_t id) const {
  const auto slot = static_cast<std::uint32_t>(id);
  if (slot >= slots_.size() || slots_[slot].generation != id >> 32) return nullptr;
  return &slots_[slot];
}

Task TimerHeap::take(std::uint32_t slot) {
  Slot& gone = slots_[slot];
  const std::size_t position = gone.position;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    // The last entry fills the hole; it may belong above it or below it.
    const bool above = position > 0 && last.before(heap_[(position - 1) / 2]);
    above ? rise(position, last) : sink(position, last);
  }
  if (++gone.generation == 0) gone.generation = 1;
  free_.push_back(slot);
  return std::exchange(gone.task, nullptr);
}

void TimerHeap::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void TimerHeap::rise(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerHeap::sink(std::size_t position, const Entry& entry) {
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

}  // namespace herold::net
