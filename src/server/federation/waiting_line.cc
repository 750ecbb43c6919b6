// Order, memory and time of what waits for another server.
#include "server/federation/waiting_line.h"

#include <algorithm>

#include "base/check.h"

namespace herold::server {

Bytes WaitingLine::size_of(const Stanza& stanza) {
  constexpr Bytes head = 512;  // addresses, id, and what a deque and a tree take
  return head + stanza.payload().view().size();
}

bool WaitingLine::has_memory() const {
  return ready_.size() + sent_.size() < limits_.*which_.stanzas && bytes_ < limits_.*which_.bytes;
}

WaitingLine::Taken WaitingLine::push(Stanza& stanza, MonotonicTime now) {
  const Bytes size = size_of(stanza);
  if (parked_.empty() && has_memory()) {
    bytes_ += size;
    ready_.push_back({std::move(stanza), now});
    return Taken::kept;
  }
  if (stanza.id == 0) return Taken::no_room;
  if (bytes() + size > limits_.*which_.waiting_bytes) return Taken::full;
  parked_.push_back({stanza.id, size});
  parked_bytes_ += size;
  return Taken::kept;
}

const Stanza& WaitingLine::send_next(std::uint64_t number) {
  Entry entry = std::move(ready_.front());
  ready_.pop_front();
  entry.number = number;
  sent_.push_back(std::move(entry));
  return sent_.back().stanza;
}

std::vector<Stanza> WaitingLine::take_back() {
  std::vector<Stanza> requests;
  for (auto entry = sent_.rbegin(); entry != sent_.rend(); ++entry) {
    if (!entry->stanza.head.is_request()) {
      ready_.push_front(std::move(*entry));
      continue;
    }
    forget(*entry);
    requests.push_back(std::move(entry->stanza));
  }
  sent_.clear();
  std::ranges::reverse(requests);
  return requests;
}

std::vector<MessageId> WaitingLine::to_fetch() {
  constexpr std::size_t at_once = 64;
  if (asked_ != 0 || parked_.empty() || !has_memory() || bytes_ > limits_.*which_.bytes / 2)
    return {};
  std::vector<MessageId> ids;
  const std::size_t room = limits_.*which_.stanzas - ready_.size() - sent_.size();
  for (const Parked& one : parked_) {
    if (ids.size() == std::min(room, at_once)) break;
    ids.push_back(one.id);
  }
  asked_ = ids.size();
  return ids;
}

void WaitingLine::fetched(MessageId id, Stanza* stanza, MonotonicTime now) {
  if (asked_ == 0 || parked_.empty() || parked_.front().id != id) return;  // given up meanwhile
  parked_bytes_ -= parked_.front().bytes;
  parked_.pop_front();
  --asked_;
  if (stanza == nullptr) return;
  bytes_ += size_of(*stanza);
  ready_.push_back({std::move(*stanza), now});
}

std::vector<Stanza> WaitingLine::expire(WallTime oldest, MonotonicTime since) {
  return remove_if([&](const Entry& entry) {
    return entry.stanza.id != 0 ? entry.stanza.accepted < oldest : entry.since < since;
  });
}

std::vector<Stanza> WaitingLine::give_up() {
  std::vector<Stanza> all = take_back();
  for (Entry& entry : ready_) {
    forget(entry);
    all.push_back(std::move(entry.stanza));
  }
  ready_.clear();
  return all;
}

}  // namespace herold::server
