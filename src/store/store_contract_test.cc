// The contract of the stores: every database behind them passes these tests. One row a backend.
#include <algorithm>

#include "store/testing/contract.h"

namespace herold::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, StoreContract, testing::ValuesIn(backends),
                         [](const auto& info) { return std::string(info.param.name); });

Credential sha1(std::string key) { return {"SHA-1", "salt", 10000, std::move(key), "server"}; }

TEST_P(StoreContract, KeepsAccountsAndTheirKeys) {
  const std::string alice = "alice@x.test";
  const std::vector<Credential> keys = {sha1("stored"), {"SHA-256", "s2", 20000, "k2", "v2"}};
  EXPECT_FALSE(*WAIT(bool, accounts().exists(alice, std::move(done))));
  ASSERT_TRUE(WAIT(void, accounts().create(alice, keys, noon, std::move(done))));
  EXPECT_EQ(WAIT(void, accounts().create(alice, keys, noon, std::move(done))).error().fault,
            Fault::conflict);
  reopen();
  EXPECT_TRUE(*WAIT(bool, accounts().exists(alice, std::move(done))));
  auto found = WAIT(std::vector<Credential>, accounts().credentials(alice, std::move(done)));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].stored_key, "stored");
  EXPECT_EQ((*found)[0].server_key, "server");
  EXPECT_EQ((*found)[1].hash, "SHA-256");
  EXPECT_EQ((*found)[1].iterations, 20000u);
  ASSERT_TRUE(WAIT(void, accounts().set_credentials(alice, {sha1("new")}, std::move(done))));
  found = WAIT(std::vector<Credential>, accounts().credentials(alice, std::move(done)));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].stored_key, "new");

  auto account = WAIT(Account, accounts().find(alice, std::move(done)));
  EXPECT_EQ(account->state, AccountState::enabled);
  EXPECT_EQ(account->created, noon);
  EXPECT_FALSE(account->last_sign_in);
  ASSERT_TRUE(WAIT(void, accounts().set_state(alice, AccountState::disabled, std::move(done))));
  ASSERT_TRUE(WAIT(void, accounts().signed_in(alice, noon + Seconds(5), std::move(done))));
  account = WAIT(Account, accounts().find(alice, std::move(done)));
  EXPECT_EQ(account->state, AccountState::disabled);
  EXPECT_EQ(account->last_sign_in, noon + Seconds(5));
}

TEST_P(StoreContract, SealsKeysAnewInPages) {
  for (const char* address : {"a@x", "b@x", "c@x"})
    ASSERT_TRUE(
        WAIT(void, accounts().create(address, {sha1(address)}, WallTime(), std::move(done))));
  const auto first = WAIT(Resealed, accounts().reseal("", 2, std::move(done)));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->accounts, 2u);
  EXPECT_EQ(first->last, "b@x");
  const auto second = WAIT(Resealed, accounts().reseal("b@x", 2, std::move(done)));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->last, "c@x");
  const auto end = WAIT(Resealed, accounts().reseal("c@x", 2, std::move(done)));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->accounts, 0u);
  EXPECT_TRUE(end->last.empty());
  const auto found = WAIT(std::vector<Credential>, accounts().credentials("b@x", std::move(done)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().stored_key, sha1("b@x").stored_key);
}

TEST_P(StoreContract, SaysThatAnAccountIsNotThere) {
  const std::string none = "none@x.test";
  EXPECT_EQ(WAIT(Account, accounts().find(none, std::move(done))).error().fault, Fault::not_found);
  EXPECT_EQ(
      WAIT(std::vector<Credential>, accounts().credentials(none, std::move(done))).error().fault,
      Fault::not_found);
  EXPECT_EQ(WAIT(void, accounts().set_credentials(none, {}, std::move(done))).error().fault,
            Fault::not_found);
  EXPECT_EQ(WAIT(void, accounts().signed_in(none, noon, std::move(done))).error().fault,
            Fault::not_found);
  EXPECT_EQ(WAIT(void, accounts().remove(none, {}, std::move(done))).error().fault,
            Fault::not_found);
}

