// What the stream machine asks of a connection: TLS, domains, credentials, the way home.
#include "server/connection.h"
#include "server/gate.h"
#include "server/server.h"
#include "server/session.h"
#include "server/shard.h"

namespace herold::server {

std::optional<xmpp::DomainSettings> Connection::find_domain(std::string_view domain) {
  const ModuleHost* host = shard().find_host(domain);
  if (host == nullptr) return std::nullopt;
  xmpp::DomainSettings settings;
  settings.mechanisms.assign(std::begin(xmpp::scram_mechanisms), std::end(xmpp::scram_mechanisms));
  settings.mechanisms.push_back(xmpp::Mechanism::plain);
  if (!host->domain().tls.client_authorities.empty())
    settings.mechanisms.insert(settings.mechanisms.begin(), xmpp::Mechanism::external);
  if (host->domain().anonymous) settings.mechanisms.push_back(xmpp::Mechanism::anonymous);
  settings.iterations = static_cast<std::uint32_t>(host->limits().scram_iterations);
  settings.unknown_user_secret = shard().server().unknown_user_secret(domain);
  return settings;
}

void Connection::on_opened(std::string_view domain, std::string_view lang) {
  host_ = shard().find_host(domain);
  lang_ = lang;
}

std::string Connection::preauth_features() {
  std::string xml;
  StreamFeatures event{host_->domain(), StreamFeatures::Moment::before_login, xml};
  std::ignore = host_->hooks().fire(event);
  return xml;
}

std::string Connection::postauth_features() {
  std::string xml;
  if (session_ == nullptr) xml += "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
  if (session_ == nullptr || !session_->managed()) xml += "<sm xmlns='urn:xmpp:sm:3'/>";
  StreamFeatures event{host_->domain(), StreamFeatures::Moment::after_login, xml};
  std::ignore = host_->hooks().fire(event);
  scanner().set_bounds(bounds());
  return xml;
}

void Connection::find_credentials(xmpp::Ticket ticket, const xmpp::Jid& account,
                                  xmpp::HashAlgorithm hash) {
  shard().server().sign_in().find_credentials({&shard(), id(), ticket}, peer(), account, hash);
}

void Connection::check_password(xmpp::Ticket ticket, const xmpp::Jid& account,
                                crypto::SecretString password) {
  shard().server().sign_in().check_password({&shard(), id(), ticket}, peer(), account,
                                            std::move(password));
}

void Connection::check_account(xmpp::Ticket ticket, const xmpp::Jid& account) {
  shard().server().sign_in().check_account({&shard(), id(), ticket}, account);
}

void Connection::admit_anonymous(xmpp::Ticket ticket, const xmpp::Jid&) {
  const std::uint64_t most = host_->limits().anonymous_per_prefix;
  shard().server().sign_in().take_anonymous_place({&shard(), id(), ticket}, peer(), most);
}

void Connection::on_admitted(xmpp::Ticket ticket) {
  has_anonymous_place_ = true;
  on_verdict(ticket, xmpp::Verdict::accepted);
}

void Connection::on_credentials(xmpp::Ticket ticket, const xmpp::CredentialsAnswer& answer) {
  if (!is_open()) return;
  stream_.on_credentials(ticket, answer);
  read_input();
}

void Connection::on_verdict(xmpp::Ticket ticket, const xmpp::VerdictAnswer& answer) {
  if (!is_open()) return;
  stream_.on_verdict(ticket, answer);
  read_input();
}

void Connection::on_auth_failure(const xmpp::AuthFailure& failure) {
  shard().log().info("sign-in-failed", {{"peer", peer()},
                                        {"account", failure.account.text()},
                                        {"condition", xmpp::name_of(failure.condition)}});
  if (failure.alarm != xmpp::AuthAlarm::none)
    shard().log().warning("sign-in-tampered", {{"peer", peer()},
                                               {"account", failure.account.text()},
                                               {"what", failure.alarm == xmpp::AuthAlarm::downgrade
                                                            ? "downgrade of mechanisms"
                                                            : "channel binding differs"}});
  if (failure.condition == xmpp::SaslCondition::not_authorized && failure.account)
    shard().server().sign_in().note_failure(shard(), peer(), failure.account);
}

void Connection::on_authenticated(const xmpp::Jid& account, xmpp::Mechanism mechanism,
                                  const xmpp::Proof& proof, const xmpp::AccountFacts& facts) {
  client_ = {proof.client, proof.kind};
  generation_ = facts.generation;
  note_signed_in(account, mechanism);
  set_phase(Phase::moving);
  if (!in_input()) move_home();
}

void Connection::note_signed_in(const xmpp::Jid& account, xmpp::Mechanism mechanism) {
  shard().log().info("signed-in", {{"account", account.text()},
                                   {"peer", peer()},
                                   {"mechanism", xmpp::name_of(mechanism)},
                                   {"tls", transport().tls_description()}});
  transport().forget_handshake();
  // Anybody can sign in without an account: that lifts no rate.
  const bool is_somebody = mechanism != xmpp::Mechanism::anonymous;
  if (is_somebody) shard().server().sign_in().note_success(shard(), peer(), account, client_);
  leave_gate(is_somebody ? ConnectionGate::Outcome::signed_in : ConnectionGate::Outcome::gone);
}

// What the client sent behind it waits: the answer may take a while, and belongs to this phase of
// the stream, not into a login that follows. A request that no module took is refused.
bool Connection::on_preauth_iq(const xml::Document& iq) {
  if (host_ == nullptr) return false;
  auto head = xmpp::parse_head(iq.root());
  if (!head || !head->is_request()) return false;
  head->from = head->to = Jid();  // nobody is signed in
  IqRequest request(shard(), Stanza(std::move(*head), xmpp::payload_bytes(iq.root())), id());
  const std::string prefix = address_prefix(peer());
  PreauthRequest event{*host_, prefix, request};
  set_waiting(true);
  std::ignore = host_->hooks().fire(event);
  if (request) request.fail(Condition::service_unavailable);
  return true;
}

void Connection::on_answer(const Stanza& answer) {
  if (!is_open() || !is_waiting()) return;
  set_waiting(false);
  answer.write_to(output());
  wrote(0);
  read_input();
}

void Connection::lose(const xmpp::StreamError& error) {
  if (Session* session = session_) {
    session_ = nullptr;
    shard().lose_connection(*session);
  }
  fail(error);
}

void Connection::on_element(xml::Document element) {
  const xml::Element root = element.root();
  if (root.ns() != xmpp::ns::client) {
    if (!take_nonza(root))
      fail({xmpp::StreamCondition::unsupported_stanza_type, std::string(root.name())});
    return;
  }
  if (!xmpp::stanza_kind(root)) return fail(xmpp::StreamCondition::unsupported_stanza_type);
  if (session_ != nullptr) return shard().receive(*session_, std::move(element));
  take_bind(element);
}

}  // namespace herold::server
