// XEP-0060 as decisions: what is stored, answered and told, and every refusal of its tables.
#include "server/pubsub/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/pubsub/service_testing.h"

namespace herold::server::pubsub {
namespace {

constexpr auto hamlet = "hamlet@x.test";        // owns nodes
constexpr auto francisco = "francisco@x.test";  // has nothing to do with them
constexpr auto node = "musings";

TEST_F(ServiceTest, MakesNodes) {  // section 8.1
  EXPECT_EQ(error_of(create(hamlet, node)), "");
  EXPECT_EQ(error_of(create(francisco, node)), "conflict");
  const auto instant = create(hamlet, "");
  ASSERT_TRUE(instant);
  EXPECT_NE(instant->answer.find("<create node="), std::string::npos);
  EXPECT_EQ(error_of(create("x.test", "other")), "forbidden");
  EXPECT_EQ(error_of(create(hamlet, "other", "access_model=presence")),
            "not-acceptable+unsupported-access-model");
  EXPECT_EQ(error_of(create(hamlet, "other", "access_model=nonsense")),
            "not-acceptable+unsupported-access-model");
  EXPECT_EQ(error_of(create(hamlet, std::string(513, 'x'))), "not-acceptable");
  EXPECT_EQ(error_of(create(hamlet, "white", "access_model=whitelist")), "");
  EXPECT_EQ(service_.find("white")->config.access_model, AccessModel::whitelist);
  for (int i = 3; i < 10; ++i) EXPECT_EQ(error_of(create(hamlet, std::to_string(i))), "");
  EXPECT_EQ(error_of(create(hamlet, "10")), "conflict+max-nodes-exceeded");
  EXPECT_EQ(error_of(create(francisco, "10")), "");
}

TEST_F(ServiceTest, RefusesPublications) {  // section 7.1.3
  create(hamlet, node);
  EXPECT_EQ(error_of(publish(hamlet, node)), "");
  EXPECT_EQ(error_of(publish(francisco, node)), "forbidden");
  EXPECT_EQ(error_of(publish_nothing(hamlet, node)), "bad-request+item-required");
  EXPECT_EQ(error_of(publish(hamlet, node, 0)), "bad-request+payload-required");
  EXPECT_EQ(error_of(publish(hamlet, node, 2)), "bad-request+invalid-payload");
  EXPECT_EQ(error_of(publish(hamlet, "")), "bad-request+nodeid-required");
  configure(hamlet, node, "max_payload_size=5");
  EXPECT_EQ(error_of(publish(hamlet, node)), "not-acceptable+payload-too-big");
  // Section 4.3: notifications without payload, and without anything.
  configure(hamlet, node, "deliver_payloads=false");
  EXPECT_EQ(error_of(publish(hamlet, node, 0)), "");
  configure(hamlet, node, "persist_items=false");
  EXPECT_EQ(error_of(publish(hamlet, node)), "bad-request+item-forbidden");
  EXPECT_EQ(error_of(publish_nothing(hamlet, node)), "");
  EXPECT_EQ(error_of(read(hamlet, node)), "feature-not-implemented+unsupported persistent-items");
  EXPECT_EQ(error_of(service_.purge(viewer(hamlet), node, noon)),
            "feature-not-implemented+unsupported persistent-items");
  EXPECT_EQ(error_of(service_.retract(viewer(hamlet), {node, false, {{.id = "1"}}}, noon)),
            "feature-not-implemented+unsupported persistent-items");
}

TEST_F(ServiceTest, PublishersAreWhomTheModelNames) {
  create(hamlet, node, "publish_model=subscribers");
  EXPECT_EQ(error_of(publish(francisco, node)), "forbidden");
  subscribe(francisco, node);
  EXPECT_EQ(error_of(publish("francisco@x.test/barracks", node)), "");
  configure(hamlet, node, "publish_model=open");
  EXPECT_EQ(error_of(publish("bernardo@x.test", node)), "");
  set_affiliation(hamlet, node, "bernardo@x.test", Affiliation::outcast);
  EXPECT_EQ(error_of(publish("bernardo@x.test", node)), "forbidden");
  configure(hamlet, node, "publish_model=publishers");
  set_affiliation(hamlet, node, "bernardo@x.test", Affiliation::publish_only);
  EXPECT_EQ(error_of(publish("bernardo@x.test", node)), "");
  EXPECT_EQ(error_of(read("bernardo@x.test", node)), "forbidden");
  EXPECT_EQ(error_of(subscribe("bernardo@x.test", node)), "forbidden");
}

TEST_F(ServiceTest, ChecksPreconditions) {  // section 7.1.5
  EXPECT_EQ(error_of(publish(hamlet, "auto", 1, "access_model=whitelist max_items=5")), "");
  EXPECT_EQ(service_.find("auto")->config.max_items, 5u);
  EXPECT_EQ(error_of(publish(hamlet, "auto", 1, "access_model=whitelist max_items=5")), "");
  EXPECT_EQ(error_of(publish(hamlet, "auto", 1, "access_model=open")),
            "conflict+precondition-not-met");
  EXPECT_EQ(error_of(publish(hamlet, "auto", 1, "x-other=1")), "conflict+precondition-not-met");
  EXPECT_EQ(error_of(publish(hamlet, "more", 1, "max_items=max item_expire=max")), "");
  // More than the server allows is as much as it allows.
  EXPECT_EQ(error_of(publish(hamlet, "more", 1, "max_items=99999999999999999999999")), "");
}

TEST_F(ServiceTest, RefusesRetractions) {  // section 7.2.3
  create(hamlet, node, "publish_model=open");
  const auto retract = [&](std::string_view who, const xmpp::PubSubRetract& request) {
    return service_.retract(viewer(who), request, noon);
  };
  EXPECT_EQ(error_of(retract(hamlet, {"", false, {{.id = "1"}}})), "bad-request+nodeid-required");
  EXPECT_EQ(error_of(retract(hamlet, {node, false, {}})), "bad-request+item-required");
  EXPECT_EQ(error_of(retract(hamlet, {node, false, {{}}})), "bad-request+item-required");
  EXPECT_EQ(error_of(retract(hamlet, {"none", false, {{.id = "1"}}})), "item-not-found");
  // Who is no publisher takes back what is his own, which the store sees.
  const auto own = retract("francisco@x.test/barracks", {node, false, {{.id = "1"}}});
  ASSERT_TRUE(own);
  EXPECT_EQ(std::get<store::RetractItem>(own->changes[0]).publisher, francisco);
  configure(hamlet, node, "publish_model=publishers");
  EXPECT_EQ(error_of(retract(francisco, {node, false, {{.id = "1"}}})), "forbidden");
}

TEST_F(ServiceTest, RefusesSubscriptions) {  // section 6.1.3
  create(hamlet, node);
  EXPECT_EQ(state_of(subscribe(francisco, node)), "subscribed");
  EXPECT_EQ(state_of(subscribe(francisco, node)), "subscribed");  // as it was
  EXPECT_EQ(service_.find(node)->subscriptions.size(), 1u);
  EXPECT_EQ(state_of(subscribe(francisco, node, "bernardo@x.test")), "bad-request+invalid-jid");
  EXPECT_EQ(state_of(subscribe(francisco, "none")), "item-not-found");
  EXPECT_EQ(state_of(subscribe(francisco, "")), "bad-request+nodeid-required");
  EXPECT_EQ(state_of(subscribe("pubsub.x.test", node)), "not-allowed");  // HOSTILE 116
  set_affiliation(hamlet, node, "bernardo@x.test", Affiliation::outcast);
  EXPECT_EQ(state_of(subscribe("bernardo@x.test", node)), "forbidden");
  configure(hamlet, node, "subscribe=false");
  EXPECT_EQ(state_of(subscribe("marcellus@x.test", node)),
            "feature-not-implemented+unsupported subscribe");
  configure(hamlet, node, "subscribe=true access_model=whitelist");
  EXPECT_EQ(state_of(subscribe("marcellus@x.test", node)), "not-allowed+closed-node");
  EXPECT_EQ(error_of(read("marcellus@x.test", node)), "not-allowed+closed-node");
  set_affiliation(hamlet, node, "marcellus@x.test", Affiliation::member);
  EXPECT_EQ(state_of(subscribe("marcellus@x.test", node)), "subscribed");
  EXPECT_EQ(error_of(read("marcellus@x.test", node)), "");
  configure(hamlet, node, "access_model=open");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(state_of(subscribe("u" + std::to_string(i) + "@x.test", node)), "subscribed");
  EXPECT_EQ(state_of(subscribe("u3@x.test", node)), "policy-violation+too-many-subscriptions");
}

TEST_F(ServiceTest, RefusesToEndOrChangeSubscriptions) {  // sections 6.2.3 and 6.3.4
  create(hamlet, node);
  subscribe(francisco, node);
  EXPECT_EQ(state_of(unsubscribe(hamlet, node)), "unexpected-request+not-subscribed");
  EXPECT_EQ(state_of(unsubscribe(hamlet, node, francisco)), "forbidden");
  EXPECT_EQ(state_of(unsubscribe(francisco, "none")), "item-not-found");
  const auto options = [&](std::string_view who, xmpp::PubSubOptions request) {
    return error_of(service_.tell_options(viewer(who), request, noon));
  };
  EXPECT_EQ(options(francisco, {.node = node, .jid = jid(francisco)}), "");
  EXPECT_EQ(options(francisco, {.node = node}), "bad-request+jid-required");
  EXPECT_EQ(options(hamlet, {.node = node, .jid = jid(francisco)}), "forbidden");
  EXPECT_EQ(options(hamlet, {.node = node, .jid = jid(hamlet)}),
            "unexpected-request+not-subscribed");
  EXPECT_EQ(options(francisco, {.node = "none", .jid = jid(francisco)}), "item-not-found");
  const auto set = [&](std::string_view fields) {
    return error_of(keep(service_.set_options(
        viewer(francisco),
        {.node = node, .jid = jid(francisco), .form = form(subscribe_options_form, fields)},
        noon)));
  };
  EXPECT_EQ(set("deliver=perhaps"), "bad-request+invalid-options");
  EXPECT_EQ(set("expire=tomorrow"), "bad-request+invalid-options");
  EXPECT_EQ(set("deliver=0"), "");
  EXPECT_FALSE(known(node, francisco)->delivers(noon));
  EXPECT_EQ(state_of(unsubscribe(francisco, node)), "none");
}

TEST_F(ServiceTest, LeasesEnd) {  // section 12.18
  create(hamlet, node);
  ASSERT_TRUE(subscribe_with(francisco, node, "expire=2026-09-22T12:00:00Z"));
  const Subscription* lease = known(node, francisco);
  ASSERT_TRUE(lease->options.expire);
  EXPECT_TRUE(lease->delivers(*lease->options.expire - Seconds(1)));
  EXPECT_FALSE(lease->delivers(*lease->options.expire));
}

TEST_F(ServiceTest, OwnersApprove) {  // sections 6.1.4 and 8.6
  create(hamlet, node, "access_model=authorize");
  const auto asked = subscribe(francisco, node);
  EXPECT_EQ(state_of(asked), "pending");
  ASSERT_EQ(asked->notices.size(), 1u);
  EXPECT_EQ(asked->notices[0].to, std::vector<Jid>{jid(hamlet)});
  EXPECT_EQ(state_of(subscribe(francisco, node)), "not-authorized+pending-subscription");
  EXPECT_EQ(error_of(read(francisco, node)), "not-authorized+not-subscribed");
  const auto answer = [&](std::string_view who, std::string_view allow) {
    auto decision = service_.answer_approval(
        viewer(who),
        form(authorization_form,
             "node=musings subscriber_jid=francisco@x.test allow=" + std::string(allow)));
    if (decision) service_.apply(decision->changes);
    return decision;
  };
  EXPECT_TRUE(answer(francisco, "true")->changes.empty());
  const auto approved = answer(hamlet, "true");
  EXPECT_EQ(approved->notices[0].to, std::vector<Jid>{jid(francisco)});
  EXPECT_EQ(error_of(read(francisco, node)), "");
  EXPECT_TRUE(answer(hamlet, "false")->changes.empty());  // decided already
  subscribe("bernardo@x.test", node);
  EXPECT_EQ(service_.pending(viewer(hamlet), node)->size(), 1u);
  EXPECT_EQ(error_of(service_.pending(viewer(francisco), node)), "forbidden");
  // Section 8.7.4: affiliations decide as well.
  set_affiliation(hamlet, node, "bernardo@x.test", Affiliation::member);
  EXPECT_EQ(error_of(read("bernardo@x.test", node)), "");
  subscribe("marcellus@x.test", node);
  set_affiliation(hamlet, node, "marcellus@x.test", Affiliation::outcast);
  EXPECT_EQ(known(node, "marcellus@x.test"), nullptr);
}

TEST_F(ServiceTest, OnlyOwnersConfigure) {  // sections 8.2 to 8.9
  create(hamlet, node);
  const Viewer other = viewer(francisco);
  EXPECT_EQ(error_of(service_.tell_config(other, node, {})), "forbidden");
  EXPECT_EQ(error_of(service_.tell_config(other, "none", {})), "item-not-found");
  EXPECT_EQ(error_of(service_.tell_config(other, "", {})), "bad-request+nodeid-required");
  EXPECT_EQ(error_of(configure(francisco, node, "title=x")), "forbidden");
  EXPECT_EQ(error_of(service_.remove(other, {node, {}}, noon)), "forbidden");
  EXPECT_EQ(error_of(service_.remove(other, {"none", {}}, noon)), "item-not-found");
  EXPECT_EQ(error_of(service_.purge(other, node, noon)), "forbidden");
  EXPECT_EQ(error_of(service_.purge(other, "none", noon)), "item-not-found");
  EXPECT_EQ(error_of(service_.all_subscriptions(other, node, noon)), "forbidden");
  EXPECT_EQ(error_of(service_.all_affiliations(other, node)), "forbidden");
  EXPECT_EQ(error_of(set_affiliation(francisco, node, francisco, Affiliation::owner)), "forbidden");
  EXPECT_EQ(error_of(set_subscription(francisco, node, francisco, SubscriptionState::subscribed)),
            "forbidden");
  EXPECT_EQ(error_of(configure(hamlet, node, "max_items=few")), "not-acceptable");
  EXPECT_EQ(error_of(configure(hamlet, node, "max_items=1 max_items=2")), "bad-request");
  EXPECT_EQ(error_of(configure(hamlet, node, "colour=blue")), "");
}

TEST_F(ServiceTest, AnOwnerStays) {  // section 8.9.2.4
  create(hamlet, node);
  const auto refused = set_affiliation(hamlet, node, hamlet, Affiliation::none);
  ASSERT_TRUE(refused && refused->error);
  EXPECT_EQ(refused->error->condition, Condition::not_acceptable);
  EXPECT_NE(refused->error->enclosed.find("affiliation=\"owner\""), std::string::npos);
  EXPECT_EQ(error_of(set_affiliation(hamlet, node, francisco, Affiliation::owner)), "");
  EXPECT_FALSE(set_affiliation(hamlet, node, hamlet, Affiliation::none)->error);
  EXPECT_EQ(service_.find(node)->affiliation(jid(hamlet)), Affiliation::none);
}

TEST_F(ServiceTest, ADeletedNodeSaysWhereItWent) {  // section 8.4
  create(hamlet, node);
  subscribe(francisco, node);
  const auto gone = keep(service_.remove(
      viewer(hamlet), {node, xmpp::PubSubRedirect<xmpp::ns::pubsub_owner>{"xmpp:x?;node=y"}},
      noon));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->notices[0].to, std::vector<Jid>{jid(francisco)});
  EXPECT_NE(gone->notices[0].payload.find("uri=\"xmpp:x?;node=y\""), std::string::npos);
  const auto asked = subscribe(francisco, node);
  EXPECT_EQ(error_of(asked), "gone");
  EXPECT_EQ(asked.error().uri, "xmpp:x?;node=y");
  EXPECT_EQ(error_of(create(francisco, node)), "forbidden");
  EXPECT_EQ(error_of(create(hamlet, node)), "");
}

TEST(Viewers, PresenceAndGroupsDecideAtAnAccount) {
  Node one{.name = "n"};
  one.config.access_model = AccessModel::presence;
  Viewer contact = viewer("romeo@x.test");
  EXPECT_EQ(error_of(may_retrieve(one, contact, noon)),
            "not-authorized+presence-subscription-required");
  contact.sees_presence = true;
  EXPECT_EQ(error_of(may_retrieve(one, contact, noon)), "");
  one.config.access_model = AccessModel::roster;
  one.config.roster_groups = {"Friends"};
  EXPECT_EQ(error_of(may_subscribe(one, contact)), "not-authorized+not-in-roster-group");
  contact.groups = {"Servants", "Friends"};
  EXPECT_EQ(error_of(may_subscribe(one, contact)), "");
  contact.owns_service = true;
  one.config.access_model = AccessModel::whitelist;
  EXPECT_EQ(error_of(may_publish(one, contact, noon)), "");
}

TEST(Settings, ComeBackAsTheyWereStored) {
  EXPECT_EQ(settings_text({}), "");
  NodeConfig config;
  config.title = "Princely <Musings> & more";
  config.access_model = AccessModel::roster;
  config.roster_groups = {"Friends", "Servants"};
  config.max_items = 3;
  config.notify_sub = true;
  config.contacts = {jid(hamlet)};
  config.node_full = NodeFull::reject;
  config.redirect = "xmpp:x";
  const NodeConfig again = parse_settings(settings_text(config));
  EXPECT_EQ(again, config);
  EXPECT_EQ(again.title, config.title);
  EXPECT_EQ(again.roster_groups, config.roster_groups);
  EXPECT_EQ(again.redirect, config.redirect);
  // What is damaged is closed.
  EXPECT_EQ(parse_settings("<x").access_model, AccessModel::whitelist);
}

// Subscription states against a model that knows nothing but the table of section 4.2.
class SubscriptionModel {
 public:
  std::map<std::string, std::string> states;  // by bare address; absent: none
  std::map<std::string, Affiliation> affiliations;
  bool authorize = false;

