// XEP-0292: a card of the newer form is there for everybody.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto node = "urn:xmpp:vcard4";
constexpr auto card =
    "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Juliet</text></fn></vcard>";

TEST(VCard4, StrangersReadTheCard) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(items_of("juliet@xmpp.test", node), pubsub_error("cancel", "service-unavailable"));
  juliet.asks(publish(node, "1", card), published(node, "1"));
  romeo.asks(items_of("juliet@xmpp.test", node),
             items_result(node, "<item id='1'>" + std::string(card) + "</item>"));
  romeo.asks(publish_to("juliet@xmpp.test", node, "1", card), pubsub_error("auth", "forbidden"));
  // One that replaces it; there is one card.
  juliet.asks(publish(node, "2", card), published(node, "2"));
  romeo.asks(items_of("juliet@xmpp.test", node),
             items_result(node, "<item id='2'/><ABSENT><item id='1'/></ABSENT>"));
}

TEST(VCard4, ContactsAreToldAndTheAccountSaysThatItHasThem) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, romeo);
  wants(romeo, {node});
  juliet.skips();
  romeo.skips();
  juliet.asks(publish(node, "1", card), published(node, "1"));
  romeo.receives(
      "<message from='juliet@xmpp.test' type='headline'><event "
      "xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:vcard4'>"
      "<item id='1'>" +
      std::string(card) + "</item></items></event></message>");
  romeo.asks(
      "<iq type='get' id='d' to='juliet@xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<feature var='urn:ietf:params:xml:ns:vcard-4.0'/></query></iq>");
}

}  // namespace
}  // namespace herold::server
