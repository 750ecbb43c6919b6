// The way from shard to shard: whole batches, one atomic exchange and one wake-up each.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace herold::server {

class Shard;

// Work that another shard hands over; runs there, in the order of each sender. Made of anything
// that is called with a Shard& (whose type the standard's wrapper would have to know here).
class Letter {
 public:
  template <class Work>
  Letter(Work work)  // NOLINT(google-explicit-constructor)
      : work_([work = std::move(work)](Shard* shard) mutable { work(*shard); }) {}
  void operator()(Shard& shard) { work_(&shard); }

 private:
  std::move_only_function<void(Shard*)> work_;
};

// A stack of batches that the owner takes whole and turns round. Any shard pushes, one takes.
// Nothing is dropped and nobody blocks; `waiting()` is what back-pressure on sockets looks at.
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  ~Mailbox() { take(); }

  // True when the mailbox was empty: the caller then wakes the owner.
  bool push(std::vector<Letter> letters) {
    auto batch = std::make_unique<Batch>(std::move(letters));
    waiting_.fetch_add(batch->letters.size(), std::memory_order_relaxed);
    Batch* pushed = batch.release();  // owned by the stack until take()
    Batch* below = top_.load(std::memory_order_relaxed);
    do pushed->below = below;
    while (!top_.compare_exchange_weak(below, pushed, std::memory_order_release,
                                       std::memory_order_relaxed));
    return below == nullptr;  // not pushed->below: the owner may have freed it by now
  }

  // Everything pushed so far, oldest first.
  std::vector<Letter> take() {
    std::vector<std::unique_ptr<Batch>> batches;
    Batch* batch = top_.exchange(nullptr, std::memory_order_acquire);
    while (batch != nullptr) {
      batches.emplace_back(batch);
      batch = batch->below;
    }
    std::vector<Letter> letters;
    for (auto it = batches.rbegin(); it != batches.rend(); ++it)
      for (Letter& letter : (*it)->letters) letters.push_back(std::move(letter));
    waiting_.fetch_sub(letters.size(), std::memory_order_relaxed);
    return letters;
  }

  std::uint64_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    explicit Batch(std::vector<Letter> content) : letters(std::move(content)) {}
    std::vector<Letter> letters;
    Batch* below = nullptr;
  };

  std::atomic<Batch*> top_ = nullptr;
  std::atomic<std::uint64_t> waiting_ = 0;
};

}  // namespace herold::server
