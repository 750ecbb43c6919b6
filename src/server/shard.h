// A shard: one thread, one event loop, and everything of the addresses whose home it is.
//
// A turn of the loop: input is read and handled, its outcomes are put into the journal's buffer
// and the clients' output; at the turn's end the journal is written, then what goes to other
// shards leaves, then the output of every connection leaves in one write each (DECISIONS.md 2).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "net/loop.h"
#include "server/account.h"
#include "server/anonymous_places.h"
#include "server/archive.h"
#include "server/archive_retention.h"
#include "server/audience.h"
#include "server/caps_cache.h"
#include "server/connection.h"
#include "server/iq.h"
#include "server/ledger.h"
#include "server/mailbox.h"
#include "server/module_host.h"
#include "server/registration.h"
#include "server/removals.h"
#include "server/shared_stanzas.h"
#include "server/sign_in.h"
#include "server/spare_outputs.h"
#include "server/stanza.h"
#include "server/wire.h"
#include "store/database.h"
#include "store/disk.h"
#include "store/sync_runner.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

class Components;
class Connection;
class Federation;
class Server;

// A committed stanza that stood in a session's outgoing stream when the server ended.
struct SentStanza {
  std::optional<std::uint32_t> number;  // none: it only waited there for the client's return
  Stanza stanza;
};

// A session as the journal of an earlier run knows it.
struct RecoveredSession {
  SessionRecord record;
  std::vector<SentStanza> sent;
  std::deque<Request> requests;
};

class Shard final : private store::Executor {
 public:
  // The parts of the world that belong to one shard; all outlive it.
  struct World {
    net::Loop& loop;
    Random& random;
    Log& log;
  };

  Shard(Server& server, unsigned index, World world);
  Shard(const Shard&) = delete;
  ~Shard() override;

  // --- the surroundings ---
  Server& server() { return server_; }
  unsigned index() const { return index_; }
  net::Loop& loop() { return world_.loop; }
  MonotonicTime now() const { return world_.loop.clock().now(); }
  Random& random() { return world_.random; }
  Log& log() { return world_.log; }
  store::Stores& stores() { return *stores_; }
  Ledger& ledger() { return ledger_; }
  store::Executor& executor() { return *this; }
  Archive& archive() { return archive_; }
  SharedStanzas& shared_stanzas() { return shared_stanzas_; }
  Federation& federation() { return *federation_; }
  Removals& removals() { return removals_; }
  Components& components() { return *components_; }
  ModuleHost* find_host(std::string_view domain) const;
  // A module's domain (service.h).
  Service* find_service(std::string_view domain) const;
  // A domain that we answer for ourselves.
  bool hosts(std::string_view domain) const {
    return find_host(domain) != nullptr || find_service(domain) != nullptr;
  }
  // The same, or a component does.
  bool serves(std::string_view domain) const;
  const Limits& limits() const { return limits_; }
  const xmpp::StreamEnvironment& stream_environment() const { return *environment_; }
  FailureCount& failures() { return failures_; }
  RegistrationCounts& registrations() { return registrations_; }
  AnonymousPlaces& anonymous_places() { return anonymous_places_; }
  CapsCache& caps_cache() { return caps_cache_; }
  // Domains come, change and go; connections live on.
  void configure(const Config& config);
  // Journal of this run; recovery fills it before the loop runs.
  Result<> open_journal(const std::string& folder, std::uint64_t run, store::Disk& disk,
                        store::SyncRunner& runner);
  // For what a session's queue may not hold in memory.
  Result<std::unique_ptr<store::Spill>> make_spill(Bytes capacity);
  // Writes what recovery put into the journal; the server hears when it is safe.
  Result<> sync_recovered();
  // Marks, for all shards, that it is: no later start reads the files of earlier runs. `then` runs
  // when that survives a power cut.
  void mark_takeover(net::Task then);
  // What was written so far leaves the journal (DECISIONS.md 32): what is open of it is copied
  // forward, and the files go. Yields how many went. One at a time.
  using JournalLeft = std::move_only_function<void(Result<std::uint64_t>)>;
  void leave_journal(JournalLeft done);
  // The loop is about to run.
  void begin();
  std::string& scratch() { return scratch_; }  // for input
  SpareOutputs& spare_outputs() { return spare_outputs_; }

