// How results come home: an Executor runs tasks on the thread of whoever asked.
//
// The server implements Executor by posting to a shard's event loop; store knows no loop.
#pragma once

#include <deque>
#include <functional>

#include "base/result.h"

namespace herold::store {

using Task = std::move_only_function<void()>;

// Called once with the value or the error, always through the caller's Executor, never from
// inside the call that it was given to.
template <class T = void>
using Completion = std::move_only_function<void(Result<T>)>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` later, in order per caller; from any thread.
  virtual void post(Task task) = 0;
};

// An Executor for one thread without a loop: tests, and tools that work on a stopped server.
class TaskQueue final : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  // Runs one waiting task; false when there was none.
  bool run_one() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void run_all() {
    while (run_one()) {
    }
  }
  void clear() { tasks_.clear(); }  // the process was killed

 private:
  std::deque<Task> tasks_;
};

}  // namespace herold::store