TEST_P(StoreContract, TellsLookAlikesOfADomainApart) {
  const auto state = [&](const std::string& address) {
    return *WAIT(NameState, accounts().name_state(address, std::move(done)));
  };
  ASSERT_TRUE(WAIT(void, accounts().create("paypal@x.test", {}, noon, std::move(done))));
  EXPECT_EQ(state("paypal@x.test"), NameState::taken);
  EXPECT_EQ(state("paypa1@x.test"), NameState::look_alike);
  EXPECT_EQ(state("p\xD0\xB0ypal@x.test"), NameState::look_alike);
  EXPECT_EQ(state("paypa1@y.test"), NameState::free);
  EXPECT_EQ(state("paypals@x.test"), NameState::free);
  const auto refused =
      WAIT(void, accounts().create_distinct("paypa1@x.test", {}, noon, std::move(done)));
  EXPECT_EQ(refused.error().fault, Fault::refused);
  EXPECT_EQ(WAIT(void, accounts().create_distinct("paypal@x.test", {}, noon, std::move(done)))
                .error()
                .fault,
            Fault::conflict);
  // An administrator may; and what has gone looks like nobody.
  ASSERT_TRUE(WAIT(void, accounts().create("paypa1@x.test", {}, noon, std::move(done))));
  for (const char* gone : {"paypal@x.test", "paypa1@x.test"})
    ASSERT_TRUE(WAIT(void, accounts().remove(gone, {}, std::move(done))));
  EXPECT_EQ(state("paypa1@x.test"), NameState::free);
  ASSERT_TRUE(WAIT(void, accounts().create_distinct("paypa1@x.test", {}, noon, std::move(done))));
}

TEST_P(StoreContract, OfTwoLookAlikesAtOnceOneIsMade) {
  int made = 0, refused = 0;
  for (const char* name : {"modern@x.test", "modem@x.test"})
    accounts().create_distinct(name, {}, noon,
                               [&](Result<> result) { ++(result ? made : refused); });
  while (made + refused < 2) world_.caller.run_one();
  EXPECT_EQ(made, 1);
}

TEST_P(StoreContract, ListsAndCountsWhoIsDisabled) {
  for (const char* name : {"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@y.test"})
    ASSERT_TRUE(WAIT(void, accounts().create(name, {}, noon, std::move(done))));
  for (const char* name : {"b@x.test", "d@x.test", "e@y.test"})
    ASSERT_TRUE(WAIT(void, accounts().set_state(name, AccountState::disabled, std::move(done))));
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count_disabled("x.test", std::move(done))), 2u);
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count("x.test", std::move(done))), 4u);
  const auto page =
      WAIT(std::vector<Account>, accounts().list_disabled("x.test", "", 10, std::move(done)));
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ((*page)[1].address, "d@x.test");
  EXPECT_EQ(WAIT(std::vector<Account>,
                 accounts().list_disabled("x.test", "b@x.test", 10, std::move(done)))
                ->size(),
            1u);
}

TEST_P(StoreContract, ListsAccountsByDomainInPages) {
  for (int i = 0; i < 25; ++i) {
    const std::string name = "u" + std::to_string(100 + i);
    ASSERT_TRUE(WAIT(void, accounts().create(name + "@x.test", {}, noon, std::move(done))));
  }
  ASSERT_TRUE(WAIT(void, accounts().create("other@y.test", {}, noon, std::move(done))));
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count("x.test", std::move(done))), 25u);
  std::vector<std::string> all;
  for (std::string after;;) {
    const auto page =
        WAIT(std::vector<Account>, accounts().list("x.test", after, 10, std::move(done)));
    ASSERT_TRUE(page);
    if (page->empty()) break;
    EXPECT_LE(page->size(), 10u);
    for (const Account& one : *page) all.push_back(one.address);
    after = all.back();
  }
  EXPECT_EQ(all.size(), 25u);
  EXPECT_TRUE(std::ranges::is_sorted(all));
}

RosterItem item(std::string address, Subscription subscription = Subscription::both) {
  return {std::move(address), "N\xc3\xa4me", subscription, true, false, {"a", "", "1:b", "c\nd"}};
}

