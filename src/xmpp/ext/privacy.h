// XEP-0016 Privacy Lists.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view privacy = "jabber:iq:privacy";
}

enum class PrivacyAction : std::uint8_t { allow, deny };
inline constexpr std::string_view privacy_action_names[] = {"allow", "deny"};
constexpr EnumNames names_of(PrivacyAction) { return privacy_action_names; }

// Section 2.1. Without a type it stands for everybody; without a child for every kind of stanza.
struct PrivacyItem {
  std::optional<std::string> type;
  std::string value;
  PrivacyAction action = PrivacyAction::allow;
  std::uint64_t order = 0;
  bool message = false, iq = false, presence_in = false, presence_out = false;
  static constexpr ElementName element{"item", ns::privacy};
  static constexpr std::tuple fields{attribute("type", &PrivacyItem::type),
                                     attribute("value", &PrivacyItem::value),
                                     attribute("action", &PrivacyItem::action, required),
                                     attribute("order", &PrivacyItem::order, required),
                                     flag("message", &PrivacyItem::message),
                                     flag("iq", &PrivacyItem::iq),
                                     flag("presence-in", &PrivacyItem::presence_in),
                                     flag("presence-out", &PrivacyItem::presence_out)};
};

struct PrivacyList {
  std::string name;
  std::vector<PrivacyItem> items;
  static constexpr ElementName element{"list", ns::privacy};
  static constexpr std::tuple fields{attribute("name", &PrivacyList::name, required),
                                     child(&PrivacyList::items)};
};

// Without a name: none.
struct PrivacyActive {
  std::optional<std::string> name;
  static constexpr ElementName element{"active", ns::privacy};
  static constexpr std::tuple fields{attribute("name", &PrivacyActive::name)};
};
struct PrivacyDefault {
  std::optional<std::string> name;
  static constexpr ElementName element{"default", ns::privacy};
  static constexpr std::tuple fields{attribute("name", &PrivacyDefault::name)};
};

struct PrivacyQuery {
  std::optional<PrivacyActive> active;
  std::optional<PrivacyDefault> by_default;
  std::vector<PrivacyList> lists;
  static constexpr ElementName element{"query", ns::privacy};
  static constexpr std::tuple fields{child(&PrivacyQuery::active), child(&PrivacyQuery::by_default),
                                     child(&PrivacyQuery::lists)};
};

}  // namespace herold::xmpp
