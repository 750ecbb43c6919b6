// What client programs can do, by the hash of their disco#info (XEP-0115 section 5.4, XEP-0390).
//
// Only what was verified is in here, so an entry is as good for one user as for another, and a
// forged hash (HOSTILE 92) never is. Bounded in number and bytes; what nobody announced for the
// longest time goes first.
#pragma once

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "server/journal_records.h"

namespace herold::server {

struct Capabilities {
  std::vector<std::string> features;  // sorted
  bool has(std::string_view feature) const;
};

class CapsCache {
 public:
  CapsCache() = default;
  CapsCache(const CapsCache&) = delete;

  // nullptr when it is unknown. `hash` is "sha-1 <Base64>" and the like.
  const Capabilities* find(const std::string& hash);
  // False when it is too long to be kept.
  bool put(const std::string& hash, Capabilities capabilities, const Limits& limits);

  // Whether the client of `session` should be asked what `hash` stands for: not while another was
  // asked just now. Then it waits for what that one says.
  bool begin_question(const std::string& hash, SessionKey session, MonotonicTime now,
                      const Limits& limits);
  // Answered or not: yields who waited, unless somebody else may still answer.
  std::vector<SessionKey> end_question(const std::string& hash);
  // It is known now.
  std::vector<SessionKey> take_waiting(const std::string& hash);

  std::size_t size() const { return entries_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string hash;
    Capabilities capabilities;
    std::uint64_t bytes;
  };
  void remove(std::list<Entry>::iterator entry);

  std::list<Entry> entries_;  // announced longest ago first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
  std::uint64_t bytes_ = 0;
  struct Question {
    MonotonicTime since{};
    std::uint32_t open = 0;  // how many were asked and have not answered
    std::vector<SessionKey> waiting;
  };
  std::map<std::string, Question> questions_;
};

}  // namespace herold::server
