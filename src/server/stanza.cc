// Stanzas inside the server.
#include "server/stanza.h"

#include "base/check.h"
#include "server/own_xml.h"
#include "xmpp/ns.h"

namespace herold::server {

void Stanza::set_payload(std::string_view payload) {
  payload_ = SharedBytes(payload);
  behind_to_ = {};
  document_ = {};
}

xml::Element Stanza::root() const {
  if (!document_) {
    document_ = parse_own(to_xml(), xmpp::ns::client);
    CHECK(bool(document_));  // canonical bytes of our own
  }
  return document_.root();
}

void Stanza::write_for_many() {
  StanzaHead for_all = head;
  for_all.to = Jid();
  const std::string whole = Stanza(std::move(for_all), payload_).to_xml();
  behind_to_ = SharedBytes(std::string_view(whole).substr(1 + xmpp::name_of(head.kind).size()));
}

void Stanza::write_to(std::string& out, std::string_view extra) const {
  if (!behind_to_.empty() && extra.empty()) {
    constexpr std::size_t usual = 32;  // of what is in front, without the address
    out.reserve(out.size() + usual + head.to.text().size() + behind_to_.size());
    out += '<';
    out += xmpp::name_of(head.kind);
    out += " to=\"";
    xml::append_attribute_value(out, head.to.text());
    out += '"';
    out += behind_to_.view();
    return;
  }
  constexpr std::size_t tags = 128;  // of both, without the addresses
  out.reserve(out.size() + tags + head.from.text().size() + head.to.text().size() + head.id.size() +
              extra.size() + payload_.size());
  xmpp::write_start_tag(out, head);
  if (extra.empty() && payload_.empty()) {
    out.back() = '/';
    out += '>';
    return;
  }
  out += extra;
  out += payload_.view();
  xmpp::write_end_tag(out, head.kind);
}

std::string Stanza::to_xml(std::string_view extra) const {
  std::string out;
  write_to(out, extra);
  return out;
}

Stanza Stanza::copy() const {
  Stanza second(head, payload_);
  second.id = id;
  second.stable = stable;
  second.shared = shared;
  second.accepted = accepted;
  second.leaving = leaving;
  return second;
}

Stanza parse_stored(std::string_view xml) {
  xml::Document parsed = parse_own(xml, xmpp::ns::client);
  CHECK(bool(parsed));
  auto head = xmpp::parse_head(parsed.root());
  CHECK(head.has_value());
  SharedBytes payload(xmpp::payload_bytes(parsed.root()));
  return Stanza(std::move(*head), std::move(payload), std::move(parsed));
}

Stanza make_result(const StanzaHead& request, std::string_view payload) {
  return Stanza(xmpp::reply_to(request), payload);
}

Stanza make_error(const StanzaHead& head, const StanzaError& error) {
  std::string payload;
  xml::Writer writer(payload, xmpp::ns::client);
  error.write(writer);
  return Stanza(xmpp::error_head(head), payload);
}

}  // namespace herold::server
