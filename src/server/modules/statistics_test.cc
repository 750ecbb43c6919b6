// XEP-0133 sections 4.8 to 4.22: what administrators may ask, and nobody else.
#include <gtest/gtest.h>

#include "server/testing/command_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

struct Statistics : ::testing::Test {
  void counts(std::string_view node, std::string_view var, std::string_view number) {
    runs(admin, node, "<x xmlns='jabber:x:data'>" + field(var, number) + "</x>");
  }
  void lists(std::string_view node, std::string_view inside) {
    fills_in(admin, node, field("max_items", "25"), completed_with(inside));
  }

  TestServer server{{.modules = "[module.statistics]\nidle = '5m'\n"}};
  TestClient& admin = server.signs_in("admin/desk");
};

TEST_F(Statistics, TellTheRosterOfAUser) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(
      "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@xmpp.test' "
      "name='Juliet'><group>Friends</group></item></query></iq>",
      "<iq type='result'/>");
  fills_in(admin, "get-user-roster", field("accountjids", "romeo@xmpp.test"),
           completed_with(field("accountjids", "romeo@xmpp.test") +
                          "<query xmlns='jabber:iq:roster'><item jid='juliet@xmpp.test' "
                          "name='Juliet' subscription='none'><group>Friends</group></item>"
                          "</query>"));
  fills_in(admin, "get-user-roster", field("accountjids", "nobody@xmpp.test"),
           "<iq type='error'><error><item-not-found "
           "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  fills_in(admin, "get-user-roster", field("accountjids", "romeo@elsewhere.test"),
           "<iq type='error'><error><bad-request "
           "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(Statistics, TellOfOneUser) {
  server.comes_online("romeo/orchard");
  fills_in(admin, "get-user-stats", field("accountjid", "romeo@xmpp.test"),
           completed_with(field("rostersize", "0") + field("onlineresources", "orchard") +
                          field("ipaddresses", "{any}")));
  server.passes(Seconds(130));  // last logins are written down now and then
  fills_in(admin, "get-user-lastlogin", field("accountjids", "romeo@xmpp.test"),
           completed_with(field("lastlogin", "{any}")));
  fills_in(admin, "get-user-lastlogin", field("accountjids", "nurse@xmpp.test"),
           completed_with(field("lastlogin", "never")));
}

TEST_F(Statistics, CountAndListWhoIsRegisteredAndDisabled) {
  counts("get-registered-users-num", "registeredusersnum", "11");
  counts("get-disabled-users-num", "disabledusersnum", "0");
  fills_in(admin, "disable-user", field("accountjids", "paris@xmpp.test"), completed);
  counts("get-disabled-users-num", "disabledusersnum", "1");
  lists("get-disabled-users-list", field("disableduserjids", "paris@xmpp.test"));
  lists("get-registered-users-list", "<field var='registereduserjids'/>");
}

TEST_F(Statistics, TellActiveFromIdle) {
  TestClient& romeo = server.comes_online("romeo/orchard", {.answers_pings = false});
  TestClient& juliet = server.comes_online("juliet/balcony", {.answers_pings = false});
  counts("get-online-users-num", "onlineusersnum", "2");
  counts("get-active-users-num", "activeusersnum", "2");
  counts("get-idle-users-num", "idleusersnum", "0");
  lists("get-idle-users-list", "<field var='idleuserjids'><ABSENT><value/></ABSENT></field>");
  romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  lists("get-idle-users-list", field("idleuserjids", "romeo@xmpp.test"));
  lists("get-active-users-list", field("activeuserjids", "juliet@xmpp.test"));
  romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  server.passes(Seconds(200));
  romeo.sends("<presence/>");
  server.passes(Seconds(120));  // juliet has been silent for more than five minutes
  counts("get-active-users-num", "activeusersnum", "1");
  lists("get-idle-users-list", field("idleuserjids", "juliet@xmpp.test"));
  lists("get-online-users-list",
        "<field var='onlineuserjids'><value>juliet@xmpp.test</value>"
        "<value>romeo@xmpp.test</value></field>");
  EXPECT_TRUE(juliet.is_connected());
}

TEST_F(Statistics, AreNobodyElses) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* node :
       {"get-user-roster", "get-user-lastlogin", "get-user-stats", "get-registered-users-num",
        "get-disabled-users-num", "get-online-users-num", "get-active-users-num",
        "get-idle-users-num", "get-registered-users-list", "get-disabled-users-list",
        "get-online-users-list", "get-active-users-list", "get-idle-users-list"})
    romeo.asks(command_xml(node, ""),
               "<iq type='error'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
               "</error></iq>");
  romeo.asks(
      "<iq type='get' id='d' to='xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/disco#items' "
      "node='http://jabber.org/protocol/commands'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<ABSENT><item "
      "node='http://jabber.org/protocol/admin#get-user-stats'/></ABSENT></query></iq>");
}

}  // namespace
}  // namespace herold::server
