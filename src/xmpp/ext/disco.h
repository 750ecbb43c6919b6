// XEP-0030 Service Discovery, with the forms of XEP-0128.
#pragma once

#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view disco_info = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view disco_items = "http://jabber.org/protocol/disco#items";
}  // namespace ns

struct DiscoIdentity {
  std::string category;
  std::string type;
  std::string name;
  std::string lang;
  static constexpr ElementName element{"identity", ns::disco_info};
  static constexpr std::tuple fields{attribute("category", &DiscoIdentity::category, required),
                                     attribute("type", &DiscoIdentity::type, required),
                                     attribute("name", &DiscoIdentity::name),
                                     attribute("xml:lang", &DiscoIdentity::lang)};
};

struct DiscoFeature {
  std::string var;
  static constexpr ElementName element{"feature", ns::disco_info};
  static constexpr std::tuple fields{attribute("var", &DiscoFeature::var, required)};
};

struct DiscoInfo {
  std::string node;
  std::vector<DiscoIdentity> identities;
  std::vector<DiscoFeature> features;
  std::vector<DataForm> forms;
  static constexpr ElementName element{"query", ns::disco_info};
  static constexpr std::tuple fields{attribute("node", &DiscoInfo::node),
                                     child(&DiscoInfo::identities), child(&DiscoInfo::features),
                                     child(&DiscoInfo::forms)};
};

struct DiscoItem {
  Jid jid;
  std::string name;
  std::string node;
  static constexpr ElementName element{"item", ns::disco_items};
  static constexpr std::tuple fields{attribute("jid", &DiscoItem::jid, required),
                                     attribute("name", &DiscoItem::name),
                                     attribute("node", &DiscoItem::node)};
};

struct DiscoItems {
  std::string node;
  std::vector<DiscoItem> items;
  static constexpr ElementName element{"query", ns::disco_items};
  static constexpr std::tuple fields{attribute("node", &DiscoItems::node),
                                     child(&DiscoItems::items)};
};

}  // namespace herold::xmpp
