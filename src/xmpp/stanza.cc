// Heads of stanzas read, judged and written: RFC 6120 section 8.1 and 8.2, RFC 6121.
#include "xmpp/stanza.h"

namespace herold::xmpp {
namespace {

// An absent address is none; one that is present and empty is malformed.
Answer<Jid> read_address(xml::Element root, std::string_view name) {
  const auto text = root.find_attribute(name);
  if (!text) return Jid();
  Result<Jid> jid = Jid::parse(*text);
  if (!jid) return fail(Condition::jid_malformed, std::string(name) + ": " + jid.error().text);
  return *std::move(jid);
}

// Section 8.2.3, rules 2 to 4.
Answer<> judge_iq(const StanzaHead& head, xml::Element root) {
  if (head.id.empty()) return fail(Condition::bad_request, "an IQ needs an id");
  std::size_t count = 0;
  for ([[maybe_unused]] const xml::Element child : root.children()) ++count;
  if (head.is_request() && count != 1)
    return fail(Condition::bad_request, "a request needs exactly one child");
  if (head.is(IqType::result) && count > 1)
    return fail(Condition::bad_request, "a result has one child at most");
  return {};
}

// Sets the type; false where RFC 6120 and 6121 know none of this name.
bool read_type(StanzaHead& head, std::string_view text) {
  switch (head.kind) {
    case StanzaKind::message:
      head.message_type = value_of<MessageType>(text).value_or(MessageType::normal);
      return true;
    case StanzaKind::presence: {
      const auto type = value_of<PresenceType>(text);
      if (type) head.presence_type = *type;
      return type || text.empty();
    }
    case StanzaKind::iq: {
      const auto type = value_of<IqType>(text);
      if (type) head.iq_type = *type;
      return type.has_value();
    }
  }
  return false;
}

void write_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ' ';
  out += name;
  out += "=\"";
  xml::append_attribute_value(out, value);
  out += '"';
}

}  // namespace

StanzaHead StanzaHead::of(MessageType type) {
  return {.kind = StanzaKind::message, .message_type = type};
}
StanzaHead StanzaHead::of(PresenceType type) {
  return {.kind = StanzaKind::presence, .presence_type = type};
}
StanzaHead StanzaHead::of(IqType type) { return {.kind = StanzaKind::iq, .iq_type = type}; }

bool StanzaHead::is_error() const {
  return is(MessageType::error) || is(PresenceType::error) || is(IqType::error);
}

std::string_view StanzaHead::type_name() const {
  switch (kind) {
    case StanzaKind::message:
      return message_type == MessageType::normal ? std::string_view() : name_of(message_type);
    case StanzaKind::presence:
      return name_of(presence_type);
    case StanzaKind::iq:
      return name_of(iq_type);
  }
  return {};
}

std::optional<StanzaKind> stanza_kind(xml::Element root) {
  return value_of<StanzaKind>(root.name());
}

Answer<StanzaHead> parse_head(xml::Element root) {
  const auto kind = stanza_kind(root);
  if (!kind) return fail(Condition::bad_request, "not a stanza");
  StanzaHead head{.kind = *kind};
  if (!read_type(head, root.attribute("type"))) return fail(Condition::bad_request, "unknown type");
  head.id = root.attribute("id");
  head.lang = root.attribute("lang", ns::xml);
  if (head.is(StanzaKind::iq)) TRY(judge_iq(head, root));
  head.to = TRY(read_address(root, "to"));
  head.from = TRY(read_address(root, "from"));
  return head;
}

StanzaHead salvage_head(xml::Element root) {
  StanzaHead head{.kind = stanza_kind(root).value_or(StanzaKind::message)};
  read_type(head, root.attribute("type"));
  head.id = root.attribute("id");
  head.lang = root.attribute("lang", ns::xml);
  head.to = read_address(root, "to").value_or(Jid());
  head.from = read_address(root, "from").value_or(Jid());
  return head;
}

StanzaHead reply_to(const StanzaHead& head) {
  StanzaHead reply = head;
  reply.to = head.from;
  reply.from = head.to;
  reply.lang.clear();
  if (reply.is(StanzaKind::iq)) reply.iq_type = IqType::result;
  return reply;
}

void write_start_tag(std::string& out, const StanzaHead& head, std::string_view xmlns) {
  out += '<';
  out += name_of(head.kind);
  write_attribute(out, "xmlns", xmlns);
  write_attribute(out, "to", head.to.text());
  write_attribute(out, "from", head.from.text());
  write_attribute(out, "type", head.type_name());
  write_attribute(out, "id", head.id);
  write_attribute(out, "xml:lang", head.lang);
  out += '>';
}

void write_end_tag(std::string& out, StanzaKind kind) {
  out += "</";
  out += name_of(kind);
  out += '>';
}

std::string to_xml(const StanzaHead& head, std::string_view payload, std::string_view xmlns) {
  std::string out;
  out.reserve(payload.size() + 256);
  write_start_tag(out, head, xmlns);
  out += payload;
  write_end_tag(out, head.kind);
  return out;
}

StanzaHead error_head(const StanzaHead& head) {
  StanzaHead reply = reply_to(head);
  switch (reply.kind) {
    case StanzaKind::message:
      reply.message_type = MessageType::error;
      break;
    case StanzaKind::presence:
      reply.presence_type = PresenceType::error;
      break;
    case StanzaKind::iq:
      reply.iq_type = IqType::error;
      break;
  }
  return reply;
}

std::string error_reply(const StanzaHead& head, const StanzaError& error, std::string_view xmlns) {
  std::string payload;
  xml::Writer writer(payload, {});
  error.write(writer);
  return to_xml(error_head(head), payload, xmlns);
}

std::string payload_bytes(xml::Element root) {
  return payload_bytes(root, [](xml::Element) { return true; });
}

}  // namespace herold::xmpp
