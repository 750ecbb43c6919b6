// The receiving server's side of a stream: from the peer's header to its stanzas.
#include "xmpp/stream/inbound_peer.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/ext/bidi.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/stream/peer_acceptor.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

InboundPeer::InboundPeer(InboundPeerHost& host, const PeerEnvironment& environment, Channel channel)
    : host_(&host),
      environment_(&environment),
      acceptor_(std::make_unique<PeerAcceptor>()),
      channel_(channel) {}

InboundPeer::~InboundPeer() = default;

void InboundPeer::move_to(InboundPeerHost& host, const PeerEnvironment& environment) {
  host_ = &host;
  environment_ = &environment;
}

bool InboundPeer::is_accepted(const Jid& from, const Jid& to) const {
  return acceptor_->accepts(from, to);
}

bool InboundPeer::is_authenticated() const { return !acceptor_->is_empty(); }

// ---- the header

void InboundPeer::on_header(const xml::StreamHeader& header) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  if (state_ != State::header) return fail({StreamCondition::bad_format, "a second header"});
  if (const auto condition = judge_header(header, ns::server)) return fail(*condition);
  if (const auto error = judge_addresses(header.element.root())) return fail(*error);
  send_header();
  host_->on_opened(local_, remote_);
  if (state_ != State::closed) send_features();
}

// RFC 6120 sections 4.7.1 and 4.7.2. After SASL both must be what they were.
std::optional<StreamError> InboundPeer::judge_addresses(xml::Element header) {
  const auto to = Jid::parse(header.attribute("to"));
  if (!to) return StreamError(StreamCondition::improper_addressing, "\"to\" is no domain");
  if (!to->is_domain()) return StreamError(StreamCondition::host_unknown);
  const auto from_text = header.find_attribute("from");
  const auto from = Jid::parse(from_text.value_or(""));
  if (from_text && (!from || !from->is_domain())) return StreamError(StreamCondition::invalid_from);
  const Jid remote = from ? *from : Jid();
  if (is_external_ && (*to != local_ || (remote && remote != remote_)))
    return StreamError(StreamCondition::not_authorized, "not the domains that signed in");
  if (!local_.text().empty() && *to != local_)
    return StreamError(StreamCondition::not_authorized, "TLS was begun with another domain");
  if (!host_->is_served(*to)) return StreamError(StreamCondition::host_unknown);
  if (remote && host_->is_served(remote)) return StreamError(StreamCondition::invalid_from);
  if (host_->policy_of(*to, remote).trust == Trust::none)
    return StreamError(StreamCondition::policy_violation, "no federation with this domain");
  local_ = *to;
  if (!is_external_) remote_ = remote;
  return {};
}

void InboundPeer::send_header() {
  is_header_sent_ = true;
  stream_id_ = environment_->random.token();
  host_->send(write_header({.from = local_ ? local_.text() : environment_->default_domain,
                            .to = remote_.text(),
                            .id = stream_id_,
                            .content = ns::server}));
}

bool InboundPeer::may_use_external() const {
  return channel_ == Channel::tls && remote_ && host_->is_certified(remote_);
}

void InboundPeer::send_features() {
  const PeerPolicy policy = host_->policy_of(local_, remote_);
  const bool may_dial_back = policy.trust == Trust::dialback || is_external_;
  std::string out = "<stream:features>";
  if (channel_ == Channel::open) {
    // Section 5.3.1: where TLS is mandatory, nothing else is worth offering.
    out.append("<starttls xmlns=\"").append(ns::tls).append("\"><required/></starttls>");
  } else {
    if (!is_external_ && may_use_external()) append_sasl_offer(out, {.mechanisms = {"EXTERNAL"}});
    if (may_dial_back || may_use_external()) out.append(to_xml(DialbackFeature{.errors = true}));
    if (!is_external_ && policy.offers_bidi) out.append(to_xml(BidiFeature{}));
    // Dialback is followed by no features, so all that holds later is said before it.
    if (may_dial_back) append_peer_features(out, policy, environment_->limits);
  }
  host_->send(out.append("</stream:features>"));
  state_ = is_external_ ? State::ready : State::features;
  if (is_external_) host_->on_accepted({remote_, local_}, PeerProof::certificate);
}

// ---- elements

void InboundPeer::on_element(xml::Document element) {
  if (state_ == State::closed) return;
  CHECK(wants_input());
  const xml::Element root = element.root();
  if (state_ == State::header) return fail({StreamCondition::bad_format, "no header"});
  if (root.ns() == ns::client) return take_stanza(std::move(element));
  if (root.is("error", ns::streams)) {
    host_->on_peer_error(StreamError::parse(root));
    return on_footer();
  }
  if (root.ns() == ns::streams) return fail({StreamCondition::bad_format});
  if (root.ns() == ns::tls) return take_tls(root);
  if (root.ns() == ns::sasl) return take_sasl(root);
  // HOSTILE 154.
  if (channel_ == Channel::open)
    return fail({StreamCondition::policy_violation, "TLS is required"});
  if (root.ns() == ns::dialback) return take_dialback(root);
  if (is<Bidi>(root)) return take_bidi(root);
  if (root.ns() != ns::stream_management) return fail(StreamCondition::unsupported_stanza_type);
  if (is_authenticated()) return host_->on_management(std::move(element));
  host_->send(to_xml(SmFailed{.h = {}, .condition = Condition::not_authorized, .text = {}}));
}

