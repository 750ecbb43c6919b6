// What every backend must do for clients and second factors.
#include <gtest/gtest.h>

#include "store/testing/sqlite_test.h"

namespace herold::store {
namespace {

// Shows what is sealed, and under which key.
class TestSealer final : public Sealer {
 public:
  Result<std::string> seal(std::string_view plain, std::string_view context) const override {
    return std::to_string(key) + '(' + std::string(context) + ')' + std::string(plain);
  }
  Result<std::string> open(std::string_view sealed, std::string_view context) const override {
    const std::string before = '(' + std::string(context) + ')';
    const std::size_t at = sealed.find(before);
    if (at != 1) return fail(Fault::malformed, "sealed for something else");
    return std::string(sealed.substr(1 + before.size()));
  }
  int key = 1;
};

class ClientsContract : public SqliteTest<TestSealer> {
 protected:
  void SetUp() override {
    SqliteTest::SetUp();
    ASSERT_TRUE(wait<void>([&](auto done) {
      stores_->accounts().create(alice, {{"SHA-1", "salt", 4096, "stored", "server"}}, noon,
                                 std::move(done));
    }));
  }
  Result<> put(Client client, Generation generation = 0, std::uint64_t most = 10) {
    return wait<void>([&](auto done) {
      stores_->clients().put(alice, client, generation, most, std::move(done));
    });
  }
  FoundClient find(const std::string& agent) {
    auto found = wait<FoundClient>(
        [&](auto done) { stores_->clients().find(alice, agent, std::move(done)); });
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  SignInFacts facts() {
    auto found =
        wait<SignInFacts>([&](auto done) { stores_->clients().facts(alice, std::move(done)); });
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  std::vector<Client> list() {
    auto found = wait<std::vector<Client>>(
        [&](auto done) { stores_->clients().list(alice, std::move(done)); });
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  static Client phone(std::uint64_t id = 1, const std::string& agent = "phone") {
    Client client{.id = id, .agent = agent, .software = "Chat", .device = "Phone"};
    client.first_seen = client.last_seen = noon + Seconds(static_cast<std::int64_t>(id));
    client.knows_password = true;
    client.current = {"older", "HT-SHA-256-EXPR", noon, noon + Seconds(60), 7};
    client.fresh = {"newer", "HT-SHA-256-NONE", noon, noon + Seconds(90), 0};
    return client;
  }
  static Client app_password(std::uint64_t id) {
    Client client{.id = id, .kind = Client::Kind::app_password, .device = "Old phone"};
    client.keys = {{"SHA-1", "salt", 4096, "app stored", "app server"}};
    return client;
  }

  inline static const std::string alice = "alice@x.test";
  inline static const WallTime noon{Seconds(1'790'000'000)};
};

TEST_F(ClientsContract, KeepsAClientWithItsTokens) {
  ASSERT_TRUE(put(phone()));
  open();
  const auto found = find("phone").client;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, 1u);
  EXPECT_EQ(found->software, "Chat");
  EXPECT_EQ(found->current.secret, "older");
  EXPECT_EQ(found->current.expiry, noon + Seconds(60));
  EXPECT_EQ(found->current.count, 7u);
  EXPECT_EQ(found->fresh.mechanism, "HT-SHA-256-NONE");
  EXPECT_TRUE(found->knows_password);
  EXPECT_FALSE(find("tablet").client);
  EXPECT_FALSE(find("").client);
  const auto nobody = wait<FoundClient>(
      [&](auto done) { stores_->clients().find("bob@x.test", "phone", std::move(done)); });
  EXPECT_EQ(nobody.error().fault, Fault::not_found);
}

TEST_F(ClientsContract, TokensCanBeTakenAway) {
  ASSERT_TRUE(put(phone()));
  const Client changed = [] {
    Client client = phone();
    client.current = client.fresh = {};
    return client;
  }();
  ASSERT_TRUE(put(changed));
  EXPECT_TRUE(find("phone").client->current.secret.empty());
}

TEST_F(ClientsContract, AnInstallationStandsOnce) {
  ASSERT_TRUE(put(phone(1)));
  EXPECT_EQ(put(phone(2)).error().fault, Fault::conflict);
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(ClientsContract, TheLongestUnusedGoes) {
  ASSERT_TRUE(put(phone(1, "a"), 0, 2));
  ASSERT_TRUE(put(phone(2, "b"), 0, 2));
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->clients().seen(alice, 1, noon + Seconds(99), done); }));
  ASSERT_TRUE(put(phone(3, "c"), 0, 2));
  const auto left = list();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].agent, "a");
  EXPECT_EQ(left[1].agent, "c");
}

TEST_F(ClientsContract, OneAppPasswordMoreIsRefused) {
  ASSERT_TRUE(put(app_password(1), 0, 1));
  EXPECT_EQ(put(app_password(2), 0, 1).error().fault, Fault::limit);
  ASSERT_TRUE(put(phone(3), 0, 1));  // another kind
  EXPECT_EQ(facts().app_passwords.at(0).keys.at(0).stored_key, "app stored");
}

TEST_F(ClientsContract, RevokingEndsTokensAndWhatIsUnderWay) {
  ASSERT_TRUE(put(phone(1)));
  ASSERT_TRUE(put(app_password(2)));
  const Generation before = facts().generation;
  ASSERT_TRUE(wait<void>([&](auto done) { stores_->clients().revoke(alice, 1, std::move(done)); }));
  const FoundClient found = find("phone");
  EXPECT_TRUE(found.client->is_off);
  EXPECT_TRUE(found.client->current.secret.empty());
  EXPECT_TRUE(found.client->knows_password);
  EXPECT_NE(found.generation, before);
  EXPECT_EQ(put(phone(1), before).error().fault, Fault::conflict);
  ASSERT_TRUE(wait<void>([&](auto done) { stores_->clients().revoke(alice, 2, std::move(done)); }));
  EXPECT_TRUE(facts().app_passwords.empty());
  EXPECT_EQ(wait<void>([&](auto done) { stores_->clients().revoke(alice, 2, std::move(done)); })
                .error()
                .fault,
            Fault::not_found);
}

TEST_F(ClientsContract, AnotherPasswordEndsAllThatCameFromTheOldOne) {
  Client off = phone(1);
  off.is_off = true;
  ASSERT_TRUE(put(off));
  ASSERT_TRUE(put(app_password(2)));
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->accounts().set_credentials(alice, {{"SHA-1", "s", 4096, "new", "server"}},
                                        std::move(done));
  }));
  const auto found = find("phone");
  EXPECT_TRUE(found.client->current.secret.empty());
  EXPECT_TRUE(found.client->fresh.secret.empty());
  EXPECT_FALSE(found.client->is_off);
  EXPECT_FALSE(found.client->knows_password);
  EXPECT_TRUE(facts().app_passwords.empty());
  EXPECT_EQ(put(phone(1), 0).error().fault, Fault::conflict);
}

