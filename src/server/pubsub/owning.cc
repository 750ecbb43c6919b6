// What owners ask for: XEP-0060 section 8.
#include <algorithm>
#include <set>

#include "server/pubsub/service.h"

namespace herold::server::pubsub {
namespace {

using xmpp::PubSub;
using xmpp::PubSubOwner;

std::string answer_xml(const PubSubOwner& answer) { return xmpp::to_xml(answer, xmpp::ns::client); }

store::NodeChange put_node(const Node& node) {
  return store::PutNode{node.name, settings_text(node.config), node.creator.text(), node.created};
}

store::NodeChange put_affiliation(const Node& node, const std::string& jid, Affiliation kind) {
  if (kind == Affiliation::none) return store::RemoveAffiliation{node.name, jid};
  return store::PutAffiliation{node.name, {jid, static_cast<std::uint8_t>(kind)}};
}

// Section 4.1.1, a chart that is to be held to: whoever owns or publishes resigns before he becomes
// less, an owner anything else.
bool may_become(Affiliation before, Affiliation after) {
  if (after == Affiliation::none || after == Affiliation::owner) return true;
  if (before == Affiliation::owner) return false;
  return before != Affiliation::publisher || after != Affiliation::member;
}

}  // namespace

std::vector<store::NodeChange> node_changes(const Node& node) {
  std::vector<store::NodeChange> changes{put_node(node)};
  for (const auto& [jid, affiliation] : node.affiliations)
    changes.push_back(put_affiliation(node, jid, affiliation));
  return changes;
}

Answer<> Service::check_config(const NodeConfig& config) const {
  const bool by_roster =
      config.access_model == AccessModel::presence || config.access_model == AccessModel::roster;
  if (by_roster && !rules_.personal)
    return std::unexpected(pubsub_error(Condition::not_acceptable, "unsupported-access-model"));
  const std::string text = settings_text(config);
  if (text.size() <= rules_.limits.pubsub_id_bytes * 16) return {};
  return xmpp::fail(Condition::not_acceptable, "The configuration is too long");
}

// --- nodes (sections 8.1 to 8.5) ---

Answer<Node> Service::new_node(const Viewer& viewer, std::string_view name, NodeConfig config,
                               WallTime now) const {
  TRY(check_name(name));
  TRY(check_config(config));
  if (viewer.is_stranger) return xmpp::fail(Condition::service_unavailable);
  if (rules_.personal ? !viewer.owns_service : !rules_.may_create(viewer))
    return xmpp::fail(Condition::forbidden);
  const Jid creator = viewer.jid.bare();
  const auto mine = std::ranges::count_if(
      nodes_, [&](const auto& entry) { return entry.second.creator == creator; });
  const auto count = rules_.personal ? nodes_.size() : static_cast<std::size_t>(mine);
  if (count >= rules_.limits.pubsub_nodes)
    return std::unexpected(pubsub_error(Condition::conflict, "max-nodes-exceeded"));
  Node node{
      .name = std::string(name), .config = std::move(config), .creator = creator, .created = now};
  if (!rules_.personal) node.affiliations[creator.text()] = Affiliation::owner;
  return node;
}

Answer<Decision> Service::create(const Viewer& viewer, const PubSub& request, WallTime now,
                                 Random& random) const {
  const bool named = !request.create->node.empty();
  const std::string name = named ? request.create->node : random.token();
  const auto known = nodes_.find(name);
  const bool was_moved = known != nodes_.end() && !known->second.config.redirect.empty();
  if (known != nodes_.end() && !was_moved) return xmpp::fail(Condition::conflict);
  if (was_moved) TRY(may_configure(known->second, viewer));
  NodeConfig config = defaults_of(name);
  if (request.configure && request.configure->node) return xmpp::fail(Condition::bad_request);
  if (request.configure && request.configure->form)
    config = TRY(read_config(std::move(config), *request.configure->form, rules_.limits));
  const Node node = TRY(new_node(viewer, name, std::move(config), now));
  Decision decision{.node = name};
  if (was_moved) decision.changes.push_back(store::RemoveNode{name});
  for (auto& change : node_changes(node)) decision.changes.push_back(std::move(change));
  if (!named)
    decision.answer = xmpp::to_xml(PubSub{.create = xmpp::PubSubCreate{name}}, xmpp::ns::client);
  return decision;
}

Answer<std::string> Service::tell_config(const Viewer& viewer, std::string_view name,
                                         const ConfigOffer& offer) const {
  const Node& node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  PubSubOwner answer;
  answer.configure = {.node = node.name, .form = config_form(node.config, FormType::form, offer)};
  return answer_xml(answer);
}

Answer<Decision> Service::configure(const Viewer& viewer, std::string_view name,
                                    const DataForm& form, WallTime now) const {
  Node node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  Decision decision{.node = node.name};
  if (form.type == FormType::cancel) return decision;
  const NodeConfig before = node.config;
  node.config = TRY(read_config(std::move(node.config), form, rules_.limits));
  TRY(check_config(node.config));
  if (before.item_expire)  // what has had its time does not come back
    decision.changes.emplace_back(
        store::ExpireItems{node.name, now - Seconds(*before.item_expire)});
  decision.changes.push_back(put_node(node));
  if (before.persist_items && !node.config.persist_items)
    decision.changes.push_back(store::PurgeItems{node.name});
  else
    decision.changes.push_back(store::KeepItems{node.name, node.config.most_items(rules_.limits)});
  if (!node.config.notify_config) return decision;
  xmpp::PubSubConfigured changed{.node = node.name};  // section 8.2.5.3
  if (node.config.deliver_payloads)
    changed.form = config_form(node.config, FormType::result, {.personal = rules_.personal});
  decision.notices.push_back(notice(
      node, xmpp::to_xml(xmpp::PubSubEvent{.configuration = std::move(changed)}, xmpp::ns::client),
      now));
  return decision;
}

// Section 8.3; collections (XEP-0248) are not spoken.
Answer<std::string> Service::default_config(
    const xmpp::PubSubDefault<xmpp::ns::pubsub_owner>& request, const ConfigOffer& offer) const {
  if (!request.type.empty() && request.type != "leaf")
    return std::unexpected(unsupported("collections"));
  PubSubOwner answer;
  answer.defaults = {.form = config_form(rules_.defaults, FormType::form, offer)};
  return answer_xml(answer);
}

Answer<Decision> Service::remove(const Viewer& viewer,
                                 const xmpp::PubSubDelete<xmpp::ns::pubsub_owner>& request,
                                 WallTime now) const {
  const Node& node = *TRY(get(request.node));
  TRY(may_configure(node, viewer));
  Decision decision{.node = node.name};
  decision.changes.push_back(store::RemoveNode{node.name});
  xmpp::PubSubDelete<xmpp::ns::pubsub_event> event{.node = node.name};
  if (request.redirect) {
    if (request.redirect->uri.size() > rules_.limits.pubsub_id_bytes)
      return xmpp::fail(Condition::not_acceptable, "The address is too long");
    event.redirect.emplace().uri = request.redirect->uri;
    Node moved = node;
    moved.config = {.redirect = request.redirect->uri};
    for (auto& change : node_changes(moved)) decision.changes.push_back(std::move(change));
  }
  if (!node.config.notify_delete) return decision;
  Notice told = notice(
      node, xmpp::to_xml(xmpp::PubSubEvent{.remove = std::move(event)}, xmpp::ns::client), now);
  for (const auto& [key, subscription] : node.subscriptions)  // section 8.4.2
    if (subscription.state != SubscriptionState::subscribed) told.to.push_back(subscription.jid);
  decision.notices.push_back(std::move(told));
  return decision;
}

Answer<Decision> Service::purge(const Viewer& viewer, std::string_view name, WallTime now) const {
  const Node& node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  if (!node.config.persist_items) return std::unexpected(unsupported("persistent-items"));
  Decision decision{.node = node.name};
  decision.changes.push_back(store::PurgeItems{node.name});
  if (node.config.deliver_notifications)
    decision.notices.push_back(
        notice(node,
               xmpp::to_xml(
                   xmpp::PubSubEvent{.purge = xmpp::PubSubPurge<xmpp::ns::pubsub_event>{node.name}},
                   xmpp::ns::client),
               now));
  return decision;
}

// --- subscriptions (sections 8.6 to 8.8) ---

Notice Service::approval_notice(const Node& node, const Subscription& subscription) const {
  DataForm form = DataForm::of(FormType::form, authorization_form);
  form.title = "PubSub subscriber request";
  form.instructions.emplace_back("Approve the request, or deny it.");
  form.add(xmpp::FieldType::text_single, "pubsub#node", "Node", node.name);
  form.add(xmpp::FieldType::jid_single, "pubsub#subscriber_jid", "Subscriber",
           subscription.jid.text());
  form.add(xmpp::FieldType::text_single, "pubsub#subid", "SubID", subscription.subid);
  form.add(xmpp::FieldType::boolean, "pubsub#allow", "Allow this address to subscribe?", "false");
  Notice notice{.node = node.name, .payload = xmpp::to_xml(form, xmpp::ns::client)};
  notice.type = NotificationType::normal;  // an owner who is away is asked later
  notice.to = node.owners();
  if (rules_.personal) notice.to.push_back(rules_.address);
  return notice;
}

void Service::tell_owners(Decision& decision, const Node& node,
                          const Subscription& subscription) const {
  if (!node.config.notify_sub) return;
  Notice notice = subscription_notice(node, subscription);
  notice.to = node.owners();
  if (rules_.personal) notice.to.push_back(rules_.address);
  decision.notices.push_back(std::move(notice));
}

std::optional<Decision> Service::answer_approval(const Viewer& viewer, const DataForm& form) const {
  if (form.type != FormType::submit || form.form_type() != authorization_form) return std::nullopt;
  Decision decision;
  const Node* node = find(form.value("pubsub#node"));
  const auto jid = Jid::parse(form.value("pubsub#subscriber_jid"));
  if (node == nullptr || !jid || !may_configure(*node, viewer)) return decision;
  const std::string_view subid = form.value("pubsub#subid");
  const auto all = node->subscriptions_of(*jid, WallTime{});
  const auto asked = std::ranges::find_if(all, [&](const Subscription* one) {
    return one->state == SubscriptionState::pending && (subid.empty() || subid == one->subid);
  });
  if (asked == all.end()) return decision;
  Subscription answered = **asked;
  const bool allowed = xmpp::is_true(form.value("pubsub#allow"));
  answered.state = allowed ? SubscriptionState::subscribed : SubscriptionState::none;
  decision.node = node->name;
  decision.changes.push_back(answered.change(node->name));
  decision.notices.push_back(subscription_notice(*node, answered));
  if (allowed && node->config.send_last != SendLast::never) decision.new_subscriber = *jid;
  return decision;
}

Answer<std::vector<Notice>> Service::pending(const Viewer& viewer, std::string_view name) const {
  const Node& node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  std::vector<Notice> found;
  for (const auto& [key, subscription] : node.subscriptions)
    if (subscription.state == SubscriptionState::pending) {
      found.push_back(approval_notice(node, subscription));
      found.back().to = {viewer.jid};
    }
  return found;
}

Answer<std::string> Service::all_subscriptions(const Viewer& viewer, std::string_view name,
                                               WallTime now) const {
  const Node& node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  PubSubOwner answer;
  answer.subscriptions.emplace().node = node.name;
  for (const auto& [key, one] : node.subscriptions)
    if (one.state != SubscriptionState::pending && !one.expired(now))
      answer.subscriptions->subscriptions.push_back({.jid = one.jid,
                                                     .subid = one.subid,
                                                     .subscription = one.state,
                                                     .expiry = one.options.expire});
  return answer_xml(answer);
}

Answer<Decision> Service::set_subscriptions(const Viewer& viewer, const OwnerSubscriptions& request,
                                            WallTime now, Random& random) const {
  const Node& node = *TRY(get(request.node));
  TRY(may_configure(node, viewer));
  Decision decision{.node = node.name};
  OwnerSubscriptions refused{.node = node.name};
  std::size_t count = node.subscriptions.size();
  for (const auto& wanted : request.subscriptions) {
    if (!wanted.jid) return xmpp::fail(Condition::bad_request);
    const auto found = node.find_subscription(wanted.jid, wanted.subid, now);
    const Subscription* known = found.value_or(nullptr);
    Subscription changed =
        known != nullptr ? *known : Subscription{.jid = wanted.jid, .subid = random.token(12)};
    const auto before = known != nullptr ? known->state : SubscriptionState::none;
    changed.state = wanted.subscription.value_or(before);
    const bool is_new = before == SubscriptionState::none && changed.state != before;
    const bool possible =
        changed.state == SubscriptionState::none || changed.state == SubscriptionState::subscribed;
    if (!found || !possible || (is_new && ++count > rules_.limits.pubsub_subscriptions)) {
      refused.subscriptions.push_back(
          {.jid = wanted.jid, .subid = wanted.subid, .subscription = before});
      continue;
    }
    if (changed.state == before) continue;
    decision.changes.push_back(changed.change(node.name));
    decision.notices.push_back(subscription_notice(node, changed));
  }
  if (refused.subscriptions.empty()) return decision;
  decision.error = StanzaError(Condition::not_acceptable);
  decision.error->enclosed = answer_xml({.subscriptions = std::move(refused)});
  return decision;
}

// --- affiliations (section 8.9) ---

Answer<std::string> Service::all_affiliations(const Viewer& viewer, std::string_view name) const {
  const Node& node = *TRY(get(name));
  TRY(may_configure(node, viewer));
  PubSubOwner answer;
  answer.affiliations.emplace().node = node.name;
  if (rules_.personal)
    answer.affiliations->affiliations.push_back(
        {.jid = rules_.address, .affiliation = Affiliation::owner});
  for (const auto& [jid, affiliation] : node.affiliations)
    answer.affiliations->affiliations.push_back(
        {.jid = Jid::trusted(jid), .affiliation = affiliation});
  return answer_xml(answer);
}

// Section 8.7.4, last paragraph: what waits for approval is decided by the affiliation.
void Service::settle_pending(Decision& decision, const Node& node, const std::string& jid,
                             Affiliation affiliation) const {
  if (affiliation == Affiliation::none || affiliation == Affiliation::publish_only) return;
  for (const auto& [key, subscription] : node.subscriptions) {
    if (subscription.jid.bare_text() != jid) continue;
    Subscription settled = subscription;
    settled.state = affiliation == Affiliation::outcast ? SubscriptionState::none
                                                        : SubscriptionState::subscribed;
    if (settled.state == subscription.state) continue;
    decision.changes.push_back(settled.change(node.name));
    decision.notices.push_back(subscription_notice(node, settled));
  }
}

Answer<Decision> Service::set_affiliations(const Viewer& viewer,
                                           const OwnerAffiliations& request) const {
  Node node = *TRY(get(request.node));  // changed as we go, so that an owner stays
  const Node before = node;
  TRY(may_configure(node, viewer));
  Decision decision{.node = node.name};
  OwnerAffiliations refused{.node = node.name};
  std::set<std::string> seen;
  for (const auto& wanted : request.affiliations) {
    if (!wanted.jid || !seen.insert(std::string(wanted.jid.bare_text())).second)
      return xmpp::fail(Condition::bad_request);
    if (!wanted.affiliation) continue;
    const std::string jid(wanted.jid.bare_text());
    const Affiliation had = rules_.personal && wanted.jid.same_bare(rules_.address)
                                ? Affiliation::owner
                                : node.affiliation(wanted.jid);
    if (had == *wanted.affiliation) continue;
    const bool last_owner =
        had == Affiliation::owner &&
        (!node.affiliations.contains(jid) || (!rules_.personal && node.owners().size() == 1));
    const bool full =
        had == Affiliation::none && node.affiliations.size() >= rules_.limits.pubsub_affiliations;
    if (full) return xmpp::fail(Condition::resource_constraint, "Too many affiliations");
    if (last_owner || !may_become(had, *wanted.affiliation)) {
      refused.affiliations.push_back({.jid = wanted.jid, .affiliation = had});
      continue;
    }
    node.affiliations[jid] = *wanted.affiliation;
    if (*wanted.affiliation == Affiliation::none) node.affiliations.erase(jid);
    decision.changes.push_back(put_affiliation(node, jid, *wanted.affiliation));
    settle_pending(decision, before, jid, *wanted.affiliation);
  }
  if (refused.affiliations.empty()) return decision;
  decision.error = StanzaError(Condition::not_acceptable);
  decision.error->enclosed = answer_xml({.affiliations = std::move(refused)});
  return decision;
}

}  // namespace herold::server::pubsub
