// The client's side of a stream: from its first header to a bound resource.
#include "xmpp/stream/client_stream.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/stream/client_login.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

using Kind = ClientStreamError::Kind;
using Tls = ClientStreamConfig::Tls;

namespace {

std::string sasl_element(std::string_view name, std::string_view bytes) {
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open(name, ns::sasl);
  if (!bytes.empty()) writer.text(base64_encode(bytes));
  writer.close();
  return out;
}

}  // namespace

std::string ClientStreamError::describe() const {
  std::string out;
  switch (kind) {
    case Kind::protocol:
      out = "The server broke the protocol";
      break;
    case Kind::no_tls:
      out = "The server gives no TLS";
      break;
    case Kind::sasl:
      out = "Signing in was stopped: " + std::string(xmpp::describe(fault));
      break;
    case Kind::sasl_failed:
      out = "The login was refused: " + std::string(name_of(condition));
      break;
    case Kind::stream:
      out = "The server ended the stream: " + std::string(name_of(stream.condition));
      if (!stream.text.empty()) out += " (" + stream.text + ")";
      break;
    case Kind::ended:
      out = "The server closed the stream";
      break;
  }
  if (!text.empty()) out += ": " + text;
  return out + ".";
}

ClientStream::ClientStream(ClientStreamHost& host, const ClientStreamConfig& config,
                           const crypto::Crypto& crypto, Random& random)
    : host_(host),
      config_(config),
      crypto_(crypto),
      random_(random),
      login_(std::make_unique<Login>()) {}

ClientStream::~ClientStream() = default;

void ClientStream::start() {
  CHECK(state_ == State::idle);
  if (config_.tls != Tls::direct) open();
}

void ClientStream::open() {
  state_ = State::header;
  // Section 4.7.1: who we are is nobody's business before TLS.
  const std::string_view from =
      is_secured_ && config_.account.has_local() ? config_.account.bare_text() : "";
  host_.send(
      write_header({.from = from, .to = config_.account.domain(), .id = {}, .lang = config_.lang}));
  if (!is_authenticated_) host_.on_stage(ClientStage::opening);
  if (!is_authenticated_ && pipelines()) {
    login_->is_pipelined = true;
    authenticate();
    state_ = State::header;
  }
}

void ClientStream::on_tls(std::vector<ChannelBinding> bindings, std::string_view version) {
  if (state_ == State::closed) return;
  CHECK(state_ == State::idle && !is_secured_);
  is_secured_ = true;
  login_->bindings = std::move(bindings);
  login_->tls_version = version;
  open();
}

void ClientStream::on_header(const xml::StreamHeader& header) {
  if (state_ == State::closed) return;
  if (state_ != State::header) return fail({StreamCondition::bad_format, "a second header"});
  if (const auto condition = judge_header(header)) return fail(*condition);
  const xml::Element root = header.element.root();
  const auto from = root.find_attribute("from");
  const auto domain = Jid::parse(from.value_or(config_.account.domain()));
  is_foreign_ = !domain || *domain != config_.account.domain_only();
  stream_id_ = root.attribute("id");
  state_ = State::features;
}

void ClientStream::negotiate(xml::Document element) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  const xml::Element root = element.root();
  if (root.is("error", ns::streams)) {
    return stop({.kind = Kind::stream, .stream = StreamError::parse(root)});
  }
  if (is_foreign_) return fail({StreamCondition::invalid_from, "not the domain asked for"});
  switch (state_) {
    case State::features:
      if (root.is("features", ns::streams)) return take_features(root);
      break;
    case State::proceed:
      if (root.ns() == ns::tls) return take_proceed(root);
      break;
    case State::exchange:
      if (root.ns() == ns::sasl) return take_sasl(root);
      if (root.ns() == ns::sasl2) return take_sasl2(root);
      break;
    case State::binding:
      return take_binding(std::move(element));
    default:
      break;
  }
  stop(protocol_error("an element that is not due: " + std::string(root.name())));
}

