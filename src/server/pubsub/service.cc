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
    nodes[put.node].subscriptions[{one.jid, one.subid}] = Subscription::of(one);
  }
  void operator()(const store::RemoveSubscription& gone) const {
    nodes[gone.node].subscriptions.erase({gone.jid, gone.subid});
  }
  // Items are not kept in memory.
  void operator()(const store::PublishItem&) const {}
  void operator()(const store::RetractItem&) const {}
  void operator()(const store::PurgeItems&) const {}
  void operator()(const store::ExpireItems&) const {}
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

// --- what time and presence bring ---

namespace {

bool is_temporary(const Node& node, const Subscription& subscription) {
  return subscription.options.while_online || node.config.tempsub;
}

}  // namespace

std::vector<Decision> Service::expire(WallTime now) const {
  std::vector<Decision> decisions;
  for (const auto& [name, node] : nodes_) {
    Decision decision{.node = name};
    for (const auto& [key, subscription] : node.subscriptions)
      if (subscription.expired(now)) end(decision, node, subscription, Told::everybody);
    if (const auto& age = node.config.item_expire; age && node.config.persist_items)
      decision.changes.emplace_back(store::ExpireItems{name, now - Seconds(*age)});
    if (!decision.changes.empty()) decisions.push_back(std::move(decision));
  }
  return decisions;
}

std::vector<Decision> Service::went_offline(const Jid& who, Left left) const {
  std::vector<Decision> decisions;
  for (const auto& [name, node] : nodes_) {
    Decision decision{.node = name};
    for (const auto& [key, subscription] : node.subscriptions) {
      const bool is_his =
          subscription.jid == who || (left == Left::everywhere && subscription.jid.same_bare(who));
      if (is_his && is_temporary(node, subscription))
        end(decision, node, subscription, Told::owners);
    }
    if (left == Left::everywhere && node.config.purge_offline && node.config.persist_items) {
      decision.changes.emplace_back(store::PurgeItems{name, who.bare().text()});
      decision.tell_dropped = node.config.notify_retract;
    }
    if (!decision.changes.empty()) decisions.push_back(std::move(decision));
  }
  return decisions;
}

std::vector<Decision> Service::bounced(const Jid& subscriber) const {
  std::vector<Decision> decisions;
  for (const auto& [name, node] : nodes_) {
    Decision decision{.node = name};
    for (auto one = node.subscriptions.lower_bound({subscriber.text(), {}});
         one != node.subscriptions.end() && one->first.first == subscriber.text(); ++one)
      end(decision, node, one->second, Told::owners);
    if (!decision.changes.empty()) decisions.push_back(std::move(decision));
  }
  return decisions;
}

std::vector<std::string> Service::last_for(const Jid& who, WallTime now) const {
  std::vector<std::string> found;
  for (const auto& [name, node] : nodes_)
    if (node.config.send_last == SendLast::on_sub_and_presence &&
        (node.delivers_to(who, now) || node.delivers_to(who.bare(), now)))
      found.push_back(name);
  return found;
}

std::vector<Jid> Service::temporary_subscribers() const {
  std::vector<Jid> found;
  for (const auto& [name, node] : nodes_)
    for (const auto& [key, subscription] : node.subscriptions)
      if (is_temporary(node, subscription)) found.push_back(subscription.jid);
  return found;
}

void Service::end(Decision& decision, const Node& node, Subscription subscription,
                  Told told) const {
  subscription.state = SubscriptionState::none;
  decision.changes.push_back(subscription.change(node.name));
  if (told == Told::everybody) decision.notices.push_back(subscription_notice(node, subscription));
  tell_owners(decision, node, subscription);
}

// --- events ---

std::string ReplyTo::of(const store::NodeItem& item) const {
  return kind == ItemReply::publisher ? item.publisher : owner;
}

ReplyTo Service::reply_to(const Node& node) const {
  ReplyTo reply{.kind = node.config.item_reply};
  if (reply.kind != ItemReply::owner) return reply;
  const auto owners = node.owners();
  if (rules_.personal)
    reply.owner = rules_.address.text();
  else if (node.affiliation(node.creator) == Affiliation::owner)
    reply.owner = node.creator.text();
  else if (!owners.empty())
    reply.owner = owners.front().text();
  return reply;
}

std::string item_event(const NodeConfig& config, std::string_view node, const store::NodeItem& item,
                       const ReplyTo& reply) {
  xmpp::PubSubEventItems items{.node = std::string(node)};
  if (config.persist_items || config.deliver_payloads) {
    auto& shown = items.items.emplace_back();
    shown.id = item.id;
    shown.publisher = reply.of(item);
    if (config.deliver_payloads) shown.payload = item.payload;
  }
  return event_xml({.items = std::move(items)});
}

// Subscriptions of one address are neighbours, and it is told once (section 6.1.6).
Notice Service::notice(const Node& node, std::string payload, WallTime now, Marked marked) const {
  Notice notice{.node = node.name, .payload = std::move(payload)};
  notice.type = node.config.presence_based_delivery ? NotificationType::headline
                                                    : node.config.notification_type;
  const auto end = node.subscriptions.end();
  for (auto one = node.subscriptions.begin(); one != end;) {
    const auto first = one;
    const auto is_same = [&](auto other) {
      return other != end && other->first.first == first->first.first;
    };
    const bool is_alone = !is_same(std::next(first));
    Recipient recipient{.jid = first->second.jid, .shows = Shows::none()};
    bool delivers = false;
    for (; is_same(one); ++one) {
      if (!one->second.delivers(now)) continue;
      delivers = true;
      recipient.shows.add(one->second.options.shows);
      if (marked == Marked::by_subid && !is_alone) recipient.subids.push_back(one->second.subid);
    }
    if (!delivers || !may_retrieve(node, rules_.viewer(recipient.jid), now)) continue;
    if (recipient.subids.empty() && recipient.shows.all())
      notice.to.push_back(recipient.jid);
    else
      notice.particular.push_back(std::move(recipient));
  }
  notice.to_interested = rules_.personal;
  return notice;
}

Notice Service::item_notice(const Node& node, const store::NodeItem& item, WallTime now) const {
  return notice(node, item_event(node.config, node.name, item, reply_to(node)), now,
                Marked::by_subid);
}

Notice Service::retract_notice(const Node& node, const std::vector<std::string>& ids,
                               WallTime now) const {
  xmpp::PubSubEventItems items{.node = node.name};
  for (const std::string& id : ids) items.retracted.push_back({id});
  return notice(node, event_xml({.items = std::move(items)}), now, Marked::by_subid);
}

// Section 12.11: to the address that was subscribed.
Notice Service::subscription_notice(const Node& node, const Subscription& subscription) const {
  xmpp::PubSubSubscription<xmpp::ns::pubsub_event> changed{.node = node.name,
                                                           .jid = subscription.jid,
                                                           .subid = subscription.subid,
                                                           .subscription = subscription.state};
  if (subscription.state != SubscriptionState::none) changed.expiry = subscription.options.expire;
  return {.node = node.name,
          .payload = event_xml({.subscription = std::move(changed)}),
          .to = {subscription.jid}};
}

}  // namespace herold::server::pubsub
