// The contract of the store of nodes: every database behind it passes these tests.
#include <gtest/gtest.h>

#include "store/testing/sqlite_test.h"

namespace herold::store {
namespace {

class NoSealer final : public Sealer {
 public:
  Result<std::string> seal(std::string_view plain, std::string_view) const override {
    return std::string(plain);
  }
  Result<std::string> open(std::string_view sealed, std::string_view) const override {
    return std::string(sealed);
  }
};

const WallTime noon{Microseconds(1'790'000'000'000'000)};
const std::string service = "juliet@x.test";

class NodesContract : public SqliteTest<NoSealer, Durability::none> {
 protected:
  Result<NodeOutcome> change(std::vector<NodeChange> changes, const std::string& at = service) {
    return wait<NodeOutcome>(
        [&](auto done) { stores_->nodes().change(at, std::move(changes), std::move(done)); });
  }
  Result<ItemPage> items(ItemQuery query) {
    if (query.most == 0) query.most = 100;
    return wait<ItemPage>(
        [&](auto done) { stores_->nodes().items(service, std::move(query), std::move(done)); });
  }
  std::vector<StoredNode> load(const std::string& at = service) {
    return *wait<std::vector<StoredNode>>(
        [&](auto done) { stores_->nodes().load(at, std::move(done)); });
  }

  static NodeChange make(const std::string& node) {
    return PutNode{node, "settings", "juliet@x.test", noon};
  }
  static NodeChange item(const std::string& node, const std::string& id, std::uint64_t most = 100,
                         WallTime time = noon) {
    return PublishItem{.node = node, .item = {id, "juliet@x.test", time, "<p/>"}, .most = most};
  }
  static std::string ids(const Result<ItemPage>& page) {
    std::string text;
    if (!page) return "error";
    for (const NodeItem& one : page->items) text += one.id + ' ';
    return text;
  }
};

TEST_F(NodesContract, KeepsNodesWithAllThatBelongsToThem) {
  ASSERT_TRUE(change({make("b"), make("a"), PutAffiliation{"a", {"romeo@x.test", 2}},
                      PutAffiliation{"a", {"nurse@x.test", 1}},
                      PutSubscription{"a", {"s", "romeo@x.test/orchard", 3, "options"}}}));
  open();
  const auto nodes = load();
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].name, "a");
  EXPECT_EQ(nodes[0].settings, "settings");
  EXPECT_EQ(nodes[0].creator, "juliet@x.test");
  EXPECT_EQ(nodes[0].created, noon);
  EXPECT_EQ(nodes[0].affiliations,
            (std::vector<NodeAffiliation>{{"nurse@x.test", 1}, {"romeo@x.test", 2}}));
  EXPECT_EQ(nodes[0].subscriptions,
            (std::vector<NodeSubscription>{{"s", "romeo@x.test/orchard", 3, "options"}}));
  EXPECT_TRUE(nodes[1].affiliations.empty());
  ASSERT_TRUE(change({PutNode{"a", "others", "x", {}}, RemoveAffiliation{"a", "nurse@x.test"},
                      RemoveSubscription{"a", "s"}, RemoveNode{"b"}}));
  const auto after = load();
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].settings, "others");
  EXPECT_EQ(after[0].creator, "juliet@x.test");
  EXPECT_EQ(after[0].affiliations.size(), 1u);
  EXPECT_TRUE(after[0].subscriptions.empty());
  EXPECT_TRUE(load("romeo@x.test").empty());
}

TEST_F(NodesContract, ChangesTogetherOrNotAtAll) {
  EXPECT_EQ(change({make("a"), item("b", "1")}).error().fault, Fault::not_found);
  EXPECT_TRUE(load().empty());
  for (const NodeChange& lost : std::vector<NodeChange>{
           RemoveNode{"a"}, PutAffiliation{"a", {"x", 1}}, RemoveAffiliation{"a", "x"},
           PutSubscription{"a", {"s", "x", 1, ""}}, RemoveSubscription{"a", "s"}, item("a", "1"),
           RetractItem{"a", "1", {}}, PurgeItems{"a"}, KeepItems{"a", 1}})
    EXPECT_EQ(change({lost}).error().fault, Fault::not_found);
}

TEST_F(NodesContract, ItemsStandInTheOrderOfTheirPublication) {
  ASSERT_TRUE(change({make("n"), item("n", "1"), item("n", "2"), item("n", "3"), item("n", "1")}));
  EXPECT_EQ(ids(items({.node = "n"})), "2 3 1 ");
  EXPECT_EQ(items({.node = "n"})->count, 3u);
  EXPECT_EQ(ids(items({.node = "n", .ids = {"1", "9", "3"}})), "1 3 ");
  EXPECT_EQ(ids(items({.node = "n", .from_end = true, .most = 2})), "3 1 ");
  EXPECT_EQ(items({.node = "n", .from_end = true, .most = 2})->index, 1u);
  EXPECT_FALSE(items({.node = "n", .most = 2})->complete);
  EXPECT_TRUE(items({.node = "n", .most = 3})->complete);
  EXPECT_EQ(items({.node = "other"}).error().fault, Fault::not_found);
}