TEST_P(StoreContract, KeepsRostersWithVersions) {
  const std::string alice = "alice@x.test";
  EXPECT_EQ(WAIT(Roster, rosters().load(alice, std::move(done)))->version, 0u);
  const auto first =
      WAIT(std::uint64_t, rosters().change(alice, {PutItem{item("bob@y")}}, std::move(done)));
  const auto second =
      WAIT(std::uint64_t, rosters().change(alice,
                                           {PutItem{item("carol@y", Subscription::to)},
                                            PutRequest{{"dave@y", "<presence/>", noon}}},
                                           std::move(done)));
  ASSERT_TRUE(first && second);
  EXPECT_GT(*first, 0u);
  EXPECT_GT(*second, *first);
  const auto same = WAIT(
      std::uint64_t,
      rosters().change(alice, {PutRequest{{"eve@y", "<p/>", noon + Seconds(1)}}}, std::move(done)));
  EXPECT_EQ(*same, *second);
  reopen();
  auto roster = WAIT(Roster, rosters().load(alice, std::move(done)));
  ASSERT_TRUE(roster);
  EXPECT_EQ(roster->version, *second);
  EXPECT_EQ(roster->items, (std::vector{item("bob@y"), item("carol@y", Subscription::to)}));
  EXPECT_EQ(roster->requests,
            (std::vector<SubscriptionRequest>{{"dave@y", "<presence/>", noon},
                                              {"eve@y", "<p/>", noon + Seconds(1)}}));
  const auto third = WAIT(
      std::uint64_t,
      rosters().change(alice, {RemoveItem{"bob@y"}, RemoveRequest{"dave@y"}}, std::move(done)));
  EXPECT_GT(*third, *second);
  roster = WAIT(Roster, rosters().load(alice, std::move(done)));
  EXPECT_EQ(roster->items.size(), 1u);
  EXPECT_EQ(roster->requests.size(), 1u);

  using Difference = std::optional<RosterDifference>;
  auto difference = WAIT(Difference, rosters().changes_since(alice, *first, std::move(done)));
  ASSERT_TRUE(difference && *difference);
  EXPECT_EQ((*difference)->version, *third);
  EXPECT_EQ((*difference)->changed, std::vector{item("carol@y", Subscription::to)});
  EXPECT_EQ((*difference)->removed, std::vector<std::string>{"bob@y"});
  EXPECT_FALSE(*WAIT(Difference, rosters().changes_since(alice, 1, std::move(done))));
  const auto all = WAIT(Difference, rosters().changes_since(alice, 0, std::move(done)));
  ASSERT_TRUE(all && *all);
  EXPECT_EQ((*all)->changed, std::vector{item("carol@y", Subscription::to)});
  EXPECT_FALSE(*WAIT(Difference, rosters().changes_since(alice, *third + 1, std::move(done))));
}

TEST_P(StoreContract, ForgetsOldRemovalsAndThenWantsTheWholeRoster) {
  const std::string alice = "alice@x.test";
  using Difference = std::optional<RosterDifference>;
  std::vector<RosterChange> all;
  const std::uint64_t contacts = world_.limits.roster_removals + 5;
  for (std::uint64_t i = 0; i < contacts; ++i)
    all.push_back(PutItem{item("c" + std::to_string(i) + "@y")});
  const auto start = WAIT(std::uint64_t, rosters().change(alice, all, std::move(done)));
  std::uint64_t before_last = 0;
  for (std::uint64_t i = 0; i < contacts; ++i) {
    const RemoveItem gone{"c" + std::to_string(i) + "@y"};
    const auto version = WAIT(std::uint64_t, rosters().change(alice, {gone}, std::move(done)));
    if (i + 2 == contacts) before_last = *version;
  }
  EXPECT_FALSE(*WAIT(Difference, rosters().changes_since(alice, *start, std::move(done))));
  const auto recent =
      WAIT(Difference, rosters().changes_since(alice, before_last, std::move(done)));
  ASSERT_TRUE(recent && *recent);
  EXPECT_EQ((*recent)->removed.size(), 1u);
}

