// Archives (XEP-0313) of one shard: of accounts, and of rooms, whose addresses have their home
// here.
//
// What is kept waits in memory until it is stored with others, in one transaction; until then it is
// open in the journal, so that nothing is lost, and after a crash it comes again (DECISIONS.md 1).
// Nobody sees the difference: whoever reads has everything stored that waits.
//
//   archive.keep(room, said);                      // a room, for what it passes on
//   answer_archive_query(std::move(request), room, query, show);  // to who may read it
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "server/stanza.h"
#include "store/messages.h"

namespace herold::server {

class Shard;

class Archive {
 public:
  explicit Archive(Shard& shard) : shard_(shard) {}
  Archive(const Archive&) = delete;

  static store::Box box_of(const Jid& owner) {
    return {std::string(owner.text()), store::BoxKind::archive, {}};
  }

  // Puts a committed message into the archive of `owner` (a bare address) under its stable id.
  // `contact`, a bare address, is whom queries find it by; `part` is which archive of the stanza's
  // this is: waiting_for::sent or waiting_for::received.
  void keep(const Jid& owner, const Stanza& stanza, std::string_view contact, Waits part);
  // The same for a message without an id, as queries shall show it, whose `to` is `owner`, a room:
  // it is committed here, for what it waits for as well, and gets its id. Queries find it by its
  // `from`, the occupant. False: there was no room for it, and nothing happened.
  bool keep(const Jid& owner, Stanza& stanza);
  // The latter after a restart.
  void keep_again(const Jid& owner, const Stanza& stanza);

  // A stanza whose recipient's archive does not have it yet.
  bool is_keeping(MessageId id) const { return keeping_.contains(id); }

  // Takes what the message said out of the archive: `tombstone`, canonical XML, stands at its place
  // from now on (XEP-0424 section 5, XEP-0425). Fault::not_found: the archive does not have it.
  void bury(const Jid& owner, MessageId stable_id, std::string tombstone, store::Completion<> done);

  // One question of somebody, under way as long as it lives.
  class Query {
   public:
    Query(Archive& archive, std::string asker);
    Query(Query&& other) noexcept
        : archive_(std::exchange(other.archive_, nullptr)), asker_(std::move(other.asker_)) {}
    Query& operator=(Query&&) = delete;
    ~Query();

   private:
    Archive* archive_;
    std::string asker_;
  };
  // Whether who asks, a bare address, has as many under way as he may (HOSTILE 122).
  bool is_busy_for(std::string_view asker) const;

  // The store refused as much as may wait for it: until it takes that, nothing new is accepted.
  bool is_full() const;

  // An archive goes: what waits for it is not stored any more. Its rows are the caller's.
  void forget(const Jid& owner);
  // Runs `task` when everything kept so far is in the store for calls that it makes.
  void when_stored(net::Task task);
  // The journal is closed; what waits goes to the store, and comes again at the next start.
  void stop();

 private:
  struct Kept {
    MessageId id;
    Waits part;
  };
  struct Batch {
    std::vector<store::NewMessage> messages;
    std::vector<Kept> kept;
    Bytes bytes = 0;
  };
  struct Saving {
    store::SharedMessages messages;  // shared with the store while it adds them
    std::vector<Kept> kept;
    Bytes bytes = 0;
  };
  static void leave_out(std::vector<store::NewMessage>& messages, const Jid& owner);

  void put(const Jid& owner, const Stanza& stanza, std::string_view contact, Waits part);
  void flush();
  void save(Saving saving);
  void saved(const std::vector<Kept>& kept);
  void retry();

  Shard& shard_;
  Batch tail_;
  std::unordered_map<MessageId, std::size_t> places_;  // in the tail's messages, by stable id
  std::unordered_set<MessageId> keeping_;
  std::deque<Batch> unsafe_;     // until the journal has them for good
  std::vector<Saving> refused_;  // by the store; tried again
  Bytes refused_bytes_ = 0;
  unsigned under_way_ = 0;                                   // batches that the store adds
  std::map<std::string, std::size_t, std::less<>> queries_;  // under way, by who asked
  net::Timer settle_timer_, retry_timer_;
};

}  // namespace herold::server
