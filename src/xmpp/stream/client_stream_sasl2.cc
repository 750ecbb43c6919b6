// SASL2 on the client (XEP-0388): a token or a password, tasks, and what came of the rest.
#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/stream/client_login.h"

namespace herold::xmpp {

using Kind = ClientStreamError::Kind;

namespace {

constexpr std::string_view totp_task = "TOTP";

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// XEP-0440 section 3 rules 4 and 5, which SASL2 makes a must: bindings without a mechanism for them
// were changed on their way, and so were mechanisms without bindings.
bool is_tampered(const SaslOffer& offer, const std::vector<ChannelBinding>& bindings) {
  return !bindings.empty() && offer.offers_plus() == offer.binding_types.empty();
}

std::string task_data(std::string_view name, std::string_view ns, std::string_view text) {
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("task-data", ns::sasl2).open(name, ns).text(text).close_all();
  return out;
}

}  // namespace

bool ClientStream::pipelines() const {
  const auto& modern = config_.modern;
  const bool is_secured = is_secured_ || config_.tls == ClientStreamConfig::Tls::never;
  return is_secured && modern && modern->token && !modern->config_version.empty();
}

void ClientStream::begin_modern() {
  Login& login = *login_;
  login.offer = login.modern->sasl;
  login.offer.tls_version = login.tls_version;
  host_.on_config_version(login.modern->config_version);
  if (is_tampered(login.offer, login.bindings))
    return stop({.kind = Kind::sasl, .fault = SaslFault::downgrade});
  if (login.is_pipelined) {
    state_ = State::exchange;  // the answer follows
    return;
  }
  authenticate();
}

// The token where there is one that fits, else the password.
SaslResult<> ClientStream::choose_modern() {
  Login& login = *login_;
  const auto& token = config_.modern->token;
  const bool is_known =
      token && (!login.modern || lists(login.modern->tokens, name_of(token->mechanism)));
  login.uses_token = false;
  if (is_known && !login.is_token_refused) {
    mechanism_ = token->mechanism;
    login.mechanism =
        make_token_mechanism(*token, crypto_, config_.credentials.username, login.bindings);
    login.uses_token = login.mechanism != nullptr;
    if (login.uses_token) return {};
  }
  const SaslChoice choice = TRY(choose_mechanism(login.offer, config_.policy, login.bindings));
  mechanism_ = choice.mechanism;
  login.mechanism =
      make_client_mechanism(choice, crypto_, random_, login.offer, config_.credentials);
  return {};
}

void ClientStream::authenticate() {
  Login& login = *login_;
  const ModernSignIn& modern = *config_.modern;
  if (const auto chosen = choose_modern(); !chosen)
    return stop({.kind = Kind::sasl, .fault = chosen.error()});
  Authenticate request;
  request.mechanism = name_of(*mechanism_);
  request.initial_response = base64_encode(login.mechanism->first());
  request.agent = modern.agent;
  request.resume = modern.resume;
  if (!login.modern || login.modern->has_bind) {
    request.bind.emplace().tag = modern.tag;
    for (const ModernSignIn::Feature& feature : modern.features)
      if (!login.modern || lists(login.modern->bind_features, feature.name))
        request.bind->features += feature.xml;
  }
  if (login.uses_token) request.token_use = {modern.token->count, modern.invalidates_token};
  if (modern.wants_token && login.modern)
    login.wanted_token = choose_token_mechanism(login.modern->tokens, login.bindings);
  if (login.wanted_token) request.token_request = {std::string(name_of(*login.wanted_token))};
  if (login.modern && !login.uses_token && !config_.credentials.password.empty())
    for (const std::string& task : login.modern->upgrades)
      if (upgrade_hash(task)) request.upgrades.push_back(task);
  if (login.is_pipelined) request.config_version = {"opaque", modern.config_version};
  state_ = State::exchange;
  host_.send(to_xml(request, ns::client));
  host_.on_stage(ClientStage::authenticating);
}

void ClientStream::take_sasl2(xml::Element element) {
  if (element.name() == "success") return take_success2(element);
  if (element.name() == "failure") return take_refusal(element);
  if (element.name() == "continue") return take_continue(element);
  if (element.name() == "task-data" && !login_->task.empty()) return take_task_data(element);
  if (element.name() != "challenge" || login_->is_proven)
    return stop(protocol_error("an element of SASL2 that is not due"));
  const auto bytes = base64_decode(element.first_text());
  if (!bytes) return stop({.kind = Kind::sasl, .fault = SaslFault::malformed});
  const auto response = login_->mechanism->respond(*bytes);
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open(response ? "response" : "abort", ns::sasl2);
  if (response) writer.text(base64_encode(*response));
  writer.close();
  host_.send(out);
  if (!response) stop({.kind = Kind::sasl, .fault = response.error()});
}

// A token that is not believed is thrown away (XEP-0484 section 4.1), and whoever sent his sign-in
// ahead looks at the features that came first (XEP-0509 section 2.2).
void ClientStream::take_refusal(xml::Element failure) {
  Login& login = *login_;
  const bool is_outdated =
      bool(failure.child("config-version-mismatch", ns::config_version)) && login.is_pipelined;
  if (is_outdated) {
    login.is_pipelined = false;
    return authenticate();
  }
  const SaslCondition condition = failure_condition(failure);
  if (login.uses_token && condition != SaslCondition::temporary_auth_failure) {
    host_.on_token_refused();
    login.is_token_refused = true;
    login.is_pipelined = false;
    if (!config_.credentials.password.empty() || config_.credentials.keys) return authenticate();
  }
  stop({.kind = Kind::sasl_failed,
        .condition = condition,
        .text = failure.child("text", ns::sasl2).text()});
}

// ---- tasks

void ClientStream::take_continue(xml::Element element) {
  Login& login = *login_;
  if (!login.is_proven) {
    const auto bytes = base64_decode(element.child("additional-data", ns::sasl2).first_text());
    const auto verdict = bytes ? login.mechanism->finish(*bytes)
                               : SaslResult<>(std::unexpected(SaslFault::malformed));
    if (!verdict) return stop({.kind = Kind::sasl, .fault = verdict.error()});
    login.is_proven = true;
  }
  for (const xml::Element task : element.child("tasks", ns::sasl2).children()) {
    const std::string name = task.text();
    const bool is_code = name == totp_task;
    if (!is_code && !upgrade_hash(name)) continue;
    login.task = name;
    if (is_code) return host_.on_code_wanted();
    return host_.send(to_xml(NextTask{.task = name, .code = {}}, ns::client));
  }
  stop(protocol_error("the server wants something that we cannot do"));
}

void ClientStream::answer_code(std::string_view code) {
  CHECK(login_ && login_->task == totp_task);
  host_.send(
      to_xml(NextTask{.task = std::string(totp_task), .code = std::string(code)}, ns::client));
}

// XEP-0480 section 3.
void ClientStream::take_task_data(xml::Element data) {
  const auto hash = upgrade_hash(login_->task);
  const auto told = read<UpgradeSalt>(data.child("salt", ns::scram_upgrade));
  const auto salt = base64_decode(told ? told->salt : std::string());
  if (!hash || !told || !salt || salt->empty())
    return stop(protocol_error("a task without what it takes"));
  if (told->iterations < least_iterations || told->iterations > most_iterations)
    return stop({.kind = Kind::sasl, .fault = SaslFault::iterations});
  const crypto::Digest salted =
      crypto_.pbkdf2(*hash, config_.credentials.password.view(), *salt, told->iterations);
  host_.send(task_data("hash", ns::scram_upgrade, base64_encode(salted.view())));
}

// ---- the end of it

void ClientStream::take_success2(xml::Element success) {
  Login& login = *login_;
  const xml::Element data = success.child("additional-data", ns::sasl2);
  const auto bytes = base64_decode(data.first_text());
  auto verdict = bytes ? SaslResult<>() : std::unexpected(SaslFault::malformed);
  if (verdict && !login.is_proven) verdict = login.mechanism->finish(*bytes);
  if (!verdict) return stop({.kind = Kind::sasl, .fault = verdict.error()});
  const auto address =
      Jid::parse(success.child("authorization-identifier", ns::sasl2).first_text());
  const Jid& account = config_.account;
  if (!address ||
      (account.has_local() ? address->bare() != account : address->domain() != account.domain()))
    return stop(protocol_error("signed in as somebody else"));
  const xml::Element resumed = success.child("resumed", ns::stream_management);
  const auto h = resumed ? read<SmResumed>(resumed) : SmResumed{};
  if (!h) return stop(protocol_error("a resumption without its count"));
  if (const ClientKeys* keys = login.mechanism->keys()) host_.on_keys(*keys);
  if (const xml::Element token = success.child("token", ns::fast)) {
    // A token that is rotated stays of its kind (XEP-0484 section 3.5).
    if (const auto fresh = read<FastToken>(token))
      host_.on_token(*fresh, login.wanted_token.value_or(*mechanism_));
  }
  is_authenticated_ = true;
  login_.reset();
  if (address->is_full()) bound_ = *address;
  host_.on_stage(ClientStage::authenticated);
  host_.on_success(success);
  state_ = resumed ? State::signed_in : State::features;
  if (resumed) host_.on_resumed(h->h);
}

}  // namespace herold::xmpp
