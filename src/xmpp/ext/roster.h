// RFC 6121 section 2 Roster, with versions (2.6) and pre-approval (3.4).
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Section 2.1.2.5. `remove` is an order, never a state.
enum class Subscription : std::uint8_t { none, to, from, both, remove };
inline constexpr std::string_view subscription_names[] = {"none", "to", "from", "both", "remove"};
constexpr EnumNames names_of(Subscription) { return subscription_names; }

// Section 2.1.2.2: `subscribe` while our request waits for an answer.
enum class Ask : std::uint8_t { none, subscribe };
inline constexpr std::string_view ask_names[] = {"", "subscribe"};
constexpr EnumNames names_of(Ask) { return ask_names; }

struct RosterItem {
  Jid jid;
  std::string name;
  Subscription subscription = Subscription::none;
  Ask ask = Ask::none;
  bool approved = false;
  std::vector<std::string> groups;
  static constexpr ElementName element{"item", ns::roster};
  static constexpr std::tuple fields{attribute("jid", &RosterItem::jid, required),
                                     attribute("name", &RosterItem::name),
                                     attribute("subscription", &RosterItem::subscription),
                                     attribute("ask", &RosterItem::ask),
                                     attribute("approved", &RosterItem::approved),
                                     child_text("group", &RosterItem::groups)};
};

// An absent version and an empty one differ (section 2.6.2).
struct RosterQuery {
  std::optional<std::string> ver;
  std::vector<RosterItem> items;
  static constexpr ElementName element{"query", ns::roster};
  static constexpr std::tuple fields{attribute("ver", &RosterQuery::ver),
                                     child(&RosterQuery::items)};
};

// Stream features.
struct RosterVersioning {
  static constexpr ElementName element{"ver", "urn:xmpp:features:rosterver"};
};
struct PreApproval {
  static constexpr ElementName element{"sub", "urn:xmpp:features:pre-approval"};
};

}  // namespace herold::xmpp
