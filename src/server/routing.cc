// Where stanzas go: to the home of an address, and there to sessions (RFC 6121 section 8).
#include <algorithm>
#include <charconv>

#include "server/components/components.h"
#include "server/federation/federation.h"
#include "server/guards.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {
namespace {

// The sessions that a message for the bare address goes to (section 8.5.2.1.1): headlines to all
// that want messages, others to the most available, equal ones alike.
std::vector<Session*> willing_sessions(const Account& account, MessageType type) {
  std::vector<Session*> chosen;
  int best = 0;
  for (const auto& session : account.sessions()) {
    if (!session->available() || session->priority() < best) continue;
    if (session->priority() > best && type != MessageType::headline) {
      best = session->priority();
      chosen.clear();
    }
    chosen.push_back(session.get());
  }
  return chosen;
}

}  // namespace

// What the server puts in front of a message's payload: its id in the recipient's archive
// (XEP-0359 section 3), and when it was accepted if it did not come straight through (XEP-0203).
std::string message_extras(const Account& account, const Stanza& stanza) {
  std::string extra;
  const bool is_error = stanza.head.is(MessageType::error);
  if (stanza.id == 0 || stanza.kind() != StanzaKind::message || is_error) return extra;
  constexpr std::size_t usual = 160;
  extra.reserve(usual);
  xml::Writer writer(extra, xmpp::ns::client);
  if (stanza.late)
    xmpp::write(writer, xmpp::Delay{.from = account.host().address(), .stamp = stanza.accepted});
  if (stanza.id != 0)
    xmpp::write(writer,
                xmpp::StanzaId{.id = account.host().message_names().text(stanza.stable_id()),
                               .by = account.address()});
  return extra;
}

void Shard::route(Stanza stanza) {
  const Jid& to = stanza.head.to;
  if (!hosts(to.domain())) return leave_house(std::move(stanza));
  // A domain of ours is everywhere; what a module has at its own is in one place.
  const bool anywhere = !to.has_local() && find_host(to.domain()) != nullptr;
  const unsigned home = anywhere ? index_ : server_.home_of(to.bare_text());
  if (home == index_) return deliver_here(std::move(stanza));
  post_to(home, [stanza = std::move(stanza)](Shard& shard) mutable {
    shard.deliver_here(std::move(stanza));
  });
}

// To a component or another server.
void Shard::leave_house(Stanza stanza) {
  if (const ComponentConfig* component = components_->find(stanza.head.to.domain()))
    return components_->send(*component, std::move(stanza));
  federation_->send(std::move(stanza));
}

void Shard::leave_again(Stanza stanza) {
  if (!hosts(stanza.head.from.domain())) return done(stanza.id);
  Account& account = this->account(stanza.head.from.bare());
  account.when_loaded([this, &account, stanza = std::move(stanza)]() mutable {
    if (account.state() == Account::State::missing) return done(stanza.id);
    if (account.state() != Account::State::ready) return;  // it stays open until the next start
    SubscriptionRecovered event{account, stanza};
    std::ignore = account.host().hooks().fire(event);
  });
}

Audience::SharedByHome Shard::by_home(std::vector<Jid> recipients) const {
  auto sorted = std::make_shared<Audience::ByHome>();  // shared as Audience says
  sorted->here.resize(server_.shard_count());
  std::string ours;  // the domain of most of them
  for (Jid& to : recipients) {
    if (to.has_local() && (to.domain() == ours || hosts(to.domain()))) {
      if (ours.empty()) ours = to.domain();
      sorted->here[server_.home_of(to.bare_text())].push_back(std::move(to));
    } else {
      sorted->elsewhere.push_back(std::move(to));
    }
  }
  return sorted;
}

void Shard::route_to_all(const Stanza& stanza, std::vector<Jid> recipients) {
  route_to_homes(stanza, by_home(std::move(recipients)));
}

void Shard::route_to_all(const Stanza& stanza, const Audience& audience) {
  route_to_homes(stanza,
                 audience.by_home([this](const std::vector<Jid>& all) { return by_home(all); }));
}

void Shard::route_to_homes(const Stanza& stanza, const Audience::SharedByHome& recipients) {
  for (const Jid& to : recipients->elsewhere) {
    Stanza single = stanza.copy();
    single.head.to = to;
    route(std::move(single));
  }
  for (unsigned shard = 0; shard < recipients->here.size(); ++shard) {
    if (recipients->here[shard].empty()) continue;
    if (stanza.shared != 0) shared_stanzas_.begin(stanza.shared);
    if (shard == index_) {
      give_here(stanza, recipients->here[shard]);
    } else {
      post_to(shard, [copy = stanza.copy(), recipients, shard](Shard& there) {
        there.give_here(copy, recipients->here[shard]);
      });
    }
  }
}

