// Stanzas that many clients get, as what a room passes on: each stands in the journal once, beside
// references to the clients that have it in their queues, until all of them acknowledged it
// (DECISIONS.md 1).
//
// The shard that committed one gives copies of it to others a piece at a time, one letter each. A
// shard that took a piece says so when its own journal has the references; and once more when no
// client there needs the stanza any longer.
#pragma once

#include <optional>
#include <unordered_map>

#include "server/journal_records.h"
#include "server/stanza.h"

namespace herold::server {

class Shard;

class SharedStanzas {
 public:
  explicit SharedStanzas(Shard& shard) : shard_(shard) {}
  SharedStanzas(const SharedStanzas&) = delete;

  // --- on the shard whose ledger has it ---
  // A piece leaves, or somebody will go on giving it to others: taken() follows for each.
  void begin(MessageId id) { ++giving_[id].pieces; }
  enum class Holders : std::uint8_t { no_new, new_ones };
  void taken(MessageId id, Holders holders);

  // --- on the shard where clients are ---
  // A session that can be resumed has it in its queue; no number: it has not come back yet.
  void hold(SessionKey session, MessageId id, std::optional<std::uint32_t> number);
  // The same, which the journal knows already.
  void hold_again(MessageId id) { ++holders_[id]; }
  // A session needs it no longer.
  void release(MessageId id);
  bool is_held(MessageId id) const { return holders_.contains(id); }
  // A piece is in the queues of those that it was for. `was_held`: before it.
  enum class Before : std::uint8_t { held, not_held };
  Before before(MessageId id) const { return is_held(id) ? Before::held : Before::not_held; }
  void took(MessageId id, Before before);
  // Writes references into the journal's buffer, before the turn's end.
  void note();

 private:
  struct Giving {
    std::uint32_t pieces = 0;   // on their way
    std::uint32_t holders = 0;  // shards
  };
  void released(MessageId id);
  void finish(MessageId id, const Giving& giving);

  Shard& shard_;
  std::unordered_map<MessageId, Giving> giving_;
  std::unordered_map<MessageId, std::uint32_t> holders_;  // sessions here
  SharedRecord noting_;
};

}  // namespace herold::server