void ClientStream::take_features(xml::Element features) {
  if (is_authenticated_) {
    state_ = State::signed_in;
    if (bound_) {
      host_.on_stage(ClientStage::bound);
      return host_.on_bound(*bound_);
    }
    host_.on_stage(ClientStage::signed_in);
    return host_.on_signed_in(features);
  }
  if (is_secured_ || config_.tls == Tls::never) return sign_in(features);
  // Whoever removes <starttls/> from the features gets no credentials (HOSTILE 32).
  if (!features.child("starttls", ns::tls)) return stop({.kind = Kind::no_tls});
  state_ = State::proceed;
  host_.send("<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
}

void ClientStream::take_proceed(xml::Element element) {
  if (element.name() != "proceed") return stop({.kind = Kind::no_tls});
  if (host_.has_unread_input()) {
    return stop(protocol_error("bytes in the clear behind <proceed/>"));
  }
  state_ = State::idle;
  host_.restart_input();
  host_.on_stage(ClientStage::securing);
  host_.begin_tls();
}

void ClientStream::sign_in(xml::Element features) {
  if (config_.modern) {
    if ((login_->modern = parse_sasl2_offer(features))) return begin_modern();
    // What was sent ahead was for another server than this one.
    if (login_->is_pipelined) return stop(protocol_error("SASL2 is not offered any more"));
  }
  login_->offer = parse_sasl_offer(features);
  login_->offer.tls_version = login_->tls_version;
  const auto choice = choose_mechanism(login_->offer, config_.policy, login_->bindings);
  if (!choice) return stop({.kind = Kind::sasl, .fault = choice.error()});
  mechanism_ = choice->mechanism;
  login_->mechanism =
      make_client_mechanism(*choice, crypto_, random_, login_->offer, config_.credentials);
  const std::string first = login_->mechanism->first();
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("auth", ns::sasl).attribute("mechanism", name_of(choice->mechanism));
  // Section 6.4.2: "=" is the empty initial response, in contrast to none.
  writer.text(first.empty() ? "=" : base64_encode(first)).close();
  state_ = State::exchange;
  host_.send(out);
  host_.on_stage(ClientStage::authenticating);
}

void ClientStream::take_sasl(xml::Element element) {
  if (element.name() == "challenge") return take_challenge(element);
  if (element.name() == "success") return take_success(element);
  if (element.name() != "failure") return stop(protocol_error("an unknown element of SASL"));
  stop({.kind = Kind::sasl_failed,
        .condition = failure_condition(element),
        .text = element.child("text", ns::sasl).text()});
}

void ClientStream::take_challenge(xml::Element challenge) {
  const auto bytes = base64_decode(challenge.first_text());
  if (!bytes) return stop({.kind = Kind::sasl, .fault = SaslFault::malformed});
  const auto response = login_->mechanism->respond(*bytes);
  if (response) return host_.send(sasl_element("response", *response));
  host_.send(sasl_element("abort", {}));
  stop({.kind = Kind::sasl, .fault = response.error()});
}

void ClientStream::take_success(xml::Element success) {
  const std::string_view text = success.first_text();
  const auto bytes = text == "=" ? std::optional(std::string()) : base64_decode(text);
  const auto verdict = bytes ? login_->mechanism->finish(*bytes)
                             : SaslResult<>(std::unexpected(SaslFault::malformed));
  if (!verdict) return stop({.kind = Kind::sasl, .fault = verdict.error()});
  if (const ClientKeys* keys = login_->mechanism->keys()) host_.on_keys(*keys);
  is_authenticated_ = true;
  login_.reset();
  host_.restart_input();
  host_.on_stage(ClientStage::authenticated);
  open();
}

void ClientStream::bind(std::string_view resource) {
  CHECK(state_ == State::signed_in);
  state_ = State::binding;
  bind_id_ = random_.token(9);
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("iq").attribute("type", "set").attribute("id", bind_id_);
  writer.open("bind", ns::bind);
  if (!resource.empty()) writer.leaf("resource", resource);
  writer.close_all();
  host_.send(out);
  host_.on_stage(ClientStage::binding);
}

void ClientStream::take_binding(xml::Document element) {
  const xml::Element root = element.root();
  if (!root.is("iq", ns::client) || root.attribute("id") != bind_id_) {
    return host_.on_element(std::move(element));
  }
  state_ = State::signed_in;
  if (root.attribute("type") == "error") {
    return host_.on_bind_failed(StanzaError::parse(root.child("error", ns::client)));
  }
  const auto address = Jid::parse(root.child("bind", ns::bind).child("jid", ns::bind).first_text());
  const bool is_ours =
      address && address->is_full() && address->domain() == config_.account.domain();
  if (root.attribute("type") != "result" || !is_ours) {
    return stop(protocol_error("an answer to binding without our address"));
  }
  host_.on_stage(ClientStage::bound);
  host_.on_bound(*address);
}

void ClientStream::on_footer() {
  if (state_ == State::closed) return;
  stop({.kind = Kind::ended});
}

void ClientStream::fail(const StreamError& error) {
  if (state_ == State::closed) return;
  if (state_ != State::idle) host_.send(error.to_xml());
  stop(protocol_error(std::string(name_of(error.condition)) +
                      (error.text.empty() ? "" : ", " + error.text)));
}

void ClientStream::close() {
  if (state_ == State::closed) return;
  if (state_ != State::idle) host_.send(stream_footer);
  state_ = State::closed;
  login_.reset();
  host_.on_closed(nullptr);
}

void ClientStream::stop(ClientStreamError error) {
  if (state_ != State::idle) host_.send(stream_footer);
  state_ = State::closed;
  login_.reset();
  host_.on_closed(&error);
}

}  // namespace herold::xmpp
