// Edge-triggered epoll; one eventfd wakes the loop once a batch of posted tasks.
#include "net/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "net/tls13_records.h"

namespace herold::net {
namespace {

constexpr std::uint64_t wake_token = 0;

Readiness readiness_of(std::uint32_t events) {
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  return {.in = (events & (EPOLLIN | EPOLLRDHUP)) != 0 || broken,
          .out = (events & EPOLLOUT) != 0 || broken,
          .hangup = (events & EPOLLRDHUP) != 0 || broken};
}

}  // namespace

Result<std::unique_ptr<EpollLoop>> EpollLoop::open(const Clock& clock, const Limits& limits) {
  FileHandle epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail(Fault::unavailable, std::string("epoll: ") + std::strerror(errno));
  FileHandle wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(Fault::unavailable, std::string("eventfd: ") + std::strerror(errno));
  // Edge-triggered, the counter never has to be read: each write is a new edge.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = wake_token}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0)
    return fail(Fault::unavailable, std::string("epoll: ") + std::strerror(errno));
  return std::make_unique<EpollLoop>(clock, limits, std::move(epoll), std::move(wake));
}

EpollLoop::EpollLoop(const Clock& clock, const Limits& limits, FileHandle epoll, FileHandle wake)
    : clock_(clock),
      turn_events_(std::min<std::size_t>(limits.turn_events, bounds::loop_events)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      tls_workspace_(std::make_unique<TlsWorkspace>(limits)) {}

EpollLoop::~EpollLoop() {
  // What the tasks own may hold timers and watches of this loop: they go while it is whole.
  turn_end_ = nullptr;
  timers_.clear();
  std::vector<Task>().swap(running_);
  std::vector<Task> posted;
  {
    const std::lock_guard lock(mutex_);
    std::swap(posted, posted_);
  }
}

void EpollLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  if (asleep_.exchange(false)) wake();
}

void EpollLoop::drop_tasks() {
  for (bool more = true; more;) {  // a task's end may post another one
    std::vector<Task> dropped = std::move(running_);
    running_.clear();
    running_next_ = 0;
    {
      const std::lock_guard lock(mutex_);
      for (Task& task : posted_) dropped.push_back(std::move(task));
      posted_.clear();
    }
    more = !dropped.empty();
  }
}

void EpollLoop::stop() {
  stopping_ = true;
  wake();
}

void EpollLoop::wake() {
  const std::uint64_t one = 1;
  CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
}

void EpollLoop::run() {
  do turn();
  while (!stopping_.exchange(false));
}

void EpollLoop::turn() {
  bool anything = run_ready(wait_time());
  anything |= run_again();
  anything |= run_posted();
  anything |= run_timers();
  if (anything && turn_end_) turn_end_();
}

// Milliseconds until something is due: 0 when it is already, -1 when only the kernel knows.
int EpollLoop::wait_time() {
  if (!again_.empty() || running_next_ < running_.size()) return 0;
  int wait = -1;
  if (const auto next = timers_.next()) {
    using std::chrono::ceil;
    const auto left = ceil<Milliseconds>(*next - clock_.now()).count();
    wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
  }
  if (wait == 0) return 0;
  // First the flag, then the look: a task posted in between writes the eventfd.
  asleep_ = true;
  const std::lock_guard lock(mutex_);
  return posted_.empty() && !stopping_ ? wait : 0;
}

bool EpollLoop::run_ready(int wait_milliseconds) {
  std::array<epoll_event, bounds::loop_events> events;
  const int most = static_cast<int>(turn_events_);
  const int count = ::epoll_wait(epoll_.get(), events.data(), most, wait_milliseconds);
  CHECK(count >= 0 || errno == EINTR);
  asleep_ = false;
  bool anything = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == wake_token) continue;
    // Gone when an earlier callback of this turn unwatched it.
    if (Slot* slot = find(static_cast<Watch>(event.data.u64))) {
      slot->ready->on_ready(readiness_of(event.events));
      anything = true;
    }
  }
  return anything;
}

bool EpollLoop::run_again() {
  if (again_.empty()) return false;
  std::swap(again_, again_now_);
  const std::size_t count = std::min(again_now_.size(), turn_events_);
  for (std::size_t i = 0; i < count; ++i) {
    Slot* slot = find(again_now_[i]);
    if (!slot) continue;
    slot->again = false;
    slot->ready->on_ready({});
  }
  // What was over the turn's bound comes first in the next one.
  again_.insert(again_.begin(), again_now_.begin() + static_cast<std::ptrdiff_t>(count),
                again_now_.end());
  again_now_.clear();
  return true;
}

bool EpollLoop::run_posted() {
  if (running_next_ == running_.size()) {
    running_.clear();
    running_next_ = 0;
    const std::lock_guard lock(mutex_);
    std::swap(running_, posted_);
  }
  if (running_.empty()) return false;
  const std::size_t end = std::min(running_.size(), running_next_ + turn_events_);
  while (running_next_ < end) {
    Task task = std::move(running_[running_next_++]);
    task();
  }
  return true;
}

bool EpollLoop::run_timers() {
  if (timers_.size() == 0) return false;
  const MonotonicTime now = clock_.now();
  const std::uint64_t mark = timers_.mark();
  std::size_t ran = 0;
  while (ran < turn_events_) {
    Task task = timers_.take_due(now, mark);
    if (!task) break;
    task();
    ++ran;
  }
  return ran > 0;
}

std::uint64_t EpollLoop::add_timer(MonotonicTime due, Task task) {
  return timers_.add(due, std::move(task));
}

Result<EpollLoop::Watch> EpollLoop::watch(int fd, Ready& ready) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  Slot& slot = slots_[index];
  const auto watch = static_cast<Watch>(std::uint64_t{slot.generation} << 32 | index);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = static_cast<std::uint64_t>(watch)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return fail(Fault::unavailable, std::string("epoll: ") + std::strerror(errno));
  free_.pop_back();
  slot.ready = &ready;
  return watch;
}

void EpollLoop::unwatch(int fd, Watch watch) {
  Slot* slot = find(watch);
  CHECK(slot != nullptr);
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);
  if (++slot->generation == 0) slot->generation = 1;
  slot->ready = nullptr;
  slot->again = false;
  free_.push_back(static_cast<std::uint32_t>(static_cast<std::uint64_t>(watch)));
}

bool EpollLoop::watches(Watch watch) const {
  const auto token = static_cast<std::uint64_t>(watch);
  const auto index = static_cast<std::uint32_t>(token);
  return index < slots_.size() && slots_[index].generation == token >> 32;
}

EpollLoop::Slot* EpollLoop::find(Watch watch) {
  if (!watches(watch)) return nullptr;
  return &slots_[static_cast<std::uint32_t>(static_cast<std::uint64_t>(watch))];
}

void EpollLoop::again(Watch watch) {
  Slot* slot = find(watch);
  if (!slot || std::exchange(slot->again, true)) return;
  again_.push_back(watch);
}

}  // namespace herold::net