  // --- routing (routing.cc) ---
  // To the home of `to`, which may be another shard, or to another server.
  void route(Stanza stanza);
  // What was found after a crash: first its sender's side, which may not have been stored.
  void leave_again(Stanza stanza);
  // To each of them; its `to` is not looked at.
  void route_to_all(const Stanza& stanza, std::vector<Jid> recipients);
  void route_to_all(const Stanza& stanza, const Audience& audience);
  // An error for the sender of `stanza`, where one is due; a committed stanza is done with it.
  void bounce(const Stanza& stanza, const StanzaError& error);
  // Runs `letter` on another shard, in order behind what was sent there before.
  void post_to(unsigned shard, Letter letter);

  // --- from clients (client_stanzas.cc) ---
  void receive(Session& session, xml::Document document);
  // A child that only servers make (XEP-0280, 0313, 0359 section 5, 0203), claiming to be ours.
  bool is_forgery(xml::Element child) const;
  // The same from another server, whose archives and rooms are its own.
  bool is_forgery_of_peer(xml::Element child) const;
  // Journals a stanza that must not be lost; its sender's `h` waits for the sync. False: the
  // sender was sent an error.
  bool commit(Stanza& stanza);
  // The same for what is kept elsewhere as well, so that nobody needs to hear of an error.
  bool commit_again(Stanza& stanza);
  // It is delivered, stored for later or refused. Its recipient's archive, where that still has to
  // store it, lets go of it by archived().
  void done(MessageId id);
  void archived(std::vector<MessageId> ids, Waits part);
  // Offers it to an archive that may not have got it in an earlier run.
  void archive_again(Stanza stanza, Waits part);
  // Runs `task` once all that was committed so far survives a power cut.
  void when_safe(net::Task task);
  // The same without hurry: with the next sync, for which somebody else waits or which comes in
  // journal_settle_time.
  void when_settled(net::Task task);
  void wait_inbound(const Origin& origin);
  void finish_inbound(const Origin& origin);

  // --- requests ---
  void handle_request(Stanza stanza, Session* session, Account* account, ModuleHost& host,
                      Targets target);
  void ask(Stanza request, Duration patience, std::move_only_function<void(const Stanza*)> then);
  // A result or error that answers an ask(). False: nobody asked.
  bool take_answer(const Stanza& stanza);

  // --- accounts and sessions (accounts.cc) ---
  // In memory or being loaded; `bare` belongs to a domain of ours and has its home here.
  Account& account(const Jid& bare);
  Account* find_account(std::string_view bare);
  // Its user signed in without an account and is about to have a session.
  void begin_temporary(Account& account);
  Session* find_session(SessionKey key);
  using SessionMap = std::unordered_map<SessionKey, Session*>;
  const SessionMap& sessions() const { return sessions_; }
  // Puts a session at `resource` (empty: one that we make up). A session there is replaced.
  Answer<Session*> bind(Account& account, std::string_view resource);
  void end_session(Session& session, SessionEnd why);
  // Its connection is gone: it waits for its client, or ends.
  void lose_connection(Session& session);
  // The client of a detached session is back on `connection` and has `h` of our stanzas. False:
  // that many were never sent.
  bool resume(Session& session, Connection& connection, std::uint32_t h);
  std::uint64_t next_resumption() { return ++last_resumption_; }
  // From the journal of an earlier run; `then` follows when it is back, or turned out to be gone.
  void restore_session(RecoveredSession found, std::function<void(Shard&)> then);
  // Sessions of earlier runs are back, and their stanzas on their way again.
  void restored();
  // Runs `task` behind that.
  void when_restored(net::Task task);
  void forget_account(const Jid& bare);
  // Everything of an account's sessions ends; the account's rows are the caller's.
  void remove_account(const Jid& bare);
  // What a session had not delivered goes on its way again.
  void hand_over(const OutboundQueue& queue, const Jid& account);
  // Rooms learn from what message on their occupant may have got nothing.
  void tell_missed(const OutboundQueue& queue);
  // The same for one stanza, unless it has been delivered otherwise.
  void deliver_again(MessageId id, const Jid& account);

