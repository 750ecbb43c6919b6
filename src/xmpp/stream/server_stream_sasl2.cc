// SASL2 on the server (XEP-0388): one request, the mechanism's exchange, tasks, and one success.
#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/stream/negotiation.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {
namespace {

constexpr std::string_view totp_task = "TOTP";  // XEP-0400 section 6.2

// 8-4-4-4-12 hexadecimal digits. Section 2.3 wants version 4; older clients say others.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (is_dash ? c != '-' : !is_hex) return false;
  }
  return true;
}

}  // namespace

void ServerStream::take_sasl2(xml::Element element) {
  if (account_) return fail({StreamCondition::policy_violation, "already signed in"});
  Negotiation& negotiation = *negotiation_;
  const std::string_view name = element.name();
  const bool in_exchange = state_ == State::exchange;
  if (in_exchange && (negotiation.profile != Negotiation::Profile::sasl2 || name == "authenticate"))
    return fail({StreamCondition::policy_violation, "one sign-in at a time"});
  if (name == "authenticate") return begin_sign_in(element);
  if (name != "abort" && name != "response" && name != "next" && name != "task-data")
    return fail(StreamCondition::unsupported_stanza_type);
  negotiation.profile = Negotiation::Profile::sasl2;
  if (name == "abort") return fail_sasl({SaslCondition::aborted, negotiation.login.account});
  using enum Negotiation::TaskState;
  const Negotiation::TaskState due = name == "response" ? none : name == "next" ? offered : begun;
  if (!in_exchange || negotiation.task_state != due)
    return fail_sasl({SaslCondition::malformed_request, negotiation.login.account});
  if (due == none) return take_response(element);
  due == offered ? begin_task(element) : take_task_data(element);
}

// ---- the mechanism

void ServerStream::begin_sign_in(xml::Element authenticate) {
  Negotiation& negotiation = *negotiation_;
  // Section 4.8.
  if (negotiation.has_continued)
    return fail({StreamCondition::policy_violation, "one sign-in a stream"});
  negotiation.profile = Negotiation::Profile::sasl2;
  negotiation.login = {};
  negotiation.request = {};
  if (channel_ == Channel::open) return fail_sasl({SaslCondition::encryption_required, {}});
  auto request = read<Authenticate>(authenticate);
  if (!request) return fail_sasl({SaslCondition::malformed_request, {}});
  if (const auto failure = choose(*request)) return fail_sasl(*failure);
  negotiation.request = std::move(*request);
  negotiation.mechanism = make_server_mechanism(negotiation.chosen, *negotiation.context);
  const auto& first = negotiation.request.initial_response;
  // No initial response: every mechanism here begins with the client, so it is asked to.
  if (!first) return take_step(SaslChallenge{});
  // Section 2.2 forbids white space around base64, and its own examples have it.
  const auto message = base64_decode(trimmed(*first));
  if (!message) return fail_sasl({SaslCondition::incorrect_encoding, {}});
  take_step(negotiation.mechanism->respond(*message));
}

// Judges the request as a whole and its mechanism.
std::optional<SaslFailure> ServerStream::choose(const Authenticate& request) {
  Negotiation& negotiation = *negotiation_;
  if (request.config_version && request.config_version->value != negotiation.config_version)
    return SaslFailure{.condition = SaslCondition::aborted,
                       .account = {},
                       .text = "The features have changed",
                       .application = {"config-version-mismatch", ns::config_version}};
  if (request.agent && !request.agent->id.empty() && !is_uuid(request.agent->id))
    return SaslFailure{SaslCondition::malformed_request, {}};
  const auto mechanism = value_of<Mechanism>(request.mechanism);
  const SaslOffer& offer = negotiation.context->offer;
  const bool is_token_mechanism = mechanism && is_token(*mechanism);
  const bool is_offered =
      is_token_mechanism ? offers_token(offer, *mechanism) : offer.offers(request.mechanism);
  if (!mechanism || !is_offered) return SaslFailure{SaslCondition::invalid_mechanism, {}};
  // XEP-0484 sections 3.4 and 4.1: <fast/> says that it is a token, the agent whose.
  if (is_token_mechanism != request.token_use.has_value() ||
      (is_token_mechanism && (!request.agent || request.agent->id.empty())))
    return SaslFailure{SaslCondition::malformed_request, {}};
  negotiation.chosen = *mechanism;
  if (is_token_mechanism)
    negotiation.context->token = {request.agent->id, request.token_use->count};
  return {};
}

void ServerStream::take_response(xml::Element response) {
  if (response.first_child()) return fail_sasl({SaslCondition::malformed_request, {}});
  const auto message = base64_decode(trimmed(response.first_text()));
  if (!message) return fail_sasl({SaslCondition::incorrect_encoding, {}});
  take_step(negotiation_->mechanism->respond(*message));
}

// Section 2.4: "Servers MUST disconnect Clients immediately if any other traffic is received."
void ServerStream::whitespace_in_exchange() {
  if (negotiation_->profile != Negotiation::Profile::sasl2) return;
  fail({StreamCondition::policy_violation, "nothing else during the sign-in"});
}

// ---- tasks

