// The timers of one loop: a heap by time, O(log n) to add, remove and fire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "net/loop.h"

namespace herold::net {

// Timers due at the same time fire in the order in which they were added.
class TimerHeap {
 public:
  std::uint64_t add(MonotonicTime due, Task task);  // the timer's id, never 0
  void remove(std::uint64_t id);                    // nothing when it has gone already
  bool contains(std::uint64_t id) const;

  void clear();  // what the tasks hold may still come back to this heap meanwhile

  std::size_t size() const { return heap_.size(); }
  std::optional<MonotonicTime> next() const;

  // A mark for take_due(): timers added later do not count as due before it.
  std::uint64_t mark() const { return added_; }
  // Removes the first timer due at `now` that was added before `mark`; an empty task if none is.
  Task take_due(MonotonicTime now, std::uint64_t mark);

 private:
  struct Entry {
    MonotonicTime due;
    std::uint64_t order;
    std::uint32_t slot;
    bool before(const Entry& other) const {
      return due != other.due ? due < other.due : order < other.order;
    }
  };
  struct Slot {
    Task task;
    std::uint32_t generation = 1;  // tells a stale id from the slot's next timer
    std::uint32_t position = 0;    // in heap_
  };

  const Slot* find(std::uint64_t id) const;
  Task take(std::uint32_t slot);
  void place(std::size_t position, const Entry& entry);
  void rise(std::size_t position, const Entry& entry);
  void sink(std::size_t position, const Entry& entry);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t added_ = 0;
};

}  // namespace herold::net