  // --- connections ---
  // A new one, or one that comes from another shard.
  template <class W>
  W& add(std::unique_ptr<W> wire) {
    W& added = *wire;
    put(std::move(wire));
    return added;
  }
  void adopt(std::unique_ptr<Wire> wire);
  Wire* find_wire(ConnectionId id);
  Connection* find_connection(ConnectionId id);  // a client's
  std::unique_ptr<Wire> release(Wire& wire);
  // Destroys it when this turn is over.
  void drop(Wire& wire);
  // It has output, or input that did not fit into this turn.
  void want_flush(Wire& wire) { to_flush_.push_back(wire.id()); }
  void want_read(Wire& wire) { to_read_.push_back(wire.id()); }
  void flush_next_turn(Wire& wire);
  // Back-pressure (DECISIONS.md 11): too much waits in the database or on its way to a shard, so
  // sockets are not read for a moment.
  bool pressed() const;
  void read_when_relieved(Wire& wire);

  // Its client should acknowledge what it got, sooner or later.
  void watch_acks(Session& session);
  // An <a/> is owed and waits for the journal's sync or for an outcome.
  void owe_ack(Session& session);
  // The journal had no room for it as it is now.
  void remember_later(const Session& session) { to_remember_.insert(session.key()); }
  // Written to the store some time later: when somebody signed in last.
  void note_sign_in(const Jid& account) { sign_ins_[account.text()] = loop().clock().wall(); }
  // The same of one of its clients.
  void note_client(const Jid& account, std::uint64_t client) {
    clients_seen_[{account.text(), client}] = loop().clock().wall();
  }

  // Ends or detaches everything, in order; then writes the journal's clean end.
  void stop();
  bool stopping() const { return stopping_; }
  // After the loop has ended, before the database and the runner of syncs go: nothing is asked of
  // the stores any more, and no queue has a file.
  void release_stores();
  struct Counts {
    std::uint64_t connections, sessions, accounts, open_stanzas;
    std::uint64_t anonymous;  // of the sessions
    store::JournalStatistics journal;
  };
  Counts counts();

 private:
  friend class Server;
  struct Question;

  void post(store::Task task) override;
  void put(std::unique_ptr<Wire> wire);
  void end_turn();
  bool write_journal();
  void close_domain(const ModuleHost& host);
  void run_mailbox();
  void flush_mailboxes();
  void post_done(unsigned shard);
  void flush_connections();
  void settle_later();
  void read_connections();
  void synced();
  bool leave_segment(std::uint64_t segment);
  void go_on_leaving();
  void end_leaving(Result<std::uint64_t> outcome);
  void segments_removed(std::uint64_t through);
  void sweep();
  void sweep_acks();
  void write_sign_ins();
  void evict_accounts();

  // routing.cc
  void deliver_here(Stanza stanza);
  void leave_house(Stanza stanza);
  void deliver_to_account(Account& account, Stanza stanza);
  void deliver_message(Account& account, Stanza& stanza);
  void deliver_presence(Account& account, Stanza& stanza);
  void deliver_iq(Account& account, Stanza stanza);
  void deliver_to_server(ModuleHost& host, Stanza stanza);
  void deliver_to_service(Service& service, Stanza stanza);
  void request_at_service(Service& service, Stanza stanza);
  void deliver_to_sessions(Account& account, Stanza& stanza, std::span<Session* const> sessions);
  void undelivered(Account& account, Stanza stanza);
  Audience::SharedByHome by_home(std::vector<Jid> recipients) const;
  void route_to_homes(const Stanza& stanza, const Audience::SharedByHome& recipients);
  void forget_over(const Jid& client);
  void give_here(const Stanza& stanza, const std::vector<Jid>& recipients);
  bool give(Stanza& stanza);

  // client_stanzas.cc
  void receive_message(Session& session, Stanza stanza);
  void receive_presence(Session& session, Stanza stanza);
  void receive_iq(Session& session, Stanza stanza);

