// Events by place within a sliding window.
#include "server/place_counts.h"

namespace herold::server {

bool PlaceCounts::is_over(std::string_view place, MonotonicTime now, const Bounds& bounds) const {
  const auto found = index_.find(siphash(key_, place));
  if (found == index_.end()) return false;
  const std::deque<MonotonicTime>& times = found->second->times;
  return times.size() >= bounds.most && now - times[times.size() - bounds.most] < bounds.window;
}

void PlaceCounts::note(std::string_view place, MonotonicTime now, const Bounds& bounds) {
  const std::uint64_t hash = siphash(key_, place);
  const auto found = index_.find(hash);
  if (found != index_.end()) {
    places_.splice(places_.end(), places_, found->second);
  } else {
    while (!places_.empty() && places_.size() >= bounds.places) remove(places_.begin());
    index_.emplace(hash, places_.insert(places_.end(), Place{hash, {}}));
  }
  std::deque<MonotonicTime>& times = places_.back().times;
  times.push_back(now);
  while (times.size() > bounds.most) times.pop_front();
}

void PlaceCounts::forget(std::string_view place) {
  const auto found = index_.find(siphash(key_, place));
  if (found != index_.end()) remove(found->second);
}

void PlaceCounts::tidy(MonotonicTime now, const Bounds& bounds) {
  while (!places_.empty() && now - places_.front().times.back() >= bounds.window)
    remove(places_.begin());
}

void PlaceCounts::remove(Places::iterator place) {
  index_.erase(place->hash);
  places_.erase(place);
}

}  // namespace herold::server
