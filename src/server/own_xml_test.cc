// What was written here is read back; damaged text is nothing, never an abort.
#include "server/own_xml.h"

#include <gtest/gtest.h>

#include "xmpp/ext/delay.h"
#include "xmpp/ext/ping.h"

namespace herold::server {
namespace {

TEST(OwnXml, ReadsWhatItIsAndNothingElse) {
  EXPECT_TRUE(read_own<xmpp::PingQuery>("<ping xmlns='urn:xmpp:ping'/>"));
  EXPECT_TRUE(read_own<xmpp::PingQuery>("<ping/>", "urn:xmpp:ping"));
  EXPECT_FALSE(read_own<xmpp::PingQuery>("<pong xmlns='urn:xmpp:ping'/>"));
  EXPECT_FALSE(read_own<xmpp::Delay>("<delay xmlns='urn:xmpp:delay' stamp='noon'/>"));
  for (const char* damaged : {"", "text", "<a", "<a></b>", "<a/><b/>"})
    EXPECT_FALSE(parse_own(damaged)) << damaged;
}

}  // namespace
}  // namespace herold::server
