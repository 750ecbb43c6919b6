// Who may talk to us: allowed, denied, and what each has to show.
#include "server/federation/policy.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

TEST(FederationPolicy, AStarMeansAllBelowADomainAndNotTheDomain) {
  const std::vector<std::string> list{"*.example.org", "plain.example"};
  EXPECT_TRUE(is_listed(list, "chat.example.org"));
  EXPECT_TRUE(is_listed(list, "a.b.example.org"));
  EXPECT_TRUE(is_listed(list, "plain.example"));
  EXPECT_FALSE(is_listed(list, "example.org"));
  EXPECT_FALSE(is_listed(list, "badexample.org"));
  EXPECT_FALSE(is_listed(list, ".example.org"));
  EXPECT_FALSE(is_listed(list, "sub.plain.example"));
}

TEST(FederationPolicy, EverybodyMayTalkToAnOpenServer) {
  const FederationConfig open;
  EXPECT_EQ(trust_in(open, "other.example"), PeerTrust::certificate);
}

TEST(FederationPolicy, WhatIsDeniedStaysDenied) {
  FederationConfig config;
  config.deny = {"spam.example"};
  config.allow = {"spam.example", "friend.example"};
  EXPECT_EQ(trust_in(config, "spam.example"), std::nullopt);
  config.mode = FederationMode::listed;
  EXPECT_EQ(trust_in(config, "spam.example"), std::nullopt);
  EXPECT_EQ(trust_in(config, "friend.example"), PeerTrust::certificate);
  EXPECT_EQ(trust_in(config, "other.example"), std::nullopt);
  config.mode = FederationMode::closed;
  EXPECT_EQ(trust_in(config, "friend.example"), std::nullopt);
}

TEST(FederationPolicy, DialbackIsEnoughForWhomItIsSaid) {
  FederationConfig config;
  config.dialback = {"old.example"};
  EXPECT_EQ(trust_in(config, "old.example"), PeerTrust::dialback);
  EXPECT_EQ(trust_in(config, "other.example"), PeerTrust::certificate);
  config.trust = PeerTrust::dialback;
  EXPECT_EQ(trust_in(config, "other.example"), PeerTrust::dialback);
}

}  // namespace
}  // namespace herold::server
