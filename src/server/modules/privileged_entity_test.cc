// What components may do in others' names, and what they may not (XEP-0356, XEP-0355).
#include <gtest/gtest.h>

#include "server/testing/test_component.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

const std::string table = "[[component]]\nname = 'bot.xmpp.test'\nsecret = 'frog'\n";
const std::string forbidden =
    "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

std::string said(std::string_view from) {
  return "<message from='bot.xmpp.test' to='xmpp.test' id='s'>"
         "<privilege xmlns='urn:xmpp:privilege:2'><forwarded xmlns='urn:xmpp:forward:0'>"
         "<message xmlns='jabber:client' id='f' from='" +
         std::string(from) +
         "' to='romeo@xmpp.test' type='chat'><body>by proxy</body></message>"
         "</forwarded></privilege></message>";
}

std::string asked(std::string_view ns, std::string_view type = "get",
                  std::string_view from = "juliet@xmpp.test") {
  return "<iq type='get' id='a' from='bot.xmpp.test' to='juliet@xmpp.test'>"
         "<privileged_iq xmlns='urn:xmpp:privilege:2'><iq xmlns='jabber:client' type='" +
         std::string(type) + "' id='i' from='" + std::string(from) +
         "' to='xmpp.test'><query xmlns='" + std::string(ns) + "'/></iq></privileged_iq></iq>";
}

TEST(PrivilegedEntity, NothingIsAllowedThatIsNotConfigured) {
  TestServer server({.domain = table});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  pubsub.connects();
  pubsub.receives_nothing();
  pubsub.sends(
      "<iq type='get' id='r' from='bot.xmpp.test' to='juliet@xmpp.test'>"
      "<query xmlns='jabber:iq:roster'/></iq>");
  pubsub.receives("<iq type='error' id='r'>" + forbidden + "</iq>");
  pubsub.sends(
      "<iq type='set' id='r' from='bot.xmpp.test' to='juliet@xmpp.test'>"
      "<query xmlns='jabber:iq:roster'><item jid='nurse@xmpp.test'/></query></iq>");
  pubsub.receives("<iq type='error' id='r'>" + forbidden + "</iq>");
  pubsub.sends(said("juliet@xmpp.test"));
  pubsub.receives("<message type='error' id='s'>" + forbidden + "</message>");
  pubsub.sends(asked("jabber:iq:version"));
  pubsub.receives("<iq type='error' id='a'>" + forbidden + "</iq>");
  juliet.sends("<presence><show>away</show></presence>");
  pubsub.receives_nothing();
  romeo.receives_nothing();
}