TEST_P(StoreContract, StoresAMessageOnceAndRefersToIt) {
  const NewMessage one{message(1, "<message>1</message>"),
                       {{offline, 10}, {archive, 10}, {{"a@x", BoxKind::archive, ""}, 7}}};
  const NewMessage two{message(2, "<message>22</message>"), {{offline, 11}, {archive, 11}}};
  ASSERT_TRUE(WAIT(void, messages().add({one, two}, std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().add({one, two}, std::move(done))));  // recovery does this
  reopen();
  auto backlog = WAIT(Backlog, messages().backlog(offline, std::move(done)));
  EXPECT_EQ(backlog->count, 2u);
  EXPECT_EQ(backlog->bytes, 41u);
  auto found = WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 100, std::move(done)));
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].id, 10u);
  EXPECT_EQ((*found)[0].message.stanza_id, 1u);
  EXPECT_EQ((*found)[0].message.from, "a@x/1");
  EXPECT_EQ((*found)[0].message.to, "b@x");
  EXPECT_EQ((*found)[0].message.time, noon);
  EXPECT_EQ((*found)[0].message.stanza.view(), "<message>1</message>");
  found = WAIT(std::vector<StoredMessage>, messages().fetch(offline, 10, 100, std::move(done)));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].id, 11u);

  ASSERT_TRUE(WAIT(void, messages().remove(offline, {10, 999}, std::move(done))));
  backlog = WAIT(Backlog, messages().backlog(offline, std::move(done)));
  EXPECT_EQ(backlog->count, 1u);
  EXPECT_EQ(backlog->bytes, 21u);
  found = WAIT(std::vector<StoredMessage>, messages().fetch(archive, 0, 100, std::move(done)));
  EXPECT_EQ(found->size(), 2u);  // delivered, still archived
  ASSERT_TRUE(WAIT(void, messages().remove_all(archive, std::move(done))));
  found = WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 1, std::move(done)));
  ASSERT_EQ(found->size(), 1u);  // retention never takes what was not delivered
  EXPECT_EQ((*found)[0].message.stanza_id, 2u);
}

TEST_P(StoreContract, TakesMessagesAwayByTheirStanzaIds) {
  ASSERT_TRUE(WAIT(void, messages().add({{message(1), {{offline, 5}, {archive, 6}}},
                                         {message(2), {{offline, 7}}},
                                         {message(3), {{archive, 8}}}},
                                        std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().remove_stanzas(offline, {1, 3, 99}, std::move(done))));
  auto found = WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 9, std::move(done)));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].message.stanza_id, 2u);
  EXPECT_EQ(WAIT(Backlog, messages().backlog(offline, std::move(done)))->count, 1u);
  found = WAIT(std::vector<StoredMessage>, messages().fetch(archive, 0, 9, std::move(done)));
  EXPECT_EQ(found->size(), 2u);  // other boxes keep theirs
  const Box nobodys{"nobody@x", BoxKind::offline, {}};
  EXPECT_TRUE(WAIT(void, messages().remove_stanzas(nobodys, {1}, std::move(done))));
}

TEST_P(StoreContract, LeavesAReferenceAloneWhoseIdIsTaken) {
  ASSERT_TRUE(WAIT(void, messages().add({{message(1), {{offline, 5}}}}, std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().add({{message(2), {{offline, 5}}},
                                         {message(3), {{offline, 5}, {archive, 5}}}},
                                        std::move(done))));
  const auto found =
      WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 9, std::move(done)));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].message.stanza_id, 1u);
  const auto backlog = WAIT(Backlog, messages().backlog(offline, std::move(done)));
  EXPECT_EQ(backlog->count, 1u);
  EXPECT_EQ(backlog->bytes, 10u);
  ASSERT_TRUE(WAIT(void, messages().remove(archive, {5}, std::move(done))));
  // Neither "2" nor "3" is left: they may come as new messages.
  ASSERT_TRUE(WAIT(void, messages().add({{message(2, "<new/>"), {{archive, 6}}},
                                         {message(3, "<new/>"), {{archive, 7}}}},
                                        std::move(done))));
  for (const StoredMessage& one :
       *WAIT(std::vector<StoredMessage>, messages().fetch(archive, 0, 9, std::move(done))))
    EXPECT_EQ(one.message.stanza.view(), "<new/>");
}

TEST_P(StoreContract, NumbersMessagesByItselfAndNeverTwice) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(
        WAIT(void, messages().add({{message(static_cast<std::uint64_t>(100 + i)), {{offline, 0}}}},
                                  std::move(done))));
  ASSERT_TRUE(
      WAIT(void, messages().add({{message(101), {{offline, 0}}}}, std::move(done))));  // again
  const auto found =
      WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 10, std::move(done)));
  ASSERT_EQ(found->size(), 3u);
  EXPECT_LT((*found)[0].id, (*found)[1].id);
  const auto newest = WAIT(std::uint64_t, messages().newest_id("b@x", std::move(done)));
  EXPECT_EQ(*newest, (*found)[2].id);
  ASSERT_TRUE(WAIT(void, messages().remove_all(offline, std::move(done))));
  EXPECT_EQ(*WAIT(std::uint64_t, messages().newest_id("b@x", std::move(done))), *newest);
  EXPECT_EQ(*WAIT(std::uint64_t, messages().newest_id("nobody@x", std::move(done))), 0u);
}

