// Threads for what takes milliseconds of arithmetic: PBKDF2. Bounded, so that a flood of sign-ins
// costs nobody else anything (HOSTILE 172).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "net/loop.h"

namespace herold::server {

class Workers {
 public:
  virtual ~Workers() = default;
  // False when too much waits already; `task` posts its own result home.
  virtual bool run(net::Task task) = 0;
};

class ThreadWorkers final : public Workers {
 public:
  ThreadWorkers(unsigned threads, std::size_t most_waiting);
  ~ThreadWorkers() override;  // finishes what runs, drops what waits
  bool run(net::Task task) override;

 private:
  void work();

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<net::Task> waiting_;  // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace herold::server
