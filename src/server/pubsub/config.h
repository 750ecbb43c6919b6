// How a node of a publish-subscribe service is configured: XEP-0060 section 16.4.4, its form, and
// the preconditions of publishers (section 7.1.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "xmpp/form.h"

namespace herold::server::pubsub {

using xmpp::Answer;
using xmpp::Condition;
using xmpp::DataForm;
using xmpp::FormType;
using xmpp::Jid;

// Section 4.5.
enum class AccessModel : std::uint8_t { authorize, open, presence, roster, whitelist };
inline constexpr std::string_view access_model_names[] = {"authorize", "open", "presence", "roster",
                                                          "whitelist"};
constexpr xmpp::EnumNames names_of(AccessModel) { return access_model_names; }

enum class PublishModel : std::uint8_t { publishers, subscribers, open };
inline constexpr std::string_view publish_model_names[] = {"publishers", "subscribers", "open"};
constexpr xmpp::EnumNames names_of(PublishModel) { return publish_model_names; }

enum class SendLast : std::uint8_t { never, on_sub, on_sub_and_presence };
inline constexpr std::string_view send_last_names[] = {"never", "on_sub", "on_sub_and_presence"};
constexpr xmpp::EnumNames names_of(SendLast) { return send_last_names; }

enum class NotificationType : std::uint8_t { normal, headline };
inline constexpr std::string_view notification_type_names[] = {"normal", "headline"};
constexpr xmpp::EnumNames names_of(NotificationType) { return notification_type_names; }

// Whether items tell who published them.
enum class ItemReply : std::uint8_t { none, owner, publisher };
inline constexpr std::string_view item_reply_names[] = {"none", "owner", "publisher"};
constexpr xmpp::EnumNames names_of(ItemReply) { return item_reply_names; }

enum class NodeFull : std::uint8_t { retract_oldest, discard_oldest, reject };
inline constexpr std::string_view node_full_names[] = {"retract-oldest", "discard-oldest",
                                                       "reject"};
constexpr xmpp::EnumNames names_of(NodeFull) { return node_full_names; }

// What a node is that says nothing else; what is stored of one is how it differs.
struct NodeConfig {
  std::string title;
  std::string description;
  std::string language;
  std::string type;  // of the payloads' meaning; not enforced, social feeds are Atom inside
  std::vector<Jid> contacts;
  AccessModel access_model = AccessModel::open;
  std::vector<std::string> roster_groups;
  PublishModel publish_model = PublishModel::publishers;
  bool subscribe = true;
  bool deliver_notifications = true;
  bool deliver_payloads = true;
  bool notify_config = false;
  bool notify_delete = true;
  bool notify_retract = true;
  bool notify_sub = false;
  bool persist_items = true;
  bool purge_offline = false;                     // what somebody published goes when he does
  bool tempsub = false;                           // subscriptions go with their subscribers
  bool presence_based_delivery = false;           // never into offline storage
  std::optional<std::uint64_t> max_items;         // absent: as many as the server allows
  std::optional<std::uint64_t> item_expire;       // seconds; absent: never
  std::optional<std::uint64_t> max_payload_size;  // absent: what a stanza may have
  SendLast send_last = SendLast::never;
  NotificationType notification_type = NotificationType::headline;
  ItemReply item_reply = ItemReply::none;
  NodeFull node_full = NodeFull::retract_oldest;
  std::string redirect;  // the node is gone, and this is where it went; not in forms

  std::uint64_t most_items(const Limits& limits) const;
  Bytes most_payload(const Limits& limits) const;
};

// What may be chosen from at this service, and what its owners' rosters have.
struct ConfigOffer {
  bool personal = false;  // access by presence and roster groups
  std::vector<std::string> roster_groups;
};

inline constexpr std::string_view node_config_form =
    "http://jabber.org/protocol/pubsub#node_config";
inline constexpr std::string_view meta_data_form = "http://jabber.org/protocol/pubsub#meta-data";
inline constexpr std::string_view publish_options_form =
    "http://jabber.org/protocol/pubsub#publish-options";

// Type form with questions and options, type result with values only.
DataForm config_form(const NodeConfig& config, FormType type, const ConfigOffer& offer);

// `base` with what was filled in; fields that are unknown are ignored, as XEP-0004 section 3.2 has
// it. bad-request: not such a form, a field twice; not-acceptable: a value that cannot be.
Answer<NodeConfig> read_config(NodeConfig base, const DataForm& submitted, const Limits& limits);

// The same for preconditions, where an unknown field is an error; yields the configuration that
// they ask for.
Answer<NodeConfig> read_options(NodeConfig base, const DataForm& submitted, const Limits& limits);

// A node's settings as they are stored.
std::string settings_text(const NodeConfig& config);
NodeConfig parse_settings(std::string_view text);

bool operator==(const NodeConfig& a, const NodeConfig& b);

}  // namespace herold::server::pubsub
