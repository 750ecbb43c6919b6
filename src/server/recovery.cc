// Recovery: from records to sessions and stanzas.
#include "server/recovery.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/ledger.h"
#include "server/server.h"
#include "server/session.h"

namespace herold::server {

Result<> Recovery::read(store::Disk& disk, const std::string& folder,
                        const std::vector<std::string>& removed) {
  found_ = TRY(store::read_journals(
      disk, folder, [this](const store::RecoveredRecord& record) { visit(record); }));
  for (const std::string& account : removed) this->removed({account}, {});
  if (!found_.trusted) refuse_resumption();
  settle_shared();
  return {};
}

// The stanzas are routed again. What their clients had said in rooms is taken there, for they were
// in them; then they leave.
void Recovery::refuse_resumption() {
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.record.directed.empty(); });
  for (auto& [key, state] : sessions_) {
    SessionRecord record = std::move(state.record);
    record.resume_token.clear();
    state = {.record = std::move(record), .sent = {}, .waiting = {}, .requests = {}};
  }
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
    case RecordKind::ended:
      return void(sessions_.erase(decode_record<EndedRecord>(found.payload).session));
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
      return removed(decode_record<RemovedRecord>(found.payload),
                     JournalName{found.run, found.shard});
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

// What was on its way to other shards may have come to none of their sessions, and a write that the
// death of the process cut short may have lost all references. Those that were in the room by what
// they directed presence to get it now: behind what they have from there, which is older.
void Recovery::give_to_missing() {
  std::unordered_map<std::string, std::vector<MessageId>> by_room;
  for (const auto& [id, stanza] : open_) {
    const bool is_on_its_way = (stanza.waits & waiting_for::delivery) != 0;
    if ((stanza.waits & waiting_for::clients) != 0 && (is_on_its_way || !takers_.contains(id)))
      by_room[stanza.head.to.text()].push_back(id);
  }
  if (by_room.empty()) return;
  for (auto& [key, state] : sessions_) {
    if (state.record.resume_token.empty()) continue;
    std::set<MessageId> missing;  // a client may have directed presence to a room twice
    for (const std::string& jid : state.record.directed) {
      const auto room = by_room.find(std::string(Jid::trusted(jid).bare_text()));
      if (room == by_room.end()) continue;
      for (const MessageId id : room->second)
        if (!takers_[id].contains(key)) missing.insert(id);
    }
    state.waiting.insert(state.waiting.end(), missing.begin(), missing.end());
  }
}

std::size_t Recovery::count_resumable() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sessions_, [](const auto& one) { return !one.second.record.resume_token.empty(); }));
}

// Their delivery stays open until this run's sessions have them: who gets them now is noted in the
// journals of other shards, and the next crash may come when only some of those are written.
void Recovery::settle_shared() {
  give_to_missing();
  std::unordered_set<MessageId> held;
  for (const auto& [key, state] : sessions_) {
    for (const auto& [number, id] : state.sent) held.insert(id);
    held.insert(state.waiting.begin(), state.waiting.end());
  }
  std::vector<MessageId> needless;
  for (const auto& [id, stanza] : open_)
    if ((stanza.waits & waiting_for::clients) != 0 && !held.contains(id)) needless.push_back(id);
  for (const MessageId id : needless) done(id, waiting_for::clients | waiting_for::delivery);
}

const Stanza* Recovery::find_open(MessageId id) const {
  const auto place = open_.find(id);
  return place == open_.end() ? nullptr : &place->second;
}

// All before it was for an account that went, or for its archive; one that has its name since is
// another. What other shards accepted in this run is for their own notes to say, for it may have
// been later.
void Recovery::removed(const RemovedRecord& record, std::optional<JournalName> where) {
  const auto is_before = [&](std::uint64_t id) {
    return !where || Ledger::run_of(id) != (where->run & Ledger::run_mask) ||
           Ledger::shard_of(id) == where->shard;
  };
  std::erase_if(sessions_, [&](const auto& entry) {
    return is_before(entry.first) &&
           Jid::trusted(entry.second.record.jid).bare_text() == record.account;
  });
  for (auto entry = open_.begin(); entry != open_.end();) {
    Stanza& stanza = entry->second;
    const auto gone = static_cast<Waits>(
        (stanza.head.from.bare_text() == record.account ? waiting_for::sent : 0) |
        (stanza.head.to.bare_text() == record.account
             ? waiting_for::received | waiting_for::delivery
             : 0));
    if (!is_before(entry->first) || gone == 0) {
      ++entry;
      continue;
    }
    if ((stanza.waits & gone & waiting_for::delivery) != 0) orphans_.push_back(stanza.copy());
    stanza.waits &= static_cast<Waits>(~gone);
    entry = stanza.waits != 0 ? std::next(entry) : open_.erase(entry);
  }
  std::erase_if(orphans_, [&](const Stanza& orphan) {
    return is_before(orphan.id) && orphan.head.from.bare_text() == record.account;
  });
}

void Recovery::commit(std::string_view payload) {
  const auto record = decode_record<CommitRecord>(payload);
  // What was committed was handled: the client need not send it again (DECISIONS.md 7).
  const auto session = sessions_.find(record.session);
  if (session != sessions_.end() && at_or_before(session->second.record.handled, record.inbound))
    session->second.record.handled = record.inbound;
  if (open_.contains(record.id)) return;  // rewritten into a younger segment
  if (record.stable != 0) supersede(record.stable, record.id);
  Stanza stanza = record.stanza();
  if (const auto done = done_.find(record.id); done != done_.end())
    stanza.waits &= static_cast<Waits>(~done->second);
  if (stanza.waits == 0) return;
  open_.emplace(record.id, std::move(stanza));
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
  const auto open = open_.find(id);
  if (open == open_.end()) return void(done_[id] |= parts);
  open->second.waits &= static_cast<Waits>(~parts);
  if (open->second.waits == 0) open_.erase(open);
}

Result<> Recovery::rewrite_orphans(const Ledgers& ledgers) {
  for (Stanza& orphan : orphans_) TRY(ledgers.of_stanza(orphan.id).commit(orphan, 0, 0));
  return {};
}

Result<> Recovery::rewrite(const Ledgers& ledgers) {
  for (auto& [id, stanza] : open_) TRY(ledgers.of_stanza(id).commit(stanza, 0, 0));
  for (const auto& [key, state] : sessions_) {
    const Jid address = Jid::trusted(state.record.jid);
    Ledger& ledger = ledgers.of_account(address.bare_text());
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
      if (open_.contains(id)) note(SharedRecord{id, {}, {}, {key}});
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

}  // namespace herold::server
