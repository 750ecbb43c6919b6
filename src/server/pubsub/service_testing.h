// A publish-subscribe service in memory for tests of what it decides.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "server/pubsub/service.h"
#include "xmpp/testing.h"

namespace herold::server::pubsub {

inline const WallTime noon{Microseconds(1'790'000'000'000'000)};

inline Jid jid(std::string_view text) { return *Jid::parse(text); }
inline Viewer viewer(std::string_view text) { return {.jid = jid(text)}; }

// A service at pubsub.x.test whose nodes anybody makes; what it decides is applied.
class ServiceTest : public testing::Test {
 protected:
  ServiceTest() : service_(rules()) {}

  static Rules rules() {
    Rules rules{.address = jid("pubsub.x.test"),
                .domain = "x.test",
                .may_create = [](const Viewer& who) { return who.jid.has_local(); },
                .viewer = [](const Jid& who) { return Viewer{.jid = who}; }};
    rules.limits.pubsub_nodes = 10;
    rules.limits.pubsub_subscriptions = 5;
    return rules;
  }

  Answer<Decision> keep(Answer<Decision> decision) {
    if (decision) service_.apply(decision->changes);
    return decision;
  }
  Answer<Decision> create(std::string_view who, std::string_view node,
                          std::string_view config = {}) {
    xmpp::PubSub request{.create = xmpp::PubSubCreate{std::string(node)}};
    if (!config.empty()) request.configure.emplace().form = form(node_config_form, config);
    return keep(service_.create(viewer(who), request, noon, random_));
  }
  Answer<Decision> publish(std::string_view who, std::string_view node, std::size_t payloads = 1,
                           std::string_view options = {}) {
    xmpp::PubSubPublish request{.node = std::string(node)};
    auto& item = request.items.emplace_back();
    item.id = "1";
    if (payloads != 0) item.payload = "<p xmlns=\"urn:x\"/>";
    const DataForm filled = form(publish_options_form, options);
    return keep(service_.publish({.publisher = viewer(who),
                                  .publish = request,
                                  .payloads = payloads,
                                  .options = options.empty() ? nullptr : &filled,
                                  .now = noon},
                                 random_));
  }
  Answer<Decision> publish_nothing(std::string_view who, std::string_view node) {
    const xmpp::PubSubPublish request{.node = std::string(node)};
    return keep(
        service_.publish({.publisher = viewer(who), .publish = request, .now = noon}, random_));
  }
  Answer<Decision> subscribe(std::string_view who, std::string_view node,
                             std::string_view as = {}) {
    const xmpp::PubSub request{
        .subscribe = xmpp::PubSubSubscribe{std::string(node), jid(as.empty() ? who : as)}};
    return keep(service_.subscribe(viewer(who), request, noon, random_));
  }
  Answer<Decision> subscribe_with(std::string_view who, std::string_view node,
                                  std::string_view options) {
    xmpp::PubSub request{.subscribe = xmpp::PubSubSubscribe{std::string(node), jid(who)}};
    request.options.emplace().form = form(subscribe_options_form, options);
    return keep(service_.subscribe(viewer(who), request, noon, random_));
  }
  Answer<Decision> unsubscribe(std::string_view who, std::string_view node,
                               std::string_view as = {}, std::string subid = {}) {
    return keep(service_.unsubscribe(
        viewer(who), {std::string(node), jid(as.empty() ? who : as), std::move(subid)}, noon));
  }
  // The only one of that address; nullptr where there is none.
  const Subscription* known(std::string_view node, std::string_view who) const {
    const auto all = service_.find(node)->subscriptions_of(jid(who), WallTime{});
    return all.empty() ? nullptr : all.front();
  }
  Answer<Decision> set_affiliation(std::string_view who, std::string_view node,
                                   std::string_view whose, Affiliation affiliation) {
    Service::OwnerAffiliations request{.node = std::string(node)};
    request.affiliations.push_back({.jid = jid(whose), .affiliation = affiliation});
    return keep(service_.set_affiliations(viewer(who), request));
  }
  Answer<Decision> set_subscription(std::string_view who, std::string_view node,
                                    std::string_view whose, SubscriptionState state) {
    Service::OwnerSubscriptions request{.node = std::string(node)};
    request.subscriptions.push_back({.jid = jid(whose), .subscription = state});
    return keep(service_.set_subscriptions(viewer(who), request, noon, random_));
  }
  Answer<Decision> configure(std::string_view who, std::string_view node, std::string_view fields) {
    return keep(service_.configure(viewer(who), node, form(node_config_form, fields), noon));
  }
  Answer<ItemRequest> read(std::string_view who, std::string_view node) {
    return service_.read_items(viewer(who), {.node = std::string(node)}, nullptr, noon);
  }

 public:
  // "access_model=open max_items=3"
  static DataForm form(std::string_view type, std::string_view fields) {
    DataForm form = DataForm::of(FormType::submit, type);
    while (!fields.empty()) {
      const auto end = std::min(fields.find(' '), fields.size());
      const std::string_view field = fields.substr(0, end);
      const auto equals = field.find('=');
      form.questions.push_back({.var = "pubsub#" + std::string(field.substr(0, equals)),
                                .values = {std::string(field.substr(equals + 1))}});
      fields.remove_prefix(std::min(end + 1, fields.size()));
    }
    return form;
  }

 protected:
  SeededRandom random_{1};
  Service service_;
};

// "condition" or "condition+application"; "" for none.
template <class T>
std::string error_of(const Answer<T>& answer) {
  if (answer) return {};
  std::string text(xmpp::name_of(answer.error().condition));
  if (answer.error().application) text += '+' + answer.error().application.name;
  for (const auto& [name, value] : answer.error().application_attributes) text += ' ' + value;
  return text;
}

inline std::string state_of(const Answer<Decision>& decision) {
  if (!decision) return error_of(decision);
  const auto answer = xmpp::read<xmpp::PubSub>(xmpp::parse_test(decision->answer).root());
  return std::string(xmpp::name_of(*answer->subscription->subscription));
}

}  // namespace herold::server::pubsub
