// The turn of a shard: journal, letters, output; and what it does every second.
#include "server/shard.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "server/components/components.h"
#include "server/contacts.h"
#include "server/federation/federation.h"
#include "server/modules.h"
#include "server/server.h"
#include "server/temporary_stores.h"
#include "xmpp/ext/carbons.h"
#include "xmpp/ext/chat_states.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/hints.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {
namespace {

constexpr Seconds sweep_interval{1};
// Until what clients of an earlier run had said in rooms is said; else the next start does it
// again.
constexpr Seconds over_patience{30};
constexpr Seconds housekeeping_interval{60};
// How long somebody waits until the journal has left its files, and how often that is tried.
constexpr Seconds leaving_patience{60};
constexpr Milliseconds leaving_interval{50};

// XEP-0160 section 3, XEP-0334: a body or an express wish; bare chat states and what forbids it
// are not stored. Other payloads of a message (receipts, markers, reactions, keys) are.
bool worth_storing(xml::Element message) {
  if (xmpp::find<xmpp::HintNoStore>(message)) return false;
  if (xmpp::find<xmpp::HintStore>(message)) return true;
  for (const xml::Element child : message.children()) {
    const bool passing = child.ns() == xmpp::ns::chat_states || child.ns() == xmpp::ns::hints ||
                         child.is("thread", message.ns()) || xmpp::is<xmpp::OriginId>(child);
    if (!passing) return true;
  }
  return false;
}

}  // namespace

struct Shard::Question {
  Jid asked;
  std::move_only_function<void(const Stanza*)> then;
  net::Timer patience;
};

Shard::Shard(Server& server, unsigned index, World world)
    : server_(server),
      index_(index),
      world_(world),
      stores_(without_temporary_accounts(server.database().attach(*this), *this)),
      archive_(*this),
      shared_stanzas_(*this),
      retention_(*this),
      federation_(std::make_unique<Federation>(*this)),
      removals_(*this),
      components_(std::make_unique<Components>(*this)),
      accounts_(8, KeyedHash{HashKey::make(world.random)}),
      failures_(HashKey::make(world.random)),
      registrations_(HashKey::make(world.random)),
      scratch_(bounds::read_scratch, '\0') {
  outgoing_.resize(server.shard_count());
  done_.resize(server.shard_count());
  // Once this shard has stopped its journal takes nothing: what would depend on it stays here, and
  // the next start goes on from what stands there.
  world_.loop.set_turn_end([this] {
    if (!stopping_) return end_turn();
    flush_connections();
    dropped_.clear();
  });
}

// What still waits may own requests, which answer when they go: now, while all of us is there.
Shard::~Shard() {
  while (!when_safe_.empty()) {
    const net::Task gone = std::move(when_safe_.front().second);
    when_safe_.pop_front();
  }
  for (const auto& [address, account] : accounts_) account->data_ = Slots();
}

ModuleHost* Shard::find_host(std::string_view domain) const {
  const auto found = hosts_.find(domain);
  return found == hosts_.end() ? nullptr : found->second.get();
}
bool Shard::serves(std::string_view domain) const {
  return hosts(domain) || components_->find(domain) != nullptr;
}

Service* Shard::find_service(std::string_view domain) const {
  const auto found = services_.find(domain);
  return found == services_.end() ? nullptr : found->second;
}

void Shard::configure(const Config& config) {
  limits_ = config.limits;
  const std::string first = config.domains.empty() ? std::string() : config.domains.front().name;
  // Streams keep a reference to the environment, so it changes in place.
  if (environment_) {
    environment_->default_domain = first;
  } else {
    environment_ = std::make_unique<xmpp::StreamEnvironment>(
        xmpp::StreamEnvironment{server_.crypto(), world_.random, limits_, first});
  }
  for (const Domain& domain : config.domains) {
    auto& host = hosts_[domain.name];
    if (host)
      host->configure(domain);
    else
      host = std::make_unique<ModuleHost>(*this, domain);
  }
  services_.clear();
  for (const Domain& domain : config.domains)
    for (const auto& service : hosts_[domain.name]->services())
      services_[service->address().text()] = service.get();
  // A domain that went stays until the restart when addresses of it are in memory; see
  // close_domain.
  for (auto& [name, host] : hosts_)
    if (config.find_domain(name) == nullptr) close_domain(*host);
  components_->configure(config);
  federation_->configure(config);
}

