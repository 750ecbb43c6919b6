// XEP-0060 Publish-Subscribe: requests of subscribers, publishers and owners, and the events.
#pragma once

#include "xmpp/ext/rsm.h"
#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view pubsub = "http://jabber.org/protocol/pubsub";
inline constexpr std::string_view pubsub_owner = "http://jabber.org/protocol/pubsub#owner";
inline constexpr std::string_view pubsub_event = "http://jabber.org/protocol/pubsub#event";
inline constexpr std::string_view pubsub_errors = "http://jabber.org/protocol/pubsub#errors";
}  // namespace ns

// Section 4.1.
enum class Affiliation : std::uint8_t { none, outcast, member, publish_only, publisher, owner };
inline constexpr std::string_view affiliation_names[] = {"none",         "outcast",   "member",
                                                         "publish-only", "publisher", "owner"};
constexpr EnumNames names_of(Affiliation) { return affiliation_names; }

// Section 4.2.
enum class SubscriptionState : std::uint8_t { none, pending, unconfigured, subscribed };
inline constexpr std::string_view subscription_state_names[] = {"none", "pending", "unconfigured",
                                                                "subscribed"};
constexpr EnumNames names_of(SubscriptionState) { return subscription_state_names; }

// An affiliation, in answers and in requests of owners; `ns` is the namespace it stands in.
template <const std::string_view& in>
struct PubSubAffiliation {
  std::string node;
  Jid jid;
  std::optional<Affiliation> affiliation;
  static constexpr ElementName element{"affiliation", in};
  static constexpr std::tuple fields{attribute("node", &PubSubAffiliation::node),
                                     attribute("jid", &PubSubAffiliation::jid),
                                     attribute("affiliation", &PubSubAffiliation::affiliation)};
};
template <const std::string_view& in>
struct PubSubAffiliations {
  std::string node;
  std::vector<PubSubAffiliation<in>> affiliations;
  static constexpr ElementName element{"affiliations", in};
  static constexpr std::tuple fields{attribute("node", &PubSubAffiliations::node),
                                     child(&PubSubAffiliations::affiliations)};
};

// Section 6.1.6: that options may, or must, be chosen.
struct PubSubSubscribeOptions {
  bool required = false;
  static constexpr ElementName element{"subscribe-options", ns::pubsub};
  static constexpr std::tuple fields{flag("required", &PubSubSubscribeOptions::required)};
};
template <const std::string_view& in>
struct PubSubSubscription {
  std::string node;
  Jid jid;
  std::string subid;
  std::optional<SubscriptionState> subscription;
  std::optional<WallTime> expiry;
  std::optional<PubSubSubscribeOptions> options;
  static constexpr ElementName element{"subscription", in};
  static constexpr std::tuple fields{attribute("node", &PubSubSubscription::node),
                                     attribute("jid", &PubSubSubscription::jid),
                                     attribute("subid", &PubSubSubscription::subid),
                                     attribute("subscription", &PubSubSubscription::subscription),
                                     attribute("expiry", &PubSubSubscription::expiry),
                                     child(&PubSubSubscription::options)};
};
template <const std::string_view& in>
struct PubSubSubscriptions {
  std::string node;
  std::vector<PubSubSubscription<in>> subscriptions;
  static constexpr ElementName element{"subscriptions", in};
  static constexpr std::tuple fields{attribute("node", &PubSubSubscriptions::node),
                                     child(&PubSubSubscriptions::subscriptions)};
};

// <configure/> beside <create/>, in the owner's namespace, and <default/> of both kinds.
template <const std::string_view& in>
struct PubSubConfigure {
  std::optional<std::string> node;
  std::optional<DataForm> form;
  static constexpr ElementName element{"configure", in};
  static constexpr std::tuple fields{attribute("node", &PubSubConfigure::node),
                                     child(&PubSubConfigure::form)};
};
template <const std::string_view& in>
struct PubSubDefault {
  std::string node;
  std::string type;
  std::optional<DataForm> form;
  static constexpr ElementName element{"default", in};
  static constexpr std::tuple fields{attribute("node", &PubSubDefault::node),
                                     attribute("type", &PubSubDefault::type),
                                     child(&PubSubDefault::form)};
};