TEST_F(NodesContract, PagesMeetWithoutGapOrOverlap) {
  ASSERT_TRUE(change({make("n")}));
  for (int i = 1; i <= 7; ++i) ASSERT_TRUE(change({item("n", std::to_string(i))}));
  EXPECT_EQ(ids(items({.node = "n", .most = 3})), "1 2 3 ");
  EXPECT_EQ(ids(items({.node = "n", .after = "3", .most = 3})), "4 5 6 ");
  EXPECT_EQ(items({.node = "n", .after = "3", .most = 3})->index, 3u);
  EXPECT_EQ(ids(items({.node = "n", .after = "6", .most = 3})), "7 ");
  EXPECT_EQ(ids(items({.node = "n", .before = "5", .from_end = true, .most = 2})), "3 4 ");
  EXPECT_EQ(items({.node = "n", .before = "5", .from_end = true, .most = 2})->index, 2u);
  EXPECT_EQ(ids(items({.node = "n", .index = 5, .most = 9})), "6 7 ");
  EXPECT_EQ(items({.node = "n", .after = "nowhere"}).error().fault, Fault::not_found);
  EXPECT_EQ(ids(items({.node = "n", .index = 100})), "");
  // At least one item, however large; then none that does not fit.
  EXPECT_EQ(ids(items({.node = "n", .most_bytes = 1})), "1 ");
  EXPECT_EQ(ids(items({.node = "n", .most_bytes = 10})), "1 2 ");
}

TEST_F(NodesContract, OldItemsMakeRoomOrNewOnesAreRefused) {
  ASSERT_TRUE(change({make("n"), item("n", "1"), item("n", "2")}));
  EXPECT_EQ(change({item("n", "3", 2)})->dropped, std::vector<std::string>{"1"});
  PublishItem refused{.node = "n", .item = {"4", "x", noon, ""}, .most = 2, .reject = true};
  EXPECT_EQ(change({refused}).error().fault, Fault::conflict);
  refused.item.id = "3";  // one that replaces another needs no room
  EXPECT_TRUE(change({refused}));
  EXPECT_EQ(ids(items({.node = "n"})), "2 3 ");
  ASSERT_TRUE(change({KeepItems{"n", 1}}));
  EXPECT_EQ(ids(items({.node = "n"})), "3 ");
}

TEST_F(NodesContract, AServiceHasSoMuchRoomForItems) {
  PublishItem first{.node = "a", .item = {"1", "x", noon, std::string(99, 'x')}, .most_bytes = 200};
  PublishItem second = first;
  second.node = "b";
  ASSERT_TRUE(change({make("a"), make("b"), first, second}));
  second.item.payload += 'x';
  EXPECT_EQ(change({second}).error().fault, Fault::limit);
  ASSERT_TRUE(change({RetractItem{"a", "1", {}}}));
  EXPECT_TRUE(change({second}));
  ASSERT_TRUE(change({PurgeItems{"b"}, first}));
  second.item.payload.pop_back();
  EXPECT_TRUE(change({second}));
  // Somebody else's room is his own.
  PublishItem other = first;
  other.node = "other";
  EXPECT_TRUE(change({PutNode{"other", "", "romeo@x.test", noon}, other}));
}

