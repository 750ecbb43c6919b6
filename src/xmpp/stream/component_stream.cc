// Header, handshake, stanzas from the component's own domain.
#include "xmpp/stream/component_stream.h"

#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_ascii(c);
  return out;
}

}  // namespace

void ComponentStream::move_to(ComponentStreamHost& host, const StreamEnvironment& environment) {
  host_ = &host;
  environment_ = &environment;
}

void ComponentStream::on_header(const xml::StreamHeader& header) {
  if (state_ == State::closed) return;
  if (state_ != State::header) return fail({StreamCondition::bad_format, "a second header"});
  if (const auto condition = judge_header(header, ns::component)) return fail(*condition);
  const auto to = Jid::parse(header.element.root().attribute("to"));
  if (!to) return fail({StreamCondition::improper_addressing, "\"to\" is no domain"});
  if (!to->is_domain() || !host_->find_secret(*to)) return fail(StreamCondition::host_unknown);
  domain_ = *to;
  send_header();
  state_ = State::handshake;
}

void ComponentStream::send_header() {
  id_ = environment_->random.token();
  host_->send(write_header({.from = domain_ ? domain_.text() : environment_->default_domain,
                            .to = {},
                            .id = id_,
                            .content = ns::component}));
}

void ComponentStream::on_element(xml::Document element) {
  if (state_ == State::closed) return;
  const xml::Element root = element.root();
  if (state_ == State::header) return fail({StreamCondition::bad_format, "no header"});
  if (root.is("error", ns::streams)) {
    host_->on_peer_error(StreamError::parse(root));
    return close();
  }
  if (root.ns() != ns::client) return fail(StreamCondition::unsupported_stanza_type);
  if (state_ == State::ready) return take_stanza(std::move(element));
  if (root.name() != "handshake")
    return fail({StreamCondition::not_authorized, "no handshake yet"});
  take_handshake(root);
}

// Section 3: the SHA-1 of the stream's id and the secret, in hexadecimal digits. HOSTILE 155.
void ComponentStream::take_handshake(xml::Element element) {
  const auto secret = host_->find_secret(domain_);
  if (!secret) return fail(StreamCondition::host_gone);
  auto text = crypto::SecretString::take(id_ + std::string(secret->view()));
  const crypto::Digest digest =
      environment_->crypto.digest(crypto::HashAlgorithm::sha1, text.view());
  if (!crypto::equal(lower_case(trimmed(element.first_text())), hex_encode(digest.view()))) {
    host_->on_auth_failure(domain_);
    return fail({StreamCondition::not_authorized, "a wrong handshake"});
  }
  state_ = State::proven;
  host_->on_proven(domain_);
}

void ComponentStream::admit() {
  if (state_ != State::proven) return;
  state_ = State::ready;
  host_->send("<handshake/>");
}

void ComponentStream::take_stanza(xml::Document element) {
  const xml::Element root = element.root();
  if (!stanza_kind(root)) return fail(StreamCondition::unsupported_stanza_type);
  auto head = parse_head(root);
  const auto named = root.find_attribute("from");
  const Jid from = named ? domain_of(*named) : domain_;
  if (from != domain_ && !(from && host_->speaks_for(domain_, from)))
    return fail(StreamCondition::invalid_from);
  if (head && !named) head->from = domain_;
  if (head && !head->to)
    head = xmpp::fail(Condition::bad_request, "A component names whom it means");
  host_->on_stanza(std::move(head), std::move(element));
}

void ComponentStream::close() {
  if (state_ == State::closed) return;
  if (state_ != State::header) host_->send(stream_footer);
  state_ = State::closed;
  host_->on_closed(nullptr);
}

void ComponentStream::fail(const StreamError& error) {
  if (state_ == State::closed) return;
  // RFC 6120 section 4.9.1.1: an error before the header still comes inside a stream.
  if (state_ == State::header) send_header();
  host_->send(error.to_xml().append(stream_footer));
  state_ = State::closed;
  host_->on_closed(&error);
}

}  // namespace herold::xmpp
