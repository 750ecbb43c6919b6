// Failed logins are counted by account and place; nobody else is locked out (HOSTILE 46).
#include "server/sign_in.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

constexpr MonotonicTime start{Seconds(1000)};

xmpp::Jid jid(std::string_view text) { return *xmpp::Jid::parse(text); }

Limits limits() {
  Limits limits;
  limits.auth_failures_pair = 3;
  limits.auth_failure_window = 600;
  return limits;
}

class Failures : public testing::Test {
 protected:
  void fail(std::string_view account, std::string_view peer, int times,
            MonotonicTime when = start) {
    for (int i = 0; i < times; ++i) count.note(jid(account), peer, when, limits());
  }
  bool is_over(std::string_view account, std::string_view peer, MonotonicTime when = start) {
    return count.is_over(jid(account), peer, when, limits());
  }
  FailureCount count{HashKey{}};
};

TEST_F(Failures, AreOverAtTheBoundAndNotBefore) {
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1"));
  fail("alice@xmpp.test", "192.0.2.1", 2);
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1"));
  fail("alice@xmpp.test", "192.0.2.1", 1);
  EXPECT_TRUE(is_over("alice@xmpp.test", "192.0.2.1"));
}

TEST_F(Failures, TouchOnlyThePairOfAccountAndPlace) {
  fail("alice@xmpp.test", "192.0.2.1", 10);
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.2"));  // the owner, from home
  EXPECT_FALSE(is_over("bob@xmpp.test", "192.0.2.1"));    // somebody behind the same address
}

TEST_F(Failures, OfANetworkCountTogether) {
  fail("alice@xmpp.test", "2001:db8:1:2::1", 2);
  fail("alice@xmpp.test", "2001:db8:1:2::2", 1);
  EXPECT_TRUE(is_over("alice@xmpp.test", "2001:db8:1:2:ffff::1"));
}

TEST_F(Failures, PassWithTime) {
  fail("alice@xmpp.test", "192.0.2.1", 3);
  EXPECT_TRUE(is_over("alice@xmpp.test", "192.0.2.1", start + Seconds(599)));
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1", start + Seconds(600)));
  fail("alice@xmpp.test", "192.0.2.1", 1, start + Seconds(700));  // a new window
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1", start + Seconds(700)));
}

TEST_F(Failures, AreForgottenAfterASuccess) {
  fail("alice@xmpp.test", "192.0.2.1", 2);
  count.forget(jid("alice@xmpp.test"), "192.0.2.1");
  fail("alice@xmpp.test", "192.0.2.1", 2);
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1"));
}

TEST_F(Failures, AreTidiedWhenTheyCountNoMore) {
  fail("alice@xmpp.test", "192.0.2.1", 3);
  count.tidy(start + Seconds(599), limits());
  EXPECT_TRUE(is_over("alice@xmpp.test", "192.0.2.1"));
  count.tidy(start + Seconds(600), limits());
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1"));
}

// The bound on memory: what is forgotten first is what was quiet longest.
TEST_F(Failures, AreRememberedOfABoundedNumberOfPlaces) {
  Limits few = limits();
  few.counted_places = 10;
  fail("alice@xmpp.test", "192.0.2.1", 3);
  for (int i = 0; i < 9; ++i)
    count.note(jid("u" + std::to_string(i) + "@xmpp.test"), "192.0.2.1", start, few);
  EXPECT_TRUE(is_over("alice@xmpp.test", "192.0.2.1"));
  count.note(jid("u9@xmpp.test"), "192.0.2.1", start, few);
  EXPECT_FALSE(is_over("alice@xmpp.test", "192.0.2.1"));
}

}  // namespace
}  // namespace herold::server
