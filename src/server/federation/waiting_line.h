// Stanzas on their way to one other server, in order: those that wait, and those that were sent
// and of which nobody knows yet whether they arrived (DECISIONS.md 27, HOSTILE 150).
//
// A committed stanza (`id` != 0) survives everything here; another one comes back as an error when
// it waited for long. Over its bound of memory only ids of committed stanzas are kept: they stand
// in a journal and are read from there again.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "server/stanza.h"

namespace herold::server {

// Which limits hold for one.
struct LineLimits {
  std::uint64_t Limits::* stanzas;  // in memory
  Bytes Limits::* bytes;            // the same
  Bytes Limits::* waiting_bytes;    // with those in the journal alone
};
inline constexpr LineLimits peer_line{&Limits::peer_queue, &Limits::peer_queue_bytes,
                                      &Limits::peer_waiting_bytes};
inline constexpr LineLimits component_line{&Limits::component_queue, &Limits::component_queue_bytes,
                                           &Limits::component_waiting_bytes};

class WaitingLine {
 public:
  enum class Taken : std::uint8_t { kept, no_room, full };
  struct Entry {
    Stanza stanza;
    MonotonicTime since;
    std::uint64_t number = 0;
  };

  // `limits` outlives it.
  explicit WaitingLine(const Limits& limits, LineLimits which = peer_line)
      : limits_(limits), which_(which) {}

  // At the end. no_room: it is not committed and there is no memory for it; full: not even the
  // journal takes more for this server. Then the stanza is still the caller's.
  Taken push(Stanza& stanza, MonotonicTime now);

  // --- sending
  bool has_next() const { return !ready_.empty(); }
  // The next one, which is sent as `number`; numbers grow. It stays here until it is confirmed.
  const Stanza& send_next(std::uint64_t number);
  // All up to `number` have arrived. Calls `done` with the id of each committed one.
  template <class F>
  void confirm(std::uint64_t number, F&& done) {
    while (!sent_.empty() && sent_.front().number <= number) {
      if (sent_.front().stanza.id != 0) done(sent_.front().stanza.id);
      forget(sent_.front());
      sent_.pop_front();
    }
  }
  // The stream is lost: what was not confirmed waits again, in front. But requests, which may have
  // been carried out, are returned to be answered.
  std::vector<Stanza> take_back();

  // --- the rest is in the journal
  // Committed stanzas to be read again, the oldest first, when there is memory for them.
  std::vector<MessageId> to_fetch();
  // One that to_fetch() named, in that order; nothing: it is gone.
  void fetched(MessageId id, Stanza* stanza, MonotonicTime now);

  // --- time
  // What waited too long: committed ones accepted before `oldest`, others pushed before `since`.
  std::vector<Stanza> expire(WallTime oldest, MonotonicTime since);
  // What waits in memory and is such a one.
  template <class Which>
  std::vector<Stanza> remove_if(Which which) {
    std::vector<Stanza> removed;
    std::erase_if(ready_, [&](Entry& entry) {
      if (!which(std::as_const(entry))) return false;
      forget(entry);
      removed.push_back(std::move(entry.stanza));
      return true;
    });
    return removed;
  }
  // All that is in memory.
  std::vector<Stanza> give_up();

  bool empty() const { return ready_.empty() && sent_.empty() && parked_.empty(); }
  bool has_waiting() const { return !ready_.empty() || !parked_.empty(); }
  // Waiting, in memory or not; without those that were sent.
  std::size_t waiting() const { return ready_.size() + parked_.size(); }
  std::size_t count() const { return ready_.size() + sent_.size() + parked_.size(); }
  Bytes bytes() const { return bytes_ + parked_bytes_; }

 private:
  struct Parked {
    MessageId id;
    Bytes bytes;
  };
  static Bytes size_of(const Stanza& stanza);
  bool has_memory() const;
  void forget(const Entry& entry) { bytes_ -= size_of(entry.stanza); }

  const Limits& limits_;
  LineLimits which_;
  std::deque<Entry> ready_, sent_;
  std::deque<Parked> parked_;  // behind all of ready_
  std::size_t asked_ = 0;      // of them, the oldest: to_fetch() named them
  Bytes bytes_ = 0;            // of ready_ and sent_
  Bytes parked_bytes_ = 0;     // of parked_
};

}  // namespace herold::server
