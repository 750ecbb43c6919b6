// Timers and the epoll loop: order, bounds of a turn, wake-ups from other threads.
#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "net/epoll_loop.h"
#include "net/timer_heap.h"

namespace herold::net {
namespace {

MonotonicTime at(std::int64_t microseconds) { return MonotonicTime(Duration(microseconds)); }

TEST(TimerHeap, FiresByTimeThenByOrder) {
  TimerHeap heap;
  std::string fired;
  for (const auto& [due, letter] : {std::pair{30, 'd'}, {10, 'a'}, {20, 'b'}, {20, 'c'}})
    heap.add(at(due), [&fired, name = letter] { fired += name; });
  EXPECT_EQ(heap.next(), at(10));
  while (Task task = heap.take_due(at(25), heap.mark())) task();
  EXPECT_EQ(fired, "abc");
  EXPECT_EQ(heap.size(), 1u);
}

TEST(TimerHeap, AgreesWithAMultimapWhateverIsRemoved) {
  TimerHeap heap;
  SeededRandom random(7);
  std::multimap<MonotonicTime, std::uint64_t> model;
  std::uint64_t fired = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::uint64_t choice = random.below(10);
    if (choice < 6) {
      const MonotonicTime due = at(static_cast<std::int64_t>(random.below(1000)) + step);
      const auto id = std::make_shared<std::uint64_t>();
      *id = heap.add(due, [&fired, id] { fired = *id; });
      model.emplace(due, *id);
    } else if (choice < 8 && !model.empty()) {
      const auto gone =
          std::next(model.begin(), random.below(model.size() > 50 ? 50 : model.size()));
      EXPECT_TRUE(heap.contains(gone->second));
      heap.remove(gone->second);
      EXPECT_FALSE(heap.contains(gone->second));
      heap.remove(gone->second);  // a second time: nothing
      model.erase(gone);
    } else if (!model.empty()) {
      ASSERT_EQ(heap.next(), model.begin()->first);
      Task task = heap.take_due(model.begin()->first, heap.mark());
      ASSERT_TRUE(task);
      task();
      ASSERT_EQ(fired, model.begin()->second);
      model.erase(model.begin());
    }
    ASSERT_EQ(heap.size(), model.size());
  }
}

class LoopTest : public testing::Test {
 protected:
  SystemClock clock_;
  Limits limits_;
  std::unique_ptr<EpollLoop> loop_ = *EpollLoop::open(clock_, limits_);
};

TEST_F(LoopTest, RunsTasksInOrderAndEndsEachTurn) {
  std::string trace;
  loop_->set_turn_end([&] { trace += '|'; });
  loop_->post([&] {
    trace += 'a';
    loop_->post([&] {
      trace += 'c';
      loop_->stop();
    });
  });
  loop_->post([&] { trace += 'b'; });
  loop_->run();
  EXPECT_EQ(trace, "ab|c|");
}

TEST_F(LoopTest, BoundsTheTasksOfATurn) {
  limits_.turn_events = 2;
  loop_ = *EpollLoop::open(clock_, limits_);
  std::string trace;
  loop_->set_turn_end([&] { trace += '|'; });
  for (const char name : {'a', 'b', 'c', 'd', 'e'})
    loop_->post([&trace, name, this] {
      trace += name;
      if (name == 'a') loop_->post([&] { trace += 'f', loop_->stop(); });
    });
  loop_->run();
  EXPECT_EQ(trace, "ab|cd|e|f|");
}

TEST_F(LoopTest, TimersStopRestartAndMove) {
  std::string trace;
  Timer stopped, moved, restarted, last;
  EXPECT_FALSE(stopped.running());
  stopped.start(*loop_, Milliseconds(1), [&] { trace += 'x'; });
  restarted.start(*loop_, Milliseconds(1), [&] { trace += 'x'; });
  restarted.start(*loop_, Milliseconds(2), [&] { trace += 'r'; });
  {
    Timer first;
    first.start(*loop_, Milliseconds(1), [&] { trace += 'm'; });
    moved = std::move(first);
    Timer dies;
    dies.start(*loop_, Milliseconds(1), [&] { trace += 'x'; });
  }
  stopped.stop();
  last.start(*loop_, Milliseconds(3), [&] {
    EXPECT_FALSE(last.running());
    loop_->stop();
  });
  EXPECT_TRUE(moved.running());
  loop_->run();
  EXPECT_EQ(trace, "mr");
  EXPECT_FALSE(moved.running());
}

TEST_F(LoopTest, ATimerMayDestroyItselfAndRestartItself) {
  auto owner = std::make_unique<Timer>();
  owner->start(*loop_, Duration(0), [&] { owner.reset(); });
  Timer periodic;
  int ticks = 0;
  std::function<void()> tick = [&] {
    if (++ticks == 1000) return loop_->stop();
    periodic.start(*loop_, Duration(0), [&] { tick(); });
  };
  periodic.start(*loop_, Duration(0), [&] { tick(); });
  loop_->run();
  EXPECT_EQ(ticks, 1000);
  EXPECT_EQ(owner, nullptr);
}

TEST_F(LoopTest, ManyTimers) {
  std::vector<Timer> timers(100000);
  std::size_t fired = 0;
  for (std::size_t i = 0; i < timers.size(); ++i)
    timers[i].start(*loop_, Duration((i * 7919) % 10000), [&] {
      if (++fired == 50000) loop_->stop();
    });
  for (std::size_t i = 0; i < timers.size(); i += 2) timers[i].stop();
  loop_->run();
  EXPECT_EQ(fired, 50000u);
}

TEST_F(LoopTest, TasksOfManyThreadsComeInOrderPerThread) {
  constexpr std::size_t threads = 4, each = 20000;
  std::array<std::size_t, threads> next{};
  std::size_t total = 0;
  std::vector<std::jthread> posters;
  for (std::size_t t = 0; t < threads; ++t)
    posters.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i)
        loop_->post([&, t, i] {
          ASSERT_EQ(next[t]++, i);
          if (++total == threads * each) loop_->stop();
        });
    });
  loop_->run();
  EXPECT_EQ(total, threads * each);
}

