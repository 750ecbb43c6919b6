// XEP-0049: entries by name, their bounds, and whose they are.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string set(std::string_view id, std::string_view content) {
  return "<iq type='set' id='" + std::string(id) + "'><query xmlns='jabber:iq:private'>" +
         std::string(content) + "</query></iq>";
}

std::string get(std::string_view content) {
  return "<iq type='get' id='get'><query xmlns='jabber:iq:private'>" + std::string(content) +
         "</query></iq>";
}

std::string result(std::string_view content) {
  return "<iq type='result'><query xmlns='jabber:iq:private'>" + std::string(content) +
         "</query></iq>";
}

std::string error(std::string_view condition) {
  return "<iq type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

TEST(Private, EntriesAreKeptByNameAndNamespace) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(set("1", "<a xmlns='urn:x'>1</a><b xmlns='urn:x'>2</b><a xmlns='urn:y'>3</a>"),
             "<iq type='result'/>");
  romeo.asks(set("2", "<b xmlns='urn:x'>4</b>"), "<iq type='result'/>");
  server.is_killed();
  TestClient& again = server.signs_in("romeo/orchard");
  again.asks(get("<a xmlns='urn:x'/>"), result("<a xmlns='urn:x'>1</a>"));
  again.asks(get("<b xmlns='urn:x'/>"), result("<b xmlns='urn:x'>4</b>"));
  again.asks(get("<a xmlns='urn:y'/>"), result("<a xmlns='urn:y'>3</a>"));
  // What there is not is an empty element (section 2.2).
  again.asks(get("<c xmlns='urn:x'/>"), result("<c xmlns='urn:x'><ABSENT><a/></ABSENT></c>"));
}

TEST(Private, AnotherAccountHasItsOwn) {
  TestServer server;
  server.signs_in("romeo/orchard").asks(set("1", "<a xmlns='urn:x'>1</a>"), "<iq type='result'/>");
  TestClient& juliet = server.signs_in("juliet/balcony");
  juliet.asks(get("<a xmlns='urn:x'/>"), "<iq type='result'/>");
  EXPECT_EQ(juliet.last().first_child().first_child().text(), "");
  juliet.asks(
      "<iq type='get' id='1' to='romeo@xmpp.test'><query xmlns='jabber:iq:private'>"
      "<a xmlns='urn:x'/></query></iq>",
      error("service-unavailable"));
}

TEST(Private, WhatIsNoEntryIsRefused) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(get(""), error("not-acceptable"));
  romeo.asks(get("<a xmlns='urn:x'/><b xmlns='urn:x'/>"), error("bad-request"));
  romeo.asks(get("<a/>"), error("not-acceptable"));
  romeo.asks(set("1", ""), error("not-acceptable"));
  romeo.asks(set("2", "<a xmlns='jabber:client'/>"), error("not-acceptable"));
  romeo.asks(set("3", "<a xmlns='urn:x'>1</a><a xmlns='urn:x'>2</a>"), error("bad-request"));
}

TEST(Private, ThereAreAsManyAsTheLimitSays) {
  TestServer server({.limits = "private_entries = 2"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(set("1", "<a xmlns='urn:x'/><b xmlns='urn:x'/>"), "<iq type='result'/>");
  romeo.asks(set("2", "<c xmlns='urn:x'/>"), error("resource-constraint"));
  // One that replaces another takes no more room; of two that do not fit none is stored.
  romeo.asks(set("3", "<b xmlns='urn:x'>new</b>"), "<iq type='result'/>");
  romeo.asks(set("4", "<b xmlns='urn:x'>newer</b><c xmlns='urn:x'/>"),
             error("resource-constraint"));
  romeo.asks(get("<b xmlns='urn:x'/>"), result("<b xmlns='urn:x'>new</b>"));
}

TEST(Private, TheyAreAsLargeAsTheLimitSays) {
  TestServer server({.limits = "private_bytes = 10000"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  // The key, "a urn:x", counts too.
  const std::string tags = "<a xmlns=\"urn:x\"></a>";
  const std::size_t room = 10000 - tags.size() - std::string("a urn:x").size();
  const auto entry = [](std::size_t bytes) {
    return "<a xmlns='urn:x'>" + std::string(bytes, 'x') + "</a>";
  };
  romeo.asks(set("1", entry(room + 1)), error("resource-constraint"));
  romeo.asks(set("2", entry(room)), "<iq type='result'/>");
  romeo.asks(set("3", entry(room)), "<iq type='result'/>");
  romeo.asks(set("4", "<b xmlns='urn:x'/>"), error("resource-constraint"));
}

}  // namespace
}  // namespace herold::server
