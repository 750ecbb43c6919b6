// Writing and judging what frames a stream.
#include "xmpp/stream/stream_text.h"

#include "base/base64.h"
#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/ext/dialback.h"
#include "xmpp/ext/sasl2.h"

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
  std::string out = "<?xml version=\"1.0\"?><stream:stream";
  append_attribute(out, "xmlns", opening.content);
  append_attribute(out, "xmlns:stream", ns::streams);
  // XEP-0220 section 2.4.1: whoever speaks it says so here, and writes this prefix.
  if (opening.content == ns::server) append_attribute(out, "xmlns:db", ns::dialback);
  append_attribute(out, "from", opening.from);
  append_attribute(out, "to", opening.to);
  append_attribute(out, "id", opening.id);
  append_attribute(out, "xml:lang", opening.lang);
  if (opening.content != ns::component) append_attribute(out, "version", "1.0");
  return out.append(">");
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

std::optional<StreamCondition> judge_header(const xml::StreamHeader& header,
                                            std::string_view content) {
  const xml::Element root = header.element.root();
  if (root.ns() != ns::streams) return StreamCondition::invalid_namespace;
  if (root.name() != "stream") return StreamCondition::bad_format;
  const std::string* declared = header.scope.find("");
  if (!declared || *declared != content) return StreamCondition::invalid_namespace;
  if (content != ns::component && !is_supported_version(root.attribute("version"))) {
    return StreamCondition::unsupported_version;
  }
  return {};
}

xml::NamespaceScope stanza_scope(xml::NamespaceScope header) {
  const std::string* content = header.find("");
  if (content && *content != ns::client) header.read_default_as(std::string(ns::client));
  return header;
}

Jid domain_of(std::string_view address) {
  address = address.substr(0, address.find('/'));
  if (const std::size_t at = address.find('@'); at != std::string_view::npos)
    address.remove_prefix(at + 1);
  const auto domain = Jid::parse(address);
  return domain && domain->is_domain() ? *domain : Jid();
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

void append_sasl2_offer(std::string& out, const SaslOffer& offer,
                        std::string_view inline_features) {
  if (offer.mechanisms.empty()) return;
  xml::Writer writer(out, ns::client);
  writer.open("authentication", ns::sasl2);
  for (const std::string& name : offer.mechanisms) writer.leaf("mechanism", name);
  writer.open("inline").raw(inline_features).open("fast", ns::fast);
  for (const Mechanism mechanism : token_mechanisms)
    if (offers_token(offer, mechanism)) writer.leaf("mechanism", name_of(mechanism));
  writer.close().close();
  for (const std::string_view task : upgrade_tasks)
    writer.open("upgrade", ns::sasl_upgrade).text(task).close();
  writer.close();
}

std::string config_version_of(const crypto::Crypto& crypto, std::string_view features) {
  constexpr std::size_t enough = 15;
  const crypto::Digest digest = crypto.digest(HashAlgorithm::sha256, features);
  return base64_encode(digest.view().substr(0, enough));
}

void append_config_version(std::string& out, std::string_view version) {
  xml::Writer writer(out, ns::client);
  write(writer, ConfigVersion{.scheme = "opaque", .value = std::string(version)});
}

std::optional<Sasl2Offer> parse_sasl2_offer(xml::Element features) {
  const xml::Element box = features.child("authentication", ns::sasl2);
  if (!box) return {};
  Sasl2Offer offer;
  offer.sasl = parse_sasl_offer(features);
  offer.sasl.mechanisms.clear();
  for (const xml::Element child : box.children()) {
    if (child.is("mechanism", ns::sasl2)) offer.sasl.mechanisms.push_back(child.text());
    if (child.is("upgrade", ns::sasl_upgrade)) offer.upgrades.push_back(child.text());
  }
  const xml::Element inside = box.child("inline", ns::sasl2);
  offer.has_resumption = bool(inside.child("sm", ns::stream_management));
  const xml::Element bind = inside.child("bind", ns::bind2);
  offer.has_bind = bool(bind);
  for (const xml::Element feature : bind.child("inline", ns::bind2).children())
    offer.bind_features.emplace_back(feature.attribute("var"));
  for (const xml::Element child : inside.child("fast", ns::fast).children())
    if (child.is("mechanism", ns::fast)) offer.tokens.push_back(child.text());
  const xml::Element version = features.child("config-version", ns::config_version);
  offer.config_version = version.attribute("value");
  return offer;
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
