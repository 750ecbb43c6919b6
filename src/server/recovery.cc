// Recovery: from records to sessions and stanzas.
#include "server/recovery.h"

#include <algorithm>

#include "server/server.h"
#include "server/session.h"

namespace herold::server {

Result<> Recovery::read(store::Disk& disk, const std::string& folder) {
  found_ = TRY(store::read_journals(
      disk, folder, [this](const store::RecoveredRecord& record) { visit(record); }));
  if (!found_.trusted) sessions_.clear();  // resumption is refused; the stanzas are routed again
  settle_shared();
  return {};
}

void Recovery::visit(const store::RecoveredRecord& found) {
  switch (static_cast<RecordKind>(found.kind)) {
    case RecordKind::commit:
      return commit(found.payload);
    case RecordKind::done: {
      const auto record = decode_record<DoneRecord>(found.payload);
      return done(record.id, record.parts);
    }
    case RecordKind::archived: {
      const auto record = decode_record<ArchivedRecord>(found.payload);
      for (const MessageId id : record.ids) done(id, record.part);
      return;
    }
    case RecordKind::session: {
      auto record = decode_record<SessionRecord>(found.payload);
      SessionState& state = sessions_[record.key];
      const std::uint32_t handled = state.record.handled, acked = state.record.acked;
      const bool known = state.record.key != 0;
      state.record = std::move(record);
      // Counters have records of their own, which may be younger than this copy of them.
      if (known && at_or_before(state.record.handled, handled)) state.record.handled = handled;
      if (known && at_or_before(state.record.acked, acked)) state.record.acked = acked;
      return;
    }
    case RecordKind::ended: {
      sessions_.erase(decode_record<EndedRecord>(found.payload).session);
      return;
    }
    case RecordKind::handled: {
      const auto record = decode_record<HandledRecord>(found.payload);
      const auto session = sessions_.find(record.session);
      if (session == sessions_.end()) return;
      // What was committed before counts as well, although the client was not told yet.
      std::uint32_t& handled = session->second.record.handled;
      if (at_or_before(handled, record.handled)) handled = record.handled;
      return;
    }
    case RecordKind::sent:
      return sent(decode_record<SentRecord>(found.payload));
    case RecordKind::shared:
      return shared(decode_record<SharedRecord>(found.payload));
    case RecordKind::acked:
      return acked(decode_record<AckedRecord>(found.payload));
    case RecordKind::request: {
      auto record = decode_record<RequestRecord>(found.payload);
      const auto session = sessions_.find(record.session);
      if (session == sessions_.end()) return;
      // What is no request was refused: it was handled.
      std::uint32_t& handled = session->second.record.handled;
      const bool is_refused = static_cast<StanzaKind>(record.kind) != StanzaKind::iq;
      if (is_refused && at_or_before(handled, record.number)) handled = record.number;
      session->second.requests[record.number] = {record.number,
                                                 static_cast<StanzaKind>(record.kind),
                                                 std::move(record.stanza_id),
                                                 std::move(record.to),
                                                 {}};
      return;
    }
    case RecordKind::answered: {
      const auto record = decode_record<AnsweredRecord>(found.payload);
      const auto session = sessions_.find(record.session);
      if (session == sessions_.end()) return;
      const auto request = session->second.requests.find(record.number);
      if (request != session->second.requests.end()) request->second.answer = record.answer;
      return;
    }
    case RecordKind::removed:
      return removed(decode_record<RemovedRecord>(found.payload));
  }
}

void Recovery::sent(const SentRecord& record) {
  const auto session = sessions_.find(record.session);
  if (session == sessions_.end()) return;
  auto& sent = session->second.sent;  // a resumption after a restart numbers anew
  std::erase_if(sent, [&](const auto& entry) { return entry.second == record.id; });
  std::erase(session->second.waiting, record.id);
  sent[record.number] = record.id;
}

void Recovery::shared(const SharedRecord& record) {
  auto& takers = takers_[record.id];
  for (std::size_t i = 0; i < record.sessions.size() && i < record.numbers.size(); ++i) {
    takers.insert(record.sessions[i]);
    sent({record.sessions[i], record.id, record.numbers[i]});
  }
  for (const SessionKey key : record.unnumbered) {
    takers.insert(key);
    const auto session = sessions_.find(key);
    if (session == sessions_.end()) continue;
    auto& waiting = session->second.waiting;
    if (std::ranges::find(waiting, record.id) == waiting.end()) waiting.push_back(record.id);
  }
}

// What was on its way to other shards may have come to none of their sessions. Those that were in
// the room by what they directed presence to get it now.
void Recovery::give_to_missing(const Stanza& stanza) {
  const auto& takers = takers_[stanza.id];
  for (auto& [key, state] : sessions_) {
    if (state.record.resume_token.empty()) continue;
    const bool is_there = std::ranges::any_of(state.record.directed, [&](const std::string& jid) {
      return Jid::trusted(jid).bare_text() == stanza.head.to.text();
    });
    if (is_there && !takers.contains(key)) state.waiting.push_back(stanza.id);
  }
}

std::size_t Recovery::count_resumable() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sessions_, [](const auto& one) { return !one.second.record.resume_token.empty(); }));
}

