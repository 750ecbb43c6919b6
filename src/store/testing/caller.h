// For tests: the loop of a caller, for one thread that waits and others that post.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "store/executor.h"

namespace herold::store {

class Caller final : public Executor {
 public:
  void post(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  void run_one() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !tasks_.empty(); });
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
};

}  // namespace herold::store
