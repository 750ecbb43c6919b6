// Who still needs a stanza that many got.
#include "server/shared_stanzas.h"

#include <utility>

#include "server/shard.h"

namespace herold::server {

// --- on the shard whose ledger has it ------------------------------------------------------------

void SharedStanzas::taken(MessageId id, Holders holders) {
  const auto found = giving_.find(id);
  if (found == giving_.end()) return;
  --found->second.pieces;
  if (holders == Holders::new_ones) ++found->second.holders;
  finish(id, found->second);
}

void SharedStanzas::released(MessageId id) {
  const auto found = giving_.find(id);
  if (found == giving_.end()) return;
  --found->second.holders;
  finish(id, found->second);
}

void SharedStanzas::finish(MessageId id, const Giving& giving) {
  if (giving.pieces != 0) return;
  Waits parts = waiting_for::delivery;
  if (giving.holders == 0) {
    parts |= waiting_for::clients;
    giving_.erase(id);
  }
  shard_.ledger().done(id, parts);
}

// --- where clients are ---------------------------------------------------------------------------

void SharedStanzas::hold(SessionKey session, MessageId id, std::optional<std::uint32_t> number) {
  ++holders_[id];
  if (noting_.id != id) note();
  noting_.id = id;
  if (!number) return noting_.unnumbered.push_back(session);
  noting_.sessions.push_back(session);
  noting_.numbers.push_back(*number);
}

void SharedStanzas::note() {
  if (noting_.id == 0) return;
  shard_.ledger().note(std::exchange(noting_, {}));
}

void SharedStanzas::release(MessageId id) {
  const auto found = holders_.find(id);
  if (found == holders_.end() || --found->second != 0) return;
  holders_.erase(found);
  shard_.post_to(shard_.ledger().owner(id),
                 [id](Shard& owner) { owner.shared_stanzas().released(id); });
}

void SharedStanzas::took(MessageId id, Before before) {
  note();  // in front of what the letter brings about
  const bool is_new = before == Before::not_held && is_held(id);
  const Holders holders = is_new ? Holders::new_ones : Holders::no_new;
  shard_.post_to(shard_.ledger().owner(id),
                 [id, holders](Shard& owner) { owner.shared_stanzas().taken(id, holders); });
}

}  // namespace herold::server
