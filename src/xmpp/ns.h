// Namespace names of RFC 6120 and RFC 6121; those of an extension stand in its own header.
#pragma once

#include <string_view>

namespace herold::xmpp {

// The name of an element, its namespace resolved.
struct ElementName {
  std::string_view name;
  std::string_view ns;
  friend constexpr bool operator==(const ElementName&, const ElementName&) = default;
};

namespace ns {

inline constexpr std::string_view client = "jabber:client";
inline constexpr std::string_view server = "jabber:server";
inline constexpr std::string_view component = "jabber:component:accept";
inline constexpr std::string_view streams = "http://etherx.jabber.org/streams";
inline constexpr std::string_view stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";
inline constexpr std::string_view framing = "urn:ietf:params:xml:ns:xmpp-framing";
inline constexpr std::string_view roster = "jabber:iq:roster";
inline constexpr std::string_view xml = "http://www.w3.org/XML/1998/namespace";

}  // namespace ns
}  // namespace herold::xmpp
