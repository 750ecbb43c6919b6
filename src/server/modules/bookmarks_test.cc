// XEP-0402: one list of bookmarks for clients old and new.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto node = "urn:xmpp:bookmarks:1";
constexpr auto old_node = "storage:bookmarks";

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

std::string old_list(std::string_view inside) {
  return "<storage xmlns='storage:bookmarks'>" + std::string(inside) + "</storage>";
}
std::string old_room(std::string_view name) {
  return "<conference jid='" + std::string(1, static_cast<char>(name[0] | 0x20)) +
         "@rooms.test' autojoin='true' name='" + std::string(name) +
         "'><nick>JC</nick></conference>";
}
std::string event(std::string_view of, std::string_view inside) {
  return "<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" +
         std::string(of) + "'>" + std::string(inside) + "</items></event></message>";
}
std::string list_event(std::string_view inside) {
  return event(old_node, "<item id='current'>" + old_list(inside) + "</item>");
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

TEST_F(BookmarksTest, ClientsWithOneItemSeeTheNewOnes) {
  wants(juliet, {node, old_node});
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, romeo);
  wants(romeo, {node, old_node});
  juliet.skips();
  romeo.skips();
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.receives_all({event(node, "<item id='a@rooms.test'/>"), list_event(old_room("A"))});
  juliet.asks(publish(node, "b@rooms.test", room("B")), published(node, "b@rooms.test"));
  juliet.receives_all(
      {event(node, "<item id='b@rooms.test'/>"), list_event(old_room("A") + old_room("B"))});
  juliet.asks(pubsub_set("<retract node='urn:xmpp:bookmarks:1' notify='true'>"
                         "<item id='a@rooms.test'/></retract>"),
              "<iq type='result'/>");
  juliet.receives_all(
      {event(node, "<retract id='a@rooms.test'/>"),
       event(old_node,
             "<item id='current'>" +
                 old_list("<conference name='B'/><ABSENT><conference name='A'/></ABSENT>") +
                 "</item>")});
  juliet.receives_nothing();
  romeo.receives_nothing();
  romeo.asks(items_of("juliet@xmpp.test", old_node),
             pubsub_error("cancel", "not-allowed", "closed-node"));
}

TEST_F(BookmarksTest, ClientsWithOneItemChangeTheNewOnes) {
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.asks(publish(node, "b@rooms.test", room("B")), published(node, "b@rooms.test"));
  wants(juliet, {node, old_node});
  juliet.skips();
  const std::string pages = "<url name='w' url='https://example.org'/>";
  juliet.asks(
      publish(old_node, "current", old_list(pages + old_room("D") + old_room("C") + old_room("B"))),
      published(old_node, "current"));
  // Each change once; the list is what she wrote, and does not come again.
  juliet.receives_all(
      {event(old_node, "<item id='current'/>"), event(node, "<item id='d@rooms.test'/>"),
       event(node, "<item id='c@rooms.test'/>"), event(node, "<retract id='a@rooms.test'/>")});
  juliet.receives_nothing();
  juliet.asks(items(node), items_result(node,
                                        "<item id='b@rooms.test'/><item id='c@rooms.test'/>"
                                        "<item id='d@rooms.test'/>"));
  // Her pages stay.
  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.receives_all(
      {event(node, "<item id='a@rooms.test'/>"),
       list_event(pages + old_room("A") + old_room("B") + old_room("C") + old_room("D"))});
  juliet.asks(get, list(old_room("A") + old_room("B") + old_room("C") + old_room("D")));
}

TEST_F(BookmarksTest, AllListsAreTheSameWhoeverWritesAtOnce) {
  juliet.sends(publish(node, "a@rooms.test", room("A")) +
               publish(old_node, "current", old_list(old_room("B") + old_room("C"))) +
               publish(node, "d@rooms.test", room("D")) + keep(old_room("E") + old_room("F")) +
               publish(node, "g@rooms.test", room("G")));
  juliet.skips();
  const auto tells = [this](const std::string& request) {
    juliet.asks(request, "<iq type='result'/>");
    std::set<std::string> rooms;
    const std::string text = xml::to_string(juliet.last());
    for (const std::string name : {"a", "b", "c", "d", "e", "f", "g"})
      if (text.contains('"' + name + "@rooms.test\"")) rooms.insert(name);
    return rooms;
  };
  const auto rooms = tells(items(node));
  EXPECT_FALSE(rooms.empty());
  EXPECT_EQ(tells(items(old_node)), rooms);
  EXPECT_EQ(tells(get), rooms);
}

TEST_F(BookmarksTest, WhatIsNoListChangesNothing) {
  juliet.asks(publish(old_node, "current", old_list("<conference name='no address'/>")),
              published(old_node, "current"));

  juliet.asks(publish(node, "a@rooms.test", room("A")), published(node, "a@rooms.test"));
  juliet.asks(keep("<conference name='no address'/>"),
              "<iq type='error'><error><bad-request "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  juliet.asks(items(node), items_result(node, "<item id='a@rooms.test'/>"));
}

}  // namespace
}  // namespace herold::server