TEST_F(NodesContract, WhatOneHasPublishedGoes) {
  const auto by = [](const std::string& id, const std::string& who, WallTime time) {
    return PublishItem{.node = "n", .item = {id, who, time, "<p/>"}, .most = 9};
  };
  ASSERT_TRUE(change({make("n"), by("1", "a@x.test", noon), by("2", "b@x.test", noon + Seconds(1)),
                      by("3", "a@x.test", noon + Seconds(2))}));
  const auto publishers = wait<std::vector<std::string>>(
      [&](auto done) { stores_->nodes().publishers(service, "n", std::move(done)); });
  ASSERT_TRUE(publishers);
  EXPECT_EQ(publishers->size(), 2u);
  EXPECT_EQ(ids(items({.node = "n", .publisher = "a@x.test"})), "1 3 ");
  EXPECT_EQ(items({.node = "n", .publisher = "a@x.test"})->count, 2u);
  EXPECT_EQ(ids(items({.node = "n", .until = noon + Seconds(1)})), "1 2 ");
  EXPECT_EQ(ids(items({.node = "n", .from_end = true, .most = 1, .until = noon + Seconds(1)})),
            "2 ");
  EXPECT_EQ(change({PurgeItems{"n", "a@x.test"}})->dropped, (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(ids(items({.node = "n"})), "2 ");
}

TEST_F(NodesContract, WhatIsTooOldGoesWhenItIsSaid) {
  ASSERT_TRUE(change({make("n"), item("n", "1", 9, noon), item("n", "2", 9, noon + Seconds(1))}));
  EXPECT_TRUE(change({ExpireItems{"n", noon}})->dropped.empty());
  EXPECT_EQ(ids(items({.node = "n"})), "1 2 ");
  EXPECT_TRUE(change({ExpireItems{"n", noon + Seconds(1)}})->dropped.empty());  // without a word
  EXPECT_EQ(ids(items({.node = "n"})), "2 ");
  EXPECT_EQ(items({.node = "n"})->count, 1u);
}

TEST_F(NodesContract, ExpiredItemsAreNotSeenAndMakeRoom) {
  ASSERT_TRUE(change({make("n"), item("n", "old", 9, noon - Seconds(10)), item("n", "new")}));
  EXPECT_EQ(ids(items({.node = "n", .expired_before = noon})), "new ");
  EXPECT_EQ(items({.node = "n", .expired_before = noon})->count, 1u);
  EXPECT_EQ(ids(items({.node = "n", .ids = {"old"}, .expired_before = noon})), "");
  PublishItem more{.node = "n", .item = {"more", "x", noon, ""}, .most = 2, .expired_before = noon};
  EXPECT_TRUE(change({more})->dropped.empty());
  EXPECT_EQ(ids(items({.node = "n"})), "new more ");
}

TEST_F(NodesContract, AnItemIsTakenBackByWhoPublishedIt) {
  ASSERT_TRUE(change({make("n"), item("n", "1")}));
  EXPECT_EQ(change({RetractItem{"n", "1", "romeo@x.test"}}).error().fault, Fault::refused);
  EXPECT_TRUE(change({RetractItem{"n", "1", "juliet@x.test"}}));
  EXPECT_EQ(change({RetractItem{"n", "1", {}}}).error().fault, Fault::not_found);
}

TEST_F(NodesContract, TheLastItemOfSeveralNodes) {
  ASSERT_TRUE(change(
      {make("a"), make("b"), make("empty"), item("a", "1"), item("a", "2"), item("b", "3")}));
  const auto last = *wait<std::vector<LastItem>>([&](auto done) {
    stores_->nodes().last_items(service, {"b", "empty", "none", "a"}, std::move(done));
  });
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[0].node + last[0].item.id, "b3");
  EXPECT_EQ(last[1].node + last[1].item.id, "a2");
}

TEST_F(NodesContract, GoesWithItsAccount) {
  const auto done = [&](auto call) { return wait<void>(call); };
  ASSERT_TRUE(
      done([&](auto end) { stores_->accounts().create(service, {}, noon, std::move(end)); }));
  ASSERT_TRUE(change({make("n"), item("n", "1"), PutAffiliation{"n", {"x@x.test", 1}}}));
  ASSERT_TRUE(change({make("n"), PutAffiliation{"n", {service, 2}},
                      PutSubscription{"n", {"s", service + "/balcony", 3, ""}}},
                     "pubsub.x.test"));
  ASSERT_TRUE(done([&](auto end) { stores_->accounts().remove(service, {}, std::move(end)); }));
  EXPECT_TRUE(load().empty());
  const auto left = load("pubsub.x.test");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_TRUE(left[0].affiliations.empty());
  EXPECT_TRUE(left[0].subscriptions.empty());
  ASSERT_TRUE(change({make("n")}));
  EXPECT_EQ(ids(items({.node = "n"})), "");
}

TEST_F(NodesContract, TheNameOfARemovedAccountGoesFromNodesOfOthers) {
  const auto done = [&](auto call) { return wait<void>(call); };
  const std::string at = "pubsub.x.test";
  ASSERT_TRUE(
      done([&](auto end) { stores_->accounts().create(service, {}, noon, std::move(end)); }));
  ASSERT_TRUE(change({make("n"), PutAffiliation{"n", {service, 5}},
                      PutAffiliation{"n", {"x@x.test", 5}}, item("n", "1")},
                     at));
  ASSERT_TRUE(done([&](auto end) { stores_->accounts().remove(service, {}, std::move(end)); }));
  const auto left = load(at);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].creator, "");
  EXPECT_EQ(left[0].affiliations, (std::vector<NodeAffiliation>{{"x@x.test", 5}}));
  const auto page = wait<ItemPage>(
      [&](auto end) { stores_->nodes().items(at, {.node = "n", .most = 9}, std::move(end)); });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].id + page->items[0].publisher, "1");
}

}  // namespace
}  // namespace herold::store
