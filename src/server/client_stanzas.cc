// Stanzas from a client: judged, stamped with their sender, and handed to modules and router.
#include "server/components/delegation.h"
#include "server/components/privileges.h"
#include "server/connection.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/bind.h"
#include "xmpp/ns.h"

namespace herold::server {
namespace {

// RFC 6120 section 8.1.2.1: a `from` must be the client's own bare or full address.
bool own_address(const Jid& from, const Session& session) {
  return !from || from == session.address() || from == session.account().address();
}

// What a client's own server refuses is answered straight away: it comes from an address that the
// client may well have blocked (XEP-0191).
void refuse(Session& session, const StanzaHead& head, const Origin& origin,
            const StanzaError& error) {
  if (!head.may_get_error()) return;
  session.expect_answer(head, origin.number);
  session.send(make_error(head, error));
}

}  // namespace

void Shard::receive(Session& session, xml::Document document) {
  const Origin origin{session.managed() ? session.key() : 0,
                      session.managed() ? session.managed()->inbound.receive() : 0};
  const xml::Element root = document.root();
  auto head = xmpp::parse_head(root);
  if (!head) {
    StanzaHead salvaged = xmpp::salvage_head(root);
    salvaged.from = session.address();
    return refuse(session, salvaged, origin, head.error());
  }
  if (!own_address(head->from, session))
    return session.connection()->fail(xmpp::StreamCondition::invalid_from);
  head->from = session.address();

  const auto keep = [this](xml::Element child) { return !is_forgery(child); };
  SharedBytes payload(xmpp::payload_bytes(root, keep));
  Stanza stanza(std::move(*head), std::move(payload), std::move(document));
  stanza.origin = origin;
  if (stanza.head.id.size() > session.host().limits().stanza_id_bytes)
    return bounce(stanza, Condition::bad_request);

  ClientActive active{session};
  std::ignore = session.host().hooks().fire(active);
  switch (stanza.kind()) {
    case StanzaKind::message:
      return receive_message(session, std::move(stanza));
    case StanzaKind::presence:
      return receive_presence(session, std::move(stanza));
    case StanzaKind::iq:
      return receive_iq(session, std::move(stanza));
  }
}

void Shard::receive_message(Session& session, Stanza stanza) {
  if (!stanza.head.to) stanza.head.to = session.account().address();  // RFC 6120 section 10.3.1
  MessageSent sent{session, stanza};
  const Outcome outcome = session.host().hooks().fire(sent);
  if (!outcome) return refuse(session, stanza.head, stanza.origin, outcome.error());
  if (*outcome == Flow::stop) return;
  if (is_durable(stanza) && !commit(stanza)) return;
  MessageAccepted accepted{session, stanza};
  std::ignore = session.host().hooks().fire(accepted);
  route(std::move(stanza));
}

void Shard::receive_presence(Session& session, Stanza stanza) {
  PresenceSent sent{session, stanza};
  const Outcome outcome = session.host().hooks().fire(sent);
  if (!outcome) return refuse(session, stanza.head, stanza.origin, outcome.error());
  if (*outcome == Flow::stop || !stanza.head.to) return;
  route(std::move(stanza));
}

void Shard::receive_iq(Session& session, Stanza stanza) {
  const Jid& to = stanza.head.to;
  ModuleHost& host = session.host();
  const bool for_account = !to || to == session.account().address();
  const bool for_server = to && to == host.address();
  if (!stanza.head.is_request() && (for_account || for_server)) {
    std::ignore = take_answer(stanza);
    return;
  }
  if (stanza.head.is_request()) session.expect_answer(stanza.head, stanza.origin.number);
  const bool binds = stanza.head.is(IqType::set) && stanza.has(xmpp::Bind::element);
  if (binds && (for_account || for_server))  // a second time: RFC 6120 section 7.6.2.2
    return bounce(stanza, Condition::not_allowed);
  if (for_account)
    return handle_request(std::move(stanza), &session, &session.account(), host, at_own_account);
  if (for_server) return handle_request(std::move(stanza), &session, nullptr, host, at_server);
  IqSent sent{session, stanza};
  const Outcome outcome = host.hooks().fire(sent);
  if (!outcome) return refuse(session, stanza.head, stanza.origin, outcome.error());
  if (*outcome == Flow::go_on) route(std::move(stanza));
}

bool Shard::commit(Stanza& stanza) {
  stanza.accepted = loop().clock().wall();
  const Result<store::Position> position =
      archive_.is_full() ? fail(Fault::unavailable, "The database takes no messages")
                         : ledger_.commit(stanza, stanza.origin.session, stanza.origin.number);
  Session* sender = find_session(stanza.origin.session);
  if (!position) {
    log().warning("not-accepted", {{"reason", position.error().text}});
    const StanzaError error(Condition::resource_constraint, "There is no room to keep it safe");
    if (sender != nullptr)
      refuse(*sender, stanza.head, stanza.origin, error);
    else
      bounce(stanza, error);
    return false;
  }
  if (sender != nullptr && sender->managed())
    sender->managed()->inbound.committed(stanza.origin.number, *position);
  return true;
}

// Its `h` was counted already, or it has no sender.
bool Shard::commit_again(Stanza& stanza) { return ledger_.commit(stanza, 0, 0).has_value(); }

void Shard::done(MessageId id) {
  returning_.erase(id);
  Waits parts = waiting_for::delivery;
  if (!archive_.is_keeping(id)) parts |= waiting_for::received;
  const unsigned owner = ledger_.owner(id);
  if (owner == index_) return ledger_.done(id, parts);
  done_[owner].emplace_back(id, parts);
}

void Shard::archived(std::vector<MessageId> ids, Waits part) {
  std::map<unsigned, std::vector<MessageId>> by_owner;
  for (const MessageId id : ids) by_owner[ledger_.owner(id)].push_back(id);
  for (auto& [owner, list] : by_owner)
    post_to(owner, [theirs = std::move(list), part](Shard& there) mutable {
      there.ledger_.archived(std::move(theirs), part);
    });
}

void Shard::archive_again(Stanza stanza, Waits part) {
  const Jid owner = (part == waiting_for::sent ? stanza.head.from : stanza.head.to).bare();
  if (part == waiting_for::kept) return archive_.keep_again(owner, stanza);
  const bool is_account = owner.has_local() && find_host(owner.domain()) != nullptr;
  if (!is_account) return archived({stanza.id}, part);
  Account& account = this->account(owner);
  account.when_loaded([this, &account, stanza = std::move(stanza), part]() mutable {
    if (account.state() == Account::State::ready) {
      MessageUnarchived event{account, stanza, part};
      std::ignore = account.host().hooks().fire(event);
      if (event.is_kept) return;
    }
    if (account.state() != Account::State::failed) archived({stanza.id}, part);  // a start tries
  });
}

void Shard::wait_inbound(const Origin& origin) {
  Session* session = find_session(origin.session);
  if (session != nullptr && session->managed()) session->managed()->inbound.wait_for(origin.number);
}

void Shard::finish_inbound(const Origin& origin) {
  Session* session = find_session(origin.session);
  if (session == nullptr || !session->managed()) return;
  session->managed()->inbound.finish(origin.number);
  session->answer_ack_request();
}

void Shard::handle_request(Stanza stanza, Session* session, Account* account, ModuleHost& host,
                           Targets target) {
  const xml::Element payload = stanza.root().first_child();
  const ComponentConfig* component = delegate_of(host, payload.ns());
  if (component != nullptr && component->name != stanza.head.from.domain()) {
    wait_inbound(stanza.origin);
    return delegate(host, *component, IqRequest(*this, std::move(stanza), session, account));
  }
  const auto* handler = host.requests().find(stanza.head.iq_type, payload, target);
  if (handler == nullptr) return bounce(stanza, Condition::service_unavailable);
  // Until it is answered its outcome is unknown, and `h` stops before it (DECISIONS.md 3).
  wait_inbound(stanza.origin);
  handler->call(handler->module, IqRequest(*this, std::move(stanza), session, account));
}

}  // namespace herold::server