void Shard::close_domain(const ModuleHost& host) {
  for (auto& [address, account] : accounts_) {
    if (&account->host() != &host) continue;
    for (const auto& session : account->sessions())
      if (session->connected()) session->connection()->fail(xmpp::StreamCondition::host_gone);
  }
}

Result<> Shard::open_journal(const std::string& folder, std::uint64_t run, store::Disk& disk,
                             store::SyncRunner& runner) {
  store::JournalEvents events{
      .synced = [this](store::Position) { synced(); },
      .segment_old = [this](std::uint64_t segment) { leave_segment(segment); },
      .removed = [this](std::uint64_t through) { segments_removed(through); },
      .failed = [this](const Error& error) { server_.fail(error); }};
  ledger_.open(run, index_, server_.shard_count(),
               TRY(store::Journal::open(folder, index_, run, limits_,
                                        {disk, runner, *this, world_.loop.clock(), world_.random},
                                        std::move(events))));
  spill_path_ = folder + "/spill-" + std::to_string(index_);
  return {};
}

Result<std::unique_ptr<store::Spill>> Shard::make_spill(Bytes capacity) {
  return store::Spill::open(server_.disk(), server_.sync_runner(), spill_path_, capacity);
}

Result<> Shard::sync_recovered() {
  store::Journal& journal = ledger_.journal();
  const bool is_nothing = journal.appended() == journal.written();  // since it was opened
  recovered_until_ = journal.appended();
  journal.want_sync();
  TRY(journal.write());
  if (!is_nothing) return {};
  recovered_until_.reset();
  server_.recovered_is_safe();
  return {};
}

// The journals of all shards are synced before; one mark decides for all of them.
void Shard::mark_takeover(net::Task then) {
  if (stopping_) return;  // the next start does it
  if (ledger_.journal().mark_takeover()) return when_safe(std::move(then));
  takeover_timer_.start(
      loop(), Seconds(limits_.journal_retry_time),
      [this, then = std::move(then)]() mutable { mark_takeover(std::move(then)); });
}

void Shard::begin() {
  sweep_timer_.start(loop(), sweep_interval, [this] { sweep(); });
  if (index_ == 0) retention_.start();
}

void Shard::restored() {
  is_restored_ = true;
  for (net::Task& task : std::exchange(when_restored_, {})) task();
  for (const std::string& address : server_.database().owed_removals())
    if (server_.home_of(address) == index_) removals_.take_up(Jid::trusted(address));
  over_timer_.start(loop(), over_patience, [this] {
    for (const auto& [client, record] : std::exchange(over_, {}))
      ledger_.note(EndedRecord{record.key});
  });
}

// There is a new session of that address, which a start must not take for the old one.
void Shard::forget_over(const Jid& client) {
  const auto [first, last] = over_.equal_range(client.text());
  for (auto one = first; one != last; ++one) ledger_.note(EndedRecord{one->second.key});
  over_.erase(first, last);
}

void Shard::when_restored(net::Task task) {
  if (is_restored_) return task();
  when_restored_.push_back(std::move(task));
}

// --- turns ---------------------------------------------------------------------------------------

void Shard::post(store::Task task) { world_.loop.post(std::move(task)); }

void Shard::end_turn() {
  read_connections();
  shared_stanzas_.note();
  const bool is_written = write_journal();
  if (is_written) flush_mailboxes();
  flush_connections();
  dropped_.clear();
  // A flush that ends a connection gives letters of its own; they leave with one more turn.
  const bool has_letters = std::ranges::any_of(outgoing_, [](const auto& l) { return !l.empty(); });
  if (is_written && has_letters) loop().post([] {});
  settle_later();
}

// What nobody waits for needs no turn and no sync of its own: notes that a flush made (what counts
// as delivered), and commits whose sender asks for no acknowledgement. They go with the next turn,
// or after journal_settle_time.
void Shard::settle_later() {
  const store::Journal& journal = ledger_.journal();
  const bool is_settled = journal.appended() == journal.synced() &&
                          std::ranges::all_of(done_, [](const auto& ids) { return ids.empty(); });
  if (is_settled || held_until_ || settle_timer_.running()) return;
  settle_timer_.start(loop(), Milliseconds(limits_.journal_settle_time),
                      [this] { ledger_.journal().want_sync(); });
}

