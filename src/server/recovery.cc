// Recovery: from records to sessions and stanzas.
#include "server/recovery.h"

#include <set>

#include "server/server.h"
#include "server/session.h"

namespace herold::server {

Result<> Recovery::read(store::Disk& disk, const std::string& folder) {
  found_ = TRY(store::read_journals(
      disk, folder, [this](const store::RecoveredRecord& record) { visit(record); }));
  if (!found_.trusted) sessions_.clear();  // resumption is refused; the stanzas are routed again
  return {};
}

void Recovery::visit(const store::RecoveredRecord& found) {
  switch (static_cast<RecordKind>(found.kind)) {
    case RecordKind::commit:
      return commit(found.payload);
    case RecordKind::done:
      return done(decode_record<DoneRecord>(found.payload).id);
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
    case RecordKind::sent: {
      const auto record = decode_record<SentRecord>(found.payload);
      const auto session = sessions_.find(record.session);
      if (session == sessions_.end()) return;
      auto& sent = session->second.sent;  // a resumption after a restart numbers anew
      std::erase_if(sent, [&](const auto& entry) { return entry.second == record.id; });
      sent[record.number] = record.id;
      return;
    }
    case RecordKind::acked:
      return acked(decode_record<AckedRecord>(found.payload));
  }
}

void Recovery::commit(std::string_view payload) {
  const auto record = decode_record<CommitRecord>(payload);
  // What was committed was handled: the client need not send it again (DECISIONS.md 7).
  const auto session = sessions_.find(record.session);
  if (session != sessions_.end() && at_or_before(session->second.record.handled, record.inbound))
    session->second.record.handled = record.inbound;
  if (order_.contains(record.id)) return;  // rewritten into a younger segment
  if (done_.contains(record.id)) return;
  order_.emplace(record.id, ++last_order_);
  open_.emplace(last_order_, record.stanza());
}

void Recovery::acked(const AckedRecord& record) {
  const auto found = sessions_.find(record.session);
  if (found == sessions_.end()) return;
  found->second.record.acked = record.acked;
  // The client has them, even if the shard that accepted them had not heard of it.
  std::erase_if(found->second.sent, [&](const auto& entry) {
    if (!at_or_before(entry.first, record.acked)) return false;
    done(entry.second);
    return true;
  });
}

// The journals of shards are read one after the other: the commit may still come.
void Recovery::done(MessageId id) {
  const auto order = order_.find(id);
  if (order == order_.end()) return void(done_.insert(id));
  open_.erase(order->second);
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
    ledger.note(state.record, store::Space::normal);
    for (const auto& [number, id] : state.sent)
      if (order_.contains(id)) ledger.note(SentRecord{key, id, number});
  }
  return {};
}

Result<> Recovery::retire(store::Disk& disk, const std::string& folder) const {
  return store::retire(disk, folder, found_);
}

// The database may have kept a stanza before the journal heard of it; it is delivered from here.
void Recovery::take_from_stores(Server& server) const {
  std::map<std::string, std::vector<std::string>> by_account;
  for (const auto& [order, stanza] : open_)
    by_account[std::string(stanza.head.to.bare_text())].push_back(
        message_id_text(stanza.stable_id()));
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

void Recovery::restore(Server& server) {
  take_from_stores(server);
  std::set<std::uint64_t> placed;  // in one session's queue, or in those of several
  for (auto& [key, state] : sessions_) {
    const Jid address = Jid::trusted(state.record.jid);
    std::vector<SentStanza> sent;
    for (const auto& [number, id] : state.sent) {
      const auto place = order_.find(id);
      const auto open = place == order_.end() ? open_.end() : open_.find(place->second);
      if (open == open_.end()) continue;  // done
      sent.push_back({number, open->second.copy()});
      placed.insert(open->first);
    }
    Shard& home = server.shard(server.home_of(address.bare_text()));
    home.loop().post([&home, record = std::move(state.record), sent = std::move(sent)]() mutable {
      home.restore_session(std::move(record), std::move(sent));
    });
  }
  for (auto& [number, stanza] : open_) {
    if (placed.contains(number)) continue;
    Shard& home = server.shard(server.home_of(stanza.head.to.bare_text()));
    stanza.late = true;
    home.loop().post([&home, open = std::move(stanza)]() mutable { home.route(std::move(open)); });
  }
}

}  // namespace herold::server
