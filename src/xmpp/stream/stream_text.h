// What both sides of a stream write and check alike: headers, features (RFC 6120 section 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xml/parser.h"
#include "xml/scanner.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/sasl/mechanism.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view channel_bindings = "urn:xmpp:sasl-cb:0";     // XEP-0440
inline constexpr std::string_view stream_limits = "urn:xmpp:stream-limits:0";  // XEP-0478
inline constexpr std::string_view registration = "jabber:iq:register";         // XEP-0077
}  // namespace ns

inline constexpr std::string_view stream_footer = "</stream:stream>";

// The attributes of a stream's start tag; empty ones are not written.
struct Opening {
  std::string_view from;
  std::string_view to;
  std::string_view id;
  std::string_view lang = "en";
  std::string_view content = ns::client;  // between servers dialback is declared as well
};
// With the XML declaration; version 1.0, but for components, which have none (XEP-0114).
std::string write_header(const Opening& opening);

// Section 4.9.3: the error that a fault of the input deserves.
StreamCondition condition_of(xml::ParseError error);
StreamCondition condition_of(xml::Scanner::Token token);  // text, malformed, restricted, too_large

// Judges a start tag as both sides must: names, namespaces and, but for components, version
// (sections 4.7.5, 4.8).
// Answers the condition that it breaks, or nothing.
std::optional<StreamCondition> judge_header(const xml::StreamHeader& header,
                                            std::string_view content = ns::client);

// In which the elements behind a header are parsed: whatever the stream calls its stanzas
// (section 4.8.2), inside they are in jabber:client.
xml::NamespaceScope stanza_scope(xml::NamespaceScope header);

// Of an address whose other parts may be anything; empty where it has none.
Jid domain_of(std::string_view address);

// The <limits/> feature of XEP-0478; zero is left out.
void append_stream_limits(std::string& out, std::uint64_t max_bytes, std::uint64_t idle_seconds);
// The <mechanisms/> feature and, where there are any, the binding types of XEP-0440.
void append_sasl_offer(std::string& out, const SaslOffer& offer);
// The <authentication/> feature (XEP-0388) with `inline_features`, tokens (XEP-0484) of the kinds
// that fit the channel, and upgrades (XEP-0480).
void append_sasl2_offer(std::string& out, const SaslOffer& offer, std::string_view inline_features);
// XEP-0509: names what was announced, so that a client can say on what it relies.
std::string config_version_of(const crypto::Crypto& crypto, std::string_view features);
void append_config_version(std::string& out, std::string_view version);

// The reverse, from <stream:features/>.
SaslOffer parse_sasl_offer(xml::Element features);
struct Sasl2Offer {
  SaslOffer sasl;
  std::vector<std::string> tokens;  // mechanisms of XEP-0484
  std::vector<std::string> bind_features;
  std::vector<std::string> upgrades;
  bool has_resumption = false;  // XEP-0198 section 8
  bool has_bind = false;        // XEP-0386
  std::string config_version;
};
// Nothing where the server does not speak SASL2.
std::optional<Sasl2Offer> parse_sasl2_offer(xml::Element features);

}  // namespace herold::xmpp
