// XEP-0060 with time and presence: leases and temporary subscriptions, items that go with their
// publisher, events for some states of presence, several subscriptions of one address.
#include <gtest/gtest.h>

#include "base/datetime.h"
#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"
#include "store/database.h"

namespace herold::server {
namespace {

constexpr auto service = "pubsub.xmpp.test";
constexpr auto payload = "<entry xmlns='http://www.w3.org/2005/Atom'/>";

std::string form(std::string_view type, std::string_view fields) {
  return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
         "http://jabber.org/protocol/pubsub#" +
         std::string(type) + "</value></field>" + std::string(fields) + "</x>";
}
std::string create(std::string_view node, std::string_view fields = {}) {
  return pubsub_set("<create node='" + std::string(node) + "'/><configure>" +
                        form("node_config", fields) + "</configure>",
                    service);
}
std::string subscribe(std::string_view jid, std::string_view fields = {},
                      std::string_view to = service) {
  return pubsub_set("<subscribe node='n' jid='" + std::string(jid) + "'/><options>" +
                        form("subscribe_options", fields) + "</options>",
                    to);
}
std::string subscribers(std::string_view inside) {
  return "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
         "<subscriptions node='n'>" +
         std::string(inside) + "</subscriptions></pubsub></iq>";
}
constexpr auto ok = "<iq type='result'/>";
constexpr auto nobody = "<ABSENT><subscription/></ABSENT>";

std::string event(std::string_view inside, std::string_view behind = {}) {
  return "<message from='pubsub.xmpp.test'><event "
         "xmlns='http://jabber.org/protocol/pubsub#event'>" +
         std::string(inside) + "</event>" + std::string(behind) + "</message>";
}

class PubSubPresenceTest : public testing::Test {
 protected:
  TestServer server{{.modules = "[module.pubsub]\nmulti_subscribe = true", .shards = 4}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");

  void tells(std::string_view id) {
    romeo.asks(publish_to(service, "n", id, payload), published("n", id));
  }
  void has(std::string_view subscriptions) {
    romeo.asks(owner_get("<subscriptions node='n'/>", service), subscribers(subscriptions));
  }
};

TEST_F(PubSubPresenceTest, LeasesEndByThemselves) {  // section 12.18
  romeo.asks(create("n", option("notify_sub", "true")), ok);
  const std::string end = format_datetime(server.wall() + Seconds(90));
  juliet.asks(subscribe("juliet@xmpp.test", option("expire", end)), ok);
  romeo.skips();
  server.passes(Seconds(60));
  juliet.receives_nothing();
  server.passes(Seconds(90));
  juliet.receives(event("<subscription node='n' jid='juliet@xmpp.test' subscription='none'/>"));
  romeo.receives(event("<subscription node='n' jid='juliet@xmpp.test' subscription='none'/>"));
  has(nobody);
}

TEST_F(PubSubPresenceTest, ItemsGoWithoutBeingAskedFor) {
  romeo.asks(create("n", option("item_expire", "90")), ok);
  tells("1");
  server.passes(Seconds(200));
  bool done = false;
  server.stores().nodes().items(service, {.node = "n", .most = 9}, [&](const auto& page) {
    EXPECT_TRUE(page && page->items.empty());
    done = true;
  });
  server.passes(Seconds(1));
  EXPECT_TRUE(done);
}

TEST_F(PubSubPresenceTest, TemporarySubscriptionsEndWithPresence) {  // section 12.4
  romeo.asks(create("n"), ok);
  TestClient& phone = server.comes_online("juliet/phone");
  juliet.asks(subscribe("juliet@xmpp.test", option("expire", "presence")), ok);
  phone.asks(subscribe("juliet@xmpp.test/phone", option("expire", "presence")), ok);
  has("<subscription jid='juliet@xmpp.test'/><subscription jid='juliet@xmpp.test/phone'/>");
  phone.signs_off();
  has("<subscription jid='juliet@xmpp.test'/>"
      "<ABSENT><subscription jid='juliet@xmpp.test/phone'/></ABSENT>");
  juliet.sends("<presence type='unavailable'/>");
  has(nobody);
}

TEST_F(PubSubPresenceTest, WhoIsNotOnlineStaysNot) {
  romeo.asks(create("n"), ok);
  TestClient& hidden = server.signs_in("nurse/kitchen");
  hidden.asks(subscribe("nurse@xmpp.test", option("expire", "presence")), ok);
  has(nobody);
}

TEST_F(PubSubPresenceTest, TemporarySubscriptionsEndWithACrashToo) {
  romeo.asks(create("n"), ok);
  juliet.asks(subscribe("juliet@xmpp.test", option("expire", "presence")), ok);
  server.is_killed();
  server.passes(Seconds(70));
  TestClient& again = server.comes_online("romeo/orchard");
  again.asks(owner_get("<subscriptions node='n'/>", service), subscribers(nobody));
}

TEST_F(PubSubPresenceTest, ItemsGoWithTheirPublisher) {
  romeo.asks(create("n", option("purge_offline", "true") + option("publish_model", "open")), ok);
  juliet.asks(subscribe("juliet@xmpp.test"), ok);
  tells("1");
  juliet.asks(publish_to(service, "n", "2", payload), published("n", "2"));
  juliet.skips();
  romeo.signs_off();
  juliet.receives(event("<items node='n'><retract id='1'/></items>"));
  juliet.asks(items_of(service, "n"), items_result("n", "<item id='2'/>"));
}

TEST_F(PubSubPresenceTest, AtAnAccountToo) {
  romeo.asks(
      publish("n", "1", payload, option("purge_offline", "true") + option("access_model", "open")),
      published("n", "1"));
  juliet.asks(subscribe("juliet@xmpp.test", option("expire", "presence"), "romeo@xmpp.test"), ok);
  TestClient& other = server.comes_online("romeo/other");
  romeo.signs_off();
  juliet.asks(items_of("romeo@xmpp.test", "n"), items_result("n", "<item id='1'/>"));
  other.signs_off();
  juliet.asks(items_of("romeo@xmpp.test", "n"), items_result("n", "<ABSENT><item/></ABSENT>"));
  juliet.signs_off();
  TestClient& back = server.comes_online("romeo/orchard");
  back.asks(owner_get("<subscriptions node='n'/>"), subscribers(nobody));
}

TEST_F(PubSubPresenceTest, SomeAreToldInSomeStatesOnly) {  // pubsub#show-values
  romeo.asks(create("n"), ok);
  juliet.asks(subscribe("juliet@xmpp.test", option("show-values", "chat")), ok);
  tells("1");
  juliet.receives_nothing();
  juliet.sends("<presence><show>chat</show></presence>");
  juliet.skips();
  tells("2");
  juliet.receives(event("<items node='n'><item id='2'/></items>"));
}

// pubsub#send_last_published_item
TEST_F(PubSubPresenceTest, WhoComesOnlineGetsTheLastItemOfSomeNodes) {
  romeo.asks(create("n", option("send_last_published_item", "on_sub_and_presence")), ok);
  juliet.asks(subscribe("juliet@xmpp.test"), ok);
  tells("1");
  juliet.signs_off();
  juliet.signs_in_again();
  juliet.sends("<presence/>");
  const std::string last = event("<items node='n'><item id='1'/></items>",
                                 "<delay xmlns='urn:xmpp:delay' stamp='{any}'/>");
  EXPECT_TRUE(juliet.takes(last));
  EXPECT_FALSE(juliet.takes(last));
  server.is_killed();
  server.passes(Seconds(5));
  TestClient& again = server.signs_in("juliet/balcony");
  again.sends("<presence/>");
  EXPECT_TRUE(again.takes(last));
  // Not whoever is not subscribed, nor a client that says so again.
  again.skips();
  again.sends("<presence><show>away</show></presence>");
  EXPECT_FALSE(again.takes(last));
}

TEST_F(PubSubPresenceTest, SeveralSubscriptionsAreMarked) {  // sections 6.1.6 and 7.1.2.4
  romeo.asks(create("n"), ok);
  juliet.asks(subscribe("juliet@xmpp.test"),
              "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
              "<subscription subid='{any}' subscription='subscribed'/></pubsub></iq>");
  tells("1");
  juliet.receives(event("<items node='n'><item id='1'/></items>",
                        "<ABSENT><headers xmlns='http://jabber.org/protocol/shim'/></ABSENT>"));
  juliet.asks(subscribe("juliet@xmpp.test"), ok);
  juliet.skips();
  tells("2");
  juliet.receives(event("<items node='n'><item id='2'/></items>",
                        "<headers xmlns='http://jabber.org/protocol/shim'>"
                        "<header name='SubID'>{any}</header><header name='SubID'>{any}</header>"
                        "</headers>"));
  juliet.receives_nothing();
  juliet.asks(
      "<iq type='get' id='d' to='pubsub.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/disco#info' "
      "node='http://jabber.org/protocol/shim'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<feature var='http://jabber.org/protocol/shim#SubID'/></query></iq>");
}

TEST_F(PubSubPresenceTest, SettingsDecideWhetherThereAreSeveral) {
  romeo.asks(create("n"), ok);
  juliet.asks(subscribe("juliet@xmpp.test"), ok);
  server.takes_settings({.shards = 4});
  juliet.asks(subscribe("juliet@xmpp.test"), ok);
  has("<subscription jid='juliet@xmpp.test'/><ABSENT><subscription "
      "jid='juliet@xmpp.test/x'/></ABSENT>");
}

TEST_F(PubSubPresenceTest, AddressesThatAreNoMoreAreForgotten) {  // section 12.2
  romeo.asks(create("n"), ok);
  juliet.asks(subscribe("juliet@xmpp.test/balcony"), ok);
  const auto bounce = [&](std::string_view condition) {
    juliet.sends("<message to='pubsub.xmpp.test' type='error'><error type='cancel'><" +
                 std::string(condition) +
                 " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  };
  bounce("service-unavailable");
  has("<subscription jid='juliet@xmpp.test/balcony'/>");
  bounce("gone");
  has(nobody);
}

}  // namespace
}  // namespace herold::server
