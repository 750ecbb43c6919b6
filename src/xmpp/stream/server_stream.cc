// The server's side of a stream: from the first header to the features after the login.
#include "xmpp/stream/server_stream.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/stream/negotiation.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

namespace {

// What may be offered over this channel, of what the domain has switched on.
SaslOffer make_offer(const DomainSettings& settings, Channel channel, const TlsFacts& facts) {
  SaslOffer offer;
  if (channel == Channel::open) return offer;
  const bool is_tls = channel == Channel::tls;
  offer.tls_version = facts.version;
  for (const Mechanism mechanism : settings.mechanisms) {
    if (is_plus(mechanism) && (!is_tls || facts.bindings.empty())) continue;
    if (mechanism == Mechanism::external && facts.certificate_jids.empty()) continue;
    if (mechanism == Mechanism::plain && channel == Channel::trusted) continue;
    offer.mechanisms.emplace_back(name_of(mechanism));
  }
  // Types that no mechanism can use would look like tampering (XEP-0440 section 3 rule 5).
  if (!offer.offers_plus()) return offer;
  for (const ChannelBinding& binding : facts.bindings)
    if (binding.type != tls_unique) offer.binding_types.push_back(binding.type);
  return offer;
}

// The bytes in an element of SASL (section 6.4): "=" is the empty string.
std::optional<std::string> decode(std::string_view text) {
  if (text == "=") return std::string();
  return base64_decode(text);
}

}  // namespace

ServerStream::ServerStream(ServerStreamHost& host, const StreamEnvironment& environment,
                           Channel channel)
    : host_(&host),
      environment_(&environment),
      negotiation_(std::make_unique<Negotiation>()),
      channel_(channel) {}

ServerStream::~ServerStream() = default;

void ServerStream::move_to(ServerStreamHost& host, const StreamEnvironment& environment) {
  host_ = &host;
  environment_ = &environment;
  if (!negotiation_ || !negotiation_->context) return;
  CHECK(!negotiation_->mechanism);  // which refers to the old environment
  const SaslServerContext old = std::move(*negotiation_->context);
  negotiation_->context.emplace(
      SaslServerContext{environment.crypto, environment.random, environment.limits, old.domain,
                        old.offer, old.bindings, old.certificate_jids, old.iterations,
                        old.unknown_user_secret, old.downgrade_protection});
}

std::string_view ServerStream::own_domain() const {
  if (account_) return account_.domain();
  if (negotiation_ && !negotiation_->domain.empty()) return negotiation_->domain;
  return environment_->default_domain;
}

// ---- the header

void ServerStream::on_header(const xml::StreamHeader& header) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  if (state_ != State::header) return fail({StreamCondition::bad_format, "a second header"});
  const xml::Element root = header.element.root();
  if (const auto condition = judge_header(header)) return fail(*condition);
  if (const auto error = judge_addresses(root)) return fail(*error);
  const auto from = Jid::parse(root.attribute("from"));
  send_header(from ? from->text() : std::string_view());
  host_->on_opened(own_domain(), root.attribute("lang", ns::xml));
  if (state_ != State::closed) send_features();
}

