// Error conditions in XML: RFC 6120 sections 4.9 and 8.3.
#include "xmpp/errors.h"

namespace herold::xmpp {
namespace {

// What a stanza error and a stream error have in common once their namespace is known.
struct Children {
  std::string condition;
  std::string condition_text;
  std::string text;
  ApplicationCondition application;
};

Children read_children(xml::Element error, std::string_view ns) {
  Children found;
  for (const xml::Element child : error.children()) {
    if (child.is("text", ns)) {
      found.text = child.text();
    } else if (child.ns() == ns) {
      if (found.condition.empty()) found.condition = child.name();
      found.condition_text = child.text();
    } else if (!found.application) {
      found.application = {std::string(child.name()), std::string(child.ns())};
    }
  }
  return found;
}

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

void write_tail(xml::Writer& writer, std::string_view text, std::string_view ns,
                const ApplicationCondition& application, const Attributes& attributes) {
  if (!text.empty()) writer.open("text", ns).attribute("xml:lang", "en").text(text).close();
  if (!application) return;
  writer.open(application.name, application.ns);
  for (const auto& [name, value] : attributes) writer.attribute(name, value);
  writer.close();
}

Condition condition_for(Fault fault) {
  switch (fault) {
    case Fault::malformed:
      return Condition::bad_request;
    case Fault::limit:
      return Condition::resource_constraint;
    case Fault::not_found:
      return Condition::item_not_found;
    case Fault::conflict:
      return Condition::conflict;
    case Fault::refused:
      return Condition::forbidden;
    case Fault::unavailable:
    case Fault::invalid:
      return Condition::internal_server_error;
  }
  return Condition::internal_server_error;
}

}  // namespace

ErrorType default_type(Condition condition) {
  switch (condition) {
    case Condition::bad_request:
    case Condition::jid_malformed:
    case Condition::not_acceptable:
    case Condition::policy_violation:
    case Condition::redirect:
      return ErrorType::modify;
    case Condition::forbidden:
    case Condition::not_authorized:
    case Condition::registration_required:
    case Condition::subscription_required:
      return ErrorType::auth;
    case Condition::recipient_unavailable:
    case Condition::remote_server_timeout:
    case Condition::resource_constraint:
    case Condition::unexpected_request:
      return ErrorType::wait;
    default:
      return ErrorType::cancel;
  }
}

StanzaError::StanzaError(const Error& error) : StanzaError(condition_for(error.fault)) {
  if (error.fault == Fault::unavailable) type = ErrorType::wait;
  if (condition != Condition::internal_server_error) text = error.text;
}

StanzaError StanzaError::parse(xml::Element error) {
  Children found = read_children(error, ns::stanzas);
  StanzaError read(value_of<Condition>(found.condition).value_or(Condition::undefined_condition));
  read.type = value_of<ErrorType>(error.attribute("type")).value_or(read.type);
  read.by = error.attribute("by");
  read.text = std::move(found.text);
  read.application = std::move(found.application);
  if (read.condition == Condition::gone || read.condition == Condition::redirect)
    read.uri = std::move(found.condition_text);
  return read;
}

void StanzaError::write(xml::Writer& writer) const {
  if (!enclosed.empty()) writer.raw(enclosed);
  writer.open("error").attribute("type", name_of(type)).optional_attribute("by", by);
  // XEP-0086, of which this is what is still read: without the number Profanity never learns that
  // an account has no list of OMEMO devices yet, and does not publish its own.
  if (condition == Condition::item_not_found) writer.attribute("code", "404");
  writer.open(name_of(condition), ns::stanzas);
  if (!uri.empty()) writer.text(uri);
  writer.close();
  write_tail(writer, text, ns::stanzas, application, application_attributes);
  writer.close();
}

StreamError StreamError::parse(xml::Element error) {
  Children found = read_children(error, ns::stream_errors);
  StreamError read(
      value_of<StreamCondition>(found.condition).value_or(StreamCondition::undefined_condition));
  read.text = std::move(found.text);
  read.application = std::move(found.application);
  if (read.condition == StreamCondition::see_other_host)
    read.host = std::move(found.condition_text);
  return read;
}

std::string StreamError::to_xml() const {
  std::string out = "<stream:error>";
  xml::Writer writer(out, {});
  writer.open(name_of(condition), ns::stream_errors);
  if (!host.empty()) writer.text(host);
  writer.close();
  write_tail(writer, text, ns::stream_errors, application, application_attributes);
  return out += "</stream:error>";
}

}  // namespace herold::xmpp