// What depends on records leaves only once they are written. Where the disk takes none (HOSTILE
// 176) letters and the output of this turn are held until it does; whoever has none of it goes on,
// and hears that nothing is accepted.
bool Shard::write_journal() {
  store::Journal& journal = ledger_.journal();
  const auto written = journal.write();
  if (written) {
    held_until_.reset();
    for (const ConnectionId id : std::exchange(held_, {}))
      if (Wire* wire = find_wire(id)) wire->release();
    for (net::Task& task : std::exchange(when_written_, {})) loop().post(std::move(task));
    return true;
  }
  if (!held_until_) log().warning("journal-not-written", {{"reason", written.error().text}});
  if (held_until_ != journal.appended() || journal.failed()) {  // a dying process says nothing
    held_until_ = journal.appended();
    for (const ConnectionId id : std::exchange(to_flush_, {})) {
      Wire* wire = find_wire(id);
      if (wire == nullptr) continue;
      wire->hold();
      held_.push_back(id);
    }
  }
  if (!retry_timer_.running())  // each turn tries again, and this makes one
    retry_timer_.start(loop(), Seconds(limits_.journal_retry_time), [] {});
  return false;
}

void Shard::post_to(unsigned shard, Letter letter) {
  if (shard == index_) return letter(*this);
  outgoing_[shard].push_back(std::move(letter));
}

void Shard::post_done(unsigned shard) {
  if (done_[shard].empty()) return;
  post_to(shard, [ids = std::exchange(done_[shard], {})](Shard& there) {
    for (const auto& [id, parts] : ids) there.ledger_.done(id, parts);
  });
}

void Shard::flush_mailboxes() {
  for (unsigned shard = 0; shard < done_.size(); ++shard) post_done(shard);
  for (unsigned shard = 0; shard < outgoing_.size(); ++shard) {
    if (outgoing_[shard].empty()) continue;
    Shard& there = server_.shard(shard);
    if (there.mailbox_.push(std::exchange(outgoing_[shard], {})))
      there.loop().post([&there] { there.run_mailbox(); });
  }
}

void Shard::run_mailbox() {
  for (Letter& letter : mailbox_.take()) letter(*this);
}

// What a flush brings about (a message that counts as delivered now) is noted in the next turn's
// journal: losing it costs a repetition, never a message.
void Shard::flush_connections() {
  const std::vector<ConnectionId> waiting = std::exchange(to_flush_, {});
  for (const ConnectionId id : waiting)
    if (Wire* wire = find_wire(id)) wire->flush();
}

// Connections that used up their share of the last turn, and those that just became able to go on.
void Shard::read_connections() {
  if (to_read_.empty()) return;
  loop().post([this, waiting = std::exchange(to_read_, {})] {
    for (const ConnectionId id : waiting)
      if (Wire* wire = find_wire(id)) wire->read_input();
  });
}

// --- connections ---------------------------------------------------------------------------------

void Shard::put(std::unique_ptr<Wire> wire) {
  const ConnectionId id = wire->id();
  wires_.emplace(id, std::move(wire));
}

void Shard::adopt(std::unique_ptr<Wire> wire) {
  Wire& arrived = add(std::move(wire));
  arrived.arrive(*this);
  if (stopping_) arrived.fail(xmpp::StreamCondition::system_shutdown);
}

Wire* Shard::find_wire(ConnectionId id) {
  const auto found = wires_.find(id);
  return found == wires_.end() ? nullptr : found->second.get();
}

Connection* Shard::find_connection(ConnectionId id) {
  Wire* found = find_wire(id);
  if (found == nullptr || found->kind() != Wire::Kind::client) return nullptr;
  return static_cast<Connection*>(found);
}

std::unique_ptr<Wire> Shard::release(Wire& wire) {
  const auto found = wires_.find(wire.id());
  CHECK(found != wires_.end());
  std::unique_ptr<Wire> released = std::move(found->second);
  wires_.erase(found);
  return released;
}

void Shard::drop(Wire& wire) {
  if (find_wire(wire.id()) == nullptr) return;
  if (!stopping_) wire.give_back();
  dropped_.push_back(release(wire));
}

void Shard::flush_next_turn(Wire& wire) {
  want_flush(wire);
  loop().post([] {});
}

bool Shard::pressed() const {
  if (server_.database().pressed()) return true;
  // As much as two of the longest stanzas may be on its way into the database.
  const std::uint64_t unsaved = server_.unsaved_bytes().load(std::memory_order_relaxed);
  if (unsaved > 2 * limits_.stanza_bytes) return true;
  for (unsigned shard = 0; shard < server_.shard_count(); ++shard)
    if (server_.shard(shard).mailbox_.waiting() > limits_.shard_mailbox) return true;
  return false;
}

