// XEP-0478: what is told is what holds, at its very edge.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string limits_in(const std::string& features) {
  const std::size_t start = features.find("<limits");
  if (start == std::string::npos) return {};
  return features.substr(start, features.find("</limits>", start) - start);
}

// A message of so many bytes, as they stand in the stream.
std::string message_of(std::size_t bytes) {
  std::string start = "<message to='juliet@xmpp.test' type='chat'><body>",
              end = "</body></message>";
  return start + std::string(bytes - start.size() - end.size(), 'x') + end;
}

TEST(StreamLimits, SaysWhatTheSettingsSay) {
  TestServer server(
      {.limits = "stanza_bytes = 20000", .modules = "[module.stream_limits]\nidle = '7m'"});
  const std::string told = limits_in(server.signs_in("romeo/orchard").features());
  EXPECT_NE(told.find("<max-bytes>20000</max-bytes>"), std::string::npos) << told;
  EXPECT_NE(told.find("<idle-seconds>420</idle-seconds>"), std::string::npos) << told;
}

TEST(StreamLimits, BeforeTheLoginOtherLimitsHold) {
  TestServer server({.limits = "preauth_element_bytes = 12345"});
  const std::string told = limits_in(server.opens_stream().features());
  EXPECT_NE(told.find("<max-bytes>12345</max-bytes>"), std::string::npos) << told;
}

TEST(StreamLimits, NewSettingsHoldForTheNextLogin) {
  TestServer server;
  server.takes_settings({.limits = "stanza_bytes = 30000"});
  const std::string told = limits_in(server.signs_in("romeo/orchard").features());
  EXPECT_NE(told.find("<max-bytes>30000</max-bytes>"), std::string::npos) << told;
}

TEST(StreamLimits, AStanzaMayBeAsLongAsWasTold) {
  TestServer server({.limits = "stanza_bytes = 20000"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends(message_of(20000));
  juliet.receives("<message from='romeo@xmpp.test/orchard'/>");
  romeo.receives_nothing();
  romeo.sends(message_of(20001));
  romeo.receives("<message type='error' from='juliet@xmpp.test'><error/></message>");
  juliet.receives_nothing();
}

}  // namespace
}  // namespace herold::server
