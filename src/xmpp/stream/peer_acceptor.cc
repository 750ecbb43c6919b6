// The receiving server's half of dialback, and the domains of stanzas.
#include "xmpp/stream/peer_acceptor.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "xml/writer.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {
namespace {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out.append(" ").append(name).append("=\"");
  xml::append_attribute_value(out, value);
  out.push_back('"');
}

std::string start_tag(std::string_view name, const Jid& from, const Jid& to) {
  std::string out("<db:");
  out.append(name);
  append_attribute(out, "from", from.text());
  append_attribute(out, "to", to.text());
  return out;
}

std::string with_text(std::string tag, std::string_view name, std::string_view text) {
  tag.push_back('>');
  xml::append_text(tag, text);
  return tag.append("</db:").append(name).append(">");
}

// Section 2.4.2: the <error/> is in the stream's own namespace.
std::string with_answer(std::string tag, std::string_view name, const DialbackAnswer& answer) {
  append_attribute(tag, "type", name_of(answer.type));
  if (answer.type != DialbackType::error) return tag.append("/>");
  tag.push_back('>');
  xml::Writer writer(tag, ns::client);
  answer.error.write(writer);
  return tag.append("</db:").append(name).append(">");
}

StreamError malformed() {
  return {StreamCondition::improper_addressing, "dialback without two domains"};
}

}  // namespace

std::string write_dialback(const DialbackResult& request) {
  constexpr std::string_view name = DialbackResult::element.name;
  return with_text(start_tag(name, request.from, request.to), name, request.key);
}

std::string write_dialback(const DialbackVerify& question) {
  constexpr std::string_view name = DialbackVerify::element.name;
  std::string tag = start_tag(name, question.from, question.to);
  append_attribute(tag, "id", question.id);
  return with_text(std::move(tag), name, question.key);
}

std::string answer_dialback(const DialbackResult& request, const DialbackAnswer& answer) {
  constexpr std::string_view name = DialbackResult::element.name;
  return with_answer(start_tag(name, request.to, request.from), name, answer);
}

std::string answer_dialback(const DialbackVerify& question, const DialbackAnswer& answer) {
  constexpr std::string_view name = DialbackVerify::element.name;
  std::string tag = start_tag(name, question.to, question.from);
  append_attribute(tag, "id", question.id);
  return with_answer(std::move(tag), name, answer);
}

DialbackAnswer read_answer(DialbackType type, xml::Element element) {
  if (type != DialbackType::error) return {type, {}};
  return DialbackAnswer::failed(StanzaError::parse(element.child("error", ns::client)));
}

void append_peer_features(std::string& out, const PeerPolicy& policy, const Limits& limits) {
  if (policy.offers_stream_management) out.append(to_xml(SmFeature{}));
  append_stream_limits(out, limits.peer_stanza_bytes, 0);
}

bool PeerAcceptor::accepts(std::string_view from, std::string_view to) const {
  return std::ranges::any_of(accepted_, [&](const DomainPair& pair) {
    return pair.sender.text() == from && pair.target.text() == to;
  });
}

void PeerAcceptor::accept(const DomainPair& pair) {
  if (!accepts(pair.sender, pair.target)) accepted_.push_back(pair);
}

std::optional<StreamError> PeerAcceptor::take_result(xml::Element element, PeerStreamHost& host,
                                                     const std::string& id, const Limits& limits) {
  const auto request = read<DialbackResult>(element);
  if (!request) return malformed();
  const DomainPair pair{request->from, request->to};
  const auto refuse = [&](StanzaError why) {
    return settle(pair, DialbackAnswer::failed(std::move(why)), PeerProof::dialback, host);
  };
  // HOSTILE 144.
  if (host.is_served(pair.sender)) return StreamError(StreamCondition::invalid_from);
  if (!host.is_served(pair.target)) return refuse(Condition::item_not_found);
  if (accepts(pair.sender, pair.target)) {
    host.send(answer_dialback(*request, {}));
    return {};
  }
  const auto same = [&](const Pending& pending) { return pending.pair == pair; };
  if (std::ranges::any_of(pending_, same)) return {};  // one answer comes for both
  const Trust trust = host.policy_of(pair.target, pair.sender).trust;
  if (trust == Trust::none) return refuse(Condition::not_allowed);
  if (accepted_.size() >= limits.peer_pairs || pending_.size() >= bounds::peer_questions)
    return refuse(Condition::resource_constraint);
  // XEP-0220 section 1.1: who has shown a certificate need not be called back.
  if (host.is_certified(pair.sender)) return settle(pair, {}, PeerProof::certificate, host);
  if (trust == Trust::certificate)
    return refuse({Condition::not_authorized, "The certificate is not good for this domain"});
  const Ticket ticket{++ticket_};
  pending_.push_back({ticket, pair});
  // The examples of XEP-0220 have white space around keys.
  const std::string key(trimmed(request->key)), own_id(id);
  host.verify_key(ticket, pair, own_id, key);
  return {};
}

