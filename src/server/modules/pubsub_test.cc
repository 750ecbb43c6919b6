// XEP-0060 at the domain's service: nodes for everybody, on whichever shard they are asked for.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"
#include "xml/element.h"

namespace herold::server {
namespace {

constexpr auto service = "pubsub.xmpp.test";
constexpr auto payload =
    "<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry>";

std::string subscribe(std::string_view node, std::string_view jid) {
  return pubsub_set("<subscribe node='" + std::string(node) + "' jid='" + std::string(jid) + "'/>",
                    service);
}
std::string state(std::string_view subscription) {
  return "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscription "
         "subscription='" +
         std::string(subscription) + "'/></pubsub></iq>";
}
std::string event(std::string_view inside) {
  return "<message from='pubsub.xmpp.test'><event "
         "xmlns='http://jabber.org/protocol/pubsub#event'>" +
         std::string(inside) + "</event></message>";
}
std::string configure(std::string_view node, std::string_view fields) {
  return owner_set("<configure node='" + std::string(node) +
                       "'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
                       "http://jabber.org/protocol/pubsub#node_config</value></field>" +
                       std::string(fields) + "</x></configure>",
                   service);
}

class PubSubTest : public testing::Test {
 protected:
  TestServer server{{.shards = 4}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(PubSubTest, SubscribersOnAllShardsAreTold) {
  romeo.asks(pubsub_set("<create node='n'/>", service), "<iq type='result'/>");
  std::vector<TestClient*> others;
  for (const char* name : {"mercutio", "benvolio", "tybalt", "nurse", "paris", "rosaline"}) {
    others.push_back(&server.comes_online(std::string(name) + "/x"));
    others.back()->asks(subscribe("n", others.back()->bare()), state("subscribed"));
  }
  romeo.asks(publish_to(service, "n", "1", payload), published("n", "1"));
  for (TestClient* other : others) {
    other->receives(
        event("<items node='n'><item id='1'><entry xmlns='http://www.w3.org/2005/Atom'/>"
              "</item></items>"));
    other->receives_nothing();
  }
  juliet.receives_nothing();
}

TEST_F(PubSubTest, SurvivesTheDeathOfTheServer) {
  romeo.asks(pubsub_set("<create node='n'/>", service), "<iq type='result'/>");
  juliet.asks(subscribe("n", "juliet@xmpp.test"), state("subscribed"));
  romeo.asks(publish_to(service, "n", "1", payload), published("n", "1"));
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  again.asks(items_of(service, "n"), items_result("n", "<item id='1'/>"));
  server.comes_online("romeo/orchard")
      .asks(publish_to(service, "n", "2", payload), published("n", "2"));
  EXPECT_TRUE(again.takes(event("<items node='n'><item id='2'/></items>")));
}

TEST_F(PubSubTest, OwnersApproveByMessage) {
  romeo.asks(pubsub_set("<create node='n'/><configure><x xmlns='jabber:x:data' type='submit'>"
                        "<field var='FORM_TYPE'><value>"
                        "http://jabber.org/protocol/pubsub#node_config</value></field>" +
                            option("access_model", "authorize") + "</x></configure>",
                        service),
             "<iq type='result'/>");
  juliet.asks(subscribe("n", "juliet@xmpp.test"), state("pending"));
  romeo.receives(
      "<message from='pubsub.xmpp.test'><x xmlns='jabber:x:data' type='form'>"
      "<field var='pubsub#subscriber_jid'><value>juliet@xmpp.test</value></field></x></message>");
  juliet.asks(items_of(service, "n"), pubsub_error("auth", "not-authorized", "not-subscribed"));
  romeo.sends(
      "<message to='pubsub.xmpp.test'><x xmlns='jabber:x:data' type='submit'>"
      "<field var='FORM_TYPE'><value>"
      "http://jabber.org/protocol/pubsub#subscribe_authorization</value></field>" +
      option("node", "n") + option("subscriber_jid", "juliet@xmpp.test") + option("allow", "true") +
      "</x></message>");
  juliet.receives(
      event("<subscription node='n' jid='juliet@xmpp.test' subscription='subscribed'/>"));
  juliet.asks(items_of(service, "n"), items_result("n", ""));
}

TEST_F(PubSubTest, PendingRequestsAreAskedForByCommand) {
  romeo.asks(pubsub_set("<create node='n'/>", service), "<iq type='result'/>");
  romeo.asks(configure("n", option("access_model", "authorize")), "<iq type='result'/>");
  juliet.asks(subscribe("n", "juliet@xmpp.test"), state("pending"));
  romeo.skips();
  constexpr auto start =
      "<iq type='set' id='c' to='pubsub.xmpp.test'><command "
      "xmlns='http://jabber.org/protocol/commands' "
      "node='http://jabber.org/protocol/pubsub#get-pending' action='execute'/></iq>";
  romeo.asks(start,
             "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
             "status='executing'><x xmlns='jabber:x:data'><field var='pubsub#node'>"
             "<option><value>n</value></option></field></x></command></iq>");
  romeo.asks(
      "<iq type='set' id='c' to='pubsub.xmpp.test'><command "
      "xmlns='http://jabber.org/protocol/commands' sessionid='x' "
      "node='http://jabber.org/protocol/pubsub#get-pending'><x xmlns='jabber:x:data' "
      "type='submit'>" +
          option("node", "n") + "</x></command></iq>",
      "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
      "status='completed'/></iq>");
  romeo.receives(
      "<message from='pubsub.xmpp.test'><x xmlns='jabber:x:data' type='form'/></message>");
  juliet.asks(start, pubsub_error("auth", "forbidden"));
}

TEST_F(PubSubTest, SaysWhatItIs) {
  romeo.asks(
      "<iq type='get' id='d' to='pubsub.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='pubsub' type='service'/>"
      "<feature var='http://jabber.org/protocol/pubsub#create-nodes'/></query></iq>");
  romeo.asks(publish_to(service, "n", "1", payload), published("n", "1"));
  romeo.asks(
      "<iq type='get' id='d' to='pubsub.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item node='n' jid='pubsub.xmpp.test'/></query></iq>");
  romeo.asks(
      "<iq type='get' id='d' to='pubsub.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items' node='n'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item name='1' jid='pubsub.xmpp.test'/></query></iq>");
  romeo.asks(
      "<iq type='get' id='d' to='pubsub.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='pubsub' type='leaf'/><x xmlns='jabber:x:data' type='result'>"
      "<field var='pubsub#owner'><value>romeo@xmpp.test</value></field></x></query></iq>");
}

TEST_F(PubSubTest, ItemsComeInPages) {
  for (int i = 1; i <= 5; ++i)
    romeo.asks(publish_to(service, "n", std::to_string(i), payload), "<iq type='result'/>");
  const auto page = [&](std::string_view set, std::string_view expected) {
    romeo.asks(pubsub_get("<items node='n'/><set xmlns='http://jabber.org/protocol/rsm'>" +
                              std::string(set) + "</set>",
                          service),
               expected);
  };
  page("<max>2</max>",
       "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'>"
       "<item id='1'/><item id='2'/></items><set xmlns='http://jabber.org/protocol/rsm'>"
       "<first index='0'>1</first><last>2</last><count>5</count></set></pubsub></iq>");
  page("<max>2</max><after>4</after>",
       "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'>"
       "<item id='5'/></items><set xmlns='http://jabber.org/protocol/rsm'>"
       "<first index='4'>5</first><last>5</last><count>5</count></set></pubsub></iq>");
  page("<max>2</max><before/>",
       "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'>"
       "<item id='4'/><item id='5'/></items></pubsub></iq>");
  page("<max>0</max>",
       "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
       "<set xmlns='http://jabber.org/protocol/rsm'><count>5</count></set></pubsub></iq>");
  page("<after>' OR 1=1 --</after>", pubsub_error("cancel", "item-not-found"));  // HOSTILE 115
  page("<max>-1</max>", pubsub_error("modify", "bad-request"));
  romeo.asks(pubsub_get("<items node='n' max_items='2'/>", service),
             items_result("n", "<item id='4'/><item id='5'/>"));
}

TEST(PubSubPages, AreAsLongAsIsAskedForWithinBounds) {
  TestServer server({.limits = "pubsub_page = 10"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (int i = 1; i <= 105; ++i)
    romeo.asks(publish_to(service, "n", std::to_string(i), payload), "<iq type='result'/>");
  const auto asks = [&](std::string_view items, std::string_view set, std::size_t expected) {
    romeo.asks(
        pubsub_get("<items node='n'" + std::string(items) + "/>" + std::string(set), service),
        "<iq type='result'/>");
    std::size_t count = 0;
    for (const xml::Element item : romeo.last().first_child().first_child().children())
      count += item.name() == "item" ? 1 : 0;
    EXPECT_EQ(count, expected) << items << set;
  };
  asks("", "", 10);
  asks(" max_items='50'", "", 50);
  asks(" max_items='1000'", "", 100);
  asks("", "<set xmlns='http://jabber.org/protocol/rsm'><max>100</max></set>", 100);
  asks("", "<set xmlns='http://jabber.org/protocol/rsm'><max>1000000000</max></set>", 100);
  asks("", "<set xmlns='http://jabber.org/protocol/rsm'><max>101</max><after>100</after></set>", 5);
}

TEST_F(PubSubTest, AnAccountThatIsRemovedLeavesNothing) {
  romeo.asks(pubsub_set("<create node='n'/>", service), "<iq type='result'/>");
  juliet.asks(subscribe("n", "juliet@xmpp.test"), state("subscribed"));
  for (const std::string node : {"hers", "theirs"}) {
    juliet.asks(pubsub_set("<create node='" + node + "'/>", service), "<iq type='result'/>");
    juliet.asks(publish_to(service, node, "1", "<x xmlns='urn:x'/>"), published(node, "1"));
    romeo.asks(subscribe(node, "romeo@xmpp.test"), state("subscribed"));
  }
  juliet.asks(owner_set("<affiliations node='theirs'><affiliation jid='romeo@xmpp.test' "
                        "affiliation='owner'/></affiliations>",
                        service),
              "<iq type='result'/>");
  romeo.skips();
  juliet.sends("<iq type='set' id='x'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  server.passes(Seconds(2));
  // What she alone owned goes, and its subscribers are told; another node has an owner left.
  romeo.receives(
      "<message><event xmlns='http://jabber.org/protocol/pubsub#event'>"
      "<delete node='hers'/></event></message>");
  romeo.asks(items_of(service, "hers"), pubsub_error("cancel", "item-not-found"));
  romeo.asks(items_of(service, "theirs"), items_result("theirs", "<item id='1'/>"));
  romeo.asks(owner_get("<affiliations node='theirs'/>", service),
             "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
             "<affiliations><affiliation jid='romeo@xmpp.test'/>"
             "<ABSENT><affiliation jid='juliet@xmpp.test'/></ABSENT></affiliations></pubsub></iq>");
  romeo.asks(owner_get("<subscriptions node='n'/>", service),
             "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
             "<subscriptions node='n'><ABSENT><subscription/></ABSENT></subscriptions></pubsub>"
             "</iq>");
}

}  // namespace
}  // namespace herold::server
