// Keeping and choosing a room's last messages.
#include "server/rooms/history.h"

#include <algorithm>

namespace herold::server {

void RoomHistory::add(Entry entry, const Limits& limits) {
  bytes_ += entry.stanza.payload().size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > limits.room_history || bytes_ > limits.room_history_bytes) {
    bytes_ -= entries_.front().stanza.payload().size();
    entries_.pop_front();
    is_cut_ = true;
  }
}

const RoomHistory::Entry* RoomHistory::find(std::string_view id) const {
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  return found == entries_.end() ? nullptr : &*found;
}

bool RoomHistory::has(std::string_view id) const { return find(id) != nullptr; }

bool RoomHistory::remove(std::string_view id) {
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  if (found == entries_.end()) return false;
  bytes_ -= found->stanza.payload().size();
  entries_.erase(found);
  return true;
}

void RoomHistory::forget(std::string_view author) {
  std::erase_if(entries_, [&](const Entry& entry) {
    if (author_of(entry.stanza) != author) return false;
    bytes_ -= entry.stanza.payload().size();
    return true;
  });
}

std::vector<const RoomHistory::Entry*> RoomHistory::choose(
    const std::optional<xmpp::MucHistory>& wish, std::uint64_t usual, std::optional<WallTime> left,
    WallTime now) const {
  std::uint64_t most = left ? UINT64_MAX : usual, characters = UINT64_MAX;
  std::optional<WallTime> since = left;
  if (wish) {
    if (wish->maxstanzas || wish->seconds || wish->since) most = UINT64_MAX, since.reset();
    if (wish->maxstanzas) most = *wish->maxstanzas;
    if (wish->maxchars) characters = *wish->maxchars;
    if (wish->since) since = *wish->since;
    constexpr std::uint64_t longest = 3155760000;  // a hundred years: more would overflow
    if (wish->seconds) {
      const WallTime from = now - Seconds(std::min(*wish->seconds, longest));
      since = since ? std::max(*since, from) : from;
    }
  }
  std::vector<const Entry*> chosen;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (chosen.size() >= most || (since && entry->time < *since)) break;
    constexpr std::uint64_t tags = 200;  // the start tag, its addresses and the delay
    const std::uint64_t size = entry->stanza.payload().size() + tags;
    if (size > characters) break;
    characters -= size;
    chosen.push_back(&*entry);
  }
  std::ranges::reverse(chosen);
  return chosen;
}

}  // namespace herold::server
