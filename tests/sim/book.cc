// Keeping the ledger of the clients.
#include "book.h"

#include <algorithm>
#include <utility>

namespace herold::sim {

std::uint32_t Book::write(unsigned sender, const std::string& to) {
  tell("message " + std::to_string(entries_.size()) + " leaves client " + std::to_string(sender) +
       " for " + to);
  entries_.push_back({.sender = sender, .to = to, .account = to.substr(0, to.find('/'))});
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

void Book::acked(std::uint32_t serial) {
  tell("message " + std::to_string(serial) + " is acknowledged");
  entries_.at(serial).acked = true;
}

void Book::blame(std::string problem) {
  constexpr std::size_t enough = 20;
  if (problems_.size() < enough) problems_.push_back(std::move(problem));
}

void Book::forgive(const std::string& to) {
  for (Entry& entry : entries_) entry.forgiven |= entry.to == to && entry.received == 0;
}

void Book::lose_refusals(unsigned sender) {
  if (allowed_.empty()) return;
  for (Entry& entry : entries_)
    entry.forgiven |= entry.sender == sender && entry.acked && entry.received == 0;
}

void Book::bounced(std::uint32_t serial, std::string_view condition) {
  if (serial >= entries_.size()) return blame("an error for a message that nobody sent");
  entries_[serial].bounced = true;
  tell("message " + std::to_string(serial) + " is refused");
  if (entries_[serial].received > 0)
    blame("message " + std::to_string(serial) + " was refused and delivered all the same");
  if (allowed_.contains(condition)) return;
  blame("message " + std::to_string(serial) + " to " + entries_[serial].account +
        " came back with " + std::string(condition));
}

void Book::refused_entry(const std::string& name, std::string_view condition) {
  tell(name + " is not let into the room: " + std::string(condition));
  if (!allowed_.contains(condition))
    blame(name + " is not let into the room: " + std::string(condition));
}

void Book::received(Reception& reception, std::uint32_t serial, std::string_view stanza_id,
                    Way way) {
  const std::string what = "message " + std::to_string(serial) + " at " + reception.name;
  if (serial >= entries_.size()) return blame(what + ": nobody sent it");
  tell(what + " has stanza-id " + std::string(stanza_id) +
       (way == Way::delayed ? ", delayed" : ""));
  Entry& entry = entries_[serial];
  ++deliveries_;
  ++entry.received;
  if (entry.bounced) blame(what + ": it was refused");
  if (entry.account != reception.account) blame(what + ": it was for " + entry.account);
  if (stanza_id.empty()) blame(what + ": no stanza-id");
  if (entry.stanza_id.empty()) entry.stanza_id = stanza_id;
  if (entry.stanza_id != stanza_id)
    blame(what + ": another stanza-id, " + std::string(stanza_id) + " after " + entry.stanza_id);
  if (!reception.ids.emplace(stanza_id).second) return blame(what + ": twice in one session");
  const auto [newest, first] = reception.newest.try_emplace(entry.sender, serial);
  if (first) return;
  if (serial < newest->second && way == Way::straight)
    blame(what + ": behind message " + std::to_string(newest->second) + " of the same sender");
  newest->second = std::max(newest->second, serial);
}

std::vector<std::uint32_t> Book::missing() const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t serial = 0; serial < entries_.size(); ++serial) {
    const Entry& entry = entries_[serial];
    if (entry.acked && entry.received == 0 && !entry.bounced && !entry.forgiven)
      found.push_back(serial);
  }
  return found;
}

std::size_t Book::acknowledged() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const Entry& entry) { return entry.acked; }));
}

}  // namespace herold::sim
