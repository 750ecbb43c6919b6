// Writing and judging what frames a stream.
#include "xmpp/stream/stream_text.h"

#include "base/check.h"
#include "xml/writer.h"

namespace herold::xmpp {
namespace {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(name).append("=\"");
  xml::append_attribute_value(out, value);
  out.push_back('"');
}

// Section 4.7.5: "major.minor"; anything from 1.0 on can speak 1.0.
bool is_supported_version(std::string_view version) {
  const std::size_t dot = version.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == version.size()) return false;
  bool has_major = false;
  for (std::size_t i = 0; i < version.size(); ++i) {
    if (i == dot) continue;
    if (version[i] < '0' || version[i] > '9') return false;
    if (i < dot && version[i] != '0') has_major = true;
  }
  return has_major;
}

}  // namespace

std::string write_header(const Opening& opening) {
  std::string out =
      "<?xml version=\"1.0\"?><stream:stream xmlns=\"jabber:client\" "
      "xmlns:stream=\"http://etherx.jabber.org/streams\"";
  append_attribute(out, "from", opening.from);
  append_attribute(out, "to", opening.to);
  append_attribute(out, "id", opening.id);
  append_attribute(out, "xml:lang", opening.lang);
  out.append(" version=\"1.0\">");
  return out;
}

StreamCondition condition_of(xml::ParseError error) {
  switch (error) {
    case xml::ParseError::not_well_formed:
      return StreamCondition::not_well_formed;
    case xml::ParseError::restricted_xml:
      return StreamCondition::restricted_xml;
    case xml::ParseError::unsupported_encoding:
      return StreamCondition::unsupported_encoding;
    case xml::ParseError::too_large:
      return StreamCondition::policy_violation;
  }
  return StreamCondition::not_well_formed;
}

StreamCondition condition_of(xml::Scanner::Token token) {
  switch (token) {
    case xml::Scanner::Token::text:
      return StreamCondition::bad_format;
    case xml::Scanner::Token::restricted:
      return StreamCondition::restricted_xml;
    case xml::Scanner::Token::encoding:
      return StreamCondition::unsupported_encoding;
    case xml::Scanner::Token::too_large:
      return StreamCondition::policy_violation;
    default:
      return StreamCondition::not_well_formed;
  }
}

std::optional<StreamCondition> judge_header(const xml::StreamHeader& header) {
  const xml::Element root = header.element.root();
  if (root.ns() != ns::streams) return StreamCondition::invalid_namespace;
  if (root.name() != "stream") return StreamCondition::bad_format;
  const std::string* content = header.scope.find("");
  if (!content || *content != ns::client) return StreamCondition::invalid_namespace;
  if (!is_supported_version(root.attribute("version"))) {
    return StreamCondition::unsupported_version;
  }
  return {};
}

void append_stream_limits(std::string& out, std::uint64_t max_bytes, std::uint64_t idle_seconds) {
  xml::Writer writer(out, ns::client);
  writer.open("limits", ns::stream_limits);
  if (max_bytes > 0) writer.leaf("max-bytes", std::to_string(max_bytes));
  if (idle_seconds > 0) writer.leaf("idle-seconds", std::to_string(idle_seconds));
  writer.close();
}

void append_sasl_offer(std::string& out, const SaslOffer& offer) {
  xml::Writer writer(out, ns::client);
  if (!offer.mechanisms.empty()) {
    writer.open("mechanisms", ns::sasl);
    for (const std::string& name : offer.mechanisms) writer.leaf("mechanism", name);
    writer.close();
  }
  if (!offer.binding_types.empty()) {
    writer.open("sasl-channel-binding", ns::channel_bindings);
    for (const std::string& type : offer.binding_types) {
      writer.open("channel-binding").attribute("type", type).close();
    }
    writer.close();
  }
}

SaslOffer parse_sasl_offer(xml::Element features) {
  SaslOffer offer;
  for (const xml::Element child : features.child("mechanisms", ns::sasl).children()) {
    if (child.is("mechanism", ns::sasl)) offer.mechanisms.push_back(child.text());
  }
  const xml::Element bindings = features.child("sasl-channel-binding", ns::channel_bindings);
  for (const xml::Element child : bindings.children()) {
    if (!child.is("channel-binding", ns::channel_bindings)) continue;
    offer.binding_types.emplace_back(child.attribute("type"));
  }
  return offer;
}

}  // namespace herold::xmpp
