// Stream management (XEP-0198) of one session: what the client sent, and what it has not got yet.
//
// `h` is one contiguous count of all the client's stanzas; it stops before a stanza whose outcome
// is unknown, or that was journalled and is not on stable storage yet (DECISIONS.md 2, 3).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "server/stanza.h"
#include "store/journal.h"

namespace herold::server {

struct RequestRecord;

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
  MessageId id = 0;  // 0: presence, chat states and the like, which nobody misses after a crash
  std::string xml;   // whole, for this client
  WallTime accepted{};
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

// Our stanzas, in order.
class OutboundQueue {
 public:
  // The number it goes under.
  std::uint32_t push(MessageId id, std::string xml, WallTime accepted);
  // Takes off what the client has. Nothing when `h` is not between what was acked and sent.
  std::optional<std::vector<Unacked>> acknowledge(std::uint32_t h);
  // After a restart: what is known to have been sent, with gaps where nothing durable went.
  void restore(std::uint32_t acked, std::deque<Unacked> known);
  // The client said `h` on resuming: what is left gets the numbers from h + 1 on.
  void renumber(std::uint32_t h);
  // The client does not acknowledge: forget the texts, which were written to it, and of the oldest
  // more than that until the rest costs at most `most` bytes. Yields what was forgotten wholly.
  std::vector<Unacked> give_up(std::uint64_t most);

  // nullptr when it was acknowledged.
  const Unacked* find(std::uint32_t number) const;
  bool holds(MessageId id) const;
  const std::deque<Unacked>& waiting() const { return queue_; }
  std::deque<Unacked> take_all();
  // After a restart the numbers are only known once the client has said its `h`.
  bool is_numbered() const { return !gaps_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint32_t sent() const { return sent_; }
  std::uint32_t acked() const { return acked_; }

 private:
  bool was_sent(const Unacked& stanza) const;

  std::deque<Unacked> queue_;
  std::uint64_t bytes_ = 0;
  std::uint32_t sent_ = 0;
  std::uint32_t acked_ = 0;
  std::uint32_t known_ = 0;  // after restore(): the last that may have been sent before
  bool gaps_ = false;        // after restore(): any h from acked_ on may be right
};

}  // namespace herold::server