// The mechanism is content. Tokens stand for a sign-in that had its second factor, and app
// passwords are for clients that know of none; neither tells the password that an upgrade needs.
void ServerStream::plan(SaslSuccess login) {
  Negotiation& negotiation = *negotiation_;
  negotiation.mechanism.reset();
  if (negotiation.from && negotiation.from != login.account)
    return fail_sasl({SaslCondition::invalid_authzid, login.account});
  negotiation.login = std::move(login);
  const AccountFacts& account = negotiation.account;
  if (negotiation.login.proof.kind == Proof::Kind::password) {
    if (account.needs_second_factor)
      negotiation.tasks.push_back({std::string(totp_task), Negotiation::Task::Kind::second_factor});
    for (const std::string_view name : upgrade_tasks) {
      const auto& wanted = negotiation.request.upgrades;
      const HashAlgorithm hash = *upgrade_hash(name);
      // The salt of app passwords is that of the account, so they would not fit another hash.
      const bool is_due = std::ranges::find(wanted, name) != wanted.end() &&
                          !account.has_app_passwords &&
                          std::ranges::find(account.hashes, hash) == account.hashes.end();
      if (is_due)
        negotiation.tasks.push_back({std::string(name), Negotiation::Task::Kind::upgrade, hash});
    }
  }
  next_task();
}

void ServerStream::next_task() {
  Negotiation& negotiation = *negotiation_;
  if (negotiation.tasks.empty()) {
    negotiation.task_state = Negotiation::TaskState::none;
    state_ = State::waiting;
    return host_->complete_sign_in(
        next_ticket(), {negotiation.login.account, negotiation.chosen, negotiation.login.proof,
                        std::move(negotiation.request), std::move(negotiation.account)});
  }
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("continue", ns::sasl2);
  if (const std::string bytes = std::exchange(negotiation.login.bytes, {}); !bytes.empty())
    writer.leaf("additional-data", base64_encode(bytes));
  writer.open("tasks").leaf("task", negotiation.tasks.front().name).close_all();
  negotiation.has_continued = true;
  negotiation.task_state = Negotiation::TaskState::offered;
  state_ = State::exchange;
  host_->send(out);
}

void ServerStream::begin_task(xml::Element element) {
  Negotiation& negotiation = *negotiation_;
  const auto next = read<NextTask>(element);
  const Negotiation::Task& task = negotiation.tasks.front();
  if (!next || next->task != task.name)
    return fail_sasl({SaslCondition::malformed_request, negotiation.login.account});
  negotiation.task_state = Negotiation::TaskState::begun;
  if (task.kind == Negotiation::Task::Kind::upgrade) return send_salt();
  if (!next->code.empty()) return take_task_data(element);
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("task-data", ns::sasl2).open("totp", ns::second_factor).close_all();
  host_->send(out);
}

// A code may come with <next/> already.
void ServerStream::take_task_data(xml::Element element) {
  Negotiation& negotiation = *negotiation_;
  const std::string code(trimmed(element.child("totp", ns::second_factor).first_text()));
  if (negotiation.tasks.front().kind == Negotiation::Task::Kind::upgrade)
    return take_hash(trimmed(element.child("hash", ns::scram_upgrade).first_text()));
  if (code.empty()) return fail_sasl({SaslCondition::malformed_request, negotiation.login.account});
  negotiation.task_state = Negotiation::TaskState::judged;
  state_ = State::waiting;
  host_->check_code(next_ticket(), negotiation.login.account, code);
}

// XEP-0480 section 3.
void ServerStream::send_salt() {
  Negotiation& negotiation = *negotiation_;
  std::uint8_t salt[scram_salt_bytes];
  environment_->random.fill(salt);
  negotiation.salt.assign(reinterpret_cast<const char*>(salt), sizeof salt);
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("task-data", ns::sasl2).open("salt", ns::scram_upgrade);
  writer.attribute("iterations", std::to_string(negotiation.context->iterations));
  writer.text(base64_encode(negotiation.salt)).close_all();
  host_->send(out);
}

void ServerStream::take_hash(std::string_view text) {
  Negotiation& negotiation = *negotiation_;
  const HashAlgorithm hash = negotiation.tasks.front().hash;
  const auto salted = base64_decode(text);
  if (!salted || salted->size() != crypto::digest_size(hash))
    return fail_sasl({SaslCondition::malformed_request, negotiation.login.account});
  negotiation.task_state = Negotiation::TaskState::judged;
  state_ = State::waiting;
  host_->add_credentials(next_ticket(), negotiation.login.account,
                         credentials_of_salted(environment_->crypto, hash, *salted,
                                               negotiation.salt, negotiation.context->iterations));
}

void ServerStream::take_task_verdict(Verdict verdict) {
  Negotiation& negotiation = *negotiation_;
  if (verdict != Verdict::accepted)
    return fail_sasl({verdict == Verdict::unavailable ? SaslCondition::temporary_auth_failure
                                                      : SaslCondition::not_authorized,
                      negotiation.login.account});
  negotiation.tasks.pop_front();
  next_task();
}

// ---- the end of it

void ServerStream::finish_sign_in(Ticket ticket, const SignInResult& result) {
  if (!redeem(ticket)) return;
  const SaslSuccess& login = negotiation_->login;
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("success", ns::sasl2);
  if (!login.bytes.empty()) writer.leaf("additional-data", base64_encode(login.bytes));
  writer.leaf("authorization-identifier", result.address.text());
  writer.raw(result.results).close();
  account_ = login.account;
  negotiation_.reset();
  state_ = State::ready;
  host_->send(out);
  if (result.stream != SignInResult::Stream::resumed) send_features();
}

void ServerStream::refuse_sign_in(Ticket ticket, const SaslFailure& failure) {
  if (redeem(ticket)) fail_sasl(failure);
}

}  // namespace herold::xmpp