TEST_P(StoreContract, MovesAQueueToOffline) {
  ASSERT_TRUE(WAIT(void, messages().add({{message(1), {{queue, 1}, {offline, 1}}},
                                         {message(2), {{queue, 2}}},
                                         {message(3), {{queue, 3}}}},
                                        std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().remove(queue, {2}, std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().move(queue, offline, std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().move(queue, offline, std::move(done))));  // empty now
  const auto found =
      WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 10, std::move(done)));
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].message.stanza_id, 1u);
  EXPECT_EQ((*found)[1].message.stanza_id, 3u);
  const auto backlog = WAIT(Backlog, messages().backlog(offline, std::move(done)));
  EXPECT_EQ(backlog->count, 2u);
  EXPECT_EQ(backlog->bytes, 20u);
  ASSERT_TRUE(WAIT(void, messages().remove(offline, {1, 3}, std::move(done))));
  // No reference is left: the same stanza id is a new message.
  ASSERT_TRUE(
      WAIT(void, messages().add({{message(1, "<new/>"), {{offline, 9}}}}, std::move(done))));
  EXPECT_EQ((*WAIT(std::vector<StoredMessage>, messages().fetch(offline, 0, 10, std::move(done))))
                .at(0)
                .message.stanza.view(),
            "<new/>");
}

TEST_P(StoreContract, KeepsRecordsOfModules) {
  const RecordKey vcard{"vcard", "a@x", "vcard"};
  using Found = std::optional<Record>;
  EXPECT_FALSE(*WAIT(Found, records().get(vcard, std::move(done))));
  const std::string value("bytes\0and <xml/>", 16);
  const auto version = WAIT(std::uint64_t, records().put(vcard, value, std::move(done)));
  auto found = WAIT(Found, records().get(vcard, std::move(done)));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->value, value);
  EXPECT_EQ((*found)->version, *version);

  EXPECT_EQ(WAIT(std::uint64_t, records().put_if(vcard, "x", *version + 1, std::move(done)))
                .error()
                .fault,
            Fault::conflict);
  const auto next = WAIT(std::uint64_t, records().put_if(vcard, "y", *version, std::move(done)));
  ASSERT_TRUE(next);
  EXPECT_NE(*next, *version);
  ASSERT_TRUE(WAIT(void, records().remove(vcard, std::move(done))));
  EXPECT_FALSE(WAIT(std::uint64_t, records().put_if(vcard, "z", *next, std::move(done))));
  const auto fresh = WAIT(std::uint64_t, records().put_if(vcard, "z", 0, std::move(done)));
  ASSERT_TRUE(fresh);
  EXPECT_NE(*fresh, *next);

  for (const char* key : {"p", "p:1", "p:2", "p;", "q", "p:\xc3\xa4"})
    ASSERT_TRUE(WAIT(std::uint64_t, records().put({"m", "a@x", key}, "12345", std::move(done))));
  ASSERT_TRUE(WAIT(std::uint64_t, records().put({"m", "b@x", "p:9"}, "", std::move(done))));
  const auto listed = WAIT(std::vector<Record>, records().list("m", "a@x", "p:", std::move(done)));
  ASSERT_EQ(listed->size(), 3u);
  EXPECT_EQ((*listed)[0].key, "p:1");
  EXPECT_EQ((*listed)[2].key, "p:\xc3\xa4");
  auto usage = WAIT(RecordUsage, records().usage("m", "a@x", std::move(done)));
  EXPECT_EQ(usage->count, 6u);
  EXPECT_EQ(usage->bytes, 6 * 5 + 1 + 3 + 3 + 2 + 1 + 4u);
  ASSERT_TRUE(WAIT(void, records().remove_all("m", "a@x", std::move(done))));
  usage = WAIT(RecordUsage, records().usage("m", "a@x", std::move(done)));
  EXPECT_EQ(usage->count, 0u);
  EXPECT_EQ(WAIT(RecordUsage, records().usage("m", "b@x", std::move(done)))->count, 1u);
  const auto taken = WAIT(std::vector<Record>, records().take_all("m", "b@x", std::move(done)));
  ASSERT_EQ(taken->size(), 1u);
  EXPECT_EQ(taken->front().key, "p:9");
  EXPECT_EQ(WAIT(RecordUsage, records().usage("m", "b@x", std::move(done)))->count, 0u);
}

