// XEP-0280: which messages are copied, to whom, and what forbids it.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto enable = "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>";

// juliet/balcony writes to romeo/phone; romeo/tablet has carbons.
struct Carbons : ::testing::Test {
  Carbons() { tablet.asks(enable, "<iq type='result'/>"); }

  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& phone = server.comes_online("romeo/phone");
  TestClient& tablet = server.comes_online("romeo/tablet");

  static constexpr auto received =
      "<message from='romeo@xmpp.test' to='romeo@xmpp.test/tablet' type='chat'>"
      "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
      "<message xmlns='jabber:client' from='juliet@xmpp.test/balcony' "
      "to='romeo@xmpp.test/phone'/></forwarded></received></message>";
};

TEST_F(Carbons, ADeviceSeesWhatAnotherOneGets) {
  juliet.sends("<message to='romeo@xmpp.test/phone' type='chat'><body>hi</body></message>");
  phone.receives("<message from='juliet@xmpp.test/balcony'><body>hi</body></message>");
  tablet.receives(received);
  tablet.receives_nothing();
}

TEST_F(Carbons, ADeviceSeesWhatAnotherOneSends) {
  phone.sends("<message to='juliet@xmpp.test' type='chat'><body>hi</body></message>");
  juliet.receives("<message from='romeo@xmpp.test/phone'><body>hi</body></message>");
  tablet.receives(
      "<message from='romeo@xmpp.test' type='chat'><sent xmlns='urn:xmpp:carbons:2'>"
      "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='juliet@xmpp.test' "
      "from='romeo@xmpp.test/phone'><body>hi</body></message></forwarded></sent></message>");
  phone.receives_nothing();
}

}  // namespace
}  // namespace herold::server
