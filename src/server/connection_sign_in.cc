// From the proof of a sign-in by SASL2 to its <success/>, on the account's home shard: the client
// and its token, resumption, binding and what is switched on with it (XEP-0388, 0386, 0484, 0198).
#include "server/client_record.h"
#include "server/connection.h"
#include "server/module_host.h"
#include "server/pending_sign_in.h"
#include "server/server.h"
#include "server/session.h"
#include "server/shard.h"
#include "xmpp/ext/stream_management.h"

namespace herold::server {

using xmpp::SaslCondition;
using xmpp::SignInResult;

void Connection::complete_sign_in(xmpp::Ticket ticket, xmpp::SignedIn who) {
  pending_ = std::make_unique<PendingSignIn>(PendingSignIn{ticket, std::move(who)});
  set_phase(Phase::moving);
  if (!in_input()) move_home();
}

const xmpp::Jid& Connection::account() const {
  return pending_ ? pending_->who.account : stream_.account();
}

void Connection::refuse_sign_in(const xmpp::SaslFailure& failure) {
  set_waiting(false);
  const auto pending = std::move(pending_);
  stream_.refuse_sign_in(pending->ticket, failure);
  read_input();
}

// --- the client ----------------------------------------------------------------------------------

// An address is loaded before its first session (DECISIONS.md 10), and meanwhile the client's row.
void Connection::identify_client() {
  if (pending_->who.mechanism == xmpp::Mechanism::anonymous) return enter();
  set_waiting(true);
  const auto& agent = pending_->who.request.agent;
  shard().account(account()).when_loaded([shard = &shard(), id = id(), address = account().text(),
                                          agent = agent ? agent->id : std::string()]() mutable {
    shard->stores().clients().find(std::move(address), std::move(agent),
                                   [shard, id](Result<store::FoundClient> found) {
                                     if (Connection* self = shard->find_connection(id))
                                       self->know_client(std::move(found));
                                   });
  });
}

void Connection::know_client(Result<store::FoundClient> found) {
  if (!is_open()) return;
  const xmpp::SignedIn& who = pending_->who;
  const xmpp::Jid account = who.account;
  // What was proven may have been taken back since, or the account be gone.
  if (!found || found->generation != who.facts.generation)
    return refuse_sign_in({SaslCondition::temporary_auth_failure, account});
  if (found->state == store::AccountState::disabled)
    return refuse_sign_in({SaslCondition::account_disabled, account});
  pending_->client = {who.proof.client, who.proof.kind};
  if (who.proof.kind == xmpp::Proof::Kind::app_password) return enter();
  if (!who.request.agent || who.request.agent->id.empty()) return enter();
  if (found->client && found->client->is_off)
    return refuse_sign_in(
        {.condition = SaslCondition::not_authorized,
         .account = {},
         .text = "This client was switched off; change the password to let it in"});
  const WallTime now = shard().loop().clock().wall();
  ClientUpdate update =
      update_client(std::move(found->client), who, now, host_->limits(), shard().random());
  pending_->client.id = update.client.id;
  if (update.token) pending_->token = xmpp::to_xml(*update.token, xmpp::ns::sasl2);
  if (!update.must_be_stored) {
    shard().note_client(account, update.client.id);
    return enter();
  }
  // On stable storage before the client hears of it (DECISIONS.md 19).
  shard().stores().clients().put(
      account.text(), std::move(update.client), found->generation, host_->limits().clients,
      [shard = &shard(), id = id()](Result<> stored) {
        Connection* self = shard->find_connection(id);
        if (self == nullptr || !self->is_open()) return;
        if (stored) return self->enter();
        self->refuse_sign_in({SaslCondition::temporary_auth_failure, self->account()});
      });
}

// --- the session ---------------------------------------------------------------------------------

// XEP-0198 section 8.2: resumption comes first, and makes binding needless.
void Connection::enter() {
  Account& account = shard().account(this->account());
  if (account.is_temporary()) {
    shard().begin_temporary(account);
    const bool wants_old = pending_->who.request.resume.has_value();
    return wants_old ? cannot_resume(Condition::item_not_found) : bind_inline();
  }
  if (account.state() != Account::State::ready)
    return refuse_sign_in({account.state() == Account::State::missing
                               ? SaslCondition::not_authorized
                               : SaslCondition::temporary_auth_failure,
                           {}});
  if (const auto& resume = pending_->who.request.resume)
    return begin_resumption(resume->previd, resume->h);
  bind_inline();
}

// What is answered to a <resume/> that cannot be granted; a sign-in by SASL2 goes on.
void Connection::cannot_resume(Condition condition) {
  if (!pending_) {
    sm_failed(condition);
    return read_input();
  }
  const xmpp::SmFailed failed{.h = {}, .condition = condition, .text = {}};
  pending_->results = xmpp::to_xml(failed, xmpp::ns::sasl2);
  bind_inline();
}

// Before anything that its client missed follows.
void Connection::say_resumed(const Session& session, const xmpp::SmResumed& resumed) {
  if (!pending_) return send_text(xmpp::to_xml(resumed, xmpp::ns::client));
  pending_->results = xmpp::to_xml(resumed, xmpp::ns::sasl2);
  finish_sign_in(session.address(), SignInResult::Stream::resumed);
}

// XEP-0386 section 3.2.
void Connection::bind_inline() {
  if (!pending_->who.request.bind) {
    finish_sign_in(account(), SignInResult::Stream::unbound);
    return read_input();
  }
  const xmpp::Bind2 request = *pending_->who.request.bind;
  Account& account = shard().account(this->account());
  end_older_sessions(account);
  const auto resource = [&](const std::string& tag) {
    return resource_for(shard().server().crypto(), tag, account.address(), pending_->client.id,
                        shard().random());
  };
  auto bound = shard().bind(account, resource(request.tag));
  // A tag that no resource can begin with is left out.
  if (!bound && bound.error().condition == Condition::bad_request)
    bound = shard().bind(account, resource({}));
  if (!bound)
    return refuse_sign_in({.condition = SaslCondition::temporary_auth_failure,
                           .account = {},
                           .text = "Too many sessions",
                           .application = {"resource-limit-exceeded", "urn:xmpp:errors"}});
  session_ = *bound;
  session_->set_client(pending_->client);
  pending_->results +=
      "<bound xmlns=\"urn:xmpp:bind:0\">" + switch_on(request.features) + "</bound>";
  finish_sign_in(session_->address(), SignInResult::Stream::bound);
  session_->attach(*this);
  SessionBound event{*session_};
  std::ignore = host_->hooks().fire(event);
  read_input();
}

// "the server SHOULD terminate any earlier sessions from the same client"
void Connection::end_older_sessions(const Account& account) {
  const std::uint64_t client = pending_->client.id;
  if (client == 0 || pending_->client.proof == xmpp::Proof::Kind::app_password) return;
  for (std::size_t i = account.sessions().size(); i-- > 0;)
    if (i < account.sessions().size() && account.sessions()[i]->client().id == client)
      account.sessions()[i]->end(SessionEnd::replaced, xmpp::StreamCondition::conflict);
}

// Each feature is its module's matter; what nobody knows is passed over (XEP-0388 section 2.3).
// Answers what stands in <bound/>.
// Deviation: XEP-0386 would have us drop offline messages, because the archive has them. Here they
// are those that no client has got yet, so they come as ever, with the ids that the archive has.
std::string Connection::switch_on(const std::string& features) {
  std::string results;
  const auto parsed =
      xml::parse_fragment("<bind>" + features + "</bind>", xmpp::ns::bind2, bounds());
  InlineBound bound{*session_, results};
  std::ignore = host_->hooks().fire(bound);
  if (!parsed) return results;
  for (const xml::Element feature : parsed->root().children()) {
    if (feature.is("enable", xmpp::ns::stream_management)) {
      results += enable_management(feature, xmpp::ns::bind2);
      continue;
    }
    InlineFeature event{*session_, feature, results};
    std::ignore = host_->hooks().fire(event);
  }
  return results;
}

void Connection::finish_sign_in(const xmpp::Jid& address, SignInResult::Stream stream) {
  set_waiting(false);
  const auto pending = std::move(pending_);
  client_ = pending->client;
  generation_ = pending->who.facts.generation;
  deadline().stop();
  if (stream == SignInResult::Stream::unbound) await_login();
  note_signed_in(pending->who.account, pending->who.mechanism);
  stream_.finish_sign_in(pending->ticket, {address, pending->results + pending->token, stream});
  scanner().set_bounds(bounds());
}

// --- what may be asked for -----------------------------------------------------------------------

std::string Connection::inline_features() {
  std::string xml = "<sm xmlns=\"urn:xmpp:sm:3\"/><bind xmlns=\"urn:xmpp:bind:0\"><inline>";
  std::vector<std::string_view> names{xmpp::ns::stream_management};
  InlineFeatures event{host_->domain(), names};
  std::ignore = host_->hooks().fire(event);
  for (const std::string_view name : names)
    xml.append("<feature var=\"").append(name).append("\"/>");
  return xml.append("</inline></bind>");
}

void Connection::find_tokens(xmpp::Ticket ticket, const xmpp::Jid& account,
                             const std::string& agent) {
  shard().server().sign_in().find_tokens({&shard(), id(), ticket}, account, agent);
}

void Connection::check_code(xmpp::Ticket ticket, const xmpp::Jid& account, std::string code) {
  shard().server().sign_in().check_code({&shard(), id(), ticket}, account, std::move(code));
}

void Connection::add_credentials(xmpp::Ticket ticket, const xmpp::Jid& account,
                                 xmpp::StoredCredentials added) {
  shard().server().sign_in().add_credentials({&shard(), id(), ticket}, account, std::move(added));
}

void Connection::on_tokens(xmpp::Ticket ticket, const xmpp::TokensAnswer& answer) {
  if (!is_open()) return;
  stream_.on_tokens(ticket, answer);
  read_input();
}

}  // namespace herold::server