TEST_P(StoreContract, RemovesEverythingOfAnAccount) {
  const std::string bob = "b@x";
  ASSERT_TRUE(WAIT(void, accounts().create(bob, {sha1("k")}, noon, std::move(done))));
  ASSERT_TRUE(WAIT(std::uint64_t,
                   rosters().change(bob, {PutItem{item("c@y")}, PutRequest{{"d@y", "<p/>", noon}}},
                                    std::move(done))));
  ASSERT_TRUE(WAIT(std::uint64_t, records().put({"m", bob, "k"}, "v", std::move(done))));
  const Box of_sender{"a@x", BoxKind::archive, ""};
  ASSERT_TRUE(WAIT(void, messages().add({{message(1), {{offline, 1}, {of_sender, 1}}},
                                         {message(2), {{queue, 2}}}},
                                        std::move(done))));
  ASSERT_TRUE(WAIT(void, accounts().remove(bob, {}, std::move(done))));
  EXPECT_FALSE(*WAIT(bool, accounts().exists(bob, std::move(done))));
  const auto roster = WAIT(Roster, rosters().load(bob, std::move(done)));
  EXPECT_TRUE(roster->items.empty() && roster->requests.empty() && roster->version == 0);
  EXPECT_EQ(WAIT(RecordUsage, records().usage("m", bob, std::move(done)))->count, 0u);
  EXPECT_EQ(WAIT(Backlog, messages().backlog(offline, std::move(done)))->count, 0u);
  EXPECT_EQ(WAIT(Backlog, messages().backlog(queue, std::move(done)))->count, 0u);
  EXPECT_EQ(*WAIT(std::uint64_t, messages().newest_id(bob, std::move(done))), 0u);
  // The other side's archive is not bob's.
  EXPECT_EQ(
      WAIT(std::vector<StoredMessage>, messages().fetch(of_sender, 0, 9, std::move(done)))->size(),
      1u);
  ASSERT_TRUE(WAIT(void, accounts().create(bob, {}, noon, std::move(done))));
  EXPECT_TRUE(WAIT(std::vector<Credential>, accounts().credentials(bob, std::move(done)))->empty());
  EXPECT_TRUE(WAIT(void, database_->verify(world_.caller, std::move(done))));
}

TEST_P(StoreContract, ReadsItsOwnWritesAndCommitsInGroups) {
  int left = 0;
  std::string seen;
  for (int i = 0; i < 500; ++i) {
    left += 2;
    const RecordKey key{"m", "a@x", "k"};
    records().put(key, std::to_string(i), [&](auto result) {
      EXPECT_TRUE(result);
      --left;
    });
    records().get(key, [&, i](auto result) {
      EXPECT_EQ((*result)->value, std::to_string(i));
      --left;
    });
  }
  while (left > 0) world_.caller.run_one();
  EXPECT_LT(database_->statistics().transactions, 400u);
  EXPECT_EQ(database_->statistics().waiting, 0u);
}

TEST_P(StoreContract, AFailingJobDoesNotHurtTheOthersOfItsGroup) {
  int good = 0, bad = 0, left = 0;
  for (int i = 0; i < 100; ++i) {
    ++left;
    accounts().create("u" + std::to_string(i / 2) + "@x", {sha1("k")}, noon, [&](auto result) {
      ++(result ? good : bad);
      --left;
    });
  }
  while (left > 0) world_.caller.run_one();
  EXPECT_EQ(good, 50);
  EXPECT_EQ(bad, 50);
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count("x", std::move(done))), 50u);
}

TEST_P(StoreContract, AJobThatFailsHalfWayLeavesNothing) {
  int left = 3;
  const auto count_down = [&](auto) { --left; };
  accounts().create("before@x", {sha1("k")}, noon, count_down);
  accounts().create("half@x", {sha1("k"), {"SHA-256", "s", 1, "unsealable", "k"}}, noon,
                    [&](auto result) {
                      EXPECT_FALSE(result);
                      --left;
                    });
  accounts().create("after@x", {sha1("k")}, noon, count_down);
  while (left > 0) world_.caller.run_one();
  EXPECT_FALSE(*WAIT(bool, accounts().exists("half@x", std::move(done))));
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count("x", std::move(done))), 2u);
}

TEST_P(StoreContract, FinishesWhatWaitsWhenItIsClosed) {
  for (int i = 0; i < 200; ++i)
    accounts().create("u" + std::to_string(i) + "@x", {}, noon, [](auto) {});
  reopen();
  EXPECT_EQ(*WAIT(std::uint64_t, accounts().count("x", std::move(done))), 200u);
}

}  // namespace
}  // namespace herold::store
