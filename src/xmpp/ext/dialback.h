// XEP-0220 Server Dialback.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view dialback = "jabber:server:dialback";
}

enum class DialbackType : std::uint8_t { valid, invalid, error };
inline constexpr std::string_view dialback_type_names[] = {"valid", "invalid", "error"};
constexpr EnumNames names_of(DialbackType) { return dialback_type_names; }

// How a key, or the question about one, was judged (sections 2.1, 2.4.2).
struct DialbackAnswer {
  DialbackType type = DialbackType::valid;
  StanzaError error;  // of DialbackType::error

  static DialbackAnswer failed(StanzaError why) { return {DialbackType::error, std::move(why)}; }
  friend bool operator==(const DialbackAnswer&, const DialbackAnswer&) = default;
};

// "I may speak for `from`", with the key; with a type it is the answer to that.
struct DialbackResult {
  Jid from, to;
  std::optional<DialbackType> type;
  std::string key;
  static constexpr ElementName element{"result", ns::dialback};
  static constexpr std::tuple fields{attribute("from", &DialbackResult::from, required),
                                     attribute("to", &DialbackResult::to, required),
                                     attribute("type", &DialbackResult::type),
                                     content(&DialbackResult::key)};
  bool valid() const { return from.is_domain() && to.is_domain(); }
};

// "Is this key yours?" for a stream of that id; with a type it is the answer to that.
struct DialbackVerify {
  Jid from, to;
  std::string id;
  std::optional<DialbackType> type;
  std::string key;
  static constexpr ElementName element{"verify", ns::dialback};
  static constexpr std::tuple fields{attribute("from", &DialbackVerify::from, required),
                                     attribute("to", &DialbackVerify::to, required),
                                     attribute("id", &DialbackVerify::id, required),
                                     attribute("type", &DialbackVerify::type),
                                     content(&DialbackVerify::key)};
  bool valid() const { return from.is_domain() && to.is_domain(); }
};

// Stream feature.
struct DialbackFeature {
  bool errors = false;  // an answer of type error does not end the stream
  static constexpr ElementName element{"dialback", "urn:xmpp:features:dialback"};
  static constexpr std::tuple fields{flag("errors", &DialbackFeature::errors)};
};

}  // namespace herold::xmpp