// Their delivery stays open until this run's sessions have them: who gets them now is noted in the
// journals of other shards, and the next crash may come when only some of those are written.
void Recovery::settle_shared() {
  constexpr Waits both = waiting_for::clients | waiting_for::delivery;
  for (const auto& [order, stanza] : open_)
    if ((stanza.waits & both) == both) give_to_missing(stanza);
  std::unordered_set<MessageId> held;
  for (auto& [key, state] : sessions_) {
    for (const auto& [number, id] : state.sent) held.insert(id);
    held.insert(state.waiting.begin(), state.waiting.end());
    std::ranges::sort(state.waiting, {}, [this](MessageId id) {
      const auto order = order_.find(id);
      return order == order_.end() ? 0 : order->second;
    });
  }
  std::vector<MessageId> needless;
  for (const auto& [order, stanza] : open_)
    if ((stanza.waits & waiting_for::clients) != 0 && !held.contains(stanza.id))
      needless.push_back(stanza.id);
  for (const MessageId id : needless) done(id, both);
}

const Stanza* Recovery::find_open(MessageId id) const {
  const auto place = order_.find(id);
  return place == order_.end() ? nullptr : &open_.at(place->second);
}

// All before it was for an account that went, or for its archive; one that has its name since is
// another.
void Recovery::removed(const RemovedRecord& record) {
  std::erase_if(sessions_, [&](const auto& entry) {
    return Jid::trusted(entry.second.record.jid).bare_text() == record.account;
  });
  for (auto entry = open_.begin(); entry != open_.end();) {
    Stanza& stanza = entry->second;
    const auto gone = static_cast<Waits>(
        (stanza.head.from.bare_text() == record.account ? waiting_for::sent : 0) |
        (stanza.head.to.bare_text() == record.account
             ? waiting_for::received | waiting_for::delivery
             : 0));
    if ((stanza.waits & gone & waiting_for::delivery) != 0) orphans_.push_back(stanza.copy());
    stanza.waits &= static_cast<Waits>(~gone);
    if (stanza.waits != 0) {
      ++entry;
      continue;
    }
    order_.erase(stanza.id);
    entry = open_.erase(entry);
  }
}

void Recovery::commit(std::string_view payload) {
  const auto record = decode_record<CommitRecord>(payload);
  // What was committed was handled: the client need not send it again (DECISIONS.md 7).
  const auto session = sessions_.find(record.session);
  if (session != sessions_.end() && at_or_before(session->second.record.handled, record.inbound))
    session->second.record.handled = record.inbound;
  if (order_.contains(record.id)) return;  // rewritten into a younger segment
  if (record.stable != 0) supersede(record.stable, record.id);
  Stanza stanza = record.stanza();
  if (const auto done = done_.find(record.id); done != done_.end())
    stanza.waits &= static_cast<Waits>(~done->second);
  if (stanza.waits == 0) return;
  order_.emplace(record.id, ++last_order_);
  open_.emplace(last_order_, std::move(stanza));
}

// What was stored for later and taken out again has a new id. It was delivered under its older
// ones, even if the shards that had them never wrote that down; only the first is one that archives
// wait for.
void Recovery::supersede(MessageId stable, MessageId id) {
  done(stable, waiting_for::delivery);
  MessageId& newest = newest_.try_emplace(stable, id).first->second;
  if (newest != id) done(std::min(newest, id), waiting_for::delivery | waiting_for::received);
  newest = std::max(newest, id);
}

void Recovery::acked(const AckedRecord& record) {
  const auto found = sessions_.find(record.session);
  if (found == sessions_.end()) return;
  found->second.record.acked = record.acked;
  // The client has them, even if the shard that accepted them had not heard of it.
  std::erase_if(found->second.sent, [&](const auto& entry) {
    if (!at_or_before(entry.first, record.acked)) return false;
    if (takers_.contains(entry.second)) return true;  // others may still need it
    done(entry.second, waiting_for::delivery);
    // A copy of its commit may stand in a journal that is read later.
    done_[entry.second] |= waiting_for::delivery;
    return true;
  });
  std::erase_if(found->second.requests, [&](const auto& entry) {
    return entry.second.answer && at_or_before(*entry.second.answer, record.acked);
  });
}

