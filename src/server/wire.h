// A stream over a transport, whoever is at its other end: bytes come in within bounds and are cut
// into the items of RFC 6120 section 4, output leaves in one write a turn, closing has an order.
//
// Clients (connection.h), other servers (federation/) and components build on it. It belongs to
// one shard at a time, which owns it and finds it by its id.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/transport.h"
#include "server/stanza.h"
#include "xml/parser.h"
#include "xml/scanner.h"
#include "xmpp/errors.h"

namespace herold::server {

class Shard;

using ConnectionId = std::uint64_t;

class Wire : private net::Transport::Handler {
 public:
  enum class Kind : std::uint8_t { client, inbound, outbound, component };

  Wire(const Wire&) = delete;
  ~Wire() override;

  ConnectionId id() const { return id_; }
  Kind kind() const { return kind_; }
  Shard& shard() const { return *shard_; }
  const std::string& peer() const { return peer_; }
  // When bytes came the last time, once they count for the bandwidth.
  MonotonicTime last_heard() const { return tokens_at_; }

  // Arrives at another shard: detached from its loop there by leave().
  virtual void arrive(Shard& shard) = 0;

  // --- output ---
  // Where stanzas are written to; wrote() follows each. `id`: a committed stanza that counts as
  // delivered when its bytes were taken by the transport; 0: none such.
  std::string& output();
  void wrote(MessageId id);
  void write(std::string_view bytes) {
    output() += bytes;
    wrote(0);
  }
  // False while a slow reader has enough before it.
  bool takes_more() const;
  std::size_t waiting() const { return output_.size() - output_taken_; }
  // Its reader is behind: the transport did not take all it was given.
  bool blocked() const { return blocked_ || is_held_; }
  // At the end of the turn: all of it in one write.
  void flush();
  // Its output depends on what the journal could not write yet: nothing leaves until release().
  void hold();
  void release();

  // --- input ---
  void read_input();

  // --- the end ---
  // Sends a stream error and closes.
  virtual void fail(const xmpp::StreamError& error) = 0;
  // Closes without a word.
  virtual void abandon() = 0;
  // The server stops.
  virtual void stop() { fail(xmpp::StreamCondition::system_shutdown); }
  // It goes now: what it had of others (places, stanzas that nobody took) is theirs again.
  virtual void give_back() = 0;

 protected:
  enum class Phase : std::uint8_t { open, moving, closing, closed };

  Wire(Kind kind, Shard& shard, ConnectionId id, std::unique_ptr<net::Transport> transport);

  // --- what comes in; each may close, move or end the stream ---
  virtual bool wants_input() const = 0;
  virtual xml::Bounds bounds() const = 0;
  virtual void take_header(const xml::StreamHeader& header) = 0;
  virtual void take_element(xml::Document element) = 0;
  virtual void take_footer() = 0;
  virtual void take_whitespace() {}
  // An element over its bounds: its front is here. It may be skipped by skip_oversized(), at whose
  // end skipped() says whether it was one element within that.
  virtual void take_oversized(std::string_view front) = 0;
  virtual void skipped(bool /*is_whole*/) {}
  // So many bytes were read. False: the stream is over.
  virtual bool spend(std::size_t bytes) = 0;
  // The transport took everything; true when more was written at once.
  virtual bool refill() { return false; }
  // An outcome of the turn: the transport has this committed stanza.
  virtual void confirm(MessageId id);
  // Input was cut and the stream is `moving`: it goes where it belongs.
  virtual void move_on() {}
  // Its reader takes nothing and has too much before it.
  virtual void slow_reader() { abandon_later("slow-reader"); }
  // Output is flushed, and start_tls_after_flush() was said.
  virtual void begin_handshake() = 0;
  // Not read for a while because of its bandwidth; now it goes on.
  virtual void unthrottled() {}

  // --- for those who build on it ---
  Phase phase() const { return phase_; }
  void set_phase(Phase phase) { phase_ = phase; }
  bool is_open() const { return phase_ == Phase::open; }
  net::Transport& transport() const { return *transport_; }
  net::Timer& deadline() { return deadline_; }
  xml::Scanner& scanner() { return scanner_; }
  const xml::NamespaceScope& scope() const { return scope_; }
  bool has_unread() const { return unread_; }
  bool in_input() const { return in_input_; }
  void attach();
  // The transport lets go of its loop, to move to another shard; settle() follows there.
  void leave();
  void settle(Shard& shard);
  // The next input is a stream header.
  void restart_scanner();
  void start_tls_after_flush();
  void skip_oversized(std::uint64_t most);
  // Bandwidth is back-pressure: over it the socket is not read for a while (DECISIONS.md 21).
  void charge(std::size_t bytes, std::uint64_t rate, std::uint64_t burst);
  void fill_bandwidth(std::uint64_t burst);
  // What was written and not taken: each is the caller's again.
  std::deque<std::pair<std::uint64_t, MessageId>> take_unconfirmed() {
    return std::exchange(unconfirmed_, {});
  }
  // While somebody owes an answer nothing is read.
  void set_waiting(bool on) { is_waiting_ = on; }
  bool is_waiting() const { return is_waiting_; }
  // The last words are in the output: they leave, then the transport closes.
  void finish_close();
  // True the first time.
  bool close_at_once();
  void abandon_later(std::string_view reason);

 private:
  // net::Transport::Handler; what is not here is for those who build on it.
  void on_readable() override { read_input(); }
  void on_writable() override;

  void take(std::string_view bytes);
  std::size_t cut(std::string_view input);
  void take_item(xml::Scanner::Token token, std::string_view bytes);
  bool reading() const;
  void pause_reading(bool on);
  void read_some();
  void count_output(std::size_t taken);

  Shard* shard_;
  ConnectionId id_;
  std::unique_ptr<net::Transport> transport_;
  // What every write touches stands together.
  std::string output_;            // what this turn produced, and what the transport did not take
  std::size_t output_taken_ = 0;  // bytes of output_ that are gone already
  std::uint64_t sent_total_ = 0;
  Phase phase_ = Phase::open;
  Kind kind_;
  bool flush_wanted_ = false;
  bool blocked_ = false;  // the transport takes no more now
  bool is_held_ = false;  // see hold()
  bool start_tls_after_flush_ = false;
  xml::Scanner scanner_;
  xml::NamespaceScope scope_;
  std::string input_;                                            // an unfinished element
  std::deque<std::pair<std::uint64_t, MessageId>> unconfirmed_;  // id, gone when the total is there
  std::string peer_;
  net::Timer deadline_;      // until signed in; then for closing and for bandwidth
  std::int64_t tokens_ = 0;  // bytes that may be read now (bandwidth)
  MonotonicTime tokens_at_{};
  bool unread_ = false;  // bytes follow the element that is being handled
  bool in_input_ = false;
  bool is_slow_ = false;       // and too much waits: it will be abandoned
  bool is_paused_ = false;     // the transport was told not to read
  bool is_throttled_ = false;  // over the bandwidth; a timer ends it
  bool is_waiting_ = false;    // for the account or for an answer; input waits
};

}  // namespace herold::server
