// RFC 3921 section 3: offered as optional, agreed to, and without any effect.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto request =
    "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";

TEST(Session, IsOfferedAsOptional) {
  TestServer server;
  const std::string features = server.signs_in("romeo/orchard").features();
  EXPECT_NE(features.find("<session xmlns=\"urn:ietf:params:xml:ns:xmpp-session\"><optional/>"),
            std::string::npos)
      << features;
  EXPECT_EQ(server.opens_stream().features().find("xmpp-session"), std::string::npos);
}

TEST(Session, IsAgreedToAsOftenAsItIsAskedFor) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(request, "<iq type='result' id='s'><ABSENT><session/></ABSENT></iq>");
  romeo.asks(request, "<iq type='result' id='s'/>");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>still here?</body></message>");
  romeo.receives("<message><body>still here?</body></message>");
}

TEST(Session, CannotBeAskedAbout) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks("<iq type='get' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
            "<iq type='error'><error><service-unavailable "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
