// What was said in a room last, for those who enter (XEP-0045 sections 7.2.13 and 7.2.14).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "server/stanza.h"
#include "xmpp/ext/muc.h"

namespace herold::server {

// The id of the occupant who said it (XEP-0421), as the room wrote it; "" where there is none.
std::string author_of(const Stanza& said);

class RoomHistory {
 public:
  struct Entry {
    Stanza stanza;   // from the occupant, without `to`
    std::string id;  // its stanza-id
    WallTime time{};
  };

  // Within the bounds of number and bytes: the oldest go.
  void add(Entry entry, const Limits& limits);
  const Entry* find(std::string_view id) const;
  // Whether that message is here; a repetition is not said again.
  bool has(std::string_view id) const;
  // A moderator took it out (XEP-0425). False: it is not here.
  bool remove(std::string_view id);
  // Everything that this occupant said (XEP-0421) goes.
  void forget(std::string_view author);
  void clear() { entries_.clear(), bytes_ = 0; }
  // Whether older ones went, or never came.
  bool is_cut() const { return is_cut_; }
  void cut() { is_cut_ = true; }

  // The newest ones that fit what was asked for, oldest first; without a wish `usual` of them, or
  // all since `left` where that is set: what a member missed (DECISIONS.md 31).
  std::vector<const Entry*> choose(const std::optional<xmpp::MucHistory>& wish, std::uint64_t usual,
                                   std::optional<WallTime> left, WallTime now) const;
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
  Bytes bytes_ = 0;
  bool is_cut_ = false;
};

}  // namespace herold::server
