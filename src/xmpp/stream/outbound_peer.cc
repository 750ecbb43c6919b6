// The initiating server's side of a stream: from our header to a pair that may be sent for.
#include "xmpp/stream/outbound_peer.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/ext/bidi.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/stream/peer_acceptor.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

using Kind = OutboundPeerError::Kind;
using Tls = OutboundPeerConfig::Tls;
using Purpose = OutboundPeerConfig::Purpose;

namespace {

OutboundPeerError protocol_error(std::string text) {
  return {.kind = Kind::protocol, .text = std::move(text)};
}

std::string describe(const DialbackAnswer& answer) {
  if (answer.type == DialbackType::invalid) return "it says that the key is wrong";
  std::string out(name_of(answer.error.condition));
  if (!answer.error.text.empty()) out += ", " + answer.error.text;
  return out;
}

}  // namespace

std::string OutboundPeerError::describe() const {
  std::string out;
  switch (kind) {
    case Kind::protocol:
      out = "The other server broke the protocol";
      break;
    case Kind::no_tls:
      out = "The other server gives no TLS";
      break;
    case Kind::untrusted:
      out = "The other server's certificate is not good for its domain";
      break;
    case Kind::no_way:
      out = "The other server offers no way of signing in that is allowed here";
      break;
    case Kind::sasl_failed:
      out = "The other server refused our certificate: " + std::string(name_of(condition));
      break;
    case Kind::refused:
      out = "The other server refused dialback: " + xmpp::describe(answer);
      break;
    case Kind::stream:
      out = "The other server ended the stream: " + std::string(name_of(stream.condition));
      if (!stream.text.empty()) out += " (" + stream.text + ")";
      break;
    case Kind::ended:
      out = "The other server closed the stream";
      break;
  }
  if (!text.empty()) out += ": " + text;
  return out + ".";
}

OutboundPeer::OutboundPeer(OutboundPeerHost& host, OutboundPeerConfig config,
                           const PeerEnvironment& environment)
    : host_(host), environment_(environment), config_(std::move(config)) {}

OutboundPeer::~OutboundPeer() = default;

bool OutboundPeer::is_accepted(const Jid& from, const Jid& to) const {
  return acceptor_ && acceptor_->accepts(from, to);
}

bool OutboundPeer::is_authorised(const Jid& from, const Jid& to) const {
  return std::ranges::any_of(authorised_, [&](const DomainPair& pair) {
    return pair.sender.text() == from.domain() && pair.target.text() == to.domain();
  });
}

void OutboundPeer::start() {
  CHECK(state_ == State::idle);
  if (config_.tls != Tls::direct) open();
}

void OutboundPeer::open() {
  state_ = State::header;
  host_.send(write_header({.from = local().text(),
                           .to = remote().text(),
                           .id = {},
                           .lang = config_.lang,
                           .content = ns::server}));
  host_.on_stage(is_external_ ? OutboundStage::authenticated : OutboundStage::opening);
}

void OutboundPeer::on_tls() {
  if (state_ == State::closed) return;
  CHECK(state_ == State::idle && !is_secured_);
  is_secured_ = true;
  // HOSTILE 146.
  if (config_.trust != Trust::dialback && !host_.is_certified(remote()))
    return stop({.kind = Kind::untrusted});
  open();
}

void OutboundPeer::on_header(const xml::StreamHeader& header) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  if (state_ != State::header) return fail({StreamCondition::bad_format, "a second header"});
  if (const auto condition = judge_header(header, ns::server)) return fail(*condition);
  const xml::Element root = header.element.root();
  const auto from = root.find_attribute("from");
  const auto domain = Jid::parse(from.value_or(remote().text()));
  is_foreign_ = !domain || *domain != remote();
  const std::string* dialback = header.scope.find("db");
  declares_dialback_ = dialback && *dialback == ns::dialback;
  stream_id_ = root.attribute("id");
  state_ = State::features;
}

// ---- elements

void OutboundPeer::on_element(xml::Document element) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  const xml::Element root = element.root();
  if (state_ == State::ready && root.ns() == ns::client) return take_stanza(std::move(element));
  if (root.is("error", ns::streams)) {
    const StreamError error = StreamError::parse(root);
    host_.on_peer_error(error);
    return stop({.kind = Kind::stream, .stream = error});
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
      break;
    case State::waiting:
    case State::ready:
      if (root.ns() == ns::dialback) return take_dialback(root);
      if (root.ns() != ns::stream_management || authorised_.empty()) break;
      return host_.on_management(std::move(element));
    default:
      break;
  }
  fail({StreamCondition::unsupported_stanza_type, "not due: " + std::string(root.name())});
}

