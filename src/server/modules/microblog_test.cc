// XEP-0277: a feed keeps its posts, and tells of those that are taken back.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

TEST(Microblog, KeepsPostsAndSendsNoneAtLogin) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  constexpr auto node = "urn:xmpp:microblog:0";
  for (const char* id : {"1", "2"})
    juliet.asks(publish(node, id, "<entry xmlns='http://www.w3.org/2005/Atom'/>"),
                published(node, id));
  juliet.asks(items(node), items_result(node, "<item id='1'/><item id='2'/>"));
  wants(juliet, {node});
  juliet.receives_nothing();
  juliet.asks(pubsub_set("<retract node='urn:xmpp:microblog:0'><item id='1'/></retract>"),
              "<iq type='result'/>");
  juliet.receives(
      "<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>"
      "<retract id='1'/></items></event></message>");
}

}  // namespace
}  // namespace herold::server
