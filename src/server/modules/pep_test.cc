// XEP-0163: who publishes, who is told, who may read, and what stays.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto tune_ns = "http://jabber.org/protocol/tune";

std::string tune(std::string_view title) {
  return "<tune xmlns='http://jabber.org/protocol/tune'><title>" + std::string(title) +
         "</title></tune>";
}

std::string event(std::string_view from, std::string_view node, std::string_view inside) {
  return "<message from='" + std::string(from) +
         "' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" +
         std::string(node) + "'>" + std::string(inside) + "</items></event></message>";
}

class PepTest : public testing::Test {
 protected:
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(PepTest, ContactsWhoAskForItAreTold) {
  server.befriend(romeo, juliet);
  wants(romeo, {tune_ns});
  wants(juliet, {tune_ns});
  romeo.skips();
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  romeo.receives(event("juliet@xmpp.test", tune_ns, "<item id='1'>" + tune("Allegro") + "</item>"));
  romeo.receives_nothing();
  // Section 4: the account's own clients too.
  juliet.receives(event("juliet@xmpp.test", tune_ns, "<item id='1'/>"));
}

// XEP-0060 section 9.1.3.
TEST_F(PepTest, WhoSharesPresenceIsToldOfOpenNodes) {
  TestClient& other = server.comes_online("romeo/other");
  wants(romeo, {tune_ns});
  wants(other, {tune_ns});
  romeo.skips();
  juliet.asks(publish(tune_ns, "1", tune("Allegro"), option("access_model", "open")),
              published(tune_ns, "1"));
  juliet.asks(publish("urn:x:closed", "1", tune("Closed")), published("urn:x:closed", "1"));
  romeo.receives_nothing();
  romeo.sends("<presence to='juliet@xmpp.test'/>");
  romeo.receives(event("juliet@xmpp.test", tune_ns, "<item id='1'>" + tune("Allegro") + "</item>"));
  romeo.receives_nothing();
  juliet.asks(publish(tune_ns, "2", tune("Adagio")), published(tune_ns, "2"));
  romeo.receives(event("juliet@xmpp.test", tune_ns, "<item id='2'>" + tune("Adagio") + "</item>"));
  other.receives_nothing();
  romeo.sends("<presence to='juliet@xmpp.test' type='unavailable'/>");
  juliet.asks(publish(tune_ns, "3", tune("Largo")), published(tune_ns, "3"));
  romeo.receives_nothing();
}

// What its client wants is known only after it has shared its presence.
TEST_F(PepTest, WhoSharesPresenceBeforeItIsKnownWhatHeWants) {
  juliet.asks(publish(tune_ns, "1", tune("Allegro"), option("access_model", "open")),
              published(tune_ns, "1"));
  romeo.sends("<presence to='juliet@xmpp.test'/>");
  romeo.receives_nothing();
  wants(romeo, {tune_ns});
  romeo.receives(event("juliet@xmpp.test", tune_ns, "<item id='1'>" + tune("Allegro") + "</item>"));
}

TEST_F(PepTest, NobodyElseIsTold) {
  server.befriend(romeo, juliet);
  TestClient& mercutio = server.comes_online("mercutio/street");
  wants(mercutio, {tune_ns});
  wants(romeo, {"http://jabber.org/protocol/mood"});
  juliet.skips();
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  romeo.receives_nothing();
  mercutio.receives_nothing();
  juliet.receives_nothing();
}

TEST_F(PepTest, WhoComesOnlineGetsTheLastItemOnce) {
  server.befriend(romeo, juliet);
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  juliet.asks(publish(tune_ns, "2", tune("Adagio")), published(tune_ns, "2"));
  wants(romeo, {tune_ns});
  romeo.receives(
      "<message from='juliet@xmpp.test' type='headline'>"
      "<event xmlns='http://jabber.org/protocol/pubsub#event'><items "
      "node='http://jabber.org/protocol/tune'><item id='2'/></items></event>"
      "<delay xmlns='urn:xmpp:delay' stamp='{any}'/></message>");
  wants(romeo, {tune_ns});
  romeo.receives_nothing();
  // A client that wants more gets what is new to it.
  juliet.asks(publish("mood", "1", "<mood xmlns='urn:m'/>"), published("mood", "1"));
  wants(romeo, {tune_ns, "mood"});
  romeo.receives(event("juliet@xmpp.test", "mood", "<item id='1'/>"));
  romeo.receives_nothing();
}

TEST_F(PepTest, AnAccountThatIsAwayPublishesAllTheSame) {
  server.befriend(romeo, juliet);
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  juliet.signs_off();
  server.passes(Seconds(300));  // and out of memory
  romeo.skips();
  wants(romeo, {tune_ns});
  romeo.receives(event("juliet@xmpp.test", tune_ns, "<item id='1'/>"));
}

TEST_F(PepTest, WhatWasAnsweredSurvivesTheDeathOfTheServer) {
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  server.is_killed();
  TestClient& again = server.signs_in("juliet/balcony");
  again.asks(items(tune_ns), items_result(tune_ns, "<item id='1'>" + tune("Allegro") + "</item>"));
}

TEST_F(PepTest, ANewContactGetsTheLastItem) {
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  wants(romeo, {tune_ns});
  romeo.receives_nothing();
  romeo.sends("<presence to='juliet@xmpp.test' type='subscribe'/>");
  juliet.sends("<presence to='romeo@xmpp.test' type='subscribed'/>");
  EXPECT_TRUE(romeo.takes(event("juliet@xmpp.test", tune_ns, "<item id='1'/>")));
}

TEST_F(PepTest, OnlyTheOwnerPublishes) {  // HOSTILE 110, 118
  server.befriend(romeo, juliet);
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  romeo.asks(publish_to("juliet@xmpp.test", tune_ns, "1", tune("Noise")),
             pubsub_error("auth", "forbidden"));
  romeo.asks(publish_to("juliet@xmpp.test", "other", "1", tune("Noise")),
             pubsub_error("auth", "forbidden"));
  juliet.asks(items(tune_ns), items_result(tune_ns, "<item id='1'>" + tune("Allegro") + "</item>"));
}

TEST_F(PepTest, StrangersReadWhatIsOpen) {  // HOSTILE 113
  juliet.asks(publish(tune_ns, "1", tune("Allegro")), published(tune_ns, "1"));
  romeo.asks(items_of("juliet@xmpp.test", tune_ns),
             pubsub_error("auth", "not-authorized", "presence-subscription-required"));
  juliet.asks(publish("open", "1", tune("Adagio"), option("access_model", "open")),
              published("open", "1"));
  romeo.asks(items_of("juliet@xmpp.test", "open"),
             items_result("open", "<item id='1'>" + tune("Adagio") + "</item>"));
  juliet.asks(publish("closed", "1", tune("Largo"), option("access_model", "whitelist")),
              published("closed", "1"));
  romeo.asks(items_of("juliet@xmpp.test", "closed"),
             pubsub_error("cancel", "not-allowed", "closed-node"));
}

TEST_F(PepTest, PreconditionsAreHeld) {  // HOSTILE 112
  juliet.asks(publish("n", "1", tune("A"), option("access_model", "whitelist")),
              published("n", "1"));
  juliet.asks(publish("n", "2", tune("B"), option("access_model", "open")),
              pubsub_error("cancel", "conflict", "precondition-not-met"));
  juliet.asks(publish("n", "2", tune("B"), option("access_model", "whitelist")),
              published("n", "2"));
  juliet.asks(publish("n", "3", tune("B"), option("no_such_thing", "1")),
              pubsub_error("cancel", "conflict", "precondition-not-met"));
}

TEST_F(PepTest, AnAccountSaysWhatItIs) {
  juliet.asks(
      "<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='account' type='registered'/><identity category='pubsub' type='pep'/>"
      "<feature var='http://jabber.org/protocol/pubsub#publish'/>"
      "<feature var='http://jabber.org/protocol/pubsub#publish-options'/></query></iq>");
}

TEST_F(PepTest, NodesAreListedForThoseWhoMayReadThem) {
  server.befriend(romeo, juliet);
  juliet.asks(publish(tune_ns, "1", tune("A")), published(tune_ns, "1"));
  juliet.asks(publish("secret", "1", tune("B"), option("access_model", "whitelist")),
              published("secret", "1"));
  romeo.asks(
      "<iq type='get' id='d' to='juliet@xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item node='http://jabber.org/protocol/tune' jid='juliet@xmpp.test'/>"
      "<ABSENT><item node='secret'/></ABSENT></query></iq>");
}

TEST_F(PepTest, BlockedContactsAreNotTold) {
  server.befriend(romeo, juliet);
  wants(romeo, {tune_ns});
  juliet.asks(
      "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@xmpp.test'/>"
      "</block></iq>",
      "<iq type='result'/>");
  romeo.skips();
  juliet.asks(publish(tune_ns, "1", tune("A")), published(tune_ns, "1"));
  romeo.receives_nothing();
  wants(romeo, {});
  wants(romeo, {tune_ns});
  romeo.receives_nothing();
}

TEST_F(PepTest, RetractionsPurgesAndRemovalsAreTold) {
  server.befriend(romeo, juliet);
  juliet.asks(publish("n", "1", tune("A"), option("max_items", "5")), published("n", "1"));
  juliet.asks(publish("n", "2", tune("B")), published("n", "2"));
  wants(romeo, {"n"});
  romeo.skips();
  juliet.asks(pubsub_set("<retract node='n' notify='true'><item id='1'/></retract>"),
              "<iq type='result'/>");
  romeo.receives(event("juliet@xmpp.test", "n", "<retract id='1'/>"));
  juliet.asks(pubsub_set("<retract node='n'><item id='1'/></retract>"),
              pubsub_error("cancel", "item-not-found"));
  juliet.asks(owner_set("<purge node='n'/>"), "<iq type='result'/>");
  romeo.receives(
      "<message type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
      "<purge node='n'/></event></message>");
  juliet.asks(items("n"), items_result("n", "<ABSENT><item/></ABSENT>"));
  juliet.asks(owner_set("<delete node='n'/>"), "<iq type='result'/>");
  romeo.receives(
      "<message type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
      "<delete node='n'/></event></message>");
  juliet.asks(items("n"), pubsub_error("cancel", "item-not-found"));
}

TEST_F(PepTest, GroupsOfTheRosterDecide) {
  server.befriend(romeo, juliet);
  juliet.asks(
      publish("n", "1", tune("A"),
              option("access_model", "roster") + option("roster_groups_allowed", "Friends")),
      published("n", "1"));
  romeo.asks(items_of("juliet@xmpp.test", "n"),
             pubsub_error("auth", "not-authorized", "not-in-roster-group"));
  juliet.asks(
      "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@xmpp.test'>"
      "<group>Friends</group></item></query></iq>",
      "<iq type='result'/>");
  romeo.asks(items_of("juliet@xmpp.test", "n"),
             items_result("n", "<item id='1'>" + tune("A") + "</item>"));
}

TEST_F(PepTest, AnExplicitSubscriberIsToldWithoutAskingInPresence) {
  juliet.asks(publish("n", "1", tune("A"), option("access_model", "open")), published("n", "1"));
  romeo.asks(
      "<iq type='set' id='s' to='juliet@xmpp.test'>"
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"
      "<subscribe node='n' jid='romeo@xmpp.test'/></pubsub></iq>",
      "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
      "<subscription node='n' jid='romeo@xmpp.test' subscription='subscribed'/>"
      "</pubsub></iq>");
  romeo.receives(event("juliet@xmpp.test", "n", "<item id='1'/>"));  // section 6.1.7
  juliet.asks(publish("n", "2", tune("B")), published("n", "2"));
  romeo.receives(event("juliet@xmpp.test", "n", "<item id='2'/>"));
  romeo.receives_nothing();
}

TEST_F(PepTest, IsErasedWithItsAccount) {
  juliet.asks(publish("n", "1", tune("A"), option("access_model", "open")), published("n", "1"));
  romeo.asks(items_of("juliet@xmpp.test", "n"), "<iq type='result'/>");
  juliet.sends("<iq type='set' id='x'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  server.passes(Seconds(2));
  romeo.asks(items_of("juliet@xmpp.test", "n"), pubsub_error("cancel", "service-unavailable"));
}

TEST(PepBounds, WhatExpiredIsGoneForGood) {  // also when it is more than a page
  TestServer server({.limits = "pubsub_page = 10"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  constexpr auto node = "urn:test:story";
  const std::string options = option("item_expire", "60") + option("max_items", "max");
  for (int i = 0; i < 12; ++i) {
    const std::string id = std::to_string(i);
    juliet.asks(publish(node, id, tune(id), options), published(node, id));
  }
  server.passes(Seconds(50));
  juliet.asks(publish(node, "new", tune("new")), published(node, "new"));
  server.passes(Seconds(20));
  server.restarts();
  juliet.signs_in_again();
  juliet.asks(items(node),
              items_result(node, "<item id='new'/><ABSENT><item id='1'/><item id='11'/></ABSENT>"));
  // They do not come back with another configuration.
  juliet.asks(
      owner_set("<configure node='urn:test:story'><x xmlns='jabber:x:data' type='submit'>"
                "<field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config"
                "</value></field>" +
                option("item_expire", "max") + "</x></configure>"),
      "<iq type='result'/>");
  juliet.asks(items(node),
              items_result(node, "<item id='new'/><ABSENT><item id='1'/><item id='11'/></ABSENT>"));
}

TEST(PepBounds, NodesItemsAndNames) {  // HOSTILE 111, 115, 117
  TestServer server({.limits = "pubsub_nodes = 10\npubsub_id_bytes = 64\npubsub_bytes = 65536"});
  TestClient& juliet = server.signs_in("juliet/balcony");
  for (int i = 0; i < 10; ++i)
    juliet.asks(publish("n" + std::to_string(i), "1", tune("A")), "<iq type='result'/>");
  juliet.asks(publish("n10", "1", tune("A")),
              pubsub_error("cancel", "conflict", "max-nodes-exceeded"));
  juliet.asks(publish("n0", std::string(64, 'x'), tune("A")), "<iq type='result'/>");
  juliet.asks(publish("n0", std::string(65, 'x'), tune("A")),
              pubsub_error("modify", "not-acceptable"));
  juliet.asks(publish(std::string(65, 'x'), "1", tune("A")),
              pubsub_error("modify", "not-acceptable"));
  juliet.asks(publish("n0", "1", tune(std::string(70000, 'x'))),
              pubsub_error("wait", "resource-constraint"));
  juliet.asks(items("n0"), items_result("n0", "<item id='" + std::string(64, 'x') + "'/>"));
  juliet.asks(items("n0' OR 1=1 --"), pubsub_error("cancel", "item-not-found"));
}

}  // namespace
}  // namespace herold::server
