// Stanzas of RFC 6120 section 8 and RFC 6121: their heads, their types, and their payload as bytes.
//
// A stanza is written in two pieces (DECISIONS.md 13): the start tag for each receiver, and the
// children once, as bytes that no stream's namespace is part of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/enum_names.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"

namespace herold::xmpp {

enum class StanzaKind : std::uint8_t { message, presence, iq };
inline constexpr std::string_view stanza_kind_names[] = {"message", "presence", "iq"};
constexpr EnumNames names_of(StanzaKind) { return stanza_kind_names; }

// RFC 6121 section 5.2.2. An unknown type is read as normal.
enum class MessageType : std::uint8_t { normal, chat, error, groupchat, headline };
inline constexpr std::string_view message_type_names[] = {"normal", "chat", "error", "groupchat",
                                                          "headline"};
constexpr EnumNames names_of(MessageType) { return message_type_names; }

// RFC 6121 section 4.7.1. `available` is the absence of a type.
enum class PresenceType : std::uint8_t {
  available,
  error,
  probe,
  subscribe,
  subscribed,
  unavailable,
  unsubscribe,
  unsubscribed,
};
inline constexpr std::string_view presence_type_names[] = {
    "", "error", "probe", "subscribe", "subscribed", "unavailable", "unsubscribe", "unsubscribed"};
constexpr EnumNames names_of(PresenceType) { return presence_type_names; }

// RFC 6120 section 8.2.3.
enum class IqType : std::uint8_t { get, set, result, error };
inline constexpr std::string_view iq_type_names[] = {"get", "set", "result", "error"};
constexpr EnumNames names_of(IqType) { return iq_type_names; }

// The attributes of a stanza; an empty Jid stands for an absent address.
struct StanzaHead {
  StanzaKind kind = StanzaKind::message;
  MessageType message_type = MessageType::normal;        // where kind is message
  PresenceType presence_type = PresenceType::available;  // where kind is presence
  IqType iq_type = IqType::get;                          // where kind is iq
  Jid to;
  Jid from;
  std::string id;
  std::string lang;  // xml:lang

  static StanzaHead of(MessageType type);
  static StanzaHead of(PresenceType type);
  static StanzaHead of(IqType type);

  bool is(StanzaKind other) const { return kind == other; }
  bool is(MessageType type) const { return kind == StanzaKind::message && message_type == type; }
  bool is(PresenceType type) const { return kind == StanzaKind::presence && presence_type == type; }
  bool is(IqType type) const { return kind == StanzaKind::iq && iq_type == type; }
  bool is_error() const;
  bool is_request() const { return is(IqType::get) || is(IqType::set); }
  // RFC 6120 section 8.3.1: errors are not answered with errors, nor are results.
  bool may_get_error() const { return !is_error() && !is(IqType::result); }

  // The `type` attribute, "" where none is written (normal messages, available presence).
  std::string_view type_name() const;
};

// What the root of a stanza is by its name; the stream has judged its namespace.
std::optional<StanzaKind> stanza_kind(xml::Element root);

// Reads the head and judges it: jid-malformed for an address that is none; bad-request for an
// unknown presence or IQ type, an IQ without id, a request without exactly one child, a result
// with more than one.
Answer<StanzaHead> parse_head(xml::Element root);
// As much as can be read, for answering a stanza whose head was refused. An address that is none
// is left empty; an IQ of an unknown type counts as `get`, so that it gets its error.
StanzaHead salvage_head(xml::Element root);

// Addresses swapped, the same id and kind: an IQ becomes a result, others keep their type.
StanzaHead reply_to(const StanzaHead& head);
// The same, of type error.
StanzaHead error_head(const StanzaHead& head);

// <message ...> with every attribute that is not empty. `xmlns`, unless empty, is declared: for
// streams that carry whole documents (RFC 7395).
void write_start_tag(std::string& out, const StanzaHead& head, std::string_view xmlns = {});
void write_end_tag(std::string& out, StanzaKind kind);
// The whole stanza; `payload` as payload_bytes() gives it.
std::string to_xml(const StanzaHead& head, std::string_view payload, std::string_view xmlns = {});
// The answer to `head` that carries `error` (section 8.3.1); the payload is not sent back.
std::string error_reply(const StanzaHead& head, const StanzaError& error,
                        std::string_view xmlns = {});

// The child elements in the scope of the stanza's own namespace: what is in that namespace carries
// no xmlns, so that the same bytes serve jabber:client and jabber:server. `keep(xml::Element)`
// says of each child whether it goes along.
template <class Keep>
std::string payload_bytes(xml::Element root, Keep keep) {
  std::string out;
  xml::Writer writer(out, root.ns());
  for (const xml::Element child : root.children())
    if (keep(child)) writer.element(child);
  return out;
}
std::string payload_bytes(xml::Element root);

}  // namespace herold::xmpp
