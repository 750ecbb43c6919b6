// What this shard accepted and what became of it: the journal's meaning (DECISIONS.md 1-7).
//
// A stanza that must not be lost is committed before it is routed; whoever has put it where it
// belongs says done(). What is open when a segment grows old is written again into a younger one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/result.h"
#include "server/journal_records.h"
#include "store/journal.h"

namespace herold::server {

class Ledger {
 public:
  // Before anything else: shard `shard` of `shards`, in this run.
  void open(std::uint64_t run, unsigned shard, unsigned shards,
            std::unique_ptr<store::Journal> journal);
  store::Journal& journal() { return *journal_; }

  // Gives the stanza its id and writes it down; Fault::unavailable when there is no room. A
  // stanza that has an id (from an earlier run) keeps it.
  Result<store::Position> commit(Stanza& stanza, SessionKey session, std::uint32_t inbound);
  // A stable id for a stanza that is committed afterwards.
  MessageId next_id() { return first_id() + ++last_; }
  // What a committed stanza of this ledger waited for has come about, in `parts`.
  void done(MessageId id, Waits parts);
  // The archives of the senders, or those of the recipients, have these.
  void archived(std::vector<MessageId> ids, Waits part);
  // The same stanza again, as it was committed here. Fault::not_found when it is delivered,
  // unavailable when its record is not written yet.
  Result<Stanza> open_stanza(MessageId id) const;
  // Which shard's ledger has the stanza.
  unsigned owner(MessageId id) const;
  // An id, or a session's key, is [run: 24 bits][shard: 8][counter: 32]: unique without a clock or
  // a look at the disk.
  static constexpr unsigned counter_bits = 32, shard_bits = 8;
  static constexpr std::uint64_t run_mask = 0xffffff, shard_mask = (1u << shard_bits) - 1;
  static constexpr std::uint64_t run_of(std::uint64_t id) {
    return id >> (counter_bits + shard_bits);
  }
  static constexpr unsigned shard_of(std::uint64_t id) {
    return static_cast<unsigned>(id >> counter_bits & shard_mask);
  }

  // A key that no session of this or an earlier run has.
  SessionKey next_session();

  // A record that is not a commit: small, and allowed to use the reserve. False: there was no
  // room. Mostly that can only make a repetition that a client recognises by its stable id.
  template <class Record>
  bool note(const Record& record, store::Space space = store::Space::reserved) {
    return append(Record::record_kind, encode_record(record), space);
  }

  // Rewrites what is open in `segment` and before it, then lets them go. Sessions are the caller's
  // to rewrite. False: there is no room, so they stay, and are offered again.
  bool leave_segment(std::uint64_t segment);

  std::size_t open_stanzas() const { return open_.size(); }
  std::uint64_t lost_notes() const { return lost_notes_; }

 private:
  // Where the record stands; its bytes are read again in the rare case that they are needed.
  struct Open {
    store::Position end;
    std::uint32_t bytes;
    Waits waits;
  };
  MessageId first_id() const;
  bool append(RecordKind kind, std::string_view bytes, store::Space space);

  std::unique_ptr<store::Journal> journal_;
  std::uint64_t run_ = 0;
  unsigned shard_ = 0;
  unsigned shards_ = 1;
  std::uint64_t last_ = 0;  // of this run's ids
  std::uint64_t last_session_ = 0;
  std::unordered_map<MessageId, Open> open_;
  std::uint64_t lost_notes_ = 0;
};

}  // namespace herold::server