void Shard::read_when_relieved(Wire& wire) {
  constexpr Milliseconds moment{5};
  to_read_relieved_.push_back(wire.id());
  if (relief_timer_.running()) return;
  relief_timer_.start(loop(), moment, [this] {
    for (const ConnectionId id : std::exchange(to_read_relieved_, {}))
      if (Wire* waiting = find_wire(id)) waiting->read_input();
  });
}

// --- acknowledgements ----------------------------------------------------------------------------

void Shard::watch_acks(Session& session) {
  if (std::exchange(session.managed()->watched, true)) return;
  ack_watch_.push_back(session.key());
}

void Shard::owe_ack(Session& session) {
  ledger_.journal().want_sync();
  if (std::exchange(session.managed()->owing, true)) return;
  ack_owed_.push_back(session.key());
}

void Shard::synced() {
  if (recovered_until_ && *recovered_until_ <= ledger_.journal().synced()) {
    recovered_until_.reset();
    server_.recovered_is_safe();
  }
  while (!when_safe_.empty() && when_safe_.front().first <= ledger_.journal().synced()) {
    net::Task task = std::move(when_safe_.front().second);
    when_safe_.pop_front();
    task();
  }
  for (const SessionKey key : std::exchange(ack_owed_, {})) {
    Session* session = find_session(key);
    if (session == nullptr) continue;
    session->managed()->owing = false;
    session->answer_ack_request();
  }
}

void Shard::when_safe(net::Task task) {
  when_settled(std::move(task));
  if (!when_safe_.empty()) ledger_.journal().want_sync();
}

void Shard::when_settled(net::Task task) {
  if (ledger_.journal().appended() <= ledger_.journal().synced()) return post(std::move(task));
  when_safe_.emplace_back(ledger_.journal().appended(), std::move(task));
}

void Shard::sweep() {
  sweep_timer_.start(loop(), sweep_interval, [this] { sweep(); });
  sweep_acks();
  if (!to_remember_.empty() && ledger_.journal().accepts())
    for (const SessionKey key : std::exchange(to_remember_, {}))
      if (Session* session = find_session(key)) session->remember();
  if (now() - housekept_ < housekeeping_interval) return;
  housekept_ = now();
  evict_accounts();
  write_sign_ins();
  failures_.tidy(now(), limits_);
  registrations_.tidy(now(), limits_);
  if (index_ == 0) server_.tidy_gate(now());
  ledger_.journal().housekeep();
}

// XEP-0198 section 4: asks for acks; a client that does not answer for long is lost.
void Shard::sweep_acks() {
  for (const SessionKey key : std::exchange(ack_watch_, {})) {
    Session* session = find_session(key);
    if (session == nullptr) continue;
    Managed& managed = *session->managed();
    managed.watched = false;
    if (managed.outbound.empty() || !session->connected()) continue;
    if (!managed.asked) session->ask_for_ack();
    watch_acks(*session);
    const Seconds patience(session->host().limits().sm_ack_wait);
    if (now() - managed.asked_at > patience) session->connection()->abandon();
  }
}

void Shard::write_sign_ins() {
  for (const auto& [account, time] : std::exchange(sign_ins_, {}))
    stores_->accounts().signed_in(account, time, [](Result<>) {
      // Only a time for people to look at; an account that went meanwhile has none.
    });
  for (const auto& [client, time] : std::exchange(clients_seen_, {}))
    stores_->clients().seen(client.first, client.second, time, [](Result<>) {});
}

// --- the journal ---------------------------------------------------------------------------------

// Where there is no room for all of it the segment stays, and is offered again; also while sessions
// of earlier runs are not back, for only the journal has them.
bool Shard::leave_segment(std::uint64_t segment) {
  if (!is_restored_) return false;
  for (const auto& [key, session] : sessions_)
    if (!session->remember_all()) return false;
  for (const auto& [client, record] : over_)
    if (!ledger_.note(record, store::Space::normal)) return false;
  return ledger_.leave_segment(segment);
}

void Shard::leave_journal(JournalLeft done) {
  if (leaving_) return done(fail(Fault::conflict, "its files are being left already"));
  leaving_.emplace(std::move(done), now() + leaving_patience);
  go_on_leaving();
}

