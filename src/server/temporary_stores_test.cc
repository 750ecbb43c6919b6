// The gate before the stores: nothing of a temporary account comes through, everything else does.
#include "server/temporary_stores.h"

#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto guest = "anon-0123456789abcdef0123456789abcdef@xmpp.test";
constexpr auto romeo = "romeo@xmpp.test";

class TemporaryStores : public ::testing::Test {
 protected:
  // What `begin` was told, once it was told.
  template <class T, class F>
  Result<T> told(F begin) {
    std::optional<Result<T>> outcome;
    begin([&outcome](Result<T> result) { outcome = std::move(result); });
    EXPECT_FALSE(outcome) << "inside the call";
    server.passes(Milliseconds(200));
    EXPECT_TRUE(outcome) << "never";
    if (!outcome) return fail(Fault::unavailable, "no answer");
    return *outcome;
  }
  Fault fault_of(const auto& result) { return result ? Fault::invalid : result.error().fault; }

  store::NewMessage message_to(std::string owner, std::uint64_t id) {
    store::NewMessage made;
    made.message = {id, "a@b", owner, WallTime(), SharedBytes(std::string("<message/>"))};
    made.references.push_back({{std::move(owner), store::BoxKind::offline, {}}, 0});
    return made;
  }
  Result<> add(std::vector<store::NewMessage> messages) {
    return told<void>(
        [&](auto done) { stores.messages().add(std::move(messages), std::move(done)); });
  }

  TestServer server;
  store::Stores& stores = server.stores();
};

TEST_F(TemporaryStores, KnowNoSuchAccount) {
  store::Accounts& accounts = stores.accounts();
  EXPECT_EQ(fault_of(told<store::Account>([&](auto d) { accounts.find(guest, std::move(d)); })),
            Fault::not_found);
  EXPECT_TRUE(told<store::Account>([&](auto d) { accounts.find(romeo, std::move(d)); }));
  EXPECT_FALSE(*told<bool>([&](auto d) { accounts.exists(guest, std::move(d)); }));
  EXPECT_EQ(fault_of(told<void>([&](auto d) { accounts.create(guest, {}, {}, std::move(d)); })),
            Fault::refused);
  EXPECT_EQ(
      fault_of(told<void>([&](auto d) { accounts.create_distinct(guest, {}, {}, std::move(d)); })),
      Fault::refused);
  EXPECT_EQ(fault_of(told<void>([&](auto d) { accounts.remove(guest, {}, std::move(d)); })),
            Fault::not_found);
  EXPECT_EQ(*told<std::uint64_t>([&](auto d) { accounts.count("xmpp.test", std::move(d)); }), 11u);
}

TEST_F(TemporaryStores, KeepNoRoster) {
  store::RosterItem juliet;
  juliet.address = "juliet@xmpp.test";
  const auto change = [&](const char* owner) {
    return told<std::uint64_t>([&](auto done) {
      stores.rosters().change(owner, {store::PutItem{juliet}}, std::move(done));
    });
  };
  EXPECT_EQ(fault_of(change(guest)), Fault::refused);
  EXPECT_TRUE(change(romeo));
  const auto load = [&](const char* owner) {
    return told<store::Roster>([&](auto done) { stores.rosters().load(owner, std::move(done)); });
  };
  EXPECT_TRUE(load(guest)->items.empty());
  EXPECT_EQ(load(romeo)->items.size(), 1u);
}

// All or none, as the store's own contract has it.
TEST_F(TemporaryStores, KeepNoMessages) {
  EXPECT_EQ(fault_of(add({message_to(romeo, 1), message_to(guest, 2)})), Fault::refused);
  const auto backlog = [&](const char* owner) {
    return told<store::Backlog>([&](auto done) {
      stores.messages().backlog({owner, store::BoxKind::offline, {}}, std::move(done));
    });
  };
  EXPECT_EQ(backlog(romeo)->count, 0u);
  EXPECT_TRUE(add({message_to(romeo, 1)}));
  EXPECT_EQ(backlog(romeo)->count, 1u);
  EXPECT_EQ(backlog(guest)->count, 0u);
}

TEST_F(TemporaryStores, KeepNoRecords) {
  const auto put = [&](const char* owner) {
    return told<std::uint64_t>(
        [&](auto done) { stores.records().put({"vcard", owner, ""}, "x", std::move(done)); });
  };
  const auto get = [&](const char* owner) {
    return told<std::optional<store::Record>>(
        [&](auto done) { stores.records().get({"vcard", owner, ""}, std::move(done)); });
  };
  EXPECT_EQ(fault_of(put(guest)), Fault::refused);
  EXPECT_FALSE(get(guest)->has_value());
  for (const char* owner : {romeo, "xmpp.test"}) {
    EXPECT_TRUE(put(owner));
    EXPECT_TRUE(get(owner)->has_value()) << owner;
  }
}

TEST_F(TemporaryStores, KeepNoNodes) {
  const auto make = [&](const char* owner) {
    return told<store::NodeOutcome>([&](auto done) {
      stores.nodes().change(owner, {store::PutNode{"n", "", owner, {}}}, std::move(done));
    });
  };
  const auto load = [&](const char* owner) {
    return told<std::vector<store::StoredNode>>(
        [&](auto done) { stores.nodes().load(owner, std::move(done)); });
  };
  EXPECT_EQ(fault_of(make(guest)), Fault::refused);
  EXPECT_TRUE(load(guest)->empty());
  EXPECT_TRUE(make(romeo));
  EXPECT_EQ(load(romeo)->size(), 1u);
}

}  // namespace
}  // namespace herold::server
