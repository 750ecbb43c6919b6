// A stanza on its way through the server: its head, its tree, and the bytes that are passed on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "xml/element.h"
#include "xmpp/errors.h"
#include "xmpp/stanza.h"

namespace herold::server {

using xmpp::Answer;
using xmpp::Condition;
using xmpp::ElementName;
using xmpp::IqType;
using xmpp::Jid;
using xmpp::MessageType;
using xmpp::PresenceType;
using xmpp::StanzaError;
using xmpp::StanzaHead;
using xmpp::StanzaKind;

// Names a stanza for ever, over restarts and shards: run, shard, counter (XEP-0359, DECISIONS 6).
// Zero: it was never journalled. Clients see it as message_names.h writes it.
using MessageId = std::uint64_t;

// What a committed stanza waits for, until the journal forgets it; values combine.
using Waits = std::uint8_t;
namespace waiting_for {
inline constexpr Waits delivery = 1;  // at a client, in the offline store, or refused
inline constexpr Waits received = 2;  // the recipient's archive, where that wants it
inline constexpr Waits sent = 4;      // the sender's archive
inline constexpr Waits kept = 8;      // the archive of `to`, which decided for it: a room's
inline constexpr Waits clients = 16;  // each of many that got it and could resume (SharedStanzas)
inline constexpr Waits all = 255;
}  // namespace waiting_for

// Whose stanza it is in the count of XEP-0198; nobody's where `session` is 0.
struct Origin {
  std::uint64_t session = 0;  // SessionKey on the sender's shard
  std::uint32_t number = 0;
};

// The payload is serialised once and shared by every queue; the head is written for each receiver.
class Stanza {
 public:
  Stanza() = default;
  // Read from a stream: the document's root is the stanza, `payload` its children as passed on.
  Stanza(StanzaHead first, SharedBytes payload, xml::Document document)
      : head(std::move(first)), payload_(std::move(payload)), document_(std::move(document)) {}
  // Made here: `payload` is canonical XML in the scope of a stream's content namespace.
  Stanza(StanzaHead first, std::string_view payload) : head(std::move(first)), payload_(payload) {}
  Stanza(StanzaHead first, SharedBytes payload)
      : head(std::move(first)), payload_(std::move(payload)) {}

  StanzaHead head;
  MessageId id = 0;      // of its entry in the journal
  MessageId stable = 0;  // what clients know it by, where it was in the journal before
  MessageId stable_id() const { return stable != 0 ? stable : id; }
  // One of many copies of what stands in the journal once (SharedStanzas); none has an `id`.
  MessageId shared = 0;
  Origin origin;
  WallTime accepted{};  // when it was journalled; what a delay stamp says (XEP-0203)
  bool late = false;    // did not come straight through: gets a delay stamp
  // A subscription whose sender's side is not stored yet: after a crash that comes first.
  bool leaving = false;
  Waits waits = waiting_for::delivery | waiting_for::received;  // to be set before it is committed

  StanzaKind kind() const { return head.kind; }
  const SharedBytes& payload() const { return payload_; }
  void set_payload(std::string_view payload);

  // The tree: the children are the payload. Parsed anew where only the bytes are known.
  xml::Element root() const;
  xml::Element child(ElementName name) const { return root().child(name.name, name.ns); }
  bool has(ElementName name) const { return bool(child(name)); }

  // Appends the whole stanza; `extra` is canonical XML that goes in front of the payload.
  void write_to(std::string& out, std::string_view extra = {}) const;
  std::string to_xml(std::string_view extra = {}) const;

  // A second stanza that shares the payload's bytes.
  Stanza copy() const;

  // Serialises all but `to`, for a stanza that is written to many: from now on nothing else of it
  // changes.
  void write_for_many();

 private:
  SharedBytes payload_;
  SharedBytes behind_to_;  // write_for_many()
  mutable xml::Document document_;
};

// A whole stanza that this server wrote and stored.
Stanza parse_stored(std::string_view xml);

// RFC 6120 section 8.2.3: from the one who was asked to the one who asked.
Stanza make_result(const StanzaHead& request, std::string_view payload);
// Section 8.3; ask head.may_get_error() first.
Stanza make_error(const StanzaHead& head, const StanzaError& error);

}  // namespace herold::server
