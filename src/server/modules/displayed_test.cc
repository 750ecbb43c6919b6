// XEP-0490: read states are one's own, one a chat, and a message may carry one along.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto node = "urn:xmpp:mds:displayed:0";
constexpr auto displayed =
    "<displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' "
    "by='juliet@xmpp.test' id='0f71'/></displayed>";

struct DisplayedTest : testing::Test {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(DisplayedTest, TheNodeKeepsAnItemAChatForItsOwnerAlone) {
  juliet.asks(publish(node, "romeo@xmpp.test", displayed), published(node, "romeo@xmpp.test"));
  juliet.asks(publish(node, "nurse@xmpp.test", displayed), published(node, "nurse@xmpp.test"));
  juliet.asks(items(node),
              items_result(node, "<item id='romeo@xmpp.test'/><item id='nurse@xmpp.test'/>"));
  server.befriend(romeo, juliet);
  romeo.skips();
  romeo.asks(items_of("juliet@xmpp.test", node),
             pubsub_error("cancel", "not-allowed", "closed-node"));
}

TEST_F(DisplayedTest, AMessageTakesItAlong) {
  wants(juliet, {node});
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'><displayed "
      "xmlns='urn:xmpp:chat-markers:0' id='m1'/>" +
      std::string(displayed) + "</message>");
  romeo.receives(
      "<message><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>"
      "<ABSENT><displayed xmlns='urn:xmpp:mds:displayed:0'/></ABSENT></message>");
  juliet.receives(
      "<message from='juliet@xmpp.test'><event "
      "xmlns='http://jabber.org/protocol/pubsub#event'><items "
      "node='urn:xmpp:mds:displayed:0'><item id='romeo@xmpp.test'>" +
      std::string(displayed) + "</item></items></event></message>");
}

TEST_F(DisplayedTest, OneWithoutAnIdIsOnlyTakenOut) {
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'><body>hi</body>"
      "<displayed xmlns='urn:xmpp:mds:displayed:0'/></message>");
  romeo.receives("<message><body>hi</body><ABSENT><displayed/></ABSENT></message>");
  juliet.asks(items(node), pubsub_error("cancel", "item-not-found"));
}

}  // namespace
}  // namespace herold::server
