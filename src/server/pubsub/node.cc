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

Node Node::of(const store::StoredNode& stored) {
  Node node{.name = stored.name,
            .config = parse_settings(stored.settings),
            .creator = Jid::trusted(stored.creator),
            .created = stored.created};
  for (const store::NodeAffiliation& one : stored.affiliations)
    node.affiliations[one.jid] = static_cast<Affiliation>(one.kind);
  for (const store::NodeSubscription& one : stored.subscriptions)
    node.subscriptions[one.jid] = {.jid = Jid::trusted(one.jid),
                                   .state = static_cast<SubscriptionState>(one.state),
                                   .options = SubscribeOptions::parse(one.options)};
  return node;
}

Affiliation Node::affiliation(const Jid& who) const {
  const auto found = affiliations.find(who.bare_text());
  return found == affiliations.end() ? Affiliation::none : found->second;
}

const Subscription* Node::find_subscription(const Jid& jid) const {
  const auto found = subscriptions.find(jid.text());
  return found == subscriptions.end() ? nullptr : &found->second;
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
