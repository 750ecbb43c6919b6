// A session's list of addresses, kept true.
#include "server/directed.h"

#include "server/journal_records.h"
#include "server/shard.h"

namespace herold::server {

// What could neither be resumed nor has to be taken leave of is forgotten.
void directed_changed(Session& session) {
  if (session.resumable() || !session.directed().empty())
    session.remember();
  else
    session.shard().ledger().note(EndedRecord{session.key()});
}

void set_place(Session& session, const Jid& room, const std::optional<Jid>& occupant) {
  std::vector<Jid>& known = session.directed();
  const auto count =
      std::ranges::count_if(known, [&](const Jid& to) { return to.same_bare(room); });
  const bool has_it = occupant && std::ranges::find(known, *occupant) != known.end();
  if (count == (occupant ? 1 : 0) && has_it == occupant.has_value()) return;
  std::erase_if(known, [&](const Jid& to) { return to.same_bare(room); });
  if (occupant) known.push_back(*occupant);
  directed_changed(session);
}

}  // namespace herold::server