void OutboundPeer::take_offer(xml::Element features) {
  offer_ = {};
  offer_.starttls = bool(features.child("starttls", ns::tls));
  offer_.external = parse_sasl_offer(features).offers("EXTERNAL");
  const xml::Element dialback = find<DialbackFeature>(features);
  offer_.dialback = dialback || declares_dialback_;
  offer_.dialback_errors = bool(dialback.child("errors", DialbackFeature::element.ns));
  offer_.bidi = bool(find<BidiFeature>(features));
  offer_.stream_management = bool(find<SmFeature>(features));
  if (const auto limits = read<StreamLimits>(find<StreamLimits>(features))) offer_.limits = *limits;
}

void OutboundPeer::take_features(xml::Element features) {
  take_offer(features);
  if (is_external_) return go_ready(PeerProof::certificate);
  if (!is_secured_ && config_.tls != Tls::never) {
    // HOSTILE 154.
    if (!offer_.starttls) return stop({.kind = Kind::no_tls});
    state_ = State::proceed;
    return host_.send("<starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  }
  host_.on_stage(OutboundStage::secured);
  if (state_ != State::closed) sign_in();
}

void OutboundPeer::take_proceed(xml::Element element) {
  if (element.name() != "proceed") return stop({.kind = Kind::no_tls});
  if (host_.has_unread_input()) return stop(protocol_error("bytes in the clear behind <proceed/>"));
  state_ = State::idle;
  host_.restart_input();
  host_.on_stage(OutboundStage::securing);
  host_.begin_tls();
}

// ---- signing in

void OutboundPeer::sign_in() {
  if (config_.purpose == Purpose::verify) {
    state_ = State::ready;
    return host_.on_can_verify();
  }
  const bool is_external = config_.may_use_external && offer_.external;
  if (!is_external && !(config_.may_use_dialback && offer_.dialback))
    return stop({.kind = Kind::no_way});
  if (config_.wants_bidi && offer_.bidi) {
    is_bidirectional_ = true;
    acceptor_ = std::make_unique<PeerAcceptor>();
    std::string out;
    xml::Writer writer(out, ns::client);
    writer.open(Bidi::element.name, Bidi::element.ns);
    write(writer,
          StreamLimits{.max_bytes = environment_.limits.peer_stanza_bytes, .idle_seconds = {}});
    writer.close();
    host_.send(out);
  }
  if (!is_external) return show_key();
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("auth", ns::sasl).attribute("mechanism", "EXTERNAL");
  writer.text(base64_encode(local().text())).close();
  state_ = State::exchange;
  host_.send(out);
  host_.on_stage(OutboundStage::authenticating);
}

void OutboundPeer::take_sasl(xml::Element element) {
  if (element.name() == "failure") return take_refusal(element);
  if (element.name() != "success") return stop(protocol_error("EXTERNAL has nothing more to say"));
  is_external_ = true;
  host_.restart_input();
  open();
}

void OutboundPeer::take_refusal(xml::Element failure) {
  OutboundPeerError error{.kind = Kind::sasl_failed};
  for (const xml::Element child : failure.children()) {
    if (child.name() == "text") {
      error.text = child.text();
    } else if (const auto condition = value_of<SaslCondition>(child.name())) {
      error.condition = *condition;
    }
  }
  if (!config_.may_use_dialback || !offer_.dialback) return stop(std::move(error));
  host_.on_external_refused(error.condition, error.text);
  refusal_ = std::move(error);
  if (state_ != State::closed) show_key();
}

void OutboundPeer::show_key() {
  if (stream_id_.empty()) return stop(protocol_error("a header without an id"));
  state_ = State::waiting;
  asked_.push_back(config_.pair);
  host_.send(write_dialback(DialbackResult{
      local(), remote(), {}, environment_.keys.make(remote(), local(), stream_id_)}));
  host_.on_stage(OutboundStage::authenticating);
  if (state_ != State::closed) host_.on_can_verify();
}

void OutboundPeer::go_ready(PeerProof proof) {
  state_ = State::ready;
  refusal_.reset();
  authorised_.push_back(config_.pair);
  accept(config_.pair.reversed());
  if (state_ == State::closed) return;
  const DomainPair pair = config_.pair;
  host_.on_authorised(pair, proof);
}

// XEP-0288 section 2: what we may send for, the peer may answer.
void OutboundPeer::accept(const DomainPair& pair) {
  if (!acceptor_ || acceptor_->accepts(pair.sender, pair.target)) return;
  acceptor_->accept(pair);
  const bool is_certified = host_.is_certified(pair.sender);
  host_.on_accepted(pair, is_certified ? PeerProof::certificate : PeerProof::dialback);
}

// ---- dialback

bool OutboundPeer::authorise(const DomainPair& pair) {
  const bool is_asked = std::ranges::find(asked_, pair) != asked_.end();
  if (state_ != State::ready || authorised_.empty() || is_asked ||
      is_authorised(pair.sender, pair.target) || !config_.may_use_dialback || !offer_.dialback ||
      stream_id_.empty())
    return false;
  if (asked_.size() >= bounds::peer_questions ||
      authorised_.size() >= environment_.limits.peer_pairs)
    return false;
  // XEP-0220 section 3.
  const bool is_other = pair.target != remote();
  if (is_other && !offer_.dialback_errors) return false;
  if (is_other && config_.trust != Trust::dialback && !host_.is_certified(pair.target))
    return false;
  asked_.push_back(pair);
  host_.send(write_dialback(DialbackResult{
      pair.sender, pair.target, {}, environment_.keys.make(pair.target, pair.sender, stream_id_)}));
  return true;
}

bool OutboundPeer::verify(const DomainPair& pair, std::string_view id, std::string_view key) {
  if (!can_verify() || questions_.size() >= bounds::peer_questions) return false;
  questions_.push_back({pair, std::string(id)});
  host_.send(write_dialback(
      DialbackVerify{pair.target, pair.sender, std::string(id), {}, std::string(key)}));
  return true;
}

void OutboundPeer::take_dialback(xml::Element element) {
  if (element.name() != "result" && element.name() != "verify")
    return fail(StreamCondition::unsupported_stanza_type);
  if (element.find_attribute("type"))
    return element.name() == "result" ? take_result(element) : take_answer(element);
  if (!is_bidirectional_)
    return fail({StreamCondition::unsupported_stanza_type, "this stream goes one way"});
  const auto error = element.name() == "result"
                         ? acceptor_->take_result(element, host_, stream_id_, environment_.limits)
                         : PeerAcceptor::take_verify(element, host_, environment_.keys);
  if (error) fail(*error);
}

void OutboundPeer::on_key_verdict(Ticket ticket, const DialbackAnswer& answer) {
  if (state_ == State::closed || !acceptor_) return;
  if (const auto error = acceptor_->take_verdict(ticket, answer, host_)) fail(*error);
}

void OutboundPeer::take_result(xml::Element element) {
  const auto result = read<DialbackResult>(element);
  if (!result) return fail({StreamCondition::improper_addressing, "dialback without two domains"});
  const DomainPair pair{result->to, result->from};
  const auto asked = std::ranges::find(asked_, pair);
  if (asked == asked_.end()) return;  // HOSTILE 143
  asked_.erase(asked);
  take_verdict(pair, read_answer(*result->type, element));
}

void OutboundPeer::take_verdict(const DomainPair& pair, const DialbackAnswer& answer) {
  const bool is_valid = answer.type == DialbackType::valid;
  if (state_ == State::waiting) {
    if (!is_valid) return stop({.kind = Kind::refused, .answer = answer});
    return go_ready(PeerProof::dialback);
  }
  if (!is_valid) return host_.on_pair_refused(pair, answer);
  authorised_.push_back(pair);
  accept(pair.reversed());
  if (state_ != State::closed) host_.on_authorised(pair, PeerProof::dialback);
}

void OutboundPeer::take_answer(xml::Element element) {
  const auto answer = read<DialbackVerify>(element);
  if (!answer) return fail({StreamCondition::improper_addressing, "dialback without two domains"});
  const auto asked = std::ranges::find_if(questions_, [&](const Question& question) {
    return question.pair.sender == answer->from && question.pair.target == answer->to &&
           question.id == answer->id;
  });
  if (asked == questions_.end()) return;  // HOSTILE 143
  const Question question = std::move(*asked);
  questions_.erase(asked);
  host_.on_verify_answer(question.pair, question.id, read_answer(*answer->type, element));
}

void OutboundPeer::take_stanza(xml::Document element) {
  const xml::Element root = element.root();
  if (!is_bidirectional_)
    return fail({StreamCondition::not_authorized, "this stream goes one way"});
  if (!stanza_kind(root)) return fail(StreamCondition::unsupported_stanza_type);
  auto head = parse_head(root);
  if (const auto error = acceptor_->judge_stanza(head, root, host_)) return fail(*error);
  host_.on_stanza(std::move(head), std::move(element));
}

// ---- the end

void OutboundPeer::on_footer() {
  if (state_ == State::closed) return;
  // Some servers close the stream after refusing a certificate, whatever else they offer.
  stop(state_ == State::waiting && refusal_ ? *refusal_ : OutboundPeerError{.kind = Kind::ended});
}

void OutboundPeer::fail(const StreamError& error) {
  if (state_ == State::closed) return;
  if (state_ != State::idle) host_.send(error.to_xml());
  stop(protocol_error(std::string(name_of(error.condition)) +
                      (error.text.empty() ? "" : ", " + error.text)));
}

void OutboundPeer::close() {
  if (state_ == State::closed) return;
  if (state_ != State::idle) host_.send(stream_footer);
  state_ = State::closed;
  host_.on_closed(nullptr);
}

void OutboundPeer::stop(OutboundPeerError error) {
  if (state_ != State::idle) host_.send(stream_footer);
  state_ = State::closed;
  host_.on_closed(&error);
}

}  // namespace herold::xmpp