void Shard::give_here(const Stanza& stanza, const std::vector<Jid>& recipients) {
  const auto before = shared_stanzas_.before(stanza.shared);
  Stanza one = stanza.copy();
  one.write_for_many();
  for (const Jid& to : recipients) {
    one.head.to = to;
    if (give(one)) continue;
    Stanza single = stanza.copy();
    single.head.to = to;
    route(std::move(single));  // its domain may have gone meanwhile
  }
  if (stanza.shared != 0) shared_stanzas_.took(stanza.shared, before);
}

// What nobody changes or keeps as a whole goes to a session that is there without a copy of it.
// False: this is none of these cases.
bool Shard::give(Stanza& stanza) {
  const StanzaHead& head = stanza.head;
  const bool is_presence = head.is(PresenceType::available) || head.is(PresenceType::unavailable);
  if (stanza.id != 0 || !(is_presence || head.is(MessageType::groupchat))) return false;
  Account* account = find_account(head.to.bare_text());
  if (account == nullptr || account->state() != Account::State::ready) return false;
  if (is_presence)
    deliver_presence(*account, stanza);
  else
    deliver_message(*account, stanza);
  return true;
}

void Shard::bounce(const Stanza& stanza, const StanzaError& error) {
  const bool is_due = stanza.head.may_get_error() && stanza.head.from;
  Stanza answer = is_due ? make_error(stanza.head, error) : Stanza();
  // What was accepted must not end in silence: its error takes its place in the journal.
  if (is_due && stanza.id != 0 && stanza.kind() == StanzaKind::message) {
    answer.accepted = loop().clock().wall();
    std::ignore = commit_again(answer);  // without room for it, it may get lost in a crash
  }
  if (stanza.id != 0) done(stanza.id);
  if (is_due) route(std::move(answer));
}

void Shard::deliver_here(Stanza stanza) {
  const Jid& to = stanza.head.to;
  if (Service* service = find_service(to.domain()))
    return deliver_to_service(*service, std::move(stanza));
  if (!to.has_local()) {
    ModuleHost* host = find_host(to.domain());
    if (host == nullptr) return bounce(stanza, Condition::service_unavailable);
    return deliver_to_server(*host, std::move(stanza));
  }
  // Nobody waits for presence of others at an address that has no sessions; but a contact elsewhere
  // has to be told from here what was published last (XEP-0163 section 4.3.3).
  const bool broadcast = stanza.head.is(PresenceType::available) ||
                         stanza.head.is(PresenceType::unavailable) ||
                         stanza.head.is(PresenceType::probe);
  Account* known = find_account(to.bare_text());
  const bool is_alone = known == nullptr || known->sessions().empty();
  const bool is_distant = !serves(stanza.head.from.domain());
  const bool is_arrival = is_distant && stanza.head.is(PresenceType::available);
  if (broadcast && is_alone && !is_arrival) return;
  Account& account = known != nullptr ? *known : this->account(to.bare());
  if (account.state() == Account::State::ready)
    return deliver_to_account(account, std::move(stanza));
  account.when_loaded([this, &account, stanza = std::move(stanza)]() mutable {
    deliver_to_account(account, std::move(stanza));
  });
}

namespace {

// A domain's own address is on every shard: the id says which of them asked.
void take_answer_to_domain(Shard& shard, Stanza stanza) {
  const std::string_view id = stanza.head.id;
  unsigned asker = shard.index();
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), asker);
  const bool is_ours = error == std::errc() && end != id.data() + id.size() && *end == '.' &&
                       asker < shard.server().shard_count();
  if (!is_ours || asker == shard.index()) return void(shard.take_answer(stanza));
  shard.post_to(asker, [stanza = std::move(stanza)](Shard& there) { there.take_answer(stanza); });
}

}  // namespace

void Shard::deliver_to_server(ModuleHost& host, Stanza stanza) {
  switch (stanza.kind()) {
    case StanzaKind::iq:
      if (!stanza.head.is_request()) return take_answer_to_domain(*this, std::move(stanza));
      return handle_request(std::move(stanza), nullptr, nullptr, host, at_server);
    case StanzaKind::message:
      if (const auto& take = host.data<ServerMessages>().take; !take || !take(stanza))
        return bounce(stanza, Condition::service_unavailable);
      if (stanza.id != 0) done(stanza.id);
      return;
    case StanzaKind::presence:
      if (stanza.id != 0) done(stanza.id);  // a server has no roster
      return;
  }
}

void Shard::deliver_to_service(Service& service, Stanza stanza) {
  if (stanza.kind() == StanzaKind::iq && !stanza.head.to.is_full())
    return request_at_service(service, std::move(stanza));
  const auto fire = [&](auto event) { return service.hooks().fire(event); };
  Outcome outcome = Flow::go_on;
  switch (stanza.kind()) {
    case StanzaKind::message:
      outcome = fire(ServiceMessage{{}, stanza});
      break;
    case StanzaKind::presence:
      outcome = fire(ServicePresence{{}, stanza});
      break;
    case StanzaKind::iq:
      outcome = fire(ServiceIq{{}, stanza});
      break;
  }
  if (!outcome) return bounce(stanza, outcome.error());
  if (*outcome == Flow::go_on) bounce(stanza, Condition::service_unavailable);
}

