// Those whom an account wrote to or heard from, as keyed hashes; the oldest goes first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace herold::server {

class Acquaintances {
 public:
  bool knows(std::uint64_t who) const { return std::ranges::find(known_, who) != known_.end(); }
  void add(std::uint64_t who, std::uint64_t most) {
    if (knows(who)) return;
    if (known_.size() < most) return known_.push_back(who);
    known_[next_++ % known_.size()] = who;
  }

 private:
  std::vector<std::uint64_t> known_;
  std::size_t next_ = 0;
};

}  // namespace herold::server
