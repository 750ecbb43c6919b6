// Recovery: from what was found to sessions that are back and stanzas that go on.
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "server/recovery.h"
#include "server/server.h"
#include "server/session.h"

namespace herold::server {
namespace {

// In a turn of its own: no loop runs yet, or another's thread asks.
void post(Shard& there, std::move_only_function<void(Shard&)> letter) {
  there.loop().post([&there, letter = std::move(letter)]() mutable { letter(there); });
}

}  // namespace

// The database may have kept a stanza before the journal heard of it; it is delivered from here.
void Recovery::take_from_stores(Server& server) const {
  std::map<std::string, std::vector<MessageId>> by_account;
  for (const auto& [id, stanza] : open_)
    if ((stanza.waits & waiting_for::delivery) != 0)
      by_account[std::string(stanza.head.to.bare_text())].push_back(stanza.stable_id());
  for (auto& [account, ids] : by_account) {
    Shard& home = server.shard(server.home_of(account));
    store::Box box{account, store::BoxKind::offline, {}};
    post(home, [box = std::move(box), known = std::move(ids)](Shard& there) mutable {
      there.stores().messages().remove_stanzas(std::move(box), std::move(known), [](Result<>) {
        // What stays comes twice, with the same stanza-id.
      });
    });
  }
}

// What is routed again comes to the recipient's archive on its way.
void Recovery::restore_archives(Server& server, const Stanza& stanza, Waits parts) {
  const auto offer = [&](const Jid& owner, Waits part) {
    if ((stanza.waits & parts & part) == 0) return;
    Shard& home = server.shard(server.home_of(owner.bare_text()));
    post(home, [again = stanza.copy(), part](Shard& there) mutable {
      there.archive_again(std::move(again), part);
    });
  };
  offer(stanza.head.from, waiting_for::sent);
  offer(stanza.head.to, waiting_for::received);
  offer(stanza.head.to, waiting_for::kept);
}

// What the session's client may not have.
std::vector<SentStanza> Recovery::queue_of(Server& server, const SessionState& state) {
  std::vector<SentStanza> queue;
  const auto take = [&](MessageId id, std::optional<std::uint32_t> number) {
    const Stanza* open = find_open(id);
    constexpr Waits clients = waiting_for::clients, delivery = waiting_for::delivery;
    if (open == nullptr || (open->waits & (clients | delivery)) == 0) return;  // done
    queue.push_back({number, open->copy()});
    queue.back().stanza.waits = open->waits;
    placed_.insert(id);
    if ((open->waits & clients) == 0) return;
    const unsigned owner = server.shard(0).ledger().owner(id);
    server.shard(owner).shared_stanzas().begin(id);  // no shard runs yet
  };
  for (const auto& [number, id] : state.sent) take(id, number);
  for (const MessageId id : state.waiting) take(id, {});
  return queue;
}

// Archives come first: a room that somebody returns to shows what it has there.
void Recovery::restore_sessions(Server& server, std::function<void(Shard&)> back) {
  take_from_stores(server);
  std::deque<RecoveredSession> found;
  for (auto& [key, state] : sessions_) {
    std::vector<SentStanza> sent = queue_of(server, state);
    found.push_back({std::move(state.record), std::move(sent), {}});
    for (auto& [number, request] : state.requests)
      found.back().requests.push_back(std::move(request));
  }
  for (const auto& [id, stanza] : open_)
    restore_archives(server, stanza, is_routed(stanza) ? waiting_for::sent : waiting_for::all);
  struct Round {
    std::atomic<std::size_t> left;
    std::function<void(Shard&)> back;
  };
  // Shared by the sessions that are not back; and nobody is last before all are posted.
  auto round = std::make_shared<Round>(found.size() + 1, std::move(back));
  const auto is_back = [round](Shard& home) {
    if (round->left.fetch_sub(1) == 1) round->back(home);
  };
  for (RecoveredSession& session : found) {
    const Jid address = Jid::trusted(session.record.jid);
    Shard& home = server.shard(server.home_of(address.bare_text()));
    post(home, [is_back, session = std::move(session)](Shard& there) mutable {
      there.restore_session(std::move(session), is_back);
    });
  }
  post(server.shard(0), is_back);
}

// Whether it goes to its recipient anew: no session has it.
bool Recovery::is_routed(const Stanza& stanza) const {
  return !placed_.contains(stanza.id) && (stanza.waits & waiting_for::delivery) != 0;
}

void Recovery::restore_stanzas(Server& server) {
  for (Stanza& orphan : orphans_)
    post(server.shard(0), [lost = std::move(orphan)](Shard& any) {
      any.bounce(lost, Condition::service_unavailable);
    });
  // What had left goes first: what its recipient was still to answer may wait for it.
  std::vector<Stanza*> leaving;
  for (auto& [id, stanza] : open_) {
    if (!is_routed(stanza)) continue;
    stanza.late = true;
    if (stanza.leaving) {
      leaving.push_back(&stanza);
      continue;
    }
    Shard& home = server.shard(server.home_of(stanza.head.to.bare_text()));
    post(home, [open = std::move(stanza)](Shard& there) mutable { there.route(std::move(open)); });
  }
  for (Stanza* stanza : leaving) {
    Shard& home = server.shard(server.home_of(stanza->head.from.bare_text()));
    post(home,
         [open = std::move(*stanza)](Shard& there) mutable { there.leave_again(std::move(open)); });
  }
}

}  // namespace herold::server
