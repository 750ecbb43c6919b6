// Timer: the handle by which an owner holds one timer of a loop.
#include "net/loop.h"

#include <utility>

namespace herold::net {

Timer::Timer(Timer&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), id_(std::exchange(other.id_, 0)) {}

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  stop();
  loop_ = std::exchange(other.loop_, nullptr);
  id_ = std::exchange(other.id_, 0);
  return *this;
}

void Timer::start(Loop& loop, Duration delay, Task task) {
  stop();
  loop_ = &loop;
  id_ = loop.add_timer(loop.clock().now() + delay, std::move(task));
}

void Timer::stop() {
  if (Loop* loop = std::exchange(loop_, nullptr)) loop->remove_timer(id_);
}

bool Timer::running() const { return loop_ != nullptr && loop_->has_timer(id_); }

}  // namespace herold::net
