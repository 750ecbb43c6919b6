// The table answers as the DNS would, in virtual time.
#include "net/sim/table_resolver.h"

#include <gtest/gtest.h>

namespace herold::net::sim {
namespace {

using Status = DnsAnswer::Status;

class TableResolverTest : public testing::Test {
 protected:
  void ask(std::string name, DnsType type) {
    resolver_.ask({std::move(name), type}, home_,
                  [&](DnsAnswer answer) { answers_.push_back(std::move(answer)); });
  }
  SimWorld world_{1};
  SimLoop& home_ = world_.add_loop();
  TableResolver resolver_{world_};
  std::vector<DnsAnswer> answers_;
};

TEST_F(TableResolverTest, AnswersLaterAndInItsTime) {
  resolver_.set_addresses("a.test", {"192.0.2.1", "2001:db8::1", "192.0.2.2"});
  const MonotonicTime start = world_.clock().now();
  ask("a.test", DnsType::a);
  ask("a.test", DnsType::aaaa);
  ask("b.test", DnsType::a);
  EXPECT_TRUE(answers_.empty());
  EXPECT_TRUE(world_.settle());
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_LE(world_.clock().now() - start, Milliseconds(20));
  std::size_t addresses = 0;
  for (const DnsAnswer& answer : answers_) addresses += answer.addresses.size();
  EXPECT_EQ(addresses, 3u);
  EXPECT_EQ(resolver_.questions(), 3u);
}

TEST_F(TableResolverTest, WhoIsMuteFailsInTheEnd) {
  resolver_.set_mute({"a.test", DnsType::srv});
  const MonotonicTime start = world_.clock().now();
  ask("a.test", DnsType::srv);
  EXPECT_TRUE(world_.settle());
  EXPECT_EQ(answers_.at(0).status, Status::failed);
  EXPECT_EQ(world_.clock().now() - start, Seconds(10));
  resolver_.set_services("a.test", {{.port = 5269, .target = "b.test"}});
  ask("a.test", DnsType::srv);
  EXPECT_TRUE(world_.settle());
  EXPECT_EQ(answers_.at(1).services.at(0).target, "b.test");
}

TEST_F(TableResolverTest, AnEndWithQuestionsOpenAnswersNone) {
  {
    TableResolver ends(world_);
    ends.ask({"a.test", DnsType::a}, home_, [](const DnsAnswer&) { FAIL(); });
  }
  EXPECT_TRUE(world_.settle());
}

}  // namespace
}  // namespace herold::net::sim
