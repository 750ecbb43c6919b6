// The nodes of a service, and what its events look like.
#include "server/pubsub/service.h"

#include <algorithm>

namespace herold::server::pubsub {
namespace {

using xmpp::PubSubEvent;

std::string event_xml(const PubSubEvent& event) { return xmpp::to_xml(event, xmpp::ns::client); }

// Keeps a service's nodes in step with the store.
struct Apply {
  std::map<std::string, Node, std::less<>>& nodes;

  void operator()(const store::PutNode& put) const {
    Node& node = nodes[put.node];
    node.config = parse_settings(put.settings);
    if (!node.name.empty()) return;
    node.name = put.node;
    node.creator = Jid::trusted(put.creator);
    node.created = put.created;
  }
  void operator()(const store::RemoveNode& gone) const { nodes.erase(gone.node); }
  void operator()(const store::PutAffiliation& put) const {
    nodes[put.node].affiliations[put.affiliation.jid] =
        static_cast<Affiliation>(put.affiliation.kind);
  }
  void operator()(const store::RemoveAffiliation& gone) const {
    nodes[gone.node].affiliations.erase(gone.jid);
  }
  void operator()(const store::PutSubscription& put) const {
    const store::NodeSubscription& one = put.subscription;
    nodes[put.node].subscriptions[one.jid] = {.jid = Jid::trusted(one.jid),
                                              .state = static_cast<SubscriptionState>(one.state),
                                              .options = SubscribeOptions::parse(one.options)};
  }
  void operator()(const store::RemoveSubscription& gone) const {
    nodes[gone.node].subscriptions.erase(gone.subid);
  }
  // Items are not kept in memory.
  void operator()(const store::PublishItem&) const {}
  void operator()(const store::RetractItem&) const {}
  void operator()(const store::PurgeItems&) const {}
  void operator()(const store::KeepItems&) const {}
};

}  // namespace

void Service::load(const std::vector<store::StoredNode>& nodes) {
  nodes_.clear();
  for (const store::StoredNode& node : nodes) nodes_.emplace(node.name, Node::of(node));
}

void Service::apply(const std::vector<store::NodeChange>& changes) {
  for (const store::NodeChange& change : changes) std::visit(Apply{nodes_}, change);
}

std::vector<Decision> Service::forget(const Jid& account, WallTime now) {
  std::vector<Decision> removals;
  const Viewer service{.jid = rules_.address, .owns_service = true};
  for (auto& [name, node] : nodes_) {
    node.affiliations.erase(std::string(account.bare_text()));
    std::erase_if(node.subscriptions,
                  [&](const auto& entry) { return entry.second.jid.same_bare(account); });
    if (!node.owners().empty()) continue;
    auto removal = remove(service, {.node = name}, now);
    // One that was gone already, and said where to.
    const Decision unsaid{.changes = {store::RemoveNode{name}}, .node = name};
    removals.push_back(removal ? *std::move(removal) : unsaid);
  }
  return removals;
}

const Node* Service::find(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() || !found->second.config.redirect.empty() ? nullptr : &found->second;
}

Answer<const Node*> Service::get(std::string_view name) const {
  if (name.empty()) return std::unexpected(pubsub_error(Condition::bad_request, "nodeid-required"));
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return xmpp::fail(Condition::item_not_found);
  if (found->second.config.redirect.empty()) return &found->second;
  StanzaError gone(Condition::gone);  // section 6.1.3.11
  gone.uri = found->second.config.redirect;
  return std::unexpected(std::move(gone));
}

NodeConfig Service::defaults_of(std::string_view node) const {
  return rules_.defaults_of ? rules_.defaults_of(node, rules_.defaults) : rules_.defaults;
}

Answer<> Service::check_name(std::string_view node) const {
  if (node.size() <= rules_.limits.pubsub_id_bytes) return {};
  return xmpp::fail(Condition::not_acceptable, "The name of the node is too long");
}

// --- events ---

std::string item_event(const NodeConfig& config, std::string_view node,
                       const store::NodeItem& item) {
  xmpp::PubSubEventItems items{.node = std::string(node)};
  if (config.persist_items || config.deliver_payloads) {
    auto& shown = items.items.emplace_back();
    shown.id = item.id;
    if (config.item_reply == ItemReply::publisher) shown.publisher = item.publisher;
    if (config.deliver_payloads) shown.payload = item.payload;
  }
  return event_xml({.items = std::move(items)});
}

Notice Service::notice(const Node& node, std::string payload, WallTime now) const {
  Notice notice{.node = node.name, .payload = std::move(payload)};
  notice.type = node.config.presence_based_delivery ? NotificationType::headline
                                                    : node.config.notification_type;
  for (const auto& [jid, subscription] : node.subscriptions)
    if (subscription.delivers(now) &&
        may_retrieve(node, rules_.viewer(subscription.jid), now).has_value())
      notice.to.push_back(subscription.jid);
  notice.to_interested = rules_.personal;
  return notice;
}

Notice Service::item_notice(const Node& node, const store::NodeItem& item, WallTime now) const {
  return notice(node, item_event(node.config, node.name, item), now);
}

Notice Service::retract_notice(const Node& node, const std::vector<std::string>& ids,
                               WallTime now) const {
  xmpp::PubSubEventItems items{.node = node.name};
  for (const std::string& id : ids) items.retracted.push_back({id});
  return notice(node, event_xml({.items = std::move(items)}), now);
}

// Section 12.11: to the address that was subscribed.
Notice Service::subscription_notice(const Node& node, const Jid& subscriber,
                                    SubscriptionState state) const {
  xmpp::PubSubSubscription<xmpp::ns::pubsub_event> changed{
      .node = node.name, .jid = subscriber, .subscription = state};
  return {.node = node.name,
          .payload = event_xml({.subscription = std::move(changed)}),
          .to = {subscriber}};
}

}  // namespace herold::server::pubsub
