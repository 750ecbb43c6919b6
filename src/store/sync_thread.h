// One thread that does what blocks on the disk, for all journals of the process.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/sync_runner.h"

namespace herold::store {

class SyncThread final : public SyncRunner {
 public:
  SyncThread();
  // Finishes what waits. The executors that the work posts to must still be there.
  ~SyncThread() override;
  void run(Task work) override;

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace herold::store
