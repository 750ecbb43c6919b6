// XEP-0133 sections 4.24 to 4.28: everybody gets a standing message once.
#include <gtest/gtest.h>

#include "server/testing/command_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto of_the_day =
    "<message from='xmpp.test' type='headline'><body>Closed on Monday</body></message>";
constexpr auto edited =
    "<message from='xmpp.test' type='headline'><body>Closed on Tuesday</body></message>";
constexpr auto welcome =
    "<message from='xmpp.test' type='headline'><body>Welcome\nto us</body></message>";

struct Greetings : ::testing::Test {
  void sets_day() { fills_in(admin, "set-motd", field("motd", "Closed on Monday"), completed); }
  TestClient& registers(std::string_view name) {
    server.opens_stream().asks(
        "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" + std::string(name) +
            "</username><password>secret</password></query></iq>",
        "<iq type='result'/>");
    return server.comes_online(std::string(name) + "/first", {.password = "secret"});
  }

  TestServer server{{.domain = "registration = 'open'"}};
  TestClient& admin = server.signs_in("admin/desk");
};

TEST_F(Greetings, TellEverybodyOnlineAtOnce) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& silent = server.signs_in("nurse/chamber");  // not available
  sets_day();
  romeo.receives(of_the_day);
  juliet.receives(of_the_day);
  silent.receives_nothing();
  silent.sends("<presence/>");
  EXPECT_TRUE(silent.takes(of_the_day));
}

TEST_F(Greetings, TellTheOthersOnceAtTheirNextLogin) {
  sets_day();
  server.restarts();
  for (const char* address : {"romeo/orchard", "juliet/balcony"}) {
    TestClient& client = server.signs_in(address);
    client.sends("<presence/>");
    EXPECT_TRUE(client.takes(of_the_day)) << address;
    client.sends("<presence type='unavailable'/><presence/>");
    EXPECT_FALSE(client.takes(of_the_day)) << address;
    client.signs_off();
  }
  server.restarts();
  TestClient& again = server.signs_in("romeo/orchard");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes(of_the_day));
}

// Who was online when it was set is remembered beyond the session and the process.
TEST_F(Greetings, AreNotRepeatedToWhoWasOnline) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  sets_day();
  romeo.receives(of_the_day);
  romeo.signs_off();
  server.passes(Seconds(120));
  server.is_killed();
  TestClient& again = server.signs_in("romeo/orchard");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes(of_the_day));
}

TEST_F(Greetings, MayBeEdited) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  fills_in(admin, "edit-motd", field("motd", "Closed on Tuesday"),
           "<iq type='error'><error><item-not-found "
           "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  sets_day();
  romeo.receives(of_the_day);
  admin.asks(command_xml("edit-motd", ""),
             "<iq type='result'><command xmlns='http://jabber.org/protocol/commands'>"
             "<x xmlns='jabber:x:data'><field var='motd'><value>Closed on Monday</value></field>"
             "</x></command></iq>");
  fills_in(admin, "edit-motd", field("motd", "Closed on Tuesday"), completed);
  romeo.receives_nothing();
  TestClient& juliet = server.signs_in("juliet/balcony");
  juliet.sends("<presence/>");
  EXPECT_TRUE(juliet.takes(edited));
}

TEST_F(Greetings, MayBeDeleted) {
  sets_day();
  runs(admin, "delete-motd", "");
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.sends("<presence/>");
  EXPECT_FALSE(romeo.takes(of_the_day));
  server.restarts();
  TestClient& juliet = server.signs_in("juliet/balcony");
  juliet.sends("<presence/>");
  EXPECT_FALSE(juliet.takes(of_the_day));
}

TEST_F(Greetings, WelcomeWhoIsNewAndNobodyElse) {
  const std::string text =
      "<field var='welcome'><value>Welcome</value><value>to us</value></field>";
  fills_in(admin, "set-welcome", text, completed);
  TestClient& old = server.signs_in("romeo/orchard");
  old.sends("<presence/>");
  EXPECT_FALSE(old.takes(welcome));
  TestClient& young = registers("newcomer");
  young.skips();  // coming online skips what it brings
  young.signs_off();
  TestClient& again = server.signs_in("newcomer/first", {.password = "secret"});
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes(welcome));
  runs(admin, "delete-welcome", "");
}

TEST_F(Greetings, WelcomeAtTheFirstLogin) {
  fills_in(admin, "set-welcome",
           "<field var='welcome'><value>Welcome</value><value>to us</value></field>", completed);
  server.opens_stream().asks(
      "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>newcomer</username>"
      "<password>secret</password></query></iq>",
      "<iq type='result'/>");
  server.passes(Seconds(3000));
  server.restarts();
  TestClient& young = server.signs_in("newcomer/first", {.password = "secret"});
  young.sends("<presence/>");
  EXPECT_TRUE(young.takes(welcome));
  EXPECT_FALSE(young.takes(welcome));
}

TEST_F(Greetings, AreBoundedAndOnlyAnAdministrators) {
  constexpr auto refused =
      "<iq type='error'><error><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
      "</error></iq>";
  fills_in(admin, "set-motd", field("motd", std::string(10001, 'x')), refused);
  fills_in(admin, "set-motd", field("motd", ""), refused);
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* node : {"set-motd", "edit-motd", "delete-motd", "set-welcome", "delete-welcome"})
    romeo.asks(command_xml(node, ""),
               "<iq type='error'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
               "</error></iq>");
}

}  // namespace
}  // namespace herold::server