std::optional<StreamError> PeerAcceptor::take_verdict(Ticket ticket, const DialbackAnswer& answer,
                                                      PeerStreamHost& host) {
  const auto found = std::ranges::find(pending_, ticket, &Pending::ticket);
  if (found == pending_.end()) return {};
  const DomainPair pair = std::move(found->pair);
  pending_.erase(found);
  return settle(pair, answer, PeerProof::dialback, host);
}

std::optional<StreamError> PeerAcceptor::settle(const DomainPair& pair,
                                                const DialbackAnswer& answer, PeerProof proof,
                                                PeerStreamHost& host) {
  const DialbackResult request{pair.sender, pair.target, {}, {}};
  if (answer.type == DialbackType::valid) {
    accept(pair);
    host.send(answer_dialback(request, answer));
    host.on_accepted(pair, proof);
    return {};
  }
  const StanzaError why = answer.type == DialbackType::error
                              ? answer.error
                              : StanzaError(Condition::forbidden, "The key is not its server's");
  // Section 2.2.1: a wrong key ends a stream that has nothing else to carry.
  const bool is_fatal = answer.type == DialbackType::invalid && is_empty();
  host.send(answer_dialback(request, is_fatal ? answer : DialbackAnswer::failed(why)));
  host.on_refused(pair, why);
  if (is_fatal) return StreamError(StreamCondition::not_authorized, "a wrong key");
  return {};
}

std::optional<StreamError> PeerAcceptor::take_verify(xml::Element element, PeerStreamHost& host,
                                                     const DialbackKeys& keys) {
  const auto question = read<DialbackVerify>(element);
  if (!question) return malformed();
  DialbackAnswer answer;
  if (!host.is_served(question->to)) {
    answer = DialbackAnswer::failed(Condition::item_not_found);
  } else if (!keys.verify(trimmed(question->key), question->from, question->to, question->id)) {
    answer.type = DialbackType::invalid;
  }
  host.send(answer_dialback(*question, answer));
  return {};
}

std::optional<StreamError> PeerAcceptor::judge_stanza(const Answer<StanzaHead>& head,
                                                      xml::Element root,
                                                      PeerStreamHost& host) const {
  if (is_empty()) return StreamError(StreamCondition::not_authorized, "nobody has signed in");
  const std::string_view from_text = root.attribute("from"), to_text = root.attribute("to");
  if (from_text.empty() || to_text.empty())
    return StreamError(StreamCondition::improper_addressing, "a stanza without two addresses");
  if (head && accepts(head->from, head->to)) [[likely]]
    return {};
  // Deviation from RFC 6120 section 4.9.3.7: an address with a local part or resource that we do
  // not take costs its sender the stanza, not everybody the stream.
  const Jid from = domain_of(from_text), to = domain_of(to_text);
  if (!from || !to) return StreamError(StreamCondition::improper_addressing);
  if (accepts(from, to)) return {};
  // HOSTILE 144.
  const bool is_known =
      std::ranges::any_of(accepted_, [&](const DomainPair& pair) { return pair.sender == from; });
  if (!is_known) return StreamError(StreamCondition::invalid_from);
  if (!host.is_served(to)) return StreamError(StreamCondition::host_unknown);
  return StreamError(StreamCondition::not_authorized, "not for this pair of domains");
}

}  // namespace herold::xmpp
