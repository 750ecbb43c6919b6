// SRV records in every constellation: order, lots, refusals, fallback, bounds.
#include "net/service_targets.h"

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"

namespace herold::net {
namespace {

const DnsAnswer nothing{.status = DnsAnswer::Status::nothing};
const DnsAnswer failed{.why = "no answer in time"};

DnsAnswer found(std::vector<DnsService> services) {
  return {.status = DnsAnswer::Status::found, .services = std::move(services)};
}

class ServiceTargetsTest : public testing::Test {
 protected:
  auto choose(const DnsAnswer& direct, const DnsAnswer& starttls) {
    return choose_targets("example.org", direct, starttls, random_);
  }
  std::string hosts(const DnsAnswer& direct, const DnsAnswer& starttls) {
    const auto chosen = choose(direct, starttls);
    if (!chosen) return chosen.error().text;
    std::string text;
    for (const ServiceTarget& one : *chosen)
      text += (text.empty() ? "" : " ") + one.host + ":" + std::to_string(one.port) +
              (one.tls == TlsBegin::at_once ? "s" : "");
    return text;
  }
  SeededRandom random_{1};
};

TEST_F(ServiceTargetsTest, BothServicesAreMergedByPriority) {
  EXPECT_EQ(hosts(found({{10, 0, 5270, "b"}, {30, 0, 443, "d"}}),
                  found({{20, 0, 5269, "c"}, {5, 0, 5269, "a"}})),
            "a:5269 b:5270s c:5269 d:443s");
}

TEST_F(ServiceTargetsTest, WithoutRecordsTheDomainItself) {
  EXPECT_EQ(hosts(nothing, nothing), "example.org:5269");
  EXPECT_EQ(hosts(found({{0, 0, 0, ""}}), nothing), "example.org:5269");
  DnsAnswer proven = nothing;
  proven.secure = true;
  EXPECT_TRUE(choose(nothing, proven)->at(0).is_secure);
  EXPECT_FALSE(choose(proven, nothing)->at(0).is_secure);
}

TEST_F(ServiceTargetsTest, ADotIsARefusal) {
  const DnsAnswer none = found({{0, 0, 0, ""}});
  EXPECT_EQ(choose(nothing, none).error().fault, Fault::not_found);
  EXPECT_EQ(choose(none, none).error().fault, Fault::not_found);
  EXPECT_EQ(hosts(found({{0, 0, 5270, "a"}}), none), "a:5270s");
  EXPECT_EQ(hosts(none, found({{0, 0, 5269, "a"}})), "a:5269");
  EXPECT_EQ(hosts(nothing, found({{0, 0, 5269, "a"}, {0, 0, 5269, ""}, {0, 0, 0, "z"}})), "a:5269");
}

TEST_F(ServiceTargetsTest, WhatCannotBeLearnedIsNoReasonToFallBack) {
  EXPECT_EQ(choose(failed, nothing).error().fault, Fault::unavailable);
  EXPECT_EQ(choose(nothing, failed).error().fault, Fault::unavailable);
  EXPECT_EQ(choose(failed, found({{0, 0, 0, ""}})).error().fault, Fault::unavailable);
  EXPECT_EQ(hosts(failed, found({{0, 0, 5269, "a"}})), "a:5269");
  EXPECT_EQ(hosts(found({{0, 0, 5270, "a"}}), failed), "a:5270s");
}

TEST_F(ServiceTargetsTest, SecureIsWhatStandsInASecureAnswer) {
  DnsAnswer direct = found({{1, 0, 5270, "a"}});
  direct.secure = true;
  const auto chosen = *choose(direct, found({{2, 0, 5269, "a"}}));
  EXPECT_TRUE(chosen.at(0).is_secure);
  EXPECT_FALSE(chosen.at(1).is_secure);
}

TEST_F(ServiceTargetsTest, WeightsDecideHowOften) {
  const DnsAnswer answer =
      found({{1, 60, 1, "a"}, {1, 30, 1, "b"}, {1, 10, 1, "c"}, {1, 0, 1, "z"}});
  std::map<std::string, int> first;
  for (int i = 0; i < 10000; ++i) ++first[choose(nothing, answer)->at(0).host];
  EXPECT_NEAR(first["a"], 6000, 300);
  EXPECT_NEAR(first["b"], 3000, 300);
  EXPECT_NEAR(first["c"], 1000, 200);
  EXPECT_GT(first["z"], 0);
  EXPECT_LT(first["z"], 300);
}

TEST_F(ServiceTargetsTest, EqualWeightsShareEqually) {
  for (const std::uint16_t weight : {std::uint16_t(0), std::uint16_t(1), std::uint16_t(65535)}) {
    std::map<std::string, int> first;
    const DnsAnswer answer = found({{1, weight, 1, "a"}, {1, weight, 1, "b"}});
    for (int i = 0; i < 10000; ++i) ++first[choose(answer, nothing)->at(0).host];
    EXPECT_NEAR(first["a"], 5000, 300) << weight;
  }
}

TEST_F(ServiceTargetsTest, AreFewAndDifferent) {
  std::vector<DnsService> many;
  for (int i = 0; i < 64; ++i) many.push_back({0, 0, 5269, "h" + std::to_string(i)});
  EXPECT_EQ(choose(found(many), found(many))->size(), bounds::dial_targets);
  EXPECT_EQ(hosts(nothing, found({{1, 0, 5269, "a"}, {2, 0, 5269, "a"}, {2, 5, 5269, "a"}})),
            "a:5269");
  EXPECT_EQ(hosts(found({{1, 0, 5269, "a"}}), found({{2, 0, 5269, "a"}})), "a:5269s a:5269");
}

}  // namespace
}  // namespace herold::net