  std::string subscribe(const std::string& who) {
    const Affiliation affiliation = affiliations[who];
    if (affiliation == Affiliation::outcast || affiliation == Affiliation::publish_only)
      return "forbidden";
    if (states[who] == "pending") return "not-authorized+pending-subscription";
    if (states[who].empty())
      states[who] = authorize && affiliation == Affiliation::none ? "pending" : "subscribed";
    return states[who];
  }
  std::string unsubscribe(const std::string& who) {
    if (states[who].empty()) return "unexpected-request+not-subscribed";
    states[who].clear();
    return "none";
  }
  void approve(const std::string& who, bool allowed) {
    if (states[who] == "pending") states[who] = allowed ? "subscribed" : "";
  }
  void affiliate(const std::string& who, Affiliation affiliation) {
    if (affiliations[who] == affiliation) return;
    if (affiliations[who] == Affiliation::publisher && affiliation == Affiliation::member) return;
    affiliations[who] = affiliation;
    if (affiliation == Affiliation::outcast) states[who].clear();
    const bool trusted = affiliation == Affiliation::member ||
                         affiliation == Affiliation::publisher || affiliation == Affiliation::owner;
    if (trusted && states[who] == "pending") states[who] = "subscribed";
  }
};

TEST_F(ServiceTest, SubscriptionsAreAsTheModelHasThem) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 dice(seed);
    service_.load({});
    create(hamlet, node);
    SubscriptionModel model;
    const std::string people[] = {"a@x.test", "b@x.test", "c@x.test"};
    for (int step = 0; step < 200; ++step) {
      const std::string& who = people[dice() % 3];
      const bool coin = dice() % 2 == 0;
      switch (dice() % 6) {
        case 0:
        case 1:
          ASSERT_EQ(state_of(subscribe(who, node)), model.subscribe(who)) << step;
          break;
        case 2:
          ASSERT_EQ(state_of(unsubscribe(who, node)), model.unsubscribe(who)) << step;
          break;
        case 3: {
          const auto answer = service_.answer_approval(
              viewer(hamlet), form(authorization_form, "node=musings subscriber_jid=" + who +
                                                           " allow=" + (coin ? "1" : "0")));
          service_.apply(answer->changes);
          model.approve(who, coin);
          break;
        }
        case 4: {
          const auto affiliation = static_cast<Affiliation>(dice() % 5);  // never owner
          ASSERT_TRUE(set_affiliation(hamlet, node, who, affiliation)) << step;
          model.affiliate(who, affiliation);
          break;
        }
        case 5:
          ASSERT_TRUE(
              configure(hamlet, node, coin ? "access_model=authorize" : "access_model=open"));
          model.authorize = coin;
          break;
      }
      for (const std::string& one : people) {
        const Subscription* has = known(node, one);
        const std::string state = has == nullptr ? "" : std::string(xmpp::name_of(has->state));
        ASSERT_EQ(state, model.states[one]) << "step " << step << " " << one;
        // Section 4.2: only who is subscribed is told.
        const auto told = service_.item_notice(*service_.find(node), {}, noon).to;
        const bool is_told = std::ranges::find(told, jid(one)) != told.end();
        ASSERT_TRUE(!is_told || state == "subscribed") << "step " << step << " " << one;
      }
    }
  }
}

}  // namespace
}  // namespace herold::server::pubsub
