// Verified capabilities, the most recently announced last.
#include "server/caps_cache.h"

#include <algorithm>
#include <utility>

namespace herold::server {
namespace {

// A slow client must not keep the same program of others from being asked.
constexpr Seconds others_wait{5};

std::uint64_t cost(const std::string& text) { return text.size() + sizeof text; }

}  // namespace

bool Capabilities::has(std::string_view feature) const {
  return std::ranges::binary_search(features, feature);
}

const Capabilities* CapsCache::find(const std::string& hash) {
  const auto found = index_.find(hash);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.end(), entries_, found->second);
  return &found->second->capabilities;
}

bool CapsCache::put(const std::string& hash, Capabilities capabilities, const Limits& limits) {
  if (index_.contains(hash)) return true;
  std::uint64_t bytes = cost(hash);
  for (const std::string& feature : capabilities.features) bytes += cost(feature);
  if (bytes > limits.caps_entry_bytes) return false;
  while (!entries_.empty() &&
         (entries_.size() >= limits.caps_cache || bytes_ + bytes > limits.caps_cache_bytes))
    remove(entries_.begin());
  std::ranges::sort(capabilities.features);
  const auto entry = entries_.insert(entries_.end(), Entry{hash, std::move(capabilities), bytes});
  index_.emplace(entry->hash, entry);
  bytes_ += bytes;
  return true;
}

void CapsCache::remove(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->hash);
  entries_.erase(entry);
}

bool CapsCache::begin_question(const std::string& hash, SessionKey session, MonotonicTime now,
                               const Limits& limits) {
  const auto known = questions_.find(hash);
  if (known == questions_.end() && questions_.size() >= limits.caps_cache) return false;
  Question& question = known == questions_.end() ? questions_[hash] : known->second;
  if (question.open != 0 && now - question.since < others_wait) {
    question.waiting.push_back(session);
    return false;
  }
  question.since = now;
  ++question.open;
  return true;
}

std::vector<SessionKey> CapsCache::end_question(const std::string& hash) {
  const auto question = questions_.find(hash);
  if (question == questions_.end() || --question->second.open != 0) return {};
  return std::move(questions_.extract(question).mapped().waiting);
}

std::vector<SessionKey> CapsCache::take_waiting(const std::string& hash) {
  const auto question = questions_.find(hash);
  if (question == questions_.end()) return {};
  return std::exchange(question->second.waiting, {});
}

}  // namespace herold::server
