// Commits, outcomes, and the rewriting of what stays open.
#include "server/ledger.h"

#include "base/check.h"

namespace herold::server {
void Ledger::open(std::uint64_t run, unsigned shard, unsigned shards,
                  std::unique_ptr<store::Journal> journal) {
  CHECK(shards <= (1u << shard_bits));
  run_ = run & run_mask;
  shard_ = shard;
  shards_ = shards;
  journal_ = std::move(journal);
}

MessageId Ledger::first_id() const { return (run_ << shard_bits | shard_) << counter_bits; }

Result<store::Position> Ledger::commit(Stanza& stanza, SessionKey session, std::uint32_t inbound) {
  if (stanza.id == 0) stanza.id = first_id() + last_ + 1;
  CommitRecord record = CommitRecord::of(stanza);
  record.session = session;
  record.inbound = inbound;
  const std::string bytes = encode_record(record);
  auto position = journal_->append(static_cast<std::uint8_t>(RecordKind::commit), bytes);
  if (!position) {
    stanza.id = 0;
    return position;
  }
  ++last_;
  open_.insert_or_assign(stanza.id,
                         Open{*position, static_cast<std::uint32_t>(bytes.size()), stanza.waits});
  return position;
}

void Ledger::done(MessageId id, Waits parts) {
  const auto found = open_.find(id);
  if (found == open_.end() || (found->second.waits & parts) == 0) return;
  found->second.waits &= static_cast<Waits>(~parts);
  if (found->second.waits == 0) open_.erase(found);
  note(DoneRecord{id, parts});
}

void Ledger::archived(std::vector<MessageId> ids, Waits part) {
  std::erase_if(ids, [&](MessageId id) {
    const auto found = open_.find(id);
    if (found == open_.end() || (found->second.waits & part) == 0) return true;
    found->second.waits &= static_cast<Waits>(~part);
    if (found->second.waits == 0) open_.erase(found);
    return false;
  });
  if (!ids.empty()) note(ArchivedRecord{std::move(ids), part});
}

Result<Stanza> Ledger::open_stanza(MessageId id) const {
  const auto found = open_.find(id);
  if (found == open_.end() || (found->second.waits & waiting_for::delivery) == 0)
    return fail(Fault::not_found, "the stanza is delivered");
  if (journal_->written() < found->second.end)
    return fail(Fault::unavailable, "the stanza's turn is not over");
  const std::string record = TRY(journal_->read(found->second.end, found->second.bytes));
  Stanza stanza = decode_record<CommitRecord>(record).stanza();
  stanza.waits = found->second.waits;
  return stanza;
}

SessionKey Ledger::next_session() {
  return (run_ << shard_bits | shard_) << counter_bits | ++last_session_;
}

unsigned Ledger::owner(MessageId id) const {
  return run_of(id) == run_ ? shard_of(id) : static_cast<unsigned>(id % shards_);
}

bool Ledger::leave_segment(std::uint64_t segment) {
  for (auto& [id, open] : open_) {
    if (open.end.segment > segment) continue;
    const auto record = journal_->read(open.end, open.bytes);
    if (!record) return false;  // of a turn that could not be written yet
    // What came about meanwhile stands in the segment that goes.
    auto commit = decode_record<CommitRecord>(*record);
    commit.waits = open.waits;
    const std::string bytes = encode_record(commit);
    auto position = journal_->append(static_cast<std::uint8_t>(RecordKind::commit), bytes);
    if (!position) return false;
    open.end = *position;
    open.bytes = static_cast<std::uint32_t>(bytes.size());
  }
  return journal_->remove_through(segment);
}

bool Ledger::append(RecordKind kind, std::string_view bytes, store::Space space) {
  const bool is_kept = journal_->append(static_cast<std::uint8_t>(kind), bytes, space).has_value();
  if (!is_kept) ++lost_notes_;
  return is_kept;
}

}  // namespace herold::server
