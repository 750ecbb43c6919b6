// Who may do what with a node.
#include "server/pubsub/node.h"

#include <algorithm>

namespace herold::server::pubsub {
namespace {

std::unexpected<StanzaError> refuse(Condition condition, std::string_view name) {
  return std::unexpected(pubsub_error(condition, name));
}

// By the node's access model alone. Section 6.1.3.2 and following.
Answer<> check_access(const Node& node, const Viewer& viewer) {
  switch (node.config.access_model) {
    case AccessModel::open:
    case AccessModel::authorize:
      return {};
    case AccessModel::presence:
      if (viewer.sees_presence) return {};
      return refuse(Condition::not_authorized, "presence-subscription-required");
    case AccessModel::roster: {
      const bool in_group = std::ranges::any_of(viewer.groups, [&](const std::string& group) {
        return std::ranges::find(node.config.roster_groups, group) !=
               node.config.roster_groups.end();
      });
      if (viewer.sees_presence && in_group) return {};
      return refuse(Condition::not_authorized, "not-in-roster-group");
    }
    case AccessModel::whitelist:
      return refuse(Condition::not_allowed, "closed-node");
  }
  return xmpp::fail(Condition::forbidden);
}

}  // namespace

bool Subscription::delivers(WallTime now) const {
  return state == SubscriptionState::subscribed && options.deliver && !expired(now);
}

Subscription Subscription::of(const store::NodeSubscription& stored) {
  return {.jid = Jid::trusted(stored.jid),
          .subid = stored.subid,
          .state = static_cast<SubscriptionState>(stored.state),
          .options = SubscribeOptions::parse(stored.options)};
}

store::NodeChange Subscription::change(const std::string& node) const {
  if (state == SubscriptionState::none) return store::RemoveSubscription{node, subid, jid.text()};
  return store::PutSubscription{
      node, {subid, jid.text(), static_cast<std::uint8_t>(state), options.text()}};
}

Node Node::of(const store::StoredNode& stored) {
  Node node{.name = stored.name,
            .config = parse_settings(stored.settings),
            .creator = Jid::trusted(stored.creator),
            .created = stored.created};
  for (const store::NodeAffiliation& one : stored.affiliations)
    node.affiliations[one.jid] = static_cast<Affiliation>(one.kind);
  for (const store::NodeSubscription& one : stored.subscriptions)
    node.subscriptions[{one.jid, one.subid}] = Subscription::of(one);
  return node;
}

Affiliation Node::affiliation(const Jid& who) const {
  const auto found = affiliations.find(who.bare_text());
  return found == affiliations.end() ? Affiliation::none : found->second;
}

std::vector<const Subscription*> Node::subscriptions_of(const Jid& jid, WallTime now) const {
  std::vector<const Subscription*> found;
  for (auto one = subscriptions.lower_bound({jid.text(), {}});
       one != subscriptions.end() && one->first.first == jid.text(); ++one)
    if (!one->second.expired(now)) found.push_back(&one->second);
  return found;
}

Answer<const Subscription*> Node::find_subscription(const Jid& jid, std::string_view subid,
                                                    WallTime now) const {
  const auto found = subscriptions_of(jid, now);
  if (found.empty()) return nullptr;
  if (subid.empty() && found.size() == 1) return found.front();
  if (subid.empty()) return refuse(Condition::bad_request, "subid-required");
  const auto one = std::ranges::find(found, subid, &Subscription::subid);
  if (one == found.end()) return refuse(Condition::not_acceptable, "invalid-subid");
  return *one;
}

bool Node::delivers_to(const Jid& jid, WallTime now) const {
  return std::ranges::any_of(subscriptions_of(jid, now),
                             [&](const Subscription* one) { return one->delivers(now); });
}

bool Node::has_subscriber(const Jid& account, WallTime now) const {
  return std::ranges::any_of(subscriptions, [&](const auto& entry) {
    const Subscription& one = entry.second;
    return one.state == SubscriptionState::subscribed && one.jid.same_bare(account) &&
           !one.expired(now);
  });
}

std::vector<Jid> Node::owners() const {
  std::vector<Jid> found;
  for (const auto& [jid, affiliation] : affiliations)
    if (affiliation == Affiliation::owner) found.push_back(Jid::trusted(jid));
  return found;
}

Affiliation affiliation_of(const Node& node, const Viewer& viewer) {
  return viewer.owns_service ? Affiliation::owner : node.affiliation(viewer.jid);
}

Answer<> may_retrieve(const Node& node, const Viewer& viewer, WallTime now) {
  switch (affiliation_of(node, viewer)) {
    case Affiliation::owner:
    case Affiliation::publisher:
    case Affiliation::member:
      return {};
    case Affiliation::outcast:
    case Affiliation::publish_only:
      return xmpp::fail(Condition::forbidden);
    case Affiliation::none:
      break;
  }
  if (node.config.access_model == AccessModel::authorize && !node.has_subscriber(viewer.jid, now))
    return refuse(Condition::not_authorized, "not-subscribed");
  return check_access(node, viewer);
}

Answer<> may_subscribe(const Node& node, const Viewer& viewer) {
  const Affiliation affiliation = affiliation_of(node, viewer);
  if (affiliation == Affiliation::outcast || affiliation == Affiliation::publish_only)
    return xmpp::fail(Condition::forbidden);
  if (viewer.is_temporary) return xmpp::fail(Condition::forbidden);  // section 6.1.3.6
  if (!node.config.subscribe) return std::unexpected(unsupported("subscribe"));
  if (affiliation != Affiliation::none) return {};
  return check_access(node, viewer);
}

Answer<> may_publish(const Node& node, const Viewer& viewer, WallTime now) {
  const Affiliation affiliation = affiliation_of(node, viewer);
  if (affiliation == Affiliation::owner || affiliation == Affiliation::publisher ||
      affiliation == Affiliation::publish_only)
    return {};
  if (affiliation == Affiliation::outcast) return xmpp::fail(Condition::forbidden);
  const PublishModel model = node.config.publish_model;
  if (model == PublishModel::open) return {};
  if (model == PublishModel::subscribers && node.has_subscriber(viewer.jid, now)) return {};
  return xmpp::fail(Condition::forbidden);
}

Answer<> may_configure(const Node& node, const Viewer& viewer) {
  if (affiliation_of(node, viewer) == Affiliation::owner) return {};
  return xmpp::fail(Condition::forbidden);
}

StanzaError pubsub_error(Condition condition, std::string_view name) {
  return {condition, ElementName{name, xmpp::ns::pubsub_errors}};
}

StanzaError unsupported(std::string_view feature) {
  StanzaError error = pubsub_error(Condition::feature_not_implemented, "unsupported");
  error.application_attributes.emplace_back("feature", feature);
  return error;
}

}  // namespace herold::server::pubsub