TEST(PrivilegedEntity, IsToldWhatItMay) {
  TestServer server({.domain = table +
                               "roster = 'both'\nroster_push = true\nmessage = 'outgoing'\n"
                               "presence = 'roster'\niq_get = ['a', 'b']\niq_set = ['b', 'c']\n"
                               "delegated = ['urn:d']\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  pubsub.connects();
  pubsub.receives(
      "<message from='xmpp.test' to='bot.xmpp.test'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<perm access='roster' type='both' push='true'/><perm access='message' type='outgoing'/>"
      "<perm access='presence' type='roster'/><perm access='iq'><namespace ns='a' type='get'/>"
      "<namespace ns='b' type='both'/><namespace ns='c' type='set'/></perm></privilege></message>");
  pubsub.receives(
      "<message from='xmpp.test' to='bot.xmpp.test'><delegation "
      "xmlns='urn:xmpp:delegation:2'><delegated namespace='urn:d'/></delegation></message>");
}

TEST(PrivilegedEntity, ReadsAndChangesRosters) {
  TestServer server({.domain = table + "roster = 'both'\nroster_push = true\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  TestClient& juliet = server.comes_online("juliet/balcony");
  pubsub.connects();
  pubsub.skips();
  pubsub.sends(
      "<iq type='set' id='r' from='bot.xmpp.test' to='juliet@xmpp.test'>"
      "<query xmlns='jabber:iq:roster'><item jid='nurse@xmpp.test' name='Nurse'/></query></iq>");
  EXPECT_TRUE(pubsub.takes("<iq type='result' id='r' from='juliet@xmpp.test'/>"));
  EXPECT_TRUE(pubsub.takes(
      "<iq type='set' from='juliet@xmpp.test' to='bot.xmpp.test'><query "
      "xmlns='jabber:iq:roster'><item jid='nurse@xmpp.test' name='Nurse'/></query></iq>"));
  pubsub.sends(
      "<iq type='get' id='g' from='bot.xmpp.test' to='juliet@xmpp.test'>"
      "<query xmlns='jabber:iq:roster'/></iq>");
  pubsub.receives(
      "<iq type='result' id='g'><query xmlns='jabber:iq:roster'>"
      "<item jid='nurse@xmpp.test' name='Nurse'/></query></iq>");
  // The component is its domain, nobody else at it.
  pubsub.sends(
      "<iq type='get' id='x' from='x@bot.xmpp.test' to='juliet@xmpp.test'>"
      "<query xmlns='jabber:iq:roster'/></iq>");
  pubsub.receives("<iq type='error' id='x'>" + forbidden + "</iq>");
  juliet.skips();
}

TEST(PrivilegedEntity, SendsMessagesInTheNamesOfAccountsAlone) {
  TestServer server({.domain = table + "message = 'outgoing'\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  TestClient& romeo = server.comes_online("romeo/orchard");
  pubsub.connects();
  pubsub.skips();
  pubsub.sends(said("juliet@xmpp.test"));
  romeo.receives("<message from='juliet@xmpp.test' id='f'><body>by proxy</body></message>");
  for (const char* from : {"juliet@xmpp.test/balcony", "juliet@other.test", "xmpp.test"}) {
    pubsub.sends(said(from));
    pubsub.receives("<message type='error' id='s'>" + forbidden + "</message>");
  }
  pubsub.sends(said("nobody@xmpp.test"));
  romeo.receives_nothing();
}

TEST(PrivilegedEntity, AsksInTheNamesOfAccounts) {
  TestServer server({.domain = table + "iq_get = ['jabber:iq:version', 'urn:xmpp:carbons:2']\n"
                                       "iq_set = ['urn:xmpp:carbons:2']\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  pubsub.connects();
  pubsub.skips();
  pubsub.sends(asked("jabber:iq:version"));
  pubsub.receives(
      "<iq type='result' id='a' from='juliet@xmpp.test'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='result' id='i' "
      "from='xmpp.test' "
      "to='juliet@xmpp.test'><query xmlns='jabber:iq:version'/></iq></forwarded></privilege></iq>");
  pubsub.sends(asked("jabber:iq:last"));
  pubsub.receives("<iq type='error' id='a'>" + forbidden + "</iq>");
  pubsub.sends(asked("jabber:iq:version", "set"));
  pubsub.receives("<iq type='error' id='a'>" + forbidden + "</iq>");
  pubsub.sends(asked("jabber:iq:version", "get", "romeo@xmpp.test"));
  pubsub.receives("<iq type='error' id='a'>" + forbidden + "</iq>");
  // What only a session can do is no request for others.
  pubsub.sends(
      "<iq type='set' id='a' from='bot.xmpp.test' to='juliet@xmpp.test'>"
      "<privileged_iq xmlns='urn:xmpp:privilege:2'><iq xmlns='jabber:client' type='set' id='i'>"
      "<enable xmlns='urn:xmpp:carbons:2'/></iq></privileged_iq></iq>");
  pubsub.receives(
      "<iq type='result' id='a'><privilege xmlns='urn:xmpp:privilege:2'><forwarded "
      "xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='error' "
      "id='i'/></forwarded></privilege></iq>");
}

TEST(PrivilegedEntity, SeesWhoComesAndGoesAndTheirContacts) {
  TestServer server({.domain = table + "roster = 'get'\npresence = 'roster'\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, romeo);
  pubsub.connects();
  server.passes(Seconds(1));
  EXPECT_TRUE(pubsub.takes("<presence from='juliet@xmpp.test/balcony' to='bot.xmpp.test'/>"));
  pubsub.skips();
  juliet.sends("<presence><show>away</show></presence>");
  EXPECT_TRUE(
      pubsub.takes("<presence from='juliet@xmpp.test/balcony'><show>away</show></presence>"));
  juliet.signs_off();
  EXPECT_TRUE(pubsub.takes("<presence type='unavailable' from='juliet@xmpp.test/balcony'/>"));
}

TEST(PrivilegedEntity, AnswersInTheServersPlaceWhatIsDelegated) {
  TestServer server({.domain = table + "delegated = ['urn:d']\n"});
  TestComponent pubsub(server, "bot.xmpp.test", "frog");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.asks("<iq type='get' id='q'><query xmlns='urn:d'/></iq>",
              "<iq type='error'><error type='cancel'><service-unavailable "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  pubsub.connects();
  pubsub.skips();
  const auto answer = [&](std::string_view to) {
    pubsub.receives(
        "<iq type='set' from='xmpp.test' to='bot.xmpp.test'><delegation "
        "xmlns='urn:xmpp:delegation:2'><forwarded xmlns='urn:xmpp:forward:0'><iq "
        "xmlns='jabber:client' type='get' "
        "id='q' from='juliet@xmpp.test/balcony' to='juliet@xmpp.test'><query xmlns='urn:d'/></iq>"
        "</forwarded></delegation></iq>");
    pubsub.sends("<iq type='result' from='bot.xmpp.test' to='xmpp.test' id='" +
                 std::string(pubsub.last().attribute("id")) +
                 "'><delegation xmlns='urn:xmpp:delegation:2'><forwarded "
                 "xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='result' id='q' "
                 "from='juliet@xmpp.test' to='" +
                 std::string(to) +
                 "'><query xmlns='urn:d'><done/></query></iq></forwarded></delegation></iq>");
  };
  juliet.sends("<iq type='get' id='q'><query xmlns='urn:d'/></iq>");
  answer("juliet@xmpp.test/balcony");
  juliet.receives(
      "<iq type='result' id='q'><query xmlns='urn:d'><done xmlns='urn:d'/></query></iq>");
  // An answer to somebody else is none.
  juliet.sends("<iq type='get' id='q'><query xmlns='urn:d'/></iq>");
  answer("romeo@xmpp.test");
  juliet.receives("<iq type='error' id='q'/>");
}

}  // namespace
}  // namespace herold::server
