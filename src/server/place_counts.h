// Counts what happens by place (an address prefix, or one with an account), in bounded memory.
//
// For the rates of HOSTILE 46 and 164. A place is remembered by a keyed hash, so that its memory
// does not depend on what a peer calls itself. When there are too many places the one that was
// quiet longest is forgotten: to be rid of his own count an attacker would have to fail once at
// each of the others first.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/hash.h"

namespace herold::server {

class PlaceCounts {
 public:
  struct Bounds {
    std::uint64_t most;  // events of one place within the window
    Seconds window;
    std::uint64_t places;
  };

  explicit PlaceCounts(HashKey key) : key_(key) {}
  PlaceCounts(const PlaceCounts&) = delete;

  // Whether `most` events happened there within the window.
  bool is_over(std::string_view place, MonotonicTime now, const Bounds& bounds) const;
  void note(std::string_view place, MonotonicTime now, const Bounds& bounds);
  void forget(std::string_view place);
  // Forgets what happened before the window.
  void tidy(MonotonicTime now, const Bounds& bounds);

  std::size_t size() const { return index_.size(); }

 private:
  struct Place {
    std::uint64_t hash;
    std::deque<MonotonicTime> times;  // the last ones, oldest first
  };
  using Places = std::list<Place>;
  void remove(Places::iterator place);

  HashKey key_;
  Places places_;  // the quietest first
  std::unordered_map<std::uint64_t, Places::iterator> index_;
};

}  // namespace herold::server
