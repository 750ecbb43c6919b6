// Rooms on a whole server.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

TEST(Muc, TheServiceSaysWhatItIs) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(
      "<iq type='get' id='q' to='conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='conference' type='text'/>"
      "<feature var='http://jabber.org/protocol/muc'/></query></iq>");
}

}  // namespace
}  // namespace herold::server
