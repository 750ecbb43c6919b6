// XEP-0424: what is taken back is in no archive any more, also after a crash, and only by its
// author.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

struct Retractions : ::testing::Test {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});

  static void says(TestClient& from, std::string_view to, std::string_view id,
                   std::string_view payload) {
    from.sends("<message type='chat' to='" + std::string(to) + "' id='" + std::string(id) + "'>" +
               std::string(payload) + "</message>");
  }
  static void retracts(TestClient& from, std::string_view to, std::string_view id,
                       std::string_view what) {
    says(from, to, id,
         "<retract xmlns='urn:xmpp:message-retract:1' id='" + std::string(what) +
             "'/><store xmlns='urn:xmpp:hints'/>");
  }
  // The stanzas of the archive must be these, in order.
  static void holds(TestClient& client, std::initializer_list<std::string_view> stanzas) {
    client.skips();
    client.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    for (const std::string_view stanza : stanzas)
      client.receives(
          "<message><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'>" +
          std::string(stanza) + "</forwarded></result></message>");
    client.receives("<iq type='result' id='q'/>");
  }
};

constexpr auto said =
    "<message xmlns='jabber:client' id='m1' type='chat'><body>{any}</body></message>";
constexpr auto tombstone =
    "<message xmlns='jabber:client' id='m1' type='chat' from='juliet@xmpp.test/balcony'>"
    "<retracted xmlns='urn:xmpp:message-retract:1' id='r1' stamp='{any}'/>"
    "<ABSENT><body/></ABSENT></message>";
constexpr auto retraction =
    "<message xmlns='jabber:client' id='r1'>"
    "<retract xmlns='urn:xmpp:message-retract:1' id='m1'/></message>";

TEST_F(Retractions, LeaveATombstoneOnBothSides) {
  says(juliet, "romeo@xmpp.test", "m1", "<body>secret</body>");
  holds(romeo, {said});
  retracts(juliet, "romeo@xmpp.test", "r1", "m1");
  holds(romeo, {tombstone, retraction});
  holds(juliet, {tombstone, retraction});
}

TEST_F(Retractions, AreTheAuthors) {
  says(juliet, "romeo@xmpp.test", "m1", "<body>secret</body>");
  retracts(romeo, "juliet@xmpp.test", "r1", "m1");
  TestClient& nurse = server.comes_online("nurse/kitchen");
  retracts(nurse, "romeo@xmpp.test", "r1", "m1");
  holds(juliet, {said, retraction});
  holds(romeo, {said, retraction, retraction});
  // Another device of the author may.
  TestClient& phone = server.comes_online("juliet/phone");
  retracts(phone, "romeo@xmpp.test", "r1", "m1");
  holds(juliet, {tombstone, retraction, retraction});
}

TEST_F(Retractions, WithoutAnIdOrAMeaningChangeNothing) {
  says(juliet, "romeo@xmpp.test", "m1", "<body>secret</body>");
  retracts(juliet, "romeo@xmpp.test", "", "m1");
  retracts(juliet, "romeo@xmpp.test", "r1", "m2");
  retracts(juliet, "romeo@xmpp.test", "r1", "");
  retracts(juliet, "romeo@xmpp.test", "r1", "m1&quot; x=&quot;");
  says(juliet, "romeo@xmpp.test", "r1",
       "<retract xmlns='urn:xmpp:message-retract:1'/><store xmlns='urn:xmpp:hints'/>");
  constexpr auto other = "<message xmlns='jabber:client'/>";
  holds(juliet, {said, other, other, other, other, other});
}

TEST_F(Retractions, SurviveTheServersDeath) {
  says(juliet, "romeo@xmpp.test", "m1", "<body>secret</body>");
  retracts(juliet, "romeo@xmpp.test", "r1", "m1");
  server.is_killed();
  romeo.resumes();
  juliet.resumes();
  holds(romeo, {tombstone, retraction});
  holds(juliet, {tombstone, retraction});
}

}  // namespace
}  // namespace herold::server