// Section 4.7.1 and 4.7.2; after the login both must be what they were (HOSTILE 11).
std::optional<StreamError> ServerStream::judge_addresses(xml::Element header) {
  const auto to = Jid::parse(header.attribute("to"));
  if (!to) return StreamError(StreamCondition::improper_addressing, "\"to\" is no domain");
  if (!to->is_domain()) return StreamError(StreamCondition::host_unknown);
  const auto from_text = header.find_attribute("from");
  const auto from = Jid::parse(from_text.value_or(""));
  if (from_text && !from) return StreamError(StreamCondition::invalid_from);
  if (account_) {
    if (to->domain() != account_.domain() || (from && !from->same_bare(account_))) {
      return StreamError(StreamCondition::not_authorized, "not the account that signed in");
    }
    return {};
  }
  Negotiation& negotiation = *negotiation_;
  if (!negotiation.domain.empty() && negotiation.domain != to->domain()) {
    return StreamError(StreamCondition::not_authorized, "TLS was begun with another domain");
  }
  // XEP-0388 section 2.1.
  if (from && from->domain() != to->domain()) return StreamError(StreamCondition::invalid_from);
  const auto settings = host_->find_domain(to->domain());
  if (!settings) return StreamError(StreamCondition::host_unknown);
  std::erase_if(negotiation.facts.certificate_jids,
                [&](const Jid& jid) { return jid.domain() != to->domain(); });
  negotiation.domain = to->domain();
  negotiation.from = from && from->has_local() ? from->bare() : Jid();
  negotiation.context.emplace(SaslServerContext{
      environment_->crypto, environment_->random, environment_->limits, negotiation.domain,
      make_offer(*settings, channel_, negotiation.facts), negotiation.facts.bindings,
      negotiation.facts.certificate_jids, settings->iterations, settings->unknown_user_secret,
      settings->downgrade_protection});
  return {};
}

void ServerStream::send_header(std::string_view to) {
  is_header_sent_ = true;
  const std::string id = environment_->random.token();
  host_->send(write_header({.from = own_domain(), .to = to, .id = id}));
}

void ServerStream::send_features() {
  std::string out = "<stream:features>";
  if (account_) {
    state_ = State::ready;
    out.append(host_->postauth_features());
  } else if (channel_ == Channel::open) {
    // Section 5.3.1: where TLS is mandatory, nothing else is worth offering.
    state_ = State::features;
    out.append("<starttls xmlns=\"").append(ns::tls).append("\"><required/></starttls>");
  } else {
    state_ = State::features;
    Negotiation& negotiation = *negotiation_;
    append_sasl_offer(out, negotiation.context->offer);
    append_sasl2_offer(out, negotiation.context->offer, host_->inline_features());
    append_stream_limits(out, environment_->limits.preauth_element_bytes, 0);
    out.append(host_->preauth_features());
    negotiation.config_version = config_version_of(environment_->crypto, out);
    append_config_version(out, negotiation.config_version);
  }
  host_->send(out.append("</stream:features>"));
}

// ---- elements of the negotiation

void ServerStream::negotiate(xml::Document element) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  const xml::Element root = element.root();
  if (state_ == State::header) return fail({StreamCondition::bad_format, "no header"});
  if (root.ns() == ns::sasl2) return take_sasl2(root);
  if (state_ == State::exchange && negotiation_->profile == Negotiation::Profile::sasl2) {
    // XEP-0388 section 2.4 (HOSTILE 49).
    return fail({StreamCondition::policy_violation, "nothing else during the sign-in"});
  }
  if (root.ns() == ns::tls) return take_tls(root);
  if (root.ns() == ns::sasl) return take_sasl(root);
  if (root.is("error", ns::streams)) return on_footer();
  if (root.is("stream", ns::streams)) return fail({StreamCondition::bad_format});
  if (root.ns() == ns::client) return take_stanza(element);
  if (root.is("resume", ns::stream_management) || root.is("enable", ns::stream_management)) {
    // HOSTILE 58: refused without a look at what it names.
    std::string out;
    xml::Writer writer(out, ns::client);
    writer.open("failed", ns::stream_management).open("not-authorized", ns::stanzas).close_all();
    return host_->send(out);
  }
  fail(StreamCondition::unsupported_stanza_type);
}

void ServerStream::take_stanza(const xml::Document& element) {
  const xml::Element root = element.root();
  const bool is_stanza =
      root.name() == "iq" || root.name() == "message" || root.name() == "presence";
  if (!is_stanza) return fail(StreamCondition::unsupported_stanza_type);
  const bool may_register = channel_ != Channel::open && state_ == State::features &&
                            root.name() == "iq" && root.first_child().ns() == ns::registration;
  if (may_register && host_->on_preauth_iq(element)) return;
  fail({StreamCondition::not_authorized, "not signed in"});
}