TEST_F(LoopTest, TwoLoopsWakeEachOther) {
  const auto other = *EpollLoop::open(clock_, limits_);
  int rounds = 0;
  std::function<void()> here, there;
  here = [&] {
    if (++rounds == 5000) {
      other->stop();
      return loop_->stop();
    }
    other->post([&] { there(); });
  };
  there = [&] { loop_->post([&] { here(); }); };
  std::jthread thread([&] { other->run(); });
  loop_->post([&] { here(); });
  loop_->run();
  thread.join();
  EXPECT_EQ(rounds, 5000);
}

TEST_F(LoopTest, StopBeforeRunEndsTheFirstTurn) {
  loop_->stop();
  loop_->run();
  int ran = 0;
  loop_->post([&] {
    ++ran;
    loop_->stop();
  });
  loop_->run();
  EXPECT_EQ(ran, 1);
}

struct Watched : Ready {
  std::function<void(Readiness)> call;
  void on_ready(Readiness ready) override { call(ready); }
};

TEST_F(LoopTest, WhatWasUnwatchedInATurnIsNotCalledInIt) {
  std::array<int, 2> a, b;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a.data()), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b.data()), 0);
  const FileHandle handles[] = {FileHandle(a[0]), FileHandle(a[1]), FileHandle(b[0]),
                                FileHandle(b[1])};
  Watched first, second;
  EpollLoop::Watch watch_first{}, watch_second{};
  int calls = 0;
  // Both are ready in the first turn; whichever comes first removes the other.
  first.call = [&](Readiness) {
    ++calls;
    loop_->unwatch(b[0], watch_second);
    EXPECT_FALSE(loop_->watches(watch_second));
    loop_->again(watch_second);  // stale: nothing
    loop_->post([&] { loop_->stop(); });
  };
  second.call = [&](Readiness) {
    ++calls;
    loop_->unwatch(a[0], watch_first);
    loop_->post([&] { loop_->stop(); });
  };
  watch_first = *loop_->watch(a[0], first);
  watch_second = *loop_->watch(b[0], second);
  loop_->run();
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopTest, WatchingAClosedFileFailsAsAValue) {
  Watched watched;
  EXPECT_FALSE(loop_->watch(-1, watched));
}

}  // namespace
}  // namespace herold::net
