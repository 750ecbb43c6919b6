// XEP-0016 as a bridge: the block list is a privacy list, and what it cannot be is refused.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string get(std::string_view inside) {
  return "<iq type='get' id='g'><query xmlns='jabber:iq:privacy'>" + std::string(inside) +
         "</query></iq>";
}
std::string set(std::string_view inside) {
  return "<iq type='set' id='s'><query xmlns='jabber:iq:privacy'>" + std::string(inside) +
         "</query></iq>";
}
std::string result(std::string_view inside) {
  return "<iq type='result'><query xmlns='jabber:iq:privacy'>" + std::string(inside) +
         "</query></iq>";
}
std::string error(std::string_view condition) {
  return "<iq type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}
std::string denies(std::string_view jid, int order) {
  return "<item type='jid' value='" + std::string(jid) + "' action='deny' order='" +
         std::to_string(order) + "'/>";
}
constexpr auto done = "<iq type='result'/>";
constexpr auto blocklist = "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>";

struct PrivacyLists : ::testing::Test {
  TestServer server{{.limits = "block_items = 3"}};
  TestClient& romeo = server.comes_online("romeo/orchard");
};

TEST_F(PrivacyLists, WithoutBlockingThereAreNone) {
  romeo.asks(get(""), result("<ABSENT><default/></ABSENT><ABSENT><list/></ABSENT>"));
  romeo.asks(get("<list name='blocked'/>"), error("item-not-found"));
}

TEST_F(PrivacyLists, WhoIsBlockedStandsInTheList) {
  romeo.asks(
      "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>"
      "<item jid='tybalt@xmpp.test'/><item jid='paris.test'/></block></iq>",
      done);
  romeo.asks(get(""), result("<default name='blocked'/><list name='blocked'/>"));
  romeo.asks(get("<list name='blocked'/>"),
             result("<list name='blocked'>" + denies("paris.test", 1) +
                    denies("tybalt@xmpp.test", 2) + "</list>"));
}

TEST_F(PrivacyLists, TheListBlocks) {
  TestClient& tybalt = server.comes_online("tybalt/street");
  TestClient& street = server.comes_online("romeo/street");
  street.asks(blocklist, done);
  romeo.asks(set("<list name='blocked'>" + denies("tybalt@xmpp.test", 7) +
                 "<item action='allow' order='9'/></list>"),
             done);
  EXPECT_TRUE(
      street.takes("<iq type='set'><block xmlns='urn:xmpp:blocking'>"
                   "<item jid='tybalt@xmpp.test'/></block></iq>"));
  tybalt.sends("<message to='romeo@xmpp.test' type='chat'><body>x</body></message>");
  tybalt.receives(
      "<message type='error'><error><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  romeo.asks(set("<list name='blocked'/>"), done);
  EXPECT_TRUE(
      street.takes("<iq type='set'><unblock xmlns='urn:xmpp:blocking'>"
                   "<item jid='tybalt@xmpp.test'/></unblock></iq>"));
  romeo.asks(blocklist,
             "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'>"
             "<ABSENT><item/></ABSENT></blocklist></iq>");
}

TEST_F(PrivacyLists, IsAlwaysInForce) {
  romeo.asks(set("<list name='blocked'>" + denies("tybalt@xmpp.test", 1) + "</list>"), done);
  romeo.asks(set("<active name='blocked'/>"), done);
  romeo.asks(set("<active/>"), done);
  romeo.asks(set("<default name='blocked'/>"), done);
  romeo.asks(set("<default/>"), error("not-allowed"));
  romeo.asks(set("<active name='other'/>"), error("item-not-found"));
}

TEST_F(PrivacyLists, WhatBlockingCannotSayIsRefused) {
  for (const char* item :
       {"<item type='group' value='Enemies' action='deny' order='1'/>",
        "<item type='subscription' value='none' action='deny' order='1'/>",
        "<item action='deny' order='1'/>",
        "<item type='jid' value='a@x.test' action='allow' order='1'/>",
        "<item type='jid' value='a@x.test' action='deny' order='1'><message/></item>"})
    romeo.asks(set("<list name='blocked'>" + std::string(item) + "</list>"),
               error("feature-not-implemented"));
  romeo.asks(set("<list name='work'>" + denies("a@x.test", 1) + "</list>"),
             error("feature-not-implemented"));
  romeo.asks(set("<list name='work'/>"), error("item-not-found"));
}

TEST_F(PrivacyLists, WhatIsNoListIsRefused) {
  romeo.asks(set(""), error("bad-request"));
  romeo.asks(set("<active/><default/>"), error("bad-request"));
  romeo.asks(
      set("<list name='blocked'>" + denies("a@x.test", 1) + denies("b@x.test", 1) + "</list>"),
      error("bad-request"));
  romeo.asks(set("<list name='blocked'>" + denies("@", 1) + "</list>"), error("bad-request"));
  romeo.asks(set("<list name='blocked'><item type='jid' value='a@x.test' action='deny' "
                 "order='-1'/></list>"),
             error("bad-request"));
  romeo.asks(get("<list name='a'/><list name='b'/>"), error("bad-request"));
  std::string four;
  for (int i = 1; i <= 4; ++i) four += denies(std::to_string(i) + "@x.test", i);
  romeo.asks(set("<list name='blocked'>" + four + "</list>"), error("resource-constraint"));
}

}  // namespace
}  // namespace herold::server
