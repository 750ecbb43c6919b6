// XEP-0402: one list of bookmarks for clients old and new.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto node = "urn:xmpp:bookmarks:1";

std::string keep(std::string_view inside) {
  return "<iq type='set' id='p'><query xmlns='jabber:iq:private'><storage "
         "xmlns='storage:bookmarks'>" +
         std::string(inside) + "</storage></query></iq>";
}
constexpr auto get =
    "<iq type='get' id='p'><query xmlns='jabber:iq:private'><storage "
    "xmlns='storage:bookmarks'/></query></iq>";
std::string list(std::string_view inside) {
  return "<iq type='result'><query xmlns='jabber:iq:private'><storage "
         "xmlns='storage:bookmarks'>" +
         std::string(inside) + "</storage></query></iq>";
}
std::string room(std::string_view name, std::string_view inside = {}) {
  return "<conference xmlns='urn:xmpp:bookmarks:1' autojoin='true' name='" + std::string(name) +
         "'><nick>JC</nick>" + std::string(inside) + "</conference>";
}

class BookmarksTest : public testing::Test {
 protected:
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(BookmarksTest, AreNobodyElses) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, romeo);
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.asks(publish(node, "b@rooms.test", room("B")), published(node, "b@rooms.test"));
  juliet.asks(items(node),
              items_result(node, "<item id='a@rooms.test'/><item id='b@rooms.test'/>"));
  romeo.skips();
  romeo.asks(items_of("juliet@xmpp.test", node),
             pubsub_error("cancel", "not-allowed", "closed-node"));
  juliet.asks("<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
              "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
              "<feature var='urn:xmpp:bookmarks:1#compat'/></query></iq>");
}

TEST_F(BookmarksTest, OldClientsSeeTheNewOnes) {
  juliet.asks(get, list("<ABSENT><conference/></ABSENT>"));
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.asks(get, list("<conference jid='a@rooms.test' autojoin='true' name='A'><nick>JC</nick>"
                        "</conference>"));
}

TEST_F(BookmarksTest, OldClientsChangeTheNewOnes) {
  wants(juliet, {node});
  juliet.asks(publish(node, "a@rooms.test",
                      room("A", "<extensions><x xmlns='urn:x' pinned='1'/></extensions>")),
              published(node, "a@rooms.test"));
  juliet.asks(publish(node, "b@rooms.test", room("B")), published(node, "b@rooms.test"));
  juliet.asks(publish(node, "c@rooms.test", room("C")), published(node, "c@rooms.test"));
  juliet.skips();
  juliet.asks(keep("<url name='w' url='https://example.org'/>"
                   "<conference jid='a@rooms.test' name='Other'/>"
                   "<conference jid='c@rooms.test' name='C' autojoin='1'><nick>JC</nick>"
                   "</conference><conference jid='d@rooms.test' name='D'/>"),
              "<iq type='result'/>");
  // What was changed, what is new, what is gone; C is as it was.
  juliet.receives_all(
      {"<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>"
       "<item id='d@rooms.test'/></items></event></message>",
       "<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>"
       "<item id='a@rooms.test'><conference xmlns='urn:xmpp:bookmarks:1' name='Other'><extensions>"
       "<x xmlns='urn:x' pinned='1'/></extensions></conference></item></items></event></message>",
       "<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>"
       "<retract id='b@rooms.test'/></items></event></message>"});
  juliet.receives_nothing();
  juliet.asks(get, list("<url name='w'/><conference jid='a@rooms.test' name='Other'/>"
                        "<conference jid='c@rooms.test'/><conference jid='d@rooms.test'/>"));
}

TEST_F(BookmarksTest, WhatIsNoListChangesNothing) {
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.asks(keep("<conference name='no address'/>"),
              "<iq type='error'><error><bad-request "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  juliet.asks(items(node), items_result(node, "<item id='a@rooms.test'/>"));
}

}  // namespace
}  // namespace herold::server