  // accounts.cc
  void load(Account& account);
  bool let_go(const Stanza& stanza);
  void restore_queue(Session& session, std::uint32_t acked, std::vector<SentStanza> sent);
  void end_temporary(Account& account);
  void give_again(MessageId id, const Jid& account, unsigned home);

  Server& server_;
  unsigned index_;
  World world_;
  std::unique_ptr<store::Stores> stores_;
  Ledger ledger_;
  Archive archive_;
  SharedStanzas shared_stanzas_;
  ArchiveRetention retention_;
  std::unique_ptr<Federation> federation_;
  Removals removals_;
  std::unique_ptr<Components> components_;
  std::map<std::string, std::unique_ptr<ModuleHost>, std::less<>> hosts_;
  std::map<std::string, Service*, std::less<>> services_;  // of the hosts

  Mailbox mailbox_;
  std::vector<std::vector<Letter>> outgoing_;  // by shard, for the end of this turn
  using Done = std::pair<MessageId, Waits>;
  std::vector<std::vector<Done>> done_;  // by shard: their letters of this turn in one
  net::Timer settle_timer_;

  struct KeyedHash {
    using is_transparent = void;
    HashKey key;
    std::size_t operator()(std::string_view text) const { return siphash(key, text); }
  };
  std::unordered_map<std::string, std::unique_ptr<Account>, KeyedHash, std::equal_to<>> accounts_;
  SessionMap sessions_;
  std::unordered_map<ConnectionId, std::unique_ptr<Wire>> wires_;
  std::vector<std::unique_ptr<Wire>> dropped_;
  std::vector<ConnectionId> to_flush_, to_read_, to_read_relieved_;
  net::Timer relief_timer_;
  std::vector<ConnectionId> held_;             // until the journal takes what they depend on
  std::optional<store::Position> held_until_;  // what the disk did not take
  net::Timer retry_timer_;
  std::unordered_set<MessageId> returning_;  // see deliver_again(); done meanwhile: not in here
  std::vector<SessionKey> ack_watch_;        // sessions with stanzas that are not acknowledged
  std::unordered_set<SessionKey> to_remember_;
  std::vector<SessionKey> ack_owed_;  // sessions whose clients wait for an <a/>
  std::map<std::string, WallTime> sign_ins_;
  std::map<std::pair<std::string, std::uint64_t>, WallTime> clients_seen_;
  FailureCount failures_;
  RegistrationCounts registrations_;
  AnonymousPlaces anonymous_places_;
  CapsCache caps_cache_;
  Limits limits_;  // the global ones; a domain may have its own
  std::unique_ptr<xmpp::StreamEnvironment> environment_;
  std::unordered_map<std::string, std::unique_ptr<Question>> questions_;
  std::uint64_t last_question_ = 0, last_resumption_ = 0;
  net::Timer sweep_timer_;
  std::string scratch_;
  SpareOutputs spare_outputs_;
  std::string spill_path_;  // of all its sessions: they take the name away at once
  MonotonicTime housekept_{};
  std::optional<store::Position> recovered_until_;
  std::deque<std::pair<store::Position, net::Task>> when_safe_;
  bool is_restored_ = false;
  // Sessions of earlier runs by address; in the journal until what they had said is taken.
  std::multimap<std::string, SessionRecord, std::less<>> over_;
  net::Timer over_timer_;
  std::vector<net::Task> when_restored_;
  std::vector<net::Task> when_written_;  // posted when the journal's buffer is written
  net::Timer takeover_timer_;
  struct JournalLeaving {
    JournalLeft done;
    MonotonicTime deadline;
    std::optional<std::uint64_t> through{};  // the segments that go
    std::uint64_t files = 0;
    bool is_copied = false;
  };
  std::optional<JournalLeaving> leaving_;
  net::Timer leaving_timer_;
  bool stopping_ = false;
};

// Whether a stanza is worth a journal entry: subscriptions, and messages with something to keep.
bool is_durable(const Stanza& stanza);

}  // namespace herold::server
