// The two counters of XEP-0198.
#include "server/stream_management.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "server/journal_records.h"

namespace herold::server {

RequestRecord request_record(std::uint64_t session, const Request& request) {
  return {session, request.number, static_cast<std::uint8_t>(request.kind), request.id, request.to};
}

SharedRecord shared_record(std::uint64_t session, const Unacked& stanza, Numbered numbered) {
  SharedRecord record{.id = stanza.id};
  if (numbered == Numbered::no) {
    record.unnumbered = {session};
  } else {
    record.sessions = {session};
    record.numbers = {stanza.number};
  }
  return record;
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

// Where `number` stands in a queue of growing numbers, perhaps with gaps.
template <class Entry>
auto find(const std::deque<Entry>& queue, std::uint32_t number) {
  const std::uint32_t first = queue.empty() ? 0 : queue.front().stanza.number;
  const auto distance = [first](const Entry& entry) { return entry.stanza.number - first; };
  const auto found = std::ranges::lower_bound(queue, number - first, {}, distance);
  return found != queue.end() && found->stanza.number == number ? found : queue.end();
}

// Memory of an entry, with what the allocator keeps of a text.
constexpr std::uint64_t text_overhead = sizeof(OutboundQueue::Known) + 16;

std::uint64_t cost(const OutboundQueue::Known& entry) { return entry.xml.size() + text_overhead; }

}  // namespace

std::uint32_t OutboundQueue::push(Unacked stanza, std::string xml) {
  stanza.number = ++sent_;
  texts_.push_back({stanza, std::move(xml)});
  bytes_ += cost(texts_.back());
  return sent_;
}

void OutboundQueue::pop_front() {
  if (places_.empty()) {
    bytes_ -= cost(texts_.front());
    return texts_.pop_front();
  }
  bytes_ -= sizeof(Place);
  places_.pop_front();
  if (places_.empty()) spill_.reset();
  if (spill_) spill_->release(places_.front().place);
}

std::optional<std::vector<Unacked>> OutboundQueue::acknowledge(std::uint32_t h) {
  const bool possible = at_or_before(acked_, h) && (gaps_ || at_or_before(h, sent_));
  if (!possible) return std::nullopt;
  std::vector<Unacked> got;
  while (!empty() && is_numbered(front()) && at_or_before(front().number, h)) {
    got.push_back(front());
    pop_front();
  }
  acked_ = h;
  return got;
}

void OutboundQueue::restore(std::uint32_t acked, std::deque<Known> known) {
  texts_ = std::move(known);
  bytes_ = 0;
  for (const Known& entry : texts_) bytes_ += cost(entry);
  acked_ = acked;
  sent_ = texts_.empty() ? acked : texts_.back().stanza.number;
  known_ = sent_;
  gaps_ = true;
}

void OutboundQueue::renumber(std::uint32_t h) {
  sent_ = h;
  for (Place& entry : places_) entry.stanza.number = ++sent_;
  for (Known& entry : texts_) entry.stanza.number = ++sent_;
  gaps_ = false;
}

Result<> OutboundQueue::spill(std::uint64_t most, MakeSpill make) {
  std::size_t count = 0;
  std::uint64_t left = bytes_;
  for (; count < texts_.size() && left > most / 2; ++count)
    left -= cost(texts_[count]) - sizeof(Place);
  if (left > most) return fail(Fault::unavailable, "too many stanzas wait");
  if (!spill_) {
    CHECK(places_.empty());
    spill_ = TRY(make());
  }
  std::vector<Place> moved;
  for (std::size_t i = 0; i < count; ++i)
    moved.push_back({texts_[i].stanza, spill_->put(texts_[i].xml)});
  if (auto written = spill_->write(); !written) {
    if (places_.empty()) spill_.reset();
    return written;
  }
  texts_.erase(texts_.begin(), texts_.begin() + static_cast<std::ptrdiff_t>(count));
  places_.insert(places_.end(), moved.begin(), moved.end());
  bytes_ = left;
  return {};
}

std::vector<Unacked> OutboundQueue::give_up(std::uint64_t most) {
  for (const Known& entry : texts_) places_.push_back({entry.stanza});
  texts_.clear();
  spill_.reset();
  bytes_ = places_.size() * sizeof(Place);
  std::vector<Unacked> forgotten;
  while (!places_.empty() && bytes_ > most) {
    forgotten.push_back(front());
    pop_front();
  }
  return forgotten;
}

Result<> OutboundQueue::write_to(std::string& out, std::uint32_t number) const {
  if (const auto text = find(texts_, number); text != texts_.end()) {
    out += text->xml;
    return {};
  }
  const auto entry = find(places_, number);
  if (entry == places_.end() || !spill_) return {};
  const auto next = std::next(entry);
  out += TRY(spill_->read(entry->place, next == places_.end() ? spill_->end() : next->place));
  return {};
}

bool OutboundQueue::holds(MessageId id) const {
  bool is_there = false;
  for_each([&](const Unacked& stanza) { is_there |= stanza.id == id; });
  return id != 0 && is_there;
}

}  // namespace herold::server
