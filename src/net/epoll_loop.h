// The real event loop of one thread, on epoll: sockets, timers, tasks from other threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "net/file_handle.h"
#include "net/loop.h"
#include "net/timer_heap.h"

namespace herold::net {

// What the kernel said about a file since it said so last (edges, not levels).
struct Readiness {
  bool in = false;      // bytes, a connection to accept, or the end
  bool out = false;     // room to write
  bool hangup = false;  // the peer sent FIN or the connection broke: read on until the end shows
};

struct TlsWorkspace;

// Something with a file that a loop watches. Internal to net: transports and listeners.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void on_ready(Readiness) = 0;
};

class EpollLoop final : public Loop {
 public:
  // Names one watch; never used again for another one.
  enum class Watch : std::uint64_t { none = 0 };

  // Fails only when the kernel has no file left. `clock` outlives the loop.
  static Result<std::unique_ptr<EpollLoop>> open(const Clock& clock, const Limits& limits);
  // For open(), which makes the two files.
  EpollLoop(const Clock& clock, const Limits& limits, FileHandle epoll, FileHandle wake);
  ~EpollLoop() override;

  const Clock& clock() const override { return clock_; }
  void post(Task task) override;
  void set_turn_end(Task task) override { turn_end_ = std::move(task); }
  void run() override;
  void stop() override;
  // When run() has ended for good: what was posted and never ran dies here and now, while what it
  // refers to still lives.
  void drop_tasks();

  // For the TLS connections that are attached to this loop.
  TlsWorkspace& tls_workspace() { return *tls_workspace_; }

  // Calls `ready` from later turns, at first with what the file is ready for already. Edges: each
  // change is told once, so `ready` remembers it until the kernel says EAGAIN.
  Result<Watch> watch(int fd, Ready& ready);
  void unwatch(int fd, Watch watch);
  // False once unwatched: what a `Ready` asks when it may have been destroyed by its own callback.
  bool watches(Watch watch) const;
  // Calls on_ready() in the next turn although the kernel has nothing new.
  void again(Watch watch);

 private:
  struct Slot {
    Ready* ready = nullptr;
    std::uint32_t generation = 1;
    bool again = false;
  };

  std::uint64_t add_timer(MonotonicTime due, Task task) override;
  void remove_timer(std::uint64_t id) override { timers_.remove(id); }
  bool has_timer(std::uint64_t id) const override { return timers_.contains(id); }

  void turn();
  int wait_time();
  bool run_ready(int wait_milliseconds);
  bool run_again();
  bool run_posted();
  bool run_timers();
  void wake();
  Slot* find(Watch watch);

  const Clock& clock_;
  const std::size_t turn_events_;
  FileHandle epoll_;
  FileHandle wake_;
  std::unique_ptr<TlsWorkspace> tls_workspace_;
  Task turn_end_;

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<Watch> again_;
  std::vector<Watch> again_now_;  // kept for its memory
  TimerHeap timers_;

  // Tasks being run; what is over a turn's bound waits here for the next turn.
  std::vector<Task> running_;
  std::size_t running_next_ = 0;

  std::mutex mutex_;
  std::vector<Task> posted_;          // guarded by mutex_
  std::atomic<bool> asleep_ = false;  // the loop waits, or is about to: the next post() wakes it
  std::atomic<bool> stopping_ = false;
};

}  // namespace herold::net