// The module's own handlers come first, then those for every service.
void Shard::request_at_service(Service& service, Stanza stanza) {
  if (!stanza.head.is_request()) return void(take_answer(stanza));
  const xml::Element payload = stanza.root().first_child();
  const Targets own = stanza.head.to.has_local() ? at_service_address : at_service;
  const auto* handler = service.requests().find(stanza.head.iq_type, payload, own);
  if (handler == nullptr)
    handler = service.host().requests().find(stanza.head.iq_type, payload, at_any_service);
  if (handler == nullptr) return bounce(stanza, Condition::service_unavailable);
  wait_inbound(stanza.origin);
  handler->call(handler->module, IqRequest(*this, std::move(stanza), nullptr, nullptr));
}

void Shard::deliver_to_account(Account& account, Stanza stanza) {
  if (account.state() == Account::State::failed)
    return bounce(stanza, Condition::internal_server_error);
  if (account.state() == Account::State::missing) {
    // Section 8.5.1: presence is ignored, the rest looks like an account that is not there now.
    if (stanza.kind() != StanzaKind::presence)
      return bounce(stanza, Condition::service_unavailable);
    if (stanza.id != 0) done(stanza.id);
    return;
  }
  switch (stanza.kind()) {
    case StanzaKind::message:
      return deliver_message(account, stanza);
    case StanzaKind::presence:
      return deliver_presence(account, stanza);
    case StanzaKind::iq:
      return deliver_iq(account, std::move(stanza));
  }
}

void Shard::deliver_message(Account& account, Stanza& stanza) {
  MessageReceived received{account, stanza};
  const Outcome outcome = account.host().hooks().fire(received);
  if (!outcome) return bounce(stanza, outcome.error());
  if (*outcome == Flow::stop) {
    if (stanza.id != 0) done(stanza.id);
    return;
  }
  const Jid& to = stanza.head.to;
  const MessageType type = stanza.head.message_type;
  if (to.is_full()) {
    if (Session* session = account.find_session(to.resource())) {
      Session* const one[] = {session};
      return deliver_to_sessions(account, stanza, one);
    }
    // Section 8.5.3.2.1: only a chat goes on as if it was sent to the bare address.
    if (type == MessageType::normal || type == MessageType::groupchat)
      return bounce(stanza, Condition::service_unavailable);
  }
  if (type == MessageType::groupchat) return bounce(stanza, Condition::service_unavailable);
  const bool dropped =
      type == MessageType::error || (to.is_full() && type == MessageType::headline);
  if (dropped) {
    if (stanza.id != 0) done(stanza.id);
    return;
  }
  const std::vector<Session*> sessions = willing_sessions(account, type);
  if (sessions.empty()) return undelivered(account, std::move(stanza));
  deliver_to_sessions(account, stanza, sessions);
}

void Shard::deliver_to_sessions(Account& account, Stanza& stanza,
                                std::span<Session* const> sessions) {
  const std::string extra = message_extras(account, stanza);
  for (Session* session : sessions) session->send(stanza, extra);
  MessageDelivered delivered{account, stanza, sessions};
  std::ignore = account.host().hooks().fire(delivered);
}

void Shard::undelivered(Account& account, Stanza stanza) {
  if (stanza.head.is(MessageType::headline)) return;
  MessageUndelivered event{account, stanza};
  const Outcome outcome = account.host().hooks().fire(event);
  if (!outcome) return bounce(stanza, outcome.error());
  if (*outcome == Flow::go_on) return bounce(stanza, Condition::service_unavailable);
  MessageKept kept{account, stanza};
  std::ignore = account.host().hooks().fire(kept);
}

void Shard::deliver_presence(Account& account, Stanza& stanza) {
  PresenceReceived received{account, stanza};
  const Outcome outcome = account.host().hooks().fire(received);
  if (!outcome) return bounce(stanza, outcome.error());
  if (*outcome == Flow::stop) return;
  // Sections 8.5.2.1.2 and 8.5.3.1: to all that are available, or to the one that was named.
  const bool named = stanza.head.to.is_full();
  for (const auto& session : account.sessions()) {
    if (named && session->address() != stanza.head.to) continue;
    if (named || session->available()) session->send(stanza);
  }
}

void Shard::deliver_iq(Account& account, Stanza stanza) {
  IqReceived received{account, stanza};
  const Outcome outcome = account.host().hooks().fire(received);
  if (!outcome) return bounce(stanza, outcome.error());
  if (*outcome == Flow::stop) return;
  if (!stanza.head.to.is_full()) {
    if (!stanza.head.is_request()) return void(take_answer(stanza));
    // Only we ask in the name of an account (XEP-0356); whoever else is it has a resource.
    const bool is_own = stanza.head.from == account.address();
    return handle_request(std::move(stanza), nullptr, &account, account.host(),
                          is_own ? at_own_account : at_other_account);
  }
  Session* session = account.find_session(stanza.head.to.resource());
  if (session == nullptr) return bounce(stanza, Condition::service_unavailable);
  session->send(stanza);
}

}  // namespace herold::server