// The journals of shards are read one after the other: the commit may still come.
void Recovery::done(MessageId id, Waits parts) {
  const auto order = order_.find(id);
  if (order == order_.end()) return void(done_[id] |= parts);
  const auto open = open_.find(order->second);
  open->second.waits &= static_cast<Waits>(~parts);
  if (open->second.waits != 0) return;
  open_.erase(open);
  order_.erase(order);
}

Result<> Recovery::rewrite(Server& server) {
  for (auto& [order, stanza] : open_) {
    Shard& owner = server.shard(server.shard(0).ledger().owner(stanza.id));
    TRY(owner.ledger().commit(stanza, 0, 0));
  }
  for (const auto& [key, state] : sessions_) {
    const Jid address = Jid::trusted(state.record.jid);
    Ledger& ledger = server.shard(server.home_of(address.bare_text())).ledger();
    bool is_kept = ledger.note(state.record, store::Space::normal);
    const auto note = [&](const auto& record) {
      is_kept = is_kept && ledger.note(record, store::Space::normal);
    };
    for (const auto& [number, id] : state.sent) {
      const Stanza* open = find_open(id);
      if (open == nullptr) continue;
      if ((open->waits & waiting_for::clients) != 0)
        note(SharedRecord{id, {key}, {number}, {}});
      else
        note(SentRecord{key, id, number});
    }
    for (const MessageId id : state.waiting)
      if (order_.contains(id)) note(SharedRecord{id, {}, {}, {key}});
    for (const auto& [number, one] : state.requests) {
      note(request_record(key, one));
      if (one.answer) note(AnsweredRecord{key, number, *one.answer});
    }
    if (!is_kept) return fail(Fault::unavailable, "no space for the sessions of the journal");
  }
  return {};
}

Result<> Recovery::retire(store::Disk& disk, const std::string& folder, std::size_t keep) const {
  return store::retire(disk, folder, found_, keep);
}

// The database may have kept a stanza before the journal heard of it; it is delivered from here.
void Recovery::take_from_stores(Server& server) const {
  std::map<std::string, std::vector<MessageId>> by_account;
  for (const auto& [order, stanza] : open_)
    if ((stanza.waits & waiting_for::delivery) != 0)
      by_account[std::string(stanza.head.to.bare_text())].push_back(stanza.stable_id());
  for (auto& [account, ids] : by_account) {
    Shard& home = server.shard(server.home_of(account));
    store::Box box{account, store::BoxKind::offline, {}};
    home.loop().post([&home, box = std::move(box), known = std::move(ids)]() mutable {
      home.stores().messages().remove_stanzas(std::move(box), std::move(known), [](Result<>) {
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
    home.loop().post([&home, again = stanza.copy(), part]() mutable {
      home.archive_again(std::move(again), part);
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
    placed_.insert(order_.at(id));
    if ((open->waits & clients) == 0) return;
    const unsigned owner = server.shard(0).ledger().owner(id);
    server.shard(owner).shared_stanzas().begin(id);  // no shard runs yet
  };
  for (const auto& [number, id] : state.sent) take(id, number);
  for (const MessageId id : state.waiting) take(id, {});
  return queue;
}

void Recovery::restore(Server& server) {
  take_from_stores(server);
  for (auto& [key, state] : sessions_) {
    const Jid address = Jid::trusted(state.record.jid);
    std::vector<SentStanza> sent = queue_of(server, state);
    Shard& home = server.shard(server.home_of(address.bare_text()));
    RecoveredSession found{std::move(state.record), std::move(sent), {}};
    for (auto& [number, request] : state.requests) found.requests.push_back(std::move(request));
    home.loop().post(
        [&home, found = std::move(found)]() mutable { home.restore_session(std::move(found)); });
  }
  for (Stanza& orphan : orphans_) {
    Shard& any = server.shard(0);
    any.loop().post(
        [&any, lost = std::move(orphan)] { any.bounce(lost, Condition::service_unavailable); });
  }
  for (auto& [number, stanza] : open_) {
    const bool is_routed = !placed_.contains(number) && (stanza.waits & waiting_for::delivery) != 0;
    restore_archives(server, stanza, is_routed ? waiting_for::sent : waiting_for::all);
    if (!is_routed) continue;
    const Jid& next = stanza.leaving ? stanza.head.from : stanza.head.to;
    Shard& home = server.shard(server.home_of(next.bare_text()));
    stanza.late = true;
    home.loop().post([&home, open = std::move(stanza)]() mutable {
      open.leaving ? home.leave_again(std::move(open)) : home.route(std::move(open));
    });
  }
}

}  // namespace herold::server
