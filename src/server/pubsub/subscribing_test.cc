// XEP-0060: several subscriptions of one address, their options, and what ends them by itself.
#include <gtest/gtest.h>

#include "server/pubsub/service_testing.h"

namespace herold::server::pubsub {
namespace {

constexpr auto hamlet = "hamlet@x.test";
constexpr auto francisco = "francisco@x.test";
constexpr auto node = "musings";

class SubscribingTest : public ServiceTest {
 protected:
  Notice told() const { return service_.item_notice(*service_.find(node), {.id = "1"}, noon); }
  void keep_all(const std::vector<Decision>& decisions) {
    for (const Decision& decision : decisions) service_.apply(decision.changes);
  }
};

// Section 6.1.6, where it is offered.
class MultiSubscribeTest : public SubscribingTest {
 protected:
  MultiSubscribeTest() {
    Rules rules = ServiceTest::rules();
    rules.multi_subscribe = true;
    rules.limits.pubsub_subscriptions = 100;
    service_ = Service(std::move(rules));
    create(hamlet, node);
  }
  std::vector<std::string> subids() const {
    std::vector<std::string> found;
    for (const Subscription* one : service_.find(node)->subscriptions_of(jid(francisco), noon))
      found.push_back(one->subid);
    return found;
  }
};

TEST_F(SubscribingTest, ASubscriptionKeepsItsSubId) {
  create(hamlet, node);
  subscribe(francisco, node);
  const std::string subid = known(node, francisco)->subid;
  EXPECT_FALSE(subid.empty());
  subscribe(francisco, node);
  EXPECT_EQ(known(node, francisco)->subid, subid);
  // Section 6.2.3.5: one that is not current.
  EXPECT_EQ(state_of(unsubscribe(francisco, node, francisco, "other")),
            "not-acceptable+invalid-subid");
  EXPECT_EQ(state_of(unsubscribe(francisco, node, francisco, subid)), "none");
}

TEST_F(MultiSubscribeTest, OneAddressIsToldOnceWithAllItsSubIds) {
  EXPECT_EQ(state_of(subscribe(francisco, node)), "subscribed");
  ASSERT_EQ(told().to.size(), 1u);  // one needs no mark
  EXPECT_EQ(state_of(subscribe_with(francisco, node, "deliver=1")), "subscribed");
  EXPECT_EQ(state_of(subscribe_with(francisco, node, "deliver=0")), "subscribed");
  subscribe(francisco, node, "francisco@x.test/barracks");  // another address
  const Notice notice = told();
  EXPECT_EQ(notice.to, std::vector<Jid>{jid("francisco@x.test/barracks")});
  ASSERT_EQ(notice.particular.size(), 1u);
  EXPECT_EQ(notice.particular[0].jid, jid(francisco));
  EXPECT_EQ(notice.particular[0].subids.size(), 2u);  // without the quiet one
  // Section 12.14: what does not differ by subscription is not marked.
  const auto purged = service_.purge(viewer(hamlet), node, noon);
  EXPECT_EQ(purged->notices[0].to.size(), 2u);
  EXPECT_TRUE(purged->notices[0].particular.empty());
}

TEST_F(MultiSubscribeTest, SubIdsAreAskedForWhereTheyAreNeeded) {  // 6.2.3.1, 6.3.4.4, 6.5.9.1
  subscribe(francisco, node);
  subscribe(francisco, node);
  const auto ids = subids();
  ASSERT_EQ(ids.size(), 2u);
  const auto options = [&](std::string subid) {
    return error_of(service_.tell_options(
        viewer(francisco), {.node = node, .jid = jid(francisco), .subid = std::move(subid)}, noon));
  };
  const auto items = [&](std::string subid) {
    return error_of(service_.read_items(viewer(francisco),
                                        {.node = node, .subid = std::move(subid)}, nullptr, noon));
  };
  EXPECT_EQ(options(""), "bad-request+subid-required");
  EXPECT_EQ(options("x"), "not-acceptable+invalid-subid");
  EXPECT_EQ(options(ids[0]), "");
  EXPECT_EQ(items(""), "bad-request+subid-required");
  EXPECT_EQ(items("x"), "not-acceptable+invalid-subid");
  EXPECT_EQ(items(ids[1]), "");
  EXPECT_EQ(state_of(unsubscribe(francisco, node)), "bad-request+subid-required");
  EXPECT_EQ(state_of(unsubscribe(francisco, node, francisco, ids[0])), "none");
  EXPECT_EQ(subids(), std::vector<std::string>{ids[1]});
  EXPECT_EQ(items(""), "");
}

TEST_F(MultiSubscribeTest, OneAddressHasSoManyOnly) {  // section 6.1.3.9
  for (int i = 0; i < 16; ++i) EXPECT_EQ(state_of(subscribe(francisco, node)), "subscribed");
  EXPECT_EQ(state_of(subscribe(francisco, node)), "policy-violation+too-many-subscriptions");
  EXPECT_EQ(state_of(subscribe("bernardo@x.test", node)), "subscribed");
}

TEST_F(MultiSubscribeTest, OwnersChangeOneBySubId) {  // section 8.8.2.4
  subscribe(francisco, node);
  subscribe(francisco, node);
  const auto ids = subids();
  const auto end = [&](std::string subid) {
    Service::OwnerSubscriptions request{.node = node};
    request.subscriptions.push_back({.jid = jid(francisco),
                                     .subid = std::move(subid),
                                     .subscription = SubscriptionState::none});
    return keep(service_.set_subscriptions(viewer(hamlet), request, noon, random_));
  };
  EXPECT_TRUE(end("")->error);  // which?
  EXPECT_EQ(subids().size(), 2u);
  EXPECT_FALSE(end(ids[0])->error);
  EXPECT_EQ(subids(), std::vector<std::string>{ids[1]});
}

TEST_F(SubscribingTest, OptionsAreWhatIsDone) {  // section 6.3.5.2
  create(hamlet, node);
  const auto with = [&](std::string_view options) {
    return error_of(subscribe_with(francisco, node, options));
  };
  EXPECT_EQ(with("digest=true"), "bad-request+invalid-options");
  EXPECT_EQ(with("include_body=1"), "bad-request+invalid-options");
  EXPECT_EQ(with("subscription_type=nodes"), "bad-request+invalid-options");
  EXPECT_EQ(with("subscription_depth=all"), "bad-request+invalid-options");
  EXPECT_EQ(with("show-values=sleeping"), "bad-request+invalid-options");
  EXPECT_EQ(with("expire=2001-01-01T00:00:00Z"), "bad-request+invalid-options");  // has been
  EXPECT_EQ(known(node, francisco), nullptr);
  EXPECT_EQ(with("digest=false include_body=0 subscription_type=items colour=blue"), "");
  EXPECT_EQ(error_of(subscribe_with("romeo@y.test", node, "show-values=dnd")),
            "bad-request+invalid-options");  // whose presence nobody tells us
}

TEST_F(SubscribingTest, StatesOfPresenceStandBesideTheAddress) {
  create(hamlet, node);
  subscribe_with(francisco, node, "show-values=online");
  const Notice notice = told();
  EXPECT_TRUE(notice.to.empty());
  ASSERT_EQ(notice.particular.size(), 1u);
  EXPECT_TRUE(notice.particular[0].shows.has(xmpp::Show::available));
  EXPECT_FALSE(notice.particular[0].shows.has(xmpp::Show::dnd));
}

TEST_F(SubscribingTest, WhatHasEndedGoes) {  // section 12.18
  create(hamlet, node, "notify_sub=true");
  ASSERT_TRUE(subscribe_with(francisco, node, "expire=2026-09-22T12:00:00Z"));
  const WallTime end = *known(node, francisco)->options.expire;
  EXPECT_TRUE(service_.expire(end - Seconds(1)).empty());
  const auto ended = service_.expire(end);
  ASSERT_EQ(ended.size(), 1u);
  ASSERT_EQ(ended[0].notices.size(), 2u);  // the subscriber, and the owner who wants to know
  EXPECT_EQ(ended[0].notices[0].to, std::vector<Jid>{jid(francisco)});
  EXPECT_NE(ended[0].notices[0].payload.find("subscription=\"none\""), std::string::npos);
  EXPECT_EQ(ended[0].notices[1].to, std::vector<Jid>{jid(hamlet)});
  keep_all(ended);
  EXPECT_TRUE(service_.find(node)->subscriptions.empty());
}

TEST_F(SubscribingTest, TemporaryOnesGoWithPresence) {  // section 12.4
  create(hamlet, node);
  const auto made = subscribe_with(francisco, node, "expire=presence");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->watched, jid(francisco));
  subscribe("bernardo@x.test", node);
  EXPECT_EQ(service_.temporary_subscribers(), std::vector<Jid>{jid(francisco)});
  using Left = Service::Left;
  EXPECT_TRUE(service_.went_offline(jid("bernardo@x.test/wall"), Left::everywhere).empty());
  EXPECT_TRUE(service_.went_offline(jid("francisco@x.test/a"), Left::one_resource).empty());
  keep_all(service_.went_offline(jid("francisco@x.test/a"), Left::everywhere));
  EXPECT_EQ(known(node, francisco), nullptr);
  // All of them where the owner wants it so.
  configure(hamlet, node, "tempsub=true");
  keep_all(service_.went_offline(jid("bernardo@x.test/wall"), Left::everywhere));
  EXPECT_TRUE(service_.find(node)->subscriptions.empty());
  const auto forced = subscribe(francisco, node, "francisco@x.test/a");
  EXPECT_EQ(forced->watched, jid("francisco@x.test/a"));
  keep_all(service_.went_offline(jid("francisco@x.test/a"), Left::one_resource));
  EXPECT_TRUE(service_.find(node)->subscriptions.empty());
}

TEST_F(SubscribingTest, AddressesThatAreNoMoreAreForgotten) {  // section 12.2
  create(hamlet, node);
  subscribe(francisco, node);
  subscribe(francisco, node, "francisco@x.test/a");
  keep_all(service_.bounced(jid("francisco@x.test/a")));
  EXPECT_EQ(service_.find(node)->subscriptions.size(), 1u);
  EXPECT_NE(known(node, francisco), nullptr);
}

TEST_F(SubscribingTest, ItemsGoWithTheirPublisher) {  // pubsub#purge_offline
  create(hamlet, node, "purge_offline=true notify_retract=true");
  EXPECT_EQ(publish("hamlet@x.test/elsinore", node)->watched, jid(hamlet));
  const auto gone = service_.went_offline(jid("hamlet@x.test/elsinore"), Service::Left::everywhere);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(std::get<store::PurgeItems>(gone[0].changes[0]).publisher, hamlet);
  EXPECT_TRUE(gone[0].tell_dropped);
  EXPECT_TRUE(
      service_.went_offline(jid("hamlet@x.test/elsinore"), Service::Left::one_resource).empty());
}

TEST_F(SubscribingTest, ItemsNameWhomToAnswer) {  // section 12.16
  create(hamlet, node);
  const store::NodeItem item{.id = "1", .publisher = francisco};
  const auto shown = [&] { return service_.item_notice(*service_.find(node), item, noon).payload; };
  EXPECT_EQ(shown().find("publisher"), std::string::npos);
  configure(hamlet, node, "itemreply=publisher");
  EXPECT_NE(shown().find("publisher=\"francisco@x.test\""), std::string::npos);
  configure(hamlet, node, "itemreply=owner");
  EXPECT_NE(shown().find("publisher=\"hamlet@x.test\""), std::string::npos);
  EXPECT_EQ(error_of(configure(hamlet, node, "itemreply=everybody")), "not-acceptable");
}

TEST_F(SubscribingTest, AffiliationsChangeAsTheChartHasIt) {  // section 4.1.1
  create(hamlet, node);
  const auto becomes = [&](std::string_view whose, Affiliation affiliation) {
    const auto decision = set_affiliation(hamlet, node, whose, affiliation);
    return decision && !decision->error;
  };
  EXPECT_TRUE(becomes(francisco, Affiliation::publisher));
  EXPECT_FALSE(becomes(francisco, Affiliation::member));
  EXPECT_TRUE(becomes(francisco, Affiliation::owner));
  for (const auto less : {Affiliation::outcast, Affiliation::member, Affiliation::publisher})
    EXPECT_FALSE(becomes(francisco, less));
  EXPECT_TRUE(becomes(francisco, Affiliation::none));
  EXPECT_TRUE(becomes(francisco, Affiliation::outcast));
  EXPECT_TRUE(becomes(francisco, Affiliation::member));
}

TEST_F(SubscribingTest, CollectionsAreNotSpoken) {  // section 8.3.1
  using Default = xmpp::PubSubDefault<xmpp::ns::pubsub_owner>;
  EXPECT_EQ(error_of(service_.default_config(Default{}, {})), "");
  EXPECT_EQ(error_of(service_.default_config(Default{.type = "leaf"}, {})), "");
  EXPECT_EQ(error_of(service_.default_config(Default{.type = "collection"}, {})),
            "feature-not-implemented+unsupported collections");
}

TEST(SubscribeOptions, ComeBackAsTheyWereStored) {
  const auto read = [](std::string_view fields) {
    return *SubscribeOptions{}.read(ServiceTest::form(subscribe_options_form, fields), noon);
  };
  for (const auto* fields : {"deliver=1", "deliver=0 expire=2036-01-01T00:00:00Z",
                             "expire=presence show-values=dnd", "deliver=0 expire=presence"}) {
    const SubscribeOptions options = read(fields);
    EXPECT_EQ(SubscribeOptions::parse(options.text()), options) << fields;
  }
  EXPECT_EQ(read("deliver=1").text(), "");
  EXPECT_EQ(SubscribeOptions::parse("quiet 1790000000000000").expire, noon);  // as of before
}

}  // namespace
}  // namespace herold::server::pubsub
