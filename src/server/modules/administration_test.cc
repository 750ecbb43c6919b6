// XEP-0133: what the commands do to accounts and sessions, wherever these live.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string node(std::string_view name) {
  return "http://jabber.org/protocol/admin#" + std::string(name);
}

std::string field(std::string_view var, std::initializer_list<std::string_view> values) {
  std::string xml = "<field var='" + std::string(var) + "'>";
  for (const std::string_view value : values) xml += "<value>" + std::string(value) + "</value>";
  return xml + "</field>";
}

constexpr auto done =
    "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' status='completed'/>"
    "</iq>";

std::string error(std::string_view condition) {
  return "<iq type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

std::string told(std::string_view var, std::string_view value) {
  return "<iq type='result'><command xmlns='http://jabber.org/protocol/commands'>"
         "<x xmlns='jabber:x:data' type='result'><field var='" +
         std::string(var) + "'><value>" + std::string(value) +
         "</value></field></x></command></iq>";
}

// Three shards, so that the administrator and the others live apart.
struct Administration : ::testing::Test {
  std::string command(std::string_view name, std::string_view content = "") {
    return "<iq type='set' id='c' to='xmpp.test'><command "
           "xmlns='http://jabber.org/protocol/commands' node='" +
           node(name) + "' " + session + ">" + std::string(content) + "</command></iq>";
  }

  // Both stages.
  void runs(std::string_view name, const std::string& fields, std::string_view answer,
            TestClient::Place place = TestClient::Place::current()) {
    session.clear();
    admin.asks(command(name),
               "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
               "status='executing'><x xmlns='jabber:x:data' type='form'/></command></iq>",
               place);
    session = "sessionid='" + std::string(admin.last().first_child().attribute("sessionid")) + "'";
    admin.asks(command(name, "<x xmlns='jabber:x:data' type='submit'>" +
                                 field("FORM_TYPE", {"http://jabber.org/protocol/admin"}) + fields +
                                 "</x>"),
               answer, place);
    session.clear();
  }

  TestServer server{{.shards = 3}};
  std::string session;
  TestClient& admin = server.comes_online("admin/desk");
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Administration, AddsUsersOfThisDomainOnce) {
  const std::string passwords = field("password", {"pw"}) + field("password-verify", {"pw"});
  runs("add-user", field("accountjid", {"peter@xmpp.test"}) + passwords, done);
  server.signs_in("peter/house", {.password = "pw"});
  runs("add-user", field("accountjid", {"peter@xmpp.test"}) + passwords, error("conflict"));
  runs("add-user", field("accountjid", {"peter@elsewhere.test"}) + passwords, error("bad-request"));
  runs("add-user", field("accountjid", {"xmpp.test"}) + passwords, error("bad-request"));
  runs("add-user", field("accountjid", {"paul@xmpp.test/x"}) + passwords, error("bad-request"));
  runs("add-user",
       field("accountjid", {"paul@xmpp.test"}) + field("password", {"a"}) +
           field("password-verify", {"b"}),
       error("bad-request"));
  const std::string too_long(1024, 'x');
  runs("add-user",
       field("accountjid", {"paul@xmpp.test"}) + field("password", {too_long}) +
           field("password-verify", {too_long}),
       error("not-acceptable"));
}

TEST_F(Administration, DeletesUsersAndTheirSessions) {
  server.befriend(romeo, juliet);
  runs("delete-user", field("accountjids", {"romeo@xmpp.test", "paris@xmpp.test"}), done);
  romeo.is_disconnected("not-authorized");
  street.is_disconnected("not-authorized");
  EXPECT_TRUE(juliet.takes("<presence type='unavailable' from='romeo@xmpp.test/orchard'/>"));
  runs("delete-user", field("accountjids", {"romeo@xmpp.test"}), error("item-not-found"));
}

TEST_F(Administration, DisablesAndEnablesUsers) {
  runs("disable-user", field("accountjids", {"romeo@xmpp.test"}), done);
  EXPECT_FALSE(romeo.is_connected());
  EXPECT_FALSE(street.is_connected());
  EXPECT_TRUE(juliet.is_connected());
  runs("reenable-user", field("accountjids", {"romeo@xmpp.test"}), done);
  server.comes_online("romeo/orchard");
}

TEST_F(Administration, EndsOneSessionOrAll) {
  runs("end-user-session", field("accountjids", {"romeo@xmpp.test/orchard"}), done);
  romeo.is_disconnected("policy-violation");
  EXPECT_TRUE(street.is_connected());
  runs("end-user-session", field("accountjids", {"romeo@xmpp.test", "juliet@xmpp.test"}), done);
  street.is_disconnected("policy-violation");
  juliet.is_disconnected("policy-violation");
  runs("end-user-session", field("accountjids", {"romeo@xmpp.test"}), done);  // nobody is there
}

TEST_F(Administration, ChangesPasswords) {
  runs("change-user-password",
       field("accountjid", {"romeo@xmpp.test"}) + field("password", {"new"}), done);
  server.signs_in("romeo/house", {.password = "new"});
  runs("change-user-password",
       field("accountjid", {"nobody@xmpp.test"}) + field("password", {"new"}),
       error("item-not-found"));
}

TEST_F(Administration, CountsUsersOfAllShards) {
  server.signs_in("tybalt/street");  // not available, so not online
  admin.asks(command("get-registered-users-num"), told("registeredusersnum", "11"));
  admin.asks(command("get-online-users-num"), told("onlineusersnum", "3"));
  runs("get-online-users-list", field("max_items", {"25"}),
       told("onlineuserjids", "romeo@xmpp.test"));
  runs("get-user-stats", field("accountjid", {"romeo@xmpp.test"}),
       "<iq><command xmlns='http://jabber.org/protocol/commands'><x xmlns='jabber:x:data'>"
       "<field var='rostersize'><value>0</value></field>"
       "<field var='onlineresources'><value>orchard</value><value>street</value></field>"
       "</x></command></iq>");
}

TEST_F(Administration, AnnouncesToEverybodyWhoIsOnline) {
  TestClient& tybalt = server.signs_in("tybalt/street");
  runs("announce", field("subject", {"Night"}) + field("announcement", {"We close", "at ten"}),
       done);
  for (TestClient* client : {&romeo, &street, &juliet})
    client->receives(
        "<message type='headline' from='xmpp.test'><subject>Night</subject>"
        "<body>We close\nat ten</body></message>");
  tybalt.receives_nothing();
}

}  // namespace
}  // namespace herold::server
