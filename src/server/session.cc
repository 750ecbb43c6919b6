// Sessions: what is written to a client, kept for it, and journalled of it.
#include "server/session.h"

#include <algorithm>

#include "server/account.h"
#include "server/connection.h"
#include "server/module_host.h"
#include "server/shard.h"
#include "xmpp/ext/stream_management.h"

namespace herold::server {
namespace {

// Sessions of one account of which something waits on disk, up to `sm_disk_bytes` of each. One more
// that would need to stops being resumable.
constexpr std::ptrdiff_t most_on_disk = 4;

}  // namespace

Session::Session(Account& account, Jid address, SessionKey key)
    : account_(account), address_(std::move(address)), key_(key) {}

Session::~Session() = default;

ModuleHost& Session::host() const { return account_.host(); }
Shard& Session::shard() const { return account_.host().shard(); }

void Session::set_client(const ClientIdentity& client) {
  if (client_.id == client.id && client_.proof == client.proof) return;
  client_ = client;
  remember();
}

void Session::set(SessionFlag flag) {
  if (has(flag)) return;
  flags_ |= static_cast<std::uint8_t>(flag);
  remember();
}

void Session::clear(SessionFlag flag) {
  if (!has(flag)) return;
  flags_ &= static_cast<std::uint8_t>(~static_cast<unsigned>(flag));
  remember();
}

void Session::show_roster(std::uint64_t version) {
  if (has(SessionFlag::interested) && roster_version_ == version) return;
  flags_ |= static_cast<std::uint8_t>(SessionFlag::interested);
  roster_version_ = version;
  remember();
}

void Session::note_roster_push(std::uint64_t version) {
  if (!managed_ || !managed_->outbound.is_numbered() || managed_->missed_changes > 0) return;
  managed_->push = managed_->outbound.sent();
  managed_->pushed_version = version;
}

void Session::miss_roster_changes() {
  if (!managed_) return;
  ++managed_->missed_changes;
  managed_->pushed_version = 0;
}

void Session::make_up_for_roster_changes() {
  if (managed_ && managed_->missed_changes > 0) --managed_->missed_changes;
}

void Session::set_presence(SharedBytes payload, std::int8_t priority) {
  flags_ |= static_cast<std::uint8_t>(SessionFlag::available);
  presence_ = std::move(payload);
  priority_ = priority;
  remember();
}

void Session::withdraw_presence() {
  presence_ = SharedBytes();
  priority_ = 0;
  clear(SessionFlag::available);
}

void Session::send(const Stanza& stanza, std::string_view extra) {
  if (has(SessionFlag::inactive)) {
    InactiveClient event{*this, stanza, extra};
    const Outcome outcome = host().hooks().fire(event);
    if (outcome && *outcome == Flow::stop) return;
  }
  send_now(stanza, extra);
}

void Session::send_now(const Stanza& stanza, std::string_view extra) {
  if (is_behind()) {
    SlowClient event{*this, stanza};
    const Outcome outcome = host().hooks().fire(event);
    if (outcome && *outcome == Flow::stop) return;
  }
  write(stanza, extra);
}

bool Session::is_behind() const { return connection_ == nullptr || connection_->blocked(); }

void Session::write(const Stanza& stanza, std::string_view extra) {
  if (!managed_) {
    if (connection_ == nullptr) return;
    stanza.write_to(connection_->output(), extra);
    connection_->wrote(stanza.id);
    return;
  }
  queue(stanza, stanza.to_xml(extra));
  write_more();
}

void Session::queue(const Stanza& stanza, std::string xml) {
  // What comes again from a lost session of the account may be here already.
  if (stanza.late && managed_->outbound.holds(stanza.id)) return;
  const bool is_shared = stanza.shared != 0 && resumable();
  const Unacked entry{.is_request = stanza.head.is_request(),
                      .is_shared = is_shared,
                      .id = is_shared ? stanza.shared : stanza.id};
  const std::uint32_t number = managed_->outbound.push(entry, std::move(xml));
  const bool is_numbered = managed_->outbound.is_numbered();
  if (is_shared)
    shard().shared_stanzas().hold(key_, stanza.shared,
                                  is_numbered ? std::optional(number) : std::nullopt);
  else if (stanza.id != 0 && resumable() && is_numbered)
    shard().ledger().note(SentRecord{key_, stanza.id, number});
  if (!managed_->requests.empty()) note_answer(stanza, number);
  shard().watch_acks(*this);
  make_room();
}

void Session::expect_answer(const StanzaHead& head, std::uint32_t number) {
  if (!resumable()) return;
  std::deque<Request>& requests = managed_->requests;
  if (!requests.empty() && requests.back().number == number) return;
  if (requests.size() >= host().limits().sm_requests) requests.pop_front();
  requests.push_back({number, head.kind, head.id, head.to.text(), {}});
  shard().ledger().note(request_record(key_, requests.back()));
}

void Session::note_answer(const Stanza& answer, std::uint32_t number) {
  const StanzaHead& head = answer.head;
  const bool answers =
      head.is(IqType::result) || head.is(IqType::error) || head.is(MessageType::error);
  if (!answers) return;
  std::deque<Request>& requests = managed_->requests;
  const auto request = std::ranges::find_if(requests, [&](const Request& one) {
    return !one.answer && one.kind == head.kind && one.id == head.id &&
           (one.to.empty() || one.to == head.from.text());
  });
  if (request == requests.end()) return;
  // Before its client has come back after a restart the numbers are not known yet.
  if (!managed_->outbound.is_numbered()) return void(requests.erase(request));
  request->answer = number;
  if (resumable()) shard().ledger().note(AnsweredRecord{key_, request->number, number});
}

void Session::answer_lost_requests() {
  std::deque<Request>& requests = managed_->requests;
  // What was not handled comes again.
  std::erase_if(requests, [&](const Request& request) {
    return !at_or_before(request.number, managed_->journalled_handled);
  });
  for (Request& request : requests) request.answer.reset();
  for (const Request& request : std::deque<Request>(requests)) {
    StanzaHead head;
    head.kind = request.kind;
    head.iq_type = IqType::set;
    head.id = request.id;
    head.from = address_;
    head.to = Jid::trusted(request.to);
    const StanzaError error(Condition::internal_server_error, "The server was restarted");
    send_now(make_error(head, StanzaError(error).with_type(xmpp::ErrorType::wait)));
  }
}

// A stalled client's stanzas wait in the queue alone, so that they are in memory once.
void Session::write_more() {
  constexpr std::size_t worth_asking = 8;
  if (is_holding_ && !is_behind()) {
    is_holding_ = false;
    ClientReads event{*this};
    std::ignore = host().hooks().fire(event);
  }
  if (connection_ == nullptr || !managed_) return;
  while (managed_->written != managed_->outbound.sent() && connection_->takes_more()) {
    const auto written = managed_->outbound.write_to(connection_->output(), managed_->written + 1);
    if (!written) {  // as if it had never been kept: what the journal has goes on its way again
      stop_resuming(written.error().text);
      return end_soon();
    }
    ++managed_->written;
    connection_->wrote(0);
  }
  if (managed_->written == managed_->outbound.sent()) answer_ack_request();
  if (!managed_->asked && managed_->outbound.size() >= worth_asking) ask_for_ack();
  make_room();
}

bool Session::has_room() const {
  if (managed_)
    return !managed_->outbound.is_spilled() &&
           managed_->outbound.bytes() < host().limits().sm_queue_bytes / 2;
  return connection_ != nullptr && connection_->waiting() < host().limits().send_buffer / 2;
}

void Session::ask_for_ack() {
  if (connection_ == nullptr) return;
  managed_->asked = true;
  managed_->asked_at = shard().now();
  send_raw("<r xmlns='urn:xmpp:sm:3'/>");
}

void Session::make_room() {
  if (managed_->outbound.bytes() <= host().limits().sm_queue_bytes) return;
  if (const auto spilled = spill(); !spilled) overflow(spilled.error().text);
}

// DECISIONS.md 20: what memory may not hold waits on disk, for whoever can come back for it.
Result<> Session::spill() {
  if (!resumable()) return fail(Fault::refused, "it cannot be resumed");
  const Limits& limits = host().limits();
  const auto has_spilled = [](const auto& session) {
    return session->managed_ && session->managed_->outbound.is_spilled();
  };
  if (!managed_->outbound.is_spilled() &&
      std::ranges::count_if(account_.sessions(), has_spilled) >= most_on_disk)
    return fail(Fault::unavailable, "the account's sessions have too much on disk");
  return managed_->outbound.spill(limits.sm_queue_bytes,
                                  [&] { return shard().make_spill(limits.sm_disk_bytes); });
}

// HOSTILE 65, 170: a client that reads but never acknowledges stays connected and loses the ability
// to resume. One that does not read, or is away, ends, and what waits for it is handed over: to the
// account's other sessions, or to the offline store.
void Session::overflow(const std::string& reason) {
  const bool is_stuck = connection_ == nullptr || connection_->blocked();
  // What one turn brought has not been offered to the reader yet: it may well take it.
  if (!is_stuck && managed_->written != managed_->outbound.sent()) return;
  stop_resuming(reason);
  if (is_stuck) return end_soon();
  // It may still acknowledge: until then the journal keeps what it may have to get again.
  for (const Unacked& stanza : managed_->outbound.give_up(host().limits().sm_queue_bytes / 2))
    if (stanza.is_shared)
      shard().shared_stanzas().release(stanza.id);
    else if (stanza.id != 0)
      connection_->wrote(stanza.id);
}

void Session::stop_resuming(const std::string& reason) {
  if (!resumable()) return;
  shard().log().info("session-not-resumable", {{"jid", address_.text()}, {"reason", reason}});
  managed_->token.clear();
  shard().ledger().note(EndedRecord{key_});
  remember();  // as one that cannot be resumed
}

// Later: whoever writes to the session now goes on with it. Without a token its end is for good.
void Session::end_soon() {
  Shard& home = shard();
  home.loop().post([&home, key = key_] {
    Session* session = home.find_session(key);
    if (session == nullptr) return;
    if (session->connection_ != nullptr)
      session->connection_->abandon();
    else
      home.end_session(*session, SessionEnd::lost);
  });
}

void Session::send_raw(std::string_view xml) {
  if (connection_ == nullptr) return;
  connection_->output() += xml;
  connection_->wrote(0);
}

Managed& Session::manage() {
  if (!managed_) managed_ = std::make_unique<Managed>();
  return *managed_;
}

void Session::detach() {
  connection_ = nullptr;
  if (!managed_) return;
  managed_->asked = false;
  managed_->ack_owed.reset();
}

const std::string& Session::peer() const { return connection_->peer(); }

MonotonicTime Session::last_heard() const { return connection_->last_heard(); }

void Session::disconnect(const xmpp::StreamError& error) {
  if (connection_ != nullptr) connection_->lose(error);
}

void Session::end(SessionEnd why, const xmpp::StreamError& error) {
  if (Connection* connection = connection_) {
    connection->forget_session();
    connection->fail(error);
    detach();
  }
  shard().end_session(*this, why);
}

bool Session::acknowledge(std::uint32_t h) {
  auto got = managed_->outbound.acknowledge(h);
  if (!got) return false;
  managed_->asked = false;
  if (got->empty()) return true;
  std::erase_if(managed_->requests,
                [h](const Request& one) { return one.answer && at_or_before(*one.answer, h); });
  if (resumable()) shard().ledger().note(AckedRecord{key_, h});
  if (managed_->pushed_version != 0 && at_or_before(managed_->push, h))
    show_roster(std::exchange(managed_->pushed_version, 0));
  for (const Unacked& stanza : *got)
    if (stanza.is_shared)
      shard().shared_stanzas().release(stanza.id);
    else if (stanza.id != 0)
      shard().done(stanza.id);
  return true;
}

void Session::answer_ack_request() {
  if (connection_ == nullptr || !managed_ || !managed_->ack_owed) return;
  const std::uint32_t handled = managed_->inbound.handled(shard().ledger().journal().synced());
  if (!at_or_before(*managed_->ack_owed, handled)) return shard().owe_ack(*this);
  // It stays behind what was sent before: who is refused hears of it first. See write_more().
  if (managed_->written != managed_->outbound.sent()) return;
  if (!note_handled(handled)) return shard().owe_ack(*this);
  managed_->ack_owed.reset();
  std::string xml;
  xml::Writer writer(xml, xmpp::ns::client);
  xmpp::write(writer, xmpp::SmAck{.h = handled});
  send_raw(xml);
}

// What the journal does not know must not be said (DECISIONS.md 4).
bool Session::note_handled(std::uint32_t handled) {
  if (!resumable() || handled == managed_->journalled_handled) return true;
  if (!shard().ledger().note(HandledRecord{key_, handled})) return false;
  managed_->journalled_handled = handled;
  return true;
}

bool Session::all_handled() {
  InboundCount& inbound = managed_->inbound;
  return inbound.handled(shard().ledger().journal().synced()) == inbound.received();
}

// A session that was resumed as it is no more, without its presence say, would get nothing: so it
// may use the reserve.
//
// Of one that cannot be resumed only where it directed presence to counts: there its end is told
// after a restart, also of who signed in without an account.
bool Session::remember() {
  const bool is_told = !directed_.empty();
  if (!resumable() && !is_told) return true;
  Ledger& ledger = shard().ledger();
  if (ledger.note(record(), store::Space::normal) || ledger.note(record())) return true;
  shard().remember_later(*this);
  return false;
}

bool Session::remember_all() {
  if (!resumable()) return remember();
  const auto note = [&](const auto& record) {
    return shard().ledger().note(record, store::Space::normal);
  };
  if (!note(record())) return false;
  bool is_noted = true;
  managed_->outbound.for_each([&](const Unacked& unacked) {
    if (!is_noted || unacked.id == 0) return;
    const bool is_numbered = managed_->outbound.is_numbered(unacked);
    if (unacked.is_shared)
      is_noted = note(shared_record(key_, unacked, is_numbered ? Numbered::yes : Numbered::no));
    else if (is_numbered)
      is_noted = note(SentRecord{key_, unacked.id, unacked.number});
  });
  if (!is_noted) return false;
  for (const Request& one : managed_->requests) {
    if (!note(request_record(key_, one))) return false;
    if (one.answer && !note(AnsweredRecord{key_, one.number, *one.answer})) return false;
  }
  return true;
}

SessionRecord Session::record() const {
  SessionRecord record;
  record.key = key_;
  record.jid = address_.text();
  record.flags = flags_;
  record.priority = static_cast<std::uint8_t>(priority_);
  record.presence = presence_;
  record.client = client_.id;
  record.proof = static_cast<std::uint8_t>(client_.proof);
  for (const Jid& jid : directed_) record.directed.push_back(jid.text());
  record.roster_version = roster_version_;
  if (managed_) {
    record.resume_token = managed_->token;
    record.resume_seconds = managed_->resume_seconds;
    record.handled = managed_->inbound.processed();
    record.acked = managed_->outbound.acked();
  }
  return record;
}

void Session::restore(const SessionRecord& record, std::deque<Request> requests) {
  flags_ = record.flags;
  priority_ = static_cast<std::int8_t>(record.priority);
  presence_ = record.presence;
  client_ = {record.client, static_cast<xmpp::Proof::Kind>(record.proof)};
  for (const std::string& jid : record.directed) directed_.push_back(Jid::trusted(jid));
  roster_version_ = record.roster_version;
  Managed& managed = manage();
  managed.token = record.resume_token;
  managed.resume_seconds = record.resume_seconds;
  managed.inbound.restore(record.handled);
  managed.journalled_handled = record.handled;
  managed.requests = std::move(requests);
  managed.recovered = true;
}

}  // namespace herold::server
