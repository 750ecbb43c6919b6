// What subscribers and readers ask for: XEP-0060 sections 5.6, 5.7 and 6.
#include <algorithm>

#include "server/pubsub/service.h"

namespace herold::server::pubsub {
namespace {

using xmpp::PubSub;
using xmpp::PubSubOptions;
using xmpp::ResultSet;

constexpr std::size_t most_subids = 16;  // of one address at a node
// An answer has `pubsub_page` items where nobody says how many, and up to so many times as many
// where somebody does; their bytes are bounded all the same.
constexpr std::uint64_t pages_at_once = 10;

std::unexpected<StanzaError> refuse(Condition condition, std::string_view name) {
  return std::unexpected(pubsub_error(condition, name));
}

std::string answer_xml(const PubSub& answer) { return xmpp::to_xml(answer, xmpp::ns::client); }

// Section 6.1: the answer says how things stand now.
std::string state_xml(const Node& node, const Subscription& subscription,
                      std::optional<DataForm> options) {
  PubSub answer;
  answer.subscription.emplace();
  answer.subscription->node = node.name;
  answer.subscription->jid = subscription.jid;
  answer.subscription->subid = subscription.subid;
  answer.subscription->subscription = subscription.state;
  if (options) answer.options.emplace().form = std::move(options);
  return answer_xml(answer);
}

}  // namespace

// Section 6.1.3.1: for oneself, with whatever resource.
Answer<Jid> Service::subscriber_of(const Viewer& viewer, const Jid& jid) const {
  if (!jid || !jid.same_bare(viewer.jid)) return refuse(Condition::bad_request, "invalid-jid");
  return jid;
}

Answer<Subscription> Service::new_subscription(const Node& node, const Viewer& viewer,
                                               const Jid& jid, WallTime now, Random& random) const {
  if (node.subscriptions.size() >= rules_.limits.pubsub_subscriptions ||
      node.subscriptions_of(jid, now).size() >= most_subids)
    return std::unexpected(pubsub_error(Condition::policy_violation, "too-many-subscriptions")
                               .with_type(xmpp::ErrorType::wait));
  Subscription made{.jid = jid, .subid = random.token(12)};
  made.options.while_online = node.config.tempsub;
  if (node.config.access_model == AccessModel::authorize &&
      affiliation_of(node, viewer) == Affiliation::none)
    made.state = SubscriptionState::pending;
  return made;
}

// What cannot be known cannot be heeded.
Answer<> Service::check_options(const Subscription& subscription) const {
  if (subscription.options.shows.all() || subscription.jid.domain() == rules_.domain) return {};
  return xmpp::fail(Condition::bad_request, ElementName{"invalid-options", xmpp::ns::pubsub_errors},
                    "Presence of that address is not known here");
}

Answer<Decision> Service::subscribe(const Viewer& viewer, const PubSub& request, WallTime now,
                                    Random& random) const {
  const Node& node = *TRY(get(request.subscribe->node));
  const Jid jid = TRY(subscriber_of(viewer, request.subscribe->jid));
  if (viewer.jid.same_bare(rules_.address) && !rules_.personal)  // HOSTILE 116
    return xmpp::fail(Condition::not_allowed);
  TRY(may_subscribe(node, viewer));
  if (request.options && (request.options->node || request.options->jid))
    return xmpp::fail(Condition::bad_request);
  const DataForm* form =
      request.options && request.options->form ? &*request.options->form : nullptr;
  const auto known = node.subscriptions_of(jid, now);
  for (const Subscription* one : known)
    if (one->state == SubscriptionState::pending)
      return refuse(Condition::not_authorized, "pending-subscription");
  const bool is_new = known.empty() || rules_.multi_subscribe;
  Subscription wanted =
      is_new ? TRY(new_subscription(node, viewer, jid, now, random)) : *known.front();
  if (form != nullptr) wanted.options = TRY(wanted.options.read(*form, now));
  TRY(check_options(wanted));
  Decision decision{.node = node.name};
  if (is_new || form != nullptr) decision.changes.push_back(wanted.change(node.name));
  if (wanted.options.while_online || node.config.tempsub) decision.watched = jid;
  decision.answer = state_xml(
      node, wanted,
      form == nullptr ? std::nullopt : std::optional(wanted.options.form(FormType::result)));
  if (!is_new) return decision;
  if (wanted.state == SubscriptionState::pending)
    decision.notices.push_back(approval_notice(node, wanted));
  else if (node.config.send_last != SendLast::never)
    decision.new_subscriber = wanted.jid;
  tell_owners(decision, node, wanted);
  return decision;
}

Answer<Decision> Service::unsubscribe(const Viewer& viewer, const xmpp::PubSubUnsubscribe& request,
                                      WallTime now) const {
  const Node& node = *TRY(get(request.node));
  if (!request.jid) return refuse(Condition::bad_request, "invalid-jid");
  if (!request.jid.same_bare(viewer.jid)) return xmpp::fail(Condition::forbidden);
  const Subscription* known = TRY(node.find_subscription(request.jid, request.subid, now));
  if (known == nullptr)
    return std::unexpected(pubsub_error(Condition::unexpected_request, "not-subscribed")
                               .with_type(xmpp::ErrorType::cancel));
  Decision decision{.node = node.name};
  end(decision, node, *known, Told::owners);
  Subscription none = *known;
  none.state = SubscriptionState::none;
  decision.answer = state_xml(node, none, std::nullopt);
  return decision;
}

namespace {

// Section 6.3.4, for both ways.
Answer<const Subscription*> subscription_of(const Node& node, const Viewer& viewer,
                                            const PubSubOptions& request, WallTime now) {
  if (!request.jid) return refuse(Condition::bad_request, "jid-required");
  if (!request.jid.same_bare(viewer.jid)) return xmpp::fail(Condition::forbidden);
  const Subscription* known = TRY(node.find_subscription(request.jid, request.subid, now));
  if (known != nullptr) return known;
  return std::unexpected(pubsub_error(Condition::unexpected_request, "not-subscribed")
                             .with_type(xmpp::ErrorType::modify));
}

// Section 6.5.9: only where there are several does it matter by which one is asked.
Answer<> check_subid(const Node& node, const Viewer& viewer, std::string_view subid, WallTime now) {
  std::size_t count = 0;
  for (const Jid& jid : {viewer.jid, viewer.jid.bare()}) {
    const auto found = node.subscriptions_of(jid, now);
    if (subid.empty() && found.size() > 1) return refuse(Condition::bad_request, "subid-required");
    if (std::ranges::find(found, subid, &Subscription::subid) != found.end()) return {};
    count += found.size();
  }
  if (subid.empty() || count == 0) return {};
  return refuse(Condition::not_acceptable, "invalid-subid");
}

}  // namespace

Answer<std::string> Service::tell_options(const Viewer& viewer, const PubSubOptions& request,
                                          WallTime now) const {
  const Node& node = *TRY(get(request.node.value_or("")));
  const Subscription& subscription = *TRY(subscription_of(node, viewer, request, now));
  PubSub answer;
  answer.options = {.node = node.name,
                    .jid = subscription.jid,
                    .subid = subscription.subid,
                    .form = subscription.options.form(FormType::form)};
  return answer_xml(answer);
}

Answer<Decision> Service::set_options(const Viewer& viewer, const PubSubOptions& request,
                                      WallTime now) const {
  const Node& node = *TRY(get(request.node.value_or("")));
  Subscription subscription = *TRY(subscription_of(node, viewer, request, now));
  Decision decision{.node = node.name};
  if (!request.form) return xmpp::fail(Condition::bad_request, "There is no form");
  if (request.form->type == FormType::cancel) return decision;
  subscription.options = TRY(subscription.options.read(*request.form, now));
  TRY(check_options(subscription));
  decision.changes.push_back(subscription.change(node.name));
  if (subscription.options.while_online) decision.watched = subscription.jid;
  return decision;
}

Answer<std::string> Service::default_options(const Viewer& viewer, std::string_view node) const {
  SubscribeOptions options;
  if (!node.empty()) {
    const Node* const found = TRY(get(node));
    TRY(may_subscribe(*found, viewer));
    options.while_online = found->config.tempsub;
  }
  PubSub answer;
  answer.defaults = {.node = std::string(node), .form = options.form(FormType::form)};
  return answer_xml(answer);
}

Answer<std::string> Service::tell_subscriptions(const Viewer& viewer, std::string_view node,
                                                WallTime now) const {
  PubSub answer;
  answer.subscriptions.emplace().node = node;
  if (!node.empty()) TRY(get(node));
  for (const auto& [name, one] : nodes_) {
    if (!node.empty() && name != node) continue;
    for (const auto& [key, subscription] : one.subscriptions)
      if (subscription.jid.same_bare(viewer.jid) && !subscription.expired(now))
        answer.subscriptions->subscriptions.push_back({.node = name,
                                                       .jid = subscription.jid,
                                                       .subid = subscription.subid,
                                                       .subscription = subscription.state,
                                                       .expiry = subscription.options.expire});
  }
  return answer_xml(answer);
}

Answer<std::string> Service::tell_affiliations(const Viewer& viewer, std::string_view node) const {
  PubSub answer;
  answer.affiliations.emplace().node = node;
  if (!node.empty()) TRY(get(node));
  for (const auto& [name, one] : nodes_) {
    if ((!node.empty() && name != node) || !one.config.redirect.empty()) continue;
    const Affiliation affiliation = affiliation_of(one, viewer);
    if (affiliation != Affiliation::none)
      answer.affiliations->affiliations.push_back({.node = name, .affiliation = affiliation});
  }
  return answer_xml(answer);
}

// --- items (section 6.5) ---

Answer<ItemRequest> Service::read_items(const Viewer& viewer, const xmpp::PubSubItems& items,
                                        const ResultSet* rsm, WallTime now) const {
  const Node& node = *TRY(get(items.node));
  TRY(may_retrieve(node, viewer, now));
  TRY(check_subid(node, viewer, items.subid, now));
  if (!node.config.persist_items) return std::unexpected(unsupported("persistent-items"));
  const Limits& limits = rules_.limits;
  ItemRequest request{.reply = reply_to(node), .wants_set = rsm != nullptr};
  store::ItemQuery& query = request.query;
  const std::uint64_t most = limits.pubsub_page * pages_at_once;
  query = {.node = node.name, .most = limits.pubsub_page, .most_bytes = limits.stanza_bytes};
  if (node.config.item_expire) query.expired_before = now - Seconds(*node.config.item_expire);
  for (const auto& item : items.items) {
    if (!item.id) return refuse(Condition::bad_request, "item-required");
    query.ids.push_back(*item.id);
  }
  if (!query.ids.empty()) query.most = most;
  if (query.ids.size() > most)
    return xmpp::fail(Condition::not_acceptable, "Too many items at once");
  if (items.max_items) {  // the newest
    query.most = std::min(most, *items.max_items);
    query.from_end = true;
  }
  if (rsm == nullptr) return request;
  if (rsm->max) query.most = std::min(most, *rsm->max);
  query.index = rsm->index;
  if (rsm->after && !rsm->after->empty()) query.after = rsm->after;
  if (rsm->before) {
    query.from_end = true;
    if (!rsm->before->empty()) query.before = rsm->before;
  }
  return request;
}

std::string ItemRequest::answer(const store::ItemPage& page) const {
  PubSub answer;
  answer.items.emplace().node = query.node;
  for (const store::NodeItem& item : page.items) {
    auto& shown = answer.items->items.emplace_back();
    shown.id = item.id;
    shown.publisher = reply.of(item);
    shown.payload = item.payload;
  }
  // Section 6.5.4: who asked for all and did not get them is told how to go on.
  if (wants_set || (!page.complete && query.ids.empty() && !query.from_end)) {
    ResultSet& set = answer.rsm.emplace();
    set.count = page.count;
    if (!page.items.empty()) {
      set.first = {.index = page.index, .id = page.items.front().id};
      set.last = page.items.back().id;
    }
  }
  return answer_xml(answer);
}

}  // namespace herold::server::pubsub
