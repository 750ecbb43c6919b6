// Decisions about other domains: kept, replaced, and applied beside the configuration.
#include "server/federation/decisions.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/federation/policy.h"

namespace herold::server {
namespace {

class Decisions : public ::testing::Test {
 protected:
  Decisions() : folder_(std::filesystem::temp_directory_path() / "herold-test-XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~Decisions() override { std::filesystem::remove_all(folder_); }

  FederationConfig with_decisions(FederationConfig config = {}) {
    EXPECT_TRUE(apply_decisions(folder_, config));
    return config;
  }

  std::string folder_;
};

TEST_F(Decisions, AreNoneInTheBeginning) {
  EXPECT_NE(trust_in(with_decisions(), "spam.example"), std::nullopt);
}

TEST_F(Decisions, BlockAndAllowAgain) {
  ASSERT_TRUE(decide(folder_, "spam.example", PeerDecision::block));
  ASSERT_TRUE(decide(folder_, "*.worse.example", PeerDecision::block));
  EXPECT_EQ(trust_in(with_decisions(), "spam.example"), std::nullopt);
  EXPECT_EQ(trust_in(with_decisions(), "a.worse.example"), std::nullopt);
  ASSERT_TRUE(decide(folder_, "spam.example", PeerDecision::allow));
  EXPECT_NE(trust_in(with_decisions(), "spam.example"), std::nullopt);
  EXPECT_EQ(trust_in(with_decisions(), "a.worse.example"), std::nullopt);
}

TEST_F(Decisions, AllowWhoIsNotListed) {
  FederationConfig listed;
  listed.mode = FederationMode::listed;
  EXPECT_EQ(trust_in(with_decisions(listed), "friend.example"), std::nullopt);
  ASSERT_TRUE(decide(folder_, "friend.example", PeerDecision::allow));
  EXPECT_NE(trust_in(with_decisions(listed), "friend.example"), std::nullopt);
  listed.deny = {"friend.example"};
  EXPECT_EQ(trust_in(with_decisions(listed), "friend.example"), std::nullopt);
}

TEST_F(Decisions, ADamagedFileIsToldAndNotGuessedAt) {
  std::ofstream(folder_ + "/federation.list") << "blok spam.example\n";
  FederationConfig config;
  EXPECT_EQ(apply_decisions(folder_, config).error().fault, Fault::malformed);
  EXPECT_FALSE(decide(folder_, "spam.example", PeerDecision::block));
}

TEST_F(Decisions, AreAboutDomains) {
  EXPECT_EQ(prepare_listed_domain("SPAM.example"), "spam.example");
  EXPECT_EQ(prepare_listed_domain("*.Spam.example"), "*.spam.example");
  EXPECT_FALSE(prepare_listed_domain("romeo@spam.example"));
  EXPECT_FALSE(prepare_listed_domain("*.*.example/x"));
  EXPECT_FALSE(prepare_listed_domain("two words"));
}

}  // namespace
}  // namespace herold::server
