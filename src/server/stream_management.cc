// The two counters of XEP-0198.
#include "server/stream_management.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/journal_records.h"

namespace herold::server {

RequestRecord request_record(std::uint64_t session, const Request& request) {
  return {session, request.number, static_cast<std::uint8_t>(request.kind), request.id, request.to};
}

void InboundCount::finish(std::uint32_t number) { std::erase(waiting_, number); }

void InboundCount::committed(std::uint32_t number, store::Position position) {
  // Mostly the last; a stanza whose outcome took time comes behind younger ones.
  auto place = commits_.end();
  while (place != commits_.begin() && at_or_before(number, std::prev(place)->number)) --place;
  commits_.insert(place, {number, position});
}

std::uint32_t InboundCount::processed() const {
  std::uint32_t handled = received_;
  for (const std::uint32_t number : waiting_)
    if (at_or_before(number, handled)) handled = number - 1;
  return handled;
}

std::uint32_t InboundCount::handled(store::Position synced) {
  while (!commits_.empty() && commits_.front().position <= synced) commits_.pop_front();
  const std::uint32_t handled = processed();
  if (commits_.empty() || !at_or_before(commits_.front().number, handled)) return handled;
  return commits_.front().number - 1;
}

namespace {

// Memory of one entry beside its text.
constexpr std::uint64_t entry_bytes = sizeof(Unacked) + 16;

}  // namespace

std::uint32_t OutboundQueue::push(MessageId id, std::string xml, WallTime accepted) {
  bytes_ += xml.size() + entry_bytes;
  queue_.push_back({++sent_, id, std::move(xml), accepted});
  return sent_;
}

const Unacked* OutboundQueue::find(std::uint32_t number) const {
  if (queue_.empty()) return nullptr;
  const std::uint32_t place = number - queue_.front().number;  // numbers follow each other
  return place < queue_.size() && queue_[place].number == number ? &queue_[place] : nullptr;
}

bool OutboundQueue::was_sent(const Unacked& stanza) const {
  return !gaps_ || at_or_before(stanza.number, known_);
}

std::optional<std::vector<Unacked>> OutboundQueue::acknowledge(std::uint32_t h) {
  const bool possible = at_or_before(acked_, h) && (gaps_ || at_or_before(h, sent_));
  if (!possible) return std::nullopt;
  std::vector<Unacked> got;
  while (!queue_.empty() && was_sent(queue_.front()) && at_or_before(queue_.front().number, h)) {
    bytes_ -= queue_.front().xml.size() + entry_bytes;
    got.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  acked_ = h;
  return got;
}

void OutboundQueue::restore(std::uint32_t acked, std::deque<Unacked> known) {
  queue_ = std::move(known);
  bytes_ = 0;
  for (const Unacked& stanza : queue_) bytes_ += stanza.xml.size() + entry_bytes;
  acked_ = acked;
  sent_ = queue_.empty() ? acked : queue_.back().number;
  known_ = sent_;
  gaps_ = true;
}

void OutboundQueue::renumber(std::uint32_t h) {
  sent_ = h;
  for (Unacked& stanza : queue_) stanza.number = ++sent_;
  gaps_ = false;
}

std::vector<Unacked> OutboundQueue::give_up(std::uint64_t most) {
  for (Unacked& stanza : queue_) stanza.xml = std::string();
  bytes_ = queue_.size() * entry_bytes;
  std::vector<Unacked> forgotten;
  while (!queue_.empty() && bytes_ > most) {
    bytes_ -= entry_bytes;
    forgotten.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return forgotten;
}

bool OutboundQueue::holds(MessageId id) const {
  return id != 0 && std::ranges::find(queue_, id, &Unacked::id) != queue_.end();
}

std::deque<Unacked> OutboundQueue::take_all() {
  bytes_ = 0;
  return std::exchange(queue_, {});
}

}  // namespace herold::server
