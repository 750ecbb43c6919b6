// Accounts and sessions of a shard: loading, binding, ending, coming back.
#include <algorithm>
#include <set>

#include "base/check.h"
#include "server/aside.h"
#include "server/connection.h"
#include "server/shard.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/ext/stream_management.h"

namespace herold::server {
namespace {

// After a restart modules' services know a session by its presence there: it comes again, and late.
void direct_presence_again(Shard& home, const SessionRecord& record, PresenceType type) {
  for (const std::string& text : record.directed) {
    const Jid to = Jid::trusted(text);
    if (home.find_service(to.domain()) == nullptr) continue;
    StanzaHead head = StanzaHead::of(type);
    head.from = Jid::trusted(record.jid);
    head.to = to;
    Stanza again(std::move(head), record.presence);
    again.late = true;
    home.route(std::move(again));
  }
}

// It could not be resumed: it has been there, and its end is told.
void end_presence(Shard& home, const SessionRecord& record) {
  direct_presence_again(home, record, PresenceType::available);
  direct_presence_again(home, record, PresenceType::unavailable);
}

}  // namespace

Account* Shard::find_account(std::string_view bare) {
  const auto found = accounts_.find(bare);
  return found == accounts_.end() ? nullptr : found->second.get();
}

Account& Shard::account(const Jid& bare) {
  CHECK(bare.is_bare());
  if (Account* known = find_account(bare.text())) {
    known->last_used = now();
    return *known;
  }
  ModuleHost* host = find_host(bare.domain());
  CHECK(host != nullptr);
  auto made = std::make_unique<Account>(*host, bare);
  Account& account = *accounts_.emplace(bare.text(), std::move(made)).first->second;
  account.last_used = now();
  if (account.is_temporary())
    account.state_ = Account::State::missing;  // until its session is bound
  else
    load(account);
  return account;
}

void Shard::load(Account& account) {
  account.loading_ = std::make_unique<Loading>(account);
  Loading& loading = *account.loading_;
  loading.hold();
  loading.hold();
  const std::string address = account.address().text();
  // An account that is loading is not evicted, so the references stay good.
  stores_->accounts().find(address, [&account, &loading](Result<store::Account> found) {
    account.existing_ = found.has_value();
    if (!found && found.error().fault != Fault::not_found) loading.fail();
    loading.release();
  });
  stores_->rosters().load(address, [&account, &loading](Result<store::Roster> roster) {
    if (roster)
      account.roster_.load(std::move(*roster));
    else
      loading.fail();
    loading.release();
  });
  AccountLoading event{account, loading};
  std::ignore = account.host().hooks().fire(event);
}

void Shard::forget_account(const Jid& bare) {
  const auto found = accounts_.find(bare.text());
  if (found == accounts_.end()) return;
  const Account& account = *found->second;
  if (account.sessions().empty() && account.state() != Account::State::loading)
    accounts_.erase(found);
}

void Shard::remove_account(const Jid& bare) {
  Account* account = find_account(bare.text());
  if (account == nullptr) return;
  while (!account->sessions().empty())
    account->sessions().back()->end(
        SessionEnd::removed, {xmpp::StreamCondition::not_authorized, "The account was removed"});
  archive_.forget(account->address());
  AccountRemoved removed{account->address()};
  std::ignore = account->host().hooks().fire(removed);
  account->existing_ = false;
  if (account->state_ == Account::State::ready) account->state_ = Account::State::missing;
  account->roster_ = Roster();
}

void Shard::begin_temporary(Account& account) {
  CHECK(account.is_temporary());
  account.state_ = Account::State::ready;
}

// Whoever ended the session may go on with the account until the turn's end.
void Shard::end_temporary(Account& account) {
  account.state_ = Account::State::missing;
  loop().post([this, address = account.address()] { forget_account(address); });
}

Session* Shard::find_session(SessionKey key) {
  const auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : found->second;
}

Answer<Session*> Shard::bind(Account& account, std::string_view resource) {
  const bool is_ours = resource.empty() || account.is_temporary();  // XEP-0175 section 3
  auto address =
      account.address().with_resource(is_ours ? random().token(9) : std::string(resource));
  if (!address) return xmpp::fail(Condition::bad_request, "The resource is malformed");
  if (Session* old = account.find_session(address->resource())) {
    old->end(SessionEnd::replaced, xmpp::StreamCondition::conflict);
  }
  std::uint64_t connected = 0;
  Session* oldest_away = nullptr;
  for (const auto& session : account.sessions()) {
    if (session->connected())
      ++connected;
    else if (oldest_away == nullptr)
      oldest_away = session.get();
  }
  const std::uint64_t most = account.host().limits().resources;
  if (connected >= most)
    return xmpp::fail(Condition::resource_constraint,
                      ElementName{"resource-limit-exceeded", "urn:xmpp:errors"},
                      "Too many sessions");
  if (account.sessions().size() >= 2 * most && oldest_away != nullptr)
    end_session(*oldest_away, SessionEnd::lost);
  const SessionKey key = ledger_.next_session();
  Session& session =
      account.add_session(std::make_unique<Session>(account, std::move(*address), key));
  sessions_.emplace(key, &session);
  forget_over(session.address());
  account.host().watch(session);
  return &session;
}

void Shard::end_session(Session& session, SessionEnd why) {
  Account& account = session.account();
  SessionEnded event{session, why};
  std::ignore = account.host().hooks().fire(event);
  if (session.connection() != nullptr) session.connection()->forget_session();
  OutboundQueue queue;
  if (Managed* managed = session.managed()) {
    if (session.resumable()) ledger_.note(EndedRecord{session.key()});
    queue = std::move(managed->outbound);
  }
  sessions_.erase(session.key());
  account.take_session(session);
  account.last_used = now();
  if (account.is_temporary() && account.sessions().empty()) end_temporary(account);
  if (why == SessionEnd::lost) tell_missed(queue);
  hand_over(queue, account.address());
}

// As another server would say it (RFC 6120 section 8.3.1), with the message's stanza-id: of each
// room the first.
void Shard::tell_missed(const OutboundQueue& queue) {
  std::set<std::string, std::less<>> told;
  queue.for_each([&](const Unacked& unacked) {
    if (!unacked.is_shared) return;
    std::string xml;
    if (!queue.write_to(xml, unacked.number) || xml.empty()) return;
    const Stanza missed = parse_stored(xml);
    if (!told.emplace(missed.head.from.bare_text()).second) return;
    StanzaError error(Condition::recipient_unavailable);
    if (const xml::Element id = xmpp::find<xmpp::StanzaId>(missed.root()))
      error.enclosed = xml::to_string(id, xmpp::ns::client);
    route(make_error(missed.head, error));
  });
}

void Shard::hand_over(const OutboundQueue& queue, const Jid& account) {
  queue.for_each([&](const Unacked& unacked) {
    if (unacked.is_shared) return shared_stanzas_.release(unacked.id);
    if (unacked.id != 0) return deliver_again(unacked.id, account);
    // Whoever asked its client gets the answer that a request to nobody gets (XEP-0198 section 4).
    if (!unacked.is_request) return;
    std::string xml;
    if (queue.write_to(xml, unacked.number) && !xml.empty())
      bounce(parse_stored(xml), Condition::service_unavailable);
  });
}

// What is done meanwhile, because another session of the account has it, is not repeated.
void Shard::deliver_again(MessageId id, const Jid& account) {
  if (id == 0) return;
  returning_.insert(id);
  post_done(ledger_.owner(id));  // else what is done in this turn is given again before it is known
  post_to(ledger_.owner(id),
          [id, account, home = index_](Shard& keeper) { keeper.give_again(id, account, home); });
}

void Shard::give_again(MessageId id, const Jid& account, unsigned home) {
  auto stanza = ledger_.open_stanza(id);
  if (!stanza && stanza.error().fault == Fault::unavailable)
    return when_written_.push_back([this, id, account, home] { give_again(id, account, home); });
  post_to(home, [id, account, stanza = std::move(stanza)](Shard& there) mutable {
    if (there.returning_.erase(id) == 0 || !stanza) return;
    stanza->head.to = account;
    stanza->late = true;
    there.deliver_here(std::move(*stanza));
  });
}

void Shard::lose_connection(Session& session) {
  session.detach();
  if (stopping_) return;  // it stays in the journal, resumable after the restart
  if (!session.resumable()) return end_session(session, SessionEnd::lost);
  ClientLost lost{session};
  std::ignore = session.host().hooks().fire(lost);
  const auto patience = Seconds(session.managed()->resume_seconds);
  session.resume_timer_.start(loop(), patience, [this, key = session.key()] {
    if (Session* late = find_session(key)) end_session(*late, SessionEnd::lost);
  });
}

bool Shard::resume(Session& session, Connection& connection, std::uint32_t h) {
  Managed& managed = *session.managed();
  if (!session.acknowledge(h)) return false;
  session.attach(connection);
  session.resume_timer_.stop();
  if (managed.recovered) managed.outbound.renumber(h);
  const std::uint32_t handled = managed.inbound.handled(ledger_.journal().synced());
  connection.say_resumed(session, {.h = handled, .previd = managed.token});
  session.set_client(connection.client());
  managed.outbound.for_each([&](const Unacked& unacked) {
    if (!managed.recovered || unacked.id == 0) return;
    if (unacked.is_shared)
      ledger_.note(shared_record(session.key(), unacked, Numbered::yes));
    else
      ledger_.note(SentRecord{session.key(), unacked.id, unacked.number});
  });
  managed.written = h;
  session.write_more();
  if (managed.recovered) session.answer_lost_requests();
  session.ask_for_ack();
  watch_acks(session);
  SessionResumed event{session, std::exchange(managed.recovered, false)};
  std::ignore = session.host().hooks().fire(event);
  return true;
}

// Where its account went meanwhile it must not come back at the next start, with a new account.
void Shard::restore_session(RecoveredSession found, std::function<void(Shard&)> then) {
  const Jid address = Jid::trusted(found.record.jid);
  if (!hosts(address.domain())) {
    ledger_.note(EndedRecord{found.record.key});
    for (const SentStanza& lost : found.sent)
      if (!let_go(lost.stanza)) bounce(lost.stanza, Condition::service_unavailable);
    return then(*this);
  }
  if (found.record.resume_token.empty()) {
    end_presence(*this, found.record);
    std::string address_text = found.record.jid;
    over_.emplace(std::move(address_text), std::move(found.record));
    return then(*this);
  }
  Account& account = this->account(address.bare());
  account.when_loaded([this, &account, address, found = std::move(found),
                       then = std::move(then)]() mutable {
    const SessionRecord& record = found.record;
    if (account.state() != Account::State::ready) {
      ledger_.note(EndedRecord{record.key});
      for (SentStanza& lost : found.sent)
        if (!let_go(lost.stanza)) deliver_to_account(account, std::move(lost.stanza));
      return then(*this);
    }
    Session& session = account.add_session(std::make_unique<Session>(account, address, record.key));
    sessions_.emplace(record.key, &session);
    session.restore(record, std::move(found.requests));
    account.host().watch(session);
    restore_queue(session, record.acked, std::move(found.sent));
    direct_presence_again(*this, record, PresenceType::available);
    lose_connection(session);
    then(*this);
  });
}

// What many got is nobody's any more whose session is not there.
bool Shard::let_go(const Stanza& stanza) {
  if ((stanza.waits & waiting_for::clients) == 0) return false;
  shared_stanzas_.took(stanza.id, shared_stanzas_.before(stanza.id));
  return true;
}

void Shard::restore_queue(Session& session, std::uint32_t acked, std::vector<SentStanza> sent) {
  std::deque<OutboundQueue::Known> numbered, others;
  for (SentStanza& known : sent) {
    Stanza& stanza = known.stanza;
    const bool is_shared = (stanza.waits & waiting_for::clients) != 0;
    std::string extra;
    if (is_shared) {
      const auto before = shared_stanzas_.before(stanza.id);
      shared_stanzas_.hold_again(stanza.id);
      shared_stanzas_.took(stanza.id, before);
      stanza.head.to = session.address();
      std::ignore = take_aside(stanza);
    } else {
      stanza.late = true;
      extra = message_extras(session.account(), stanza);
    }
    (known.number ? numbered : others)
        .push_back({{.number = known.number.value_or(0), .is_shared = is_shared, .id = stanza.id},
                    stanza.to_xml(extra)});
  }
  OutboundQueue& queue = session.managed()->outbound;
  queue.restore(acked, std::move(numbered));
  for (OutboundQueue::Known& one : others) queue.push(one.stanza, std::move(one.xml));
  session.make_room();
}

// Not while the disk takes nothing: what has changed in memory is not in the store yet.
void Shard::evict_accounts() {
  if (held_until_) return;
  const MonotonicTime old = now() - Seconds(30);
  std::erase_if(accounts_, [&](const auto& entry) {
    const Account& account = *entry.second;
    return account.sessions().empty() && account.state() != Account::State::loading &&
           account.last_used < old;
  });
}

}  // namespace herold::server