void InboundPeer::take_stanza(xml::Document element) {
  const xml::Element root = element.root();
  if (channel_ == Channel::open && !is_authenticated())
    return fail({StreamCondition::policy_violation, "TLS is required"});
  if (!stanza_kind(root)) return fail(StreamCondition::unsupported_stanza_type);
  auto head = parse_head(root);
  if (const auto error = acceptor_->judge_stanza(head, root, *host_)) return fail(*error);
  host_->on_stanza(std::move(head), std::move(element));
}

void InboundPeer::take_tls(xml::Element element) {
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

void InboundPeer::on_tls() {
  if (state_ == State::closed) return;
  CHECK(state_ == State::handshaking || (state_ == State::header && !is_header_sent_));
  channel_ = Channel::tls;
  state_ = State::header;
}

// ---- SASL EXTERNAL (XEP-0178 section 3)

void InboundPeer::take_sasl(xml::Element element) {
  if (is_authenticated()) return fail({StreamCondition::policy_violation, "already signed in"});
  const std::string_view name = element.name();
  if (name == "abort") return fail_sasl(SaslCondition::aborted, {});
  if (name != "auth" && name != "response") return fail(StreamCondition::unsupported_stanza_type);
  if (channel_ == Channel::open) return fail_sasl(SaslCondition::encryption_required, {});
  const bool is_due = (name == "auth") == (state_ == State::features);
  if (!is_due || element.first_child()) return fail_sasl(SaslCondition::malformed_request, {});
  if (name == "auth" && element.attribute("mechanism") != "EXTERNAL")
    return fail_sasl(SaslCondition::invalid_mechanism, {});
  if (name == "response" || !element.first_text().empty())
    return take_authzid(element.first_text());
  // RFC 6120 section 6.4.2: no initial response, so it is asked for.
  state_ = State::challenged;
  host_->send("<challenge xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
}

void InboundPeer::take_authzid(std::string_view text) {
  const auto bytes = text == "=" ? std::optional(std::string()) : base64_decode(text);
  if (!bytes) return fail_sasl(SaslCondition::incorrect_encoding, {});
  const auto named = Jid::parse(*bytes);
  if (!bytes->empty() && (!named || (remote_ && *named != remote_)))
    return fail_sasl(SaslCondition::invalid_authzid, {});
  const Jid remote = named ? *named : remote_;
  if (remote && host_->is_served(remote)) return fail({StreamCondition::invalid_from});
  const bool is_allowed =
      remote.is_domain() && host_->policy_of(local_, remote).trust != Trust::none;
  // HOSTILE 146.
  if (!is_allowed || channel_ != Channel::tls || !host_->is_certified(remote))
    return fail_sasl(SaslCondition::not_authorized, "The certificate is not good for this domain");
  remote_ = remote;
  is_external_ = true;
  acceptor_->accept({remote_, local_});
  state_ = State::header;
  is_header_sent_ = false;
  host_->send("<success xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>");
  host_->restart_input();
}

void InboundPeer::fail_sasl(SaslCondition condition, std::string_view text) {
  state_ = State::features;
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("failure", ns::sasl).open(name_of(condition), ns::sasl).close();
  if (!text.empty()) writer.leaf("text", text);
  writer.close();
  host_->send(out);
  const bool is_enough = ++failures_ > environment_->limits.auth_failures_stream;
  host_->on_auth_failure(remote_, condition);
  if (is_enough) fail({StreamCondition::policy_violation, "too many failed logins"});
}

// ---- dialback and bidirectional streams

void InboundPeer::take_dialback(xml::Element element) {
  // HOSTILE 143: nothing is asked on this stream, so no answer can be due.
  if (element.find_attribute("type"))
    return fail({StreamCondition::policy_violation, "an answer that nobody asked for"});
  std::optional<StreamError> error;
  if (element.name() == "verify") {
    error = PeerAcceptor::take_verify(element, *host_, environment_->keys);
  } else if (element.name() == "result") {
    error = acceptor_->take_result(element, *host_, stream_id_, environment_->limits);
  } else {
    error = StreamCondition::unsupported_stanza_type;
  }
  if (error) fail(*error);
}

void InboundPeer::on_key_verdict(Ticket ticket, const DialbackAnswer& answer) {
  if (state_ == State::closed) return;
  if (const auto error = acceptor_->take_verdict(ticket, answer, *host_)) fail(*error);
}

void InboundPeer::take_bidi(xml::Element element) {
  // XEP-0288 section 2: before signing in; later it changes nothing.
  if (is_authenticated() || !host_->policy_of(local_, remote_).offers_bidi) return;
  is_bidirectional_ = true;
  if (const auto limits = read<StreamLimits>(find<StreamLimits>(element))) peer_limits_ = *limits;
}

// ---- the end

void InboundPeer::on_footer() {
  if (state_ == State::closed) return;
  close();
}

void InboundPeer::close() {
  if (state_ == State::closed) return;
  const bool may_write = state_ != State::handshaking && is_header_sent_;
  state_ = State::closed;
  if (may_write) host_->send(stream_footer);
  host_->on_closed(nullptr);
}

void InboundPeer::fail(const StreamError& error) {
  if (state_ == State::closed) return;
  if (state_ != State::handshaking) {
    // Section 4.9.1.1: an error before the header still comes inside a stream.
    if (!is_header_sent_) send_header();
    host_->send(error.to_xml().append(stream_footer));
  }
  state_ = State::closed;
  host_->on_closed(&error);
}

}  // namespace herold::xmpp
