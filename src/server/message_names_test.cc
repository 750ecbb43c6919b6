// Names of messages: there and back, one name each, and nothing of the counter to be seen.
#include "server/message_names.h"

#include <gtest/gtest.h>

#include <set>

namespace herold::server {
namespace {

TEST(MessageNames, AreTextAndBack) {
  const MessageNames names("0123456789abcdef");
  for (const MessageId id : {MessageId{1}, MessageId{0x0123456789abcdef}, ~MessageId{0}}) {
    EXPECT_EQ(names.text(id).size(), 16u);
    EXPECT_EQ(names.parse(names.text(id)), id);
  }
  for (const std::string_view wrong : {"", "x", "12 ", " 12", "-1", "0x12", "10000000000000000",
                                       "000000000000000g", "-000000000000001"})
    EXPECT_EQ(names.parse(wrong), 0u) << wrong;
}

TEST(MessageNames, SayNothingOfTheCounter) {
  const MessageNames names("0123456789abcdef"), others("another secret!!");
  std::set<std::string> known;
  for (MessageId id = 1; id <= 1000; ++id) EXPECT_TRUE(known.insert(names.text(id)).second);
  std::set<std::string> heads;
  for (const std::string& name : known) heads.insert(name.substr(0, 4));
  EXPECT_GT(heads.size(), 900u);
  EXPECT_NE(names.text(1), others.text(1));
}

}  // namespace
}  // namespace herold::server