struct PubSubCreate {
  std::string node;
  static constexpr ElementName element{"create", ns::pubsub};
  static constexpr std::tuple fields{attribute("node", &PubSubCreate::node)};
};
struct PubSubSubscribe {
  std::string node;
  Jid jid;
  static constexpr ElementName element{"subscribe", ns::pubsub};
  static constexpr std::tuple fields{attribute("node", &PubSubSubscribe::node),
                                     attribute("jid", &PubSubSubscribe::jid)};
};
struct PubSubUnsubscribe {
  std::string node;
  Jid jid;
  std::string subid;
  static constexpr ElementName element{"unsubscribe", ns::pubsub};
  static constexpr std::tuple fields{attribute("node", &PubSubUnsubscribe::node),
                                     attribute("jid", &PubSubUnsubscribe::jid),
                                     attribute("subid", &PubSubUnsubscribe::subid)};
};
struct PubSubOptions {
  std::optional<std::string> node;
  Jid jid;
  std::string subid;
  std::optional<DataForm> form;
  static constexpr ElementName element{"options", ns::pubsub};
  static constexpr std::tuple fields{
      attribute("node", &PubSubOptions::node), attribute("jid", &PubSubOptions::jid),
      attribute("subid", &PubSubOptions::subid), child(&PubSubOptions::form)};
};
struct PubSubPublishOptions {
  std::optional<DataForm> form;
  static constexpr ElementName element{"publish-options", ns::pubsub};
  static constexpr std::tuple fields{child(&PubSubPublishOptions::form)};
};

// `payload` is canonical XML in the scope of the item's namespace; one element, or none.
template <const std::string_view& in>
struct PubSubItem {
  std::optional<std::string> id;
  std::string publisher;
  std::string payload;
  static constexpr ElementName element{"item", in};
  static constexpr std::tuple fields{attribute("id", &PubSubItem::id),
                                     attribute("publisher", &PubSubItem::publisher),
                                     raw(&PubSubItem::payload)};
};
struct PubSubItems {
  std::string node;
  std::string subid;
  std::optional<std::uint64_t> max_items;
  std::vector<PubSubItem<ns::pubsub>> items;
  static constexpr ElementName element{"items", ns::pubsub};
  static constexpr std::tuple fields{
      attribute("node", &PubSubItems::node), attribute("subid", &PubSubItems::subid),
      attribute("max_items", &PubSubItems::max_items), child(&PubSubItems::items)};
};
struct PubSubPublish {
  std::string node;
  std::vector<PubSubItem<ns::pubsub>> items;
  static constexpr ElementName element{"publish", ns::pubsub};
  static constexpr std::tuple fields{attribute("node", &PubSubPublish::node),
                                     child(&PubSubPublish::items)};
};
struct PubSubRetract {
  std::string node;
  bool notify = false;
  std::vector<PubSubItem<ns::pubsub>> items;
  static constexpr ElementName element{"retract", ns::pubsub};
  static constexpr std::tuple fields{attribute("node", &PubSubRetract::node),
                                     attribute("notify", &PubSubRetract::notify),
                                     child(&PubSubRetract::items)};
};

// Sections 5 to 8: what is asked for is what is there.
struct PubSub {
  std::optional<PubSubCreate> create;
  std::optional<PubSubConfigure<ns::pubsub>> configure;
  std::optional<PubSubSubscribe> subscribe;
  std::optional<PubSubUnsubscribe> unsubscribe;
  std::optional<PubSubSubscription<ns::pubsub>> subscription;
  std::optional<PubSubOptions> options;
  std::optional<PubSubSubscriptions<ns::pubsub>> subscriptions;
  std::optional<PubSubAffiliations<ns::pubsub>> affiliations;
  std::optional<PubSubDefault<ns::pubsub>> defaults;
  std::optional<PubSubItems> items;
  std::optional<PubSubPublish> publish;
  std::optional<PubSubPublishOptions> publish_options;
  std::optional<PubSubRetract> retract;
  std::optional<ResultSet> rsm;
  static constexpr ElementName element{"pubsub", ns::pubsub};
  static constexpr std::tuple fields{
      child(&PubSub::create),        child(&PubSub::configure),    child(&PubSub::subscribe),
      child(&PubSub::unsubscribe),   child(&PubSub::subscription), child(&PubSub::options),
      child(&PubSub::subscriptions), child(&PubSub::affiliations), child(&PubSub::defaults),
      child(&PubSub::items),         child(&PubSub::publish),      child(&PubSub::publish_options),
      child(&PubSub::retract),       child(&PubSub::rsm)};
};