// A segment that is being made, records of a turn that is not over and a full disk are waited for.
void Shard::go_on_leaving() {
  store::Journal& journal = ledger_.journal();
  if (!leaving_->through) {
    if (const auto last = journal.begin_segment()) {
      leaving_->through = *last;
      leaving_->files = journal.statistics().segments - 1;
    }
  }
  if (leaving_->through == 0) return end_leaving(0);
  if (leaving_->through && !leaving_->is_copied)
    leaving_->is_copied = leave_segment(*leaving_->through);
  if (now() > leaving_->deadline)
    return end_leaving(fail(Fault::unavailable, "the journal has no room for what is open"));
  leaving_timer_.start(loop(), leaving_interval, [this] { go_on_leaving(); });
}

void Shard::segments_removed(std::uint64_t through) {
  if (leaving_ && leaving_->through && *leaving_->through <= through) end_leaving(leaving_->files);
}

void Shard::end_leaving(Result<std::uint64_t> outcome) {
  leaving_timer_.stop();
  JournalLeft done = std::move(leaving_->done);
  leaving_.reset();
  done(std::move(outcome));
}

void Shard::stop() {
  stopping_ = true;
  components_->stop();
  federation_->stop();
  sweep_timer_.stop();
  over_timer_.stop();
  takeover_timer_.stop();
  if (leaving_) end_leaving(fail(Fault::unavailable, "the server stops"));
  retention_.stop();
  std::vector<ConnectionId> ids;
  for (const auto& [id, wire] : wires_) ids.push_back(id);
  for (const ConnectionId id : ids)
    if (Wire* wire = find_wire(id)) wire->stop();
  for (const auto& [key, session] : sessions_) session->remember();
  write_sign_ins();
  end_turn();
  if (auto closed = ledger_.journal().close(); !closed)
    log().error("journal-close-failed", {{"reason", closed.error().text}});
  archive_.stop();
}

void Shard::release_stores() {
  stores_.reset();
  for (const auto& [key, session] : sessions_)
    if (Managed* managed = session->managed()) managed->outbound = OutboundQueue();
}

Shard::Counts Shard::counts() {
  const auto anonymous = std::ranges::count_if(
      sessions_, [](const auto& entry) { return entry.second->account().is_temporary(); });
  return {wires_.size(),
          sessions_.size(),
          accounts_.size(),
          ledger_.open_stanzas(),
          static_cast<std::uint64_t>(anonymous),
          ledger_.journal().statistics()};
}

// --- questions -----------------------------------------------------------------------------------

void Shard::ask(Stanza request, Duration patience,
                std::move_only_function<void(const Stanza*)> then) {
  // So that an answer to the domain, whose address is everywhere, finds its way back.
  request.head.id = std::to_string(index_) + '.' + random().token(9);
  auto question = std::make_unique<Question>(request.head.to, std::move(then), net::Timer());
  question->patience.start(loop(), patience, [this, id = request.head.id] {
    const auto found = questions_.find(id);
    if (found == questions_.end()) return;
    const auto late = std::move(found->second);
    questions_.erase(found);
    late->then(nullptr);
  });
  questions_.emplace(request.head.id, std::move(question));
  route(std::move(request));
}

bool Shard::take_answer(const Stanza& stanza) {
  const auto found = questions_.find(stanza.head.id);
  if (found == questions_.end() || found->second->asked != stanza.head.from) return false;
  const auto question = std::move(found->second);
  questions_.erase(found);
  question->then(&stanza);
  return true;
}

bool Shard::is_forgery(xml::Element child) const {
  if (child.ns() == "urn:xmpp:mam:2" && child.name() == "result") return true;
  return is_forgery_of_peer(child);
}

bool Shard::is_forgery_of_peer(xml::Element child) const {
  if (child.ns() == "urn:xmpp:carbons:2")
    return child.name() == "received" || child.name() == "sent";
  // XEP-0359 section 6 rule 4 and XEP-0203: what claims to be from a domain of ours is not.
  const bool stanza_id = xmpp::is<xmpp::StanzaId>(child);
  if (!stanza_id && !xmpp::is<xmpp::Delay>(child)) return false;
  const auto by = Jid::parse(child.attribute(stanza_id ? "by" : "from"));
  return by && serves(by->domain());
}

bool is_durable(const Stanza& stanza) {
  if (stanza.kind() == StanzaKind::presence) return is_subscription(stanza.head.presence_type);
  const bool chat = stanza.head.is(MessageType::chat) || stanza.head.is(MessageType::normal) ||
                    stanza.head.is(MessageType::groupchat);
  return chat && worth_storing(stanza.root());
}

}  // namespace herold::server
