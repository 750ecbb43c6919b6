// A session: one bound resource of an account (RFC 6120 section 7), connected or waiting for its
// client to come back (XEP-0198).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.h"
#include "server/journal_records.h"
#include "server/stanza.h"
#include "server/stream_management.h"
#include "xmpp/sasl/server.h"

namespace herold::server {

class Account;
class Connection;
class ModuleHost;
class Shard;

// Why a session goes for good: signed off, not resumed in time, its resource or account taken.
enum class SessionEnd : std::uint8_t { closed, lost, replaced, removed, stopped };

// Which client signed in, and how; 0: one that does not say which it is.
struct ClientIdentity {
  std::uint64_t id = 0;
  xmpp::Proof::Kind proof = xmpp::Proof::Kind::password;
};

enum class SessionFlag : std::uint8_t {
  available = 1,   // sent presence without type
  interested = 2,  // asked for the roster: gets its pushes
  carbons = 4,     // XEP-0280
  inactive = 8,    // XEP-0352
  blocklist = 16,  // asked for the block list: gets its pushes
};

// Stream management of a session; only there once its client asked for it.
struct Managed {
  InboundCount inbound;
  OutboundQueue outbound;
  std::deque<Request> requests;  // whose answers the client has not acknowledged
  std::string token;             // names the session for resumption; empty: acks only
  std::uint32_t resume_seconds = 0;
  std::uint32_t journalled_handled = 0;   // the last <a h/> that the journal knows
  std::optional<std::uint32_t> ack_owed;  // the client asked when this many had come
  std::uint32_t written = 0;              // the last stanza of ours that the connection was given
  std::uint32_t push = 0;                 // the last roster push, until it is acknowledged
  std::uint64_t pushed_version = 0;       // of the roster, with that push; 0: none is under way
  unsigned missed_changes = 0;            // of the roster, being looked up for the client
  bool asked = false;                     // an <r/> of ours is not answered yet
  bool watched = false;                   // by the shard's sweep
  bool owing = false;                     // in the shard's list of owed acks
  MonotonicTime asked_at{};
  std::uint64_t resumption = 0;  // Connection::resumption_ of whoever asked for it last
  bool recovered = false;        // from the journal of an earlier run, not resumed yet
};

class Session {
 public:
  Session(Account& account, Jid address, SessionKey key);
  Session(const Session&) = delete;
  ~Session();

  const Jid& address() const { return address_; }
  Account& account() const { return account_; }
  ModuleHost& host() const;
  Shard& shard() const;
  SessionKey key() const { return key_; }

  const ClientIdentity& client() const { return client_; }
  void set_client(const ClientIdentity& client);

  bool has(SessionFlag flag) const { return (flags_ & static_cast<std::uint8_t>(flag)) != 0; }
  void set(SessionFlag flag);
  void clear(SessionFlag flag);
  bool available() const { return has(SessionFlag::available); }
  std::int8_t priority() const { return priority_; }
  // The payload of the last available presence (RFC 6121 section 4.2).
  const SharedBytes& presence() const { return presence_; }
  void set_presence(SharedBytes payload, std::int8_t priority);
  void withdraw_presence();
  // Its client shows the roster and has `version` of it: from then on it gets the pushes. After a
  // restart it is told what changed since the version that it is known to have.
  void show_roster(std::uint64_t version);
  // The push that was sent last brings its client there.
  void note_roster_push(std::uint64_t version);
  std::uint64_t roster_version() const { return roster_version_; }
  // What its client missed of the roster is looked up, and then pushed. Younger pushes may overtake
  // that, so until then none of them counts as the version that the client has.
  void miss_roster_changes();
  void make_up_for_roster_changes();
  // Where presence was directed to (RFC 6121 section 4.6); they learn of the session's end.
  std::vector<Jid>& directed() { return directed_; }

  // Writes a stanza to the client, or queues it while it is away. `extra` goes in front of the
  // payload. An inactive client's may be held back by a module (XEP-0352).
  void send(const Stanza& stanza, std::string_view extra = {});
  // The same whether its client is inactive or not; one that reads slowly or is away may have it
  // held back all the same (HOSTILE 93).
  void send_now(const Stanza& stanza, std::string_view extra = {});
  // The same without asking modules.
  void write(const Stanza& stanza, std::string_view extra = {});
  // Its client is away, or does not take what was written to it.
  bool is_behind() const;
  // Something was held back: ClientReads is to be fired when the client reads again.
  void hold_back() { is_holding_ = true; }
  // The connection takes bytes again: gives it what waits in the queue, as much as it wants.
  void write_more();
  // Whether less than half of what may wait for its client does: who has much to send pauses.
  bool has_room() const;
  // What is no stanza: <a/>, <r/>, stream errors.
  void send_raw(std::string_view xml);

  bool connected() const { return connection_ != nullptr; }
  Connection* connection() const { return connection_; }
  bool resumable() const { return managed_ && !managed_->token.empty(); }
  Managed* managed() { return managed_.get(); }
  Managed& manage();
  void attach(Connection& connection) { connection_ = &connection; }
  void detach();
  const std::string& peer() const;  // its network address; only while connected
  // When its client sent something the last time; only while connected.
  MonotonicTime last_heard() const;
  // Its client is silent or breaks a rule: the connection ends with `error`, the session as after
  // any loss of a connection; it can be resumed where that was agreed.
  void disconnect(const xmpp::StreamError& error);
  // Ends the session for good; a connected client is told `error`. It is destroyed.
  void end(SessionEnd why, const xmpp::StreamError& error);

  // XEP-0198 of the client's side: it has `h` of ours. False: that many were never sent.
  bool acknowledge(std::uint32_t h);
  // Says <a h/> if one is owed and its time has come.
  void answer_ack_request();
  // Whether all that the client sent has an outcome and is on stable storage.
  bool all_handled();
  void ask_for_ack();
  // Journals that the client is told this `h` next. False: there was no room, it must not be.
  bool note_handled(std::uint32_t handled);
  // Journals the session as it is now, where it could be resumed. False: there was no room, and it
  // will be tried again.
  bool remember();
  // The same with all that the journal knows of it, because the segment that held it goes.
  bool remember_all();
  // Its client is owed an answer to the stanza with that number.
  void expect_answer(const StanzaHead& head, std::uint32_t number);
  // After a restart: errors for requests that were handled and whose answers are lost.
  void answer_lost_requests();
  void restore(const SessionRecord& record, std::deque<Request> requests);
  SessionRecord record() const;

 private:
  friend class Shard;
  void queue(const Stanza& stanza, std::string xml);
  void note_answer(const Stanza& answer, std::uint32_t number);
  void make_room();
  Result<> spill();
  void overflow(const std::string& reason);
  void stop_resuming(const std::string& reason);
  void end_soon();

  Account& account_;
  Jid address_;
  SessionKey key_;
  ClientIdentity client_;
  Connection* connection_ = nullptr;
  std::unique_ptr<Managed> managed_;
  std::uint8_t flags_ = 0;
  std::int8_t priority_ = 0;
  bool is_holding_ = false;
  SharedBytes presence_;
  std::uint64_t roster_version_ = 0;
  std::vector<Jid> directed_;
  net::Timer resume_timer_;
};

}  // namespace herold::server