template <const std::string_view& in>
struct PubSubRedirect {
  std::string uri;
  static constexpr ElementName element{"redirect", in};
  static constexpr std::tuple fields{attribute("uri", &PubSubRedirect::uri, required)};
};
template <const std::string_view& in>
struct PubSubDelete {
  std::string node;
  std::optional<PubSubRedirect<in>> redirect;
  static constexpr ElementName element{"delete", in};
  static constexpr std::tuple fields{attribute("node", &PubSubDelete::node),
                                     child(&PubSubDelete::redirect)};
};
template <const std::string_view& in>
struct PubSubPurge {
  std::string node;
  static constexpr ElementName element{"purge", in};
  static constexpr std::tuple fields{attribute("node", &PubSubPurge::node)};
};

// Section 8: what only owners ask for.
struct PubSubOwner {
  std::optional<PubSubConfigure<ns::pubsub_owner>> configure;
  std::optional<PubSubDefault<ns::pubsub_owner>> defaults;
  std::optional<PubSubDelete<ns::pubsub_owner>> remove;
  std::optional<PubSubPurge<ns::pubsub_owner>> purge;
  std::optional<PubSubSubscriptions<ns::pubsub_owner>> subscriptions;
  std::optional<PubSubAffiliations<ns::pubsub_owner>> affiliations;
  static constexpr ElementName element{"pubsub", ns::pubsub_owner};
  static constexpr std::tuple fields{
      child(&PubSubOwner::configure),     child(&PubSubOwner::defaults),
      child(&PubSubOwner::remove),        child(&PubSubOwner::purge),
      child(&PubSubOwner::subscriptions), child(&PubSubOwner::affiliations)};
};

// --- events ---

struct PubSubRetracted {
  std::string id;
  static constexpr ElementName element{"retract", ns::pubsub_event};
  static constexpr std::tuple fields{attribute("id", &PubSubRetracted::id, required)};
};
struct PubSubEventItems {
  std::string node;
  std::vector<PubSubItem<ns::pubsub_event>> items;
  std::vector<PubSubRetracted> retracted;
  static constexpr ElementName element{"items", ns::pubsub_event};
  static constexpr std::tuple fields{attribute("node", &PubSubEventItems::node),
                                     child(&PubSubEventItems::items),
                                     child(&PubSubEventItems::retracted)};
};
struct PubSubConfigured {
  std::string node;
  std::optional<DataForm> form;
  static constexpr ElementName element{"configuration", ns::pubsub_event};
  static constexpr std::tuple fields{attribute("node", &PubSubConfigured::node),
                                     child(&PubSubConfigured::form)};
};
struct PubSubEvent {
  std::optional<PubSubEventItems> items;
  std::optional<PubSubDelete<ns::pubsub_event>> remove;
  std::optional<PubSubPurge<ns::pubsub_event>> purge;
  std::optional<PubSubConfigured> configuration;
  std::optional<PubSubSubscription<ns::pubsub_event>> subscription;
  static constexpr ElementName element{"event", ns::pubsub_event};
  static constexpr std::tuple fields{child(&PubSubEvent::items), child(&PubSubEvent::remove),
                                     child(&PubSubEvent::purge), child(&PubSubEvent::configuration),
                                     child(&PubSubEvent::subscription)};
};

// XEP-0131, as section 12.14 uses it: which subscriptions an event is for.
struct ShimHeader {
  std::string name;
  std::string value;
  static constexpr ElementName element{"header", "http://jabber.org/protocol/shim"};
  static constexpr std::tuple fields{attribute("name", &ShimHeader::name, required),
                                     content(&ShimHeader::value)};
};
struct ShimHeaders {
  std::vector<ShimHeader> headers;
  static constexpr ElementName element{"headers", "http://jabber.org/protocol/shim"};
  static constexpr std::tuple fields{child(&ShimHeaders::headers)};
};

}  // namespace herold::xmpp