TEST_F(ClientsContract, OneMoreHash) {
  const auto add = [&](std::string hash) {
    return wait<void>([&](auto done) {
      stores_->accounts().add_credential(alice, {hash, "s", 4096, "stored", "server"}, done);
    });
  };
  EXPECT_TRUE(add("SHA-256"));
  EXPECT_EQ(add("SHA-256").error().fault, Fault::conflict);
  EXPECT_EQ(facts().credentials.size(), 2u);
}

TEST_F(ClientsContract, KeepsASecondFactor) {
  const auto set = [&](std::optional<SecondFactor> factor) {
    return wait<void>(
        [&](auto done) { stores_->clients().set_second_factor(alice, factor, std::move(done)); });
  };
  const auto get = [&] {
    return *wait<std::optional<SecondFactor>>(
        [&](auto done) { stores_->clients().second_factor(alice, std::move(done)); });
  };
  EXPECT_FALSE(get());
  EXPECT_FALSE(facts().has_second_factor);
  ASSERT_TRUE(set(SecondFactor{"secret", 3}));
  open();
  EXPECT_EQ(get()->secret, "secret");
  EXPECT_EQ(get()->last_step, 3u);
  EXPECT_TRUE(facts().has_second_factor);
  ASSERT_TRUE(set({}));
  EXPECT_FALSE(get());
}

TEST_F(ClientsContract, ANewKeySealsThemToo) {
  ASSERT_TRUE(put(phone(1)));
  ASSERT_TRUE(put(app_password(2)));
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->clients().set_second_factor(alice, SecondFactor{"secret", 3}, std::move(done));
  }));
  sealer_.key = 2;
  ASSERT_TRUE(
      wait<Resealed>([&](auto done) { stores_->accounts().reseal("", 10, std::move(done)); }));
  EXPECT_EQ(find("phone").client->fresh.secret, "newer");
  EXPECT_EQ(facts().app_passwords.size(), 1u);
}

TEST_F(ClientsContract, NothingIsLeftOfARemovedAccount) {
  ASSERT_TRUE(put(phone(1)));
  ASSERT_TRUE(wait<void>([&](auto done) {
    stores_->clients().set_second_factor(alice, SecondFactor{"secret", 3}, std::move(done));
  }));
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->accounts().remove(alice, {}, std::move(done)); }));
  ASSERT_TRUE(
      wait<void>([&](auto done) { stores_->accounts().create(alice, {}, noon, std::move(done)); }));
  EXPECT_TRUE(list().empty());
  EXPECT_FALSE(facts().has_second_factor);
}

}  // namespace
}  // namespace herold::store
