// What earlier runs left in the journal: sessions to be resumed, stanzas to be delivered.
//
// DECISIONS.md 4-7: everything is written anew into this run's journals before the old files go;
// stanzas that no session has are routed again, on whatever shard their address has its home now.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "server/journal_records.h"
#include "server/stream_management.h"
#include "store/recovery.h"

namespace herold::server {

class Ledger;
class Server;
class Shard;
struct SentStanza;

class Recovery {
 public:
  struct SessionState {
    SessionRecord record;
    std::map<std::uint32_t, MessageId> sent;    // not acknowledged, by number
    std::vector<MessageId> waiting;             // to get numbers when its client is back
    std::map<std::uint32_t, Request> requests;  // whose answers are not acknowledged, by number
  };

  // Reads all journals in `folder`; changes nothing. What is for the accounts `removed` is void:
  // they went, and an earlier run did not come to the end of it (removals.h).
  Result<> read(store::Disk& disk, const std::string& folder,
                const std::vector<std::string>& removed = {});

  std::uint64_t next_run() const { return found_.next_run; }
  std::size_t files() const { return found_.segments.size(); }
  bool is_empty() const { return found_.segments.empty(); }  // there are no files
  bool trusted() const { return found_.trusted; }
  const std::unordered_map<SessionKey, SessionState>& sessions() const { return sessions_; }
  std::size_t count_resumable() const;  // the others only had directed presence
  // Committed, and waiting for something (Stanza::waits). Ids of one shard rise in the order of
  // acceptance, and so do runs; journals do not keep it, as old ids are spread over all shards.
  const std::map<MessageId, Stanza>& open_stanzas() const { return open_; }

  // Accepted for accounts that were removed afterwards.
  const std::vector<Stanza>& orphans() const { return orphans_; }

  // Where everything belongs in this run.
  struct Ledgers {
    std::function<Ledger&(MessageId)> of_stanza;
    std::function<Ledger&(std::string_view bare)> of_account;
  };
  // Into the ledgers of this run. The journals still have to be written and synced.
  Result<> rewrite(const Ledgers& ledgers);
  // The same for what was accepted for accounts that went, where nobody bounces it now.
  Result<> rewrite_orphans(const Ledgers& ledgers);
  // Once that is done and marked: removes the old files, and of damaged ones all but the youngest
  // `keep`.
  Result<> retire(store::Disk& disk, const std::string& folder, std::size_t keep) const;
  const std::vector<std::string>& corrupt() const { return found_.corrupt; }  // paths
  // Posts sessions to their homes; once all are there, or gone, `back` runs on the last one's.
  void restore_sessions(Server& server, std::function<void(Shard&)> back);
  // Posts stanzas that no session has to theirs.
  void restore_stanzas(Server& server);

 private:
  // Of one shard in one run; a removal is noted in all of its run.
  struct JournalName {
    std::uint64_t run = 0;
    std::uint32_t shard = 0;
  };
  void visit(const store::RecoveredRecord& record);
  void commit(std::string_view payload);
  void sent(const SentRecord& record);
  void shared(const SharedRecord& record);
  void acked(const AckedRecord& record);
  void removed(const RemovedRecord& record, std::optional<JournalName> where);
  void settle_shared();
  void give_to_missing();
  void refuse_resumption();
  bool is_routed(const Stanza& stanza) const;
  const Stanza* find_open(MessageId id) const;
  std::vector<SentStanza> queue_of(Server& server, const SessionState& state);
  void take_from_stores(Server& server) const;
  void supersede(MessageId stable, MessageId id);
  void done(MessageId id, Waits parts);
  void restore_archives(Server& server, const Stanza& stanza, Waits parts);

  store::Recovered found_;
  std::unordered_map<SessionKey, SessionState> sessions_;
  std::map<MessageId, Stanza> open_;
  std::vector<Stanza> orphans_;
  std::unordered_map<MessageId, MessageId> newest_;  // by stable id: of those that were stored
  // What came about of stanzas whose commit, or a copy of it, may still be read.
  std::unordered_map<MessageId, Waits> done_;
  std::unordered_map<MessageId, std::unordered_set<SessionKey>> takers_;  // of shared ones
  std::unordered_set<MessageId> placed_;  // in one session's queue, or in those of several
};

}  // namespace herold::server
