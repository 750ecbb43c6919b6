// Stream management (XEP-0198) of one session: what the client sent, and what it has not got yet.
//
// `h` is one contiguous count of all the client's stanzas; it stops before a stanza whose outcome
// is unknown, or that was journalled and is not on stable storage yet (DECISIONS.md 2, 3).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/stanza.h"
#include "store/journal.h"
#include "store/spill.h"

namespace herold::server {

struct RequestRecord;
struct SharedRecord;

// Counters of XEP-0198 wrap at 2^32: whether `a` is at or behind `b`, for less than 2^31 apart.
constexpr bool at_or_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(b - a) >= 0;
}

// The client's stanzas.
class InboundCount {
 public:
  // The number of the next stanza.
  std::uint32_t receive() { return ++received_; }
  std::uint32_t received() const { return received_; }
  // Its outcome is not known yet; finish() follows.
  void wait_for(std::uint32_t number) { waiting_.push_back(number); }
  void finish(std::uint32_t number);
  // It stands in the journal, whose sync must pass `position`.
  void committed(std::uint32_t number, store::Position position);
  // The `h` that may be said when everything up to `synced` is on stable storage.
  std::uint32_t handled(store::Position synced);
  // The same without waiting for the sync: right for what survives the death of the process.
  std::uint32_t processed() const;
  void restore(std::uint32_t handled) { received_ = handled; }

 private:
  struct Commit {
    std::uint32_t number;
    store::Position position;
  };
  std::uint32_t received_ = 0;
  std::vector<std::uint32_t> waiting_;  // few, unordered
  std::deque<Commit> commits_;          // by number
};

// A stanza of ours that the client has not acknowledged.
struct Unacked {
  std::uint32_t number = 0;
  bool is_request = false;  // somebody waits for its answer
  bool is_shared = false;   // with others, who have it too: Stanza::shared
  MessageId id = 0;  // 0: presence, chat states and the like, which nobody misses after a crash
};

// A stanza of the client to which an answer is owed: a request, or what was refused. The answers
// are not journalled, but that they are owed is: whoever resumes after a restart of the server and
// was told that such a stanza is handled gets an error in place of an answer that it has not got.
struct Request {
  std::uint32_t number = 0;  // in the client's count
  StanzaKind kind = StanzaKind::iq;
  std::string id, to;
  std::optional<std::uint32_t> answer;  // its number in ours, once it is sent
};

// As the journal has it, for the session with that key.
RequestRecord request_record(std::uint64_t session, const Request& request);

// That the session has a shared one in its queue.
enum class Numbered : std::uint8_t { no, yes };
SharedRecord shared_record(std::uint64_t session, const Unacked& stanza, Numbered numbered);

// Our stanzas, in order. The texts of the oldest may wait on disk (DECISIONS.md 20); in memory
// they leave a number, an id and a place.
class OutboundQueue {
 public:
  struct Known {  // as it was before a restart
    Unacked stanza;
    std::string xml;  // whole, for this client
  };

  // The number it goes under.
  std::uint32_t push(Unacked stanza, std::string xml);
  // Takes off what the client has. Nothing when `h` is not between what was acked and sent.
  std::optional<std::vector<Unacked>> acknowledge(std::uint32_t h);
  // After a restart: what is known to have been sent, with gaps where nothing durable went.
  void restore(std::uint32_t acked, std::deque<Known> known);
  // The client said `h` on resuming: what is left gets the numbers from h + 1 on.
  void renumber(std::uint32_t h);

  // Makes the disk's part, when there is none yet.
  using MakeSpill = std::move_only_function<Result<std::unique_ptr<store::Spill>>()>;
  // Moves the oldest texts to disk until memory has at most half of `most` bytes. Fails when the
  // disk takes none, or where even the places cost more than `most`; nothing is lost by it.
  Result<> spill(std::uint64_t most, MakeSpill make);
  // The client does not acknowledge: forget the texts, which were written to it, and of the oldest
  // more than that until the rest costs at most `most` bytes. Yields what was forgotten wholly.
  std::vector<Unacked> give_up(std::uint64_t most);

  // Appends its text, from disk if need be; nothing where it was acknowledged or given up.
  Result<> write_to(std::string& out, std::uint32_t number) const;
  bool holds(MessageId id) const;
  bool empty() const { return size() == 0; }
  std::size_t size() const { return places_.size() + texts_.size(); }
  // From the oldest on; the queue must not change meanwhile.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const Place& entry : places_) visit(entry.stanza);
    for (const Known& entry : texts_) visit(entry.stanza);
  }
  // After a restart the numbers are only known once the client has said its `h`.
  bool is_numbered() const { return !gaps_; }
  bool is_numbered(const Unacked& stanza) const {
    return !gaps_ || at_or_before(stanza.number, known_);
  }
  std::uint64_t bytes() const { return bytes_; }  // of memory
  bool is_spilled() const { return spill_ != nullptr; }
  std::uint32_t sent() const { return sent_; }
  std::uint32_t acked() const { return acked_; }

 private:
  struct Place {  // on disk, or nowhere any more
    Unacked stanza;
    std::uint64_t place = 0;
  };
  const Unacked& front() const {
    return places_.empty() ? texts_.front().stanza : places_.front().stanza;
  }
  void pop_front();

  std::deque<Place> places_;  // the oldest
  std::deque<Known> texts_;
  std::unique_ptr<store::Spill> spill_;  // the texts of places_, where they are kept
  std::uint64_t bytes_ = 0;
  std::uint32_t sent_ = 0;
  std::uint32_t acked_ = 0;
  std::uint32_t known_ = 0;  // after restore(): the last that may have been sent before
  bool gaps_ = false;        // after restore(): any h from acked_ on may be right
};

}  // namespace herold::server