void ServerStream::take_tls(xml::Element element) {
  if (element.name() != "starttls") return fail(StreamCondition::unsupported_stanza_type);
  // What stands behind <starttls/> was sent in the clear, by whomever (HOSTILE 29, 31).
  if (channel_ != Channel::open || state_ != State::features || host_->has_unread_input()) {
    host_->send("<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
    return on_footer();
  }
  host_->send("<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  state_ = State::handshaking;
  is_header_sent_ = false;
  host_->restart_input();
  host_->begin_tls();
}

void ServerStream::on_tls(TlsFacts facts) {
  if (state_ == State::closed) return;
  CHECK(state_ == State::handshaking ||
        (state_ == State::header && !is_header_sent_ && negotiation_));
  channel_ = Channel::tls;
  state_ = State::header;
  negotiation_->facts = std::move(facts);
}

// ---- SASL

void ServerStream::take_sasl(xml::Element element) {
  if (account_) return fail({StreamCondition::policy_violation, "already signed in"});
  negotiation_->profile = Negotiation::Profile::sasl;
  const std::string_view name = element.name();
  if (name == "abort") return fail_sasl({SaslCondition::aborted, {}});
  if (name != "auth" && name != "response") return fail(StreamCondition::unsupported_stanza_type);
  if (channel_ == Channel::open) return fail_sasl({SaslCondition::encryption_required, {}});
  // Only an <auth/> begins an exchange, and only a <response/> continues one (HOSTILE 47).
  const bool is_due = (name == "auth") == (state_ == State::features);
  if (!is_due || element.first_child()) return fail_sasl({SaslCondition::malformed_request, {}});
  if (name == "auth") return begin_exchange(element);
  take_message(element.first_text());
}

void ServerStream::begin_exchange(xml::Element auth) {
  Negotiation& negotiation = *negotiation_;
  negotiation.profile = Negotiation::Profile::sasl;
  const std::string_view name = auth.attribute("mechanism");
  const auto mechanism = value_of<Mechanism>(name);
  if (!mechanism || !negotiation.context->offer.offers(name)) {
    return fail_sasl({SaslCondition::invalid_mechanism, {}});
  }
  negotiation.chosen = *mechanism;
  negotiation.mechanism = make_server_mechanism(*mechanism, *negotiation.context);
  // XEP-0175 section 4: whoever has no trace information need not be asked for it.
  const bool is_complete = !auth.first_text().empty() || *mechanism == Mechanism::anonymous;
  if (is_complete) return take_message(auth.first_text());
  // No initial response: every mechanism here begins with the client, so it is asked to.
  take_step(SaslChallenge{});
}

void ServerStream::take_message(std::string_view text) {
  const auto message = decode(text);
  if (!message) return fail_sasl({SaslCondition::incorrect_encoding, {}});
  take_step(negotiation_->mechanism->respond(*message));
}

void ServerStream::take_step(SaslStep step) {
  const bool is_sasl2 = negotiation_->profile == Negotiation::Profile::sasl2;
  if (auto* challenge = std::get_if<SaslChallenge>(&step)) {
    std::string out;
    xml::Writer writer(out, ns::client);
    writer.open("challenge", is_sasl2 ? ns::sasl2 : ns::sasl);
    writer.text(base64_encode(challenge->bytes)).close();
    state_ = State::exchange;
    return host_->send(out);
  }
  if (auto* failure = std::get_if<SaslFailure>(&step)) return fail_sasl(*failure);
  auto* success = std::get_if<SaslSuccess>(&step);
  if (success == nullptr) return ask_host(std::move(step));
  if (is_sasl2) return plan(std::move(*success));
  // There is no way to ask for more in the old profile.
  if (negotiation_->account.needs_second_factor && success->proof.kind == Proof::Kind::password) {
    return fail_sasl({.condition = SaslCondition::mechanism_too_weak,
                      .account = success->account,
                      .text = "This account needs a second factor: use an app password"});
  }
  succeed(std::move(*success));
}

void ServerStream::ask_host(SaslStep step) {
  state_ = State::waiting;
  const Ticket ticket = next_ticket();
  if (auto* need = std::get_if<NeedCredentials>(&step)) {
    host_->find_credentials(ticket, need->account, need->hash);
  } else if (auto* check = std::get_if<NeedPasswordCheck>(&step)) {
    host_->check_password(ticket, check->account, std::move(check->password));
  } else if (auto* account = std::get_if<NeedAccount>(&step)) {
    host_->check_account(ticket, account->account);
  } else if (auto* guest = std::get_if<NeedAdmission>(&step)) {
    host_->admit_anonymous(ticket, guest->account);
  } else if (auto* tokens = std::get_if<NeedTokens>(&step)) {
    host_->find_tokens(ticket, tokens->account, negotiation_->context->token.agent);
  }
}

void ServerStream::on_credentials(Ticket ticket, const CredentialsAnswer& answer) {
  if (!redeem(ticket)) return;
  negotiation_->account = answer.facts;
  take_step(negotiation_->mechanism->on_credentials(answer));
}

void ServerStream::on_verdict(Ticket ticket, const VerdictAnswer& answer) {
  if (!redeem(ticket)) return;
  if (negotiation_->task_state == Negotiation::TaskState::judged) {
    return take_task_verdict(answer.verdict);
  }
  negotiation_->account = answer.facts;
  take_step(negotiation_->mechanism->on_verdict(answer));
}

void ServerStream::on_tokens(Ticket ticket, const TokensAnswer& answer) {
  if (!redeem(ticket)) return;
  negotiation_->account = answer.facts;
  take_step(negotiation_->mechanism->on_tokens(answer));
}

Ticket ServerStream::next_ticket() { return Ticket{++ticket_}; }

bool ServerStream::redeem(Ticket ticket) {
  return state_ == State::waiting && ticket == Ticket{ticket_};
}

void ServerStream::succeed(SaslSuccess success) {
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("success", ns::sasl);
  if (!success.bytes.empty()) writer.text(base64_encode(success.bytes));
  writer.close();
  host_->send(out);

  const Mechanism mechanism = negotiation_->chosen;
  const AccountFacts facts = std::move(negotiation_->account);
  account_ = std::move(success.account);
  negotiation_.reset();
  state_ = State::header;
  is_header_sent_ = false;
  host_->restart_input();
  host_->on_authenticated(account_, mechanism, success.proof, facts);
}

void ServerStream::fail_sasl(const SaslFailure& failure) {
  Negotiation& negotiation = *negotiation_;
  negotiation.mechanism.reset();
  negotiation.tasks.clear();
  negotiation.task_state = Negotiation::TaskState::none;
  state_ = State::features;
  const bool is_sasl2 = negotiation.profile == Negotiation::Profile::sasl2;
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("failure", is_sasl2 ? ns::sasl2 : ns::sasl);
  writer.open(name_of(failure.condition), ns::sasl).close();
  if (!failure.application.name.empty())
    writer.open(failure.application.name, failure.application.ns).close();
  if (!failure.text.empty()) writer.leaf("text", failure.text);
  writer.close();
  host_->send(out);
  // A pipelined attempt on old features was none (XEP-0509 section 2.2).
  if (failure.application.ns == ns::config_version) return;
  const bool is_enough = ++negotiation.failures > environment_->limits.auth_failures_stream;
  host_->on_auth_failure({failure.account, failure.condition, failure.alarm});
  if (is_enough) fail({StreamCondition::policy_violation, "too many failed logins"});
}

// ---- the end

void ServerStream::on_footer() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  negotiation_.reset();
  host_->send(stream_footer);
  host_->on_closed(nullptr);
}

void ServerStream::fail(const StreamError& error) {
  if (state_ == State::closed) return;
  const bool may_write = state_ != State::handshaking;
  if (may_write) {
    // Section 4.9.1.1: an error before the header still comes inside a stream.
    if (!is_header_sent_) send_header({});
    host_->send(error.to_xml().append(stream_footer));
  }
  state_ = State::closed;
  negotiation_.reset();
  host_->on_closed(&error);
}

}  // namespace herold::xmpp
