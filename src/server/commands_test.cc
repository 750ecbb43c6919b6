// Sessions of ad-hoc commands: whose they are, when they end, how many there may be (HOSTILE 163).
#include "server/commands.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

class CommandSessionsTest : public testing::Test {
 protected:
  Answer<std::string> begin(std::string_view node = "add-user") {
    return sessions_.begin(admin_, node, now_, random_, limits_);
  }
  std::string check(const std::string& id, const Jid& user, std::string_view node = "add-user") {
    const auto checked = sessions_.check(id, user, node, now_);
    return checked ? "good" : checked.error().application.name;
  }

  Limits limits_;
  SeededRandom random_{1};
  MonotonicTime now_{Seconds(1000)};
  Jid admin_ = Jid::trusted("admin@xmpp.test/desk");
  CommandSessions sessions_;
};

TEST_F(CommandSessionsTest, BelongsToOneUserAndOneCommand) {
  const std::string id = begin().value();
  EXPECT_EQ(check(id, admin_), "good");
  EXPECT_EQ(check(id, Jid::trusted("admin@xmpp.test/other")), "bad-sessionid");
  EXPECT_EQ(check(id, Jid::trusted("eve@xmpp.test/desk")), "bad-sessionid");
  EXPECT_EQ(check(id, admin_, "delete-user"), "bad-sessionid");
  EXPECT_EQ(check("", admin_), "bad-sessionid");
}

TEST_F(CommandSessionsTest, CannotBeReplayed) {
  const std::string id = begin().value();
  sessions_.end(id);
  EXPECT_EQ(check(id, admin_), "bad-sessionid");
}

TEST_F(CommandSessionsTest, ExpiresOnce) {
  const std::string id = begin().value();
  now_ += Seconds(limits_.adhoc_session_time);
  EXPECT_EQ(check(id, admin_), "session-expired");
  EXPECT_EQ(check(id, admin_), "bad-sessionid");
}

TEST_F(CommandSessionsTest, AreBoundedAndMakeRoomWithTime) {
  limits_.adhoc_sessions = 2;
  const std::string first = begin().value();
  EXPECT_NE(first, begin().value());
  ASSERT_FALSE(begin());
  EXPECT_EQ(begin().error().condition, Condition::resource_constraint);
  now_ += Seconds(limits_.adhoc_session_time);
  EXPECT_TRUE(begin());
}

}  // namespace
}  // namespace herold::server
