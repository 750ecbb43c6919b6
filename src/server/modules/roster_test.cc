// RFC 6121 section 2: what a client may set, who hears of it, and versions.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string set(std::string_view item, std::string_view id = "set") {
  return "<iq type='set' id='" + std::string(id) + "'><query xmlns='jabber:iq:roster'>" +
         std::string(item) + "</query></iq>";
}

std::string push(std::string_view item) {
  return "<iq type='set' id='{any}'><query xmlns='jabber:iq:roster' ver='{any}'>" +
         std::string(item) + "</query></iq>";
}

std::string error(std::string_view type, std::string_view condition) {
  return "<iq type='error'><error type='" + std::string(type) + "'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

constexpr auto get = "<iq type='get' id='get'><query xmlns='jabber:iq:roster'/></iq>";
constexpr auto done = "<iq type='result'/>";

std::string get_since(std::string_view version) {
  return "<iq type='get' id='get'><query xmlns='jabber:iq:roster' ver='" + std::string(version) +
         "'/></iq>";
}

// Asks for the roster and gives back its version.
std::string version_of(TestClient& client) {
  client.asks(get, "<iq type='result'><query xmlns='jabber:iq:roster'/></iq>");
  return std::string(client.last().first_child().attribute("ver"));
}

struct RosterModule : ::testing::Test {
  TestServer server{{.limits = "roster_items = 3\nroster_groups = 2\nroster_name_bytes = 64"}};
  TestClient& orchard = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
};

TEST_F(RosterModule, PushesGoToThoseWhoAskedForTheRoster) {
  orchard.asks(get, done);
  street.asks(set("<item jid='juliet@xmpp.test' name='J'><group>love</group></item>"), done);
  orchard.receives(
      push("<item jid='juliet@xmpp.test' name='J' subscription='none'>"
           "<group>love</group></item>"));
  street.receives_nothing();
}

TEST_F(RosterModule, SurvivesTheDeathOfTheServer) {
  orchard.asks(set("<item jid='juliet@xmpp.test' name='J'><group>love</group></item>"), done);
  const std::string version = version_of(orchard);
  server.is_killed();
  TestClient& again = server.signs_in("romeo/orchard");
  again.asks(get, "<iq type='result'><query xmlns='jabber:iq:roster' ver='" + version +
                      "'><item jid='juliet@xmpp.test' name='J'><group>love</group></item>"
                      "</query></iq>");
}

// Section 2.1.2: the server decides these.
TEST_F(RosterModule, ClientsDoNotDecideAboutSubscriptions) {
  orchard.asks(get, done);
  orchard.asks(set("<item jid='juliet@xmpp.test' subscription='both' ask='subscribe' "
                   "approved='true'/>"),
               done);
  orchard.receives(push("<item jid='juliet@xmpp.test' subscription='none'/>"));
  EXPECT_FALSE(orchard.last().first_child().first_child().find_attribute("ask"));
  EXPECT_FALSE(orchard.last().first_child().first_child().find_attribute("approved"));
}

TEST_F(RosterModule, RefusesWhatNoRosterHolds) {
  orchard.asks(set(""), error("modify", "bad-request"));
  orchard.asks(set("<item jid='a@x.test'/><item jid='b@x.test'/>"), error("modify", "bad-request"));
  orchard.asks(set("<item/>"), error("modify", "bad-request"));
  orchard.asks(set("<item jid='@'/>"), "<iq type='error'><error type='modify'/></iq>");
  orchard.asks(set("<item jid='romeo@xmpp.test'/>"), error("cancel", "not-allowed"));
  orchard.asks(set("<item jid='a@x.test'><group/></item>"), error("modify", "not-acceptable"));
  orchard.asks(set("<item jid='a@x.test'><group>g</group><group>g</group></item>"),
               error("modify", "bad-request"));
  orchard.asks(set("<item jid='a@x.test' subscription='remove'/>"),
               error("cancel", "item-not-found"));
}

TEST_F(RosterModule, HoldsAsMuchAsItsLimitsSay) {
  const std::string longest(64, 'x'), too_long(65, 'x');
  orchard.asks(set("<item jid='a@x.test' name='" + longest + "'><group>" + longest +
                   "</group><group>2</group></item>"),
               done);
  orchard.asks(set("<item jid='b@x.test' name='" + too_long + "'/>"),
               error("modify", "not-acceptable"));
  orchard.asks(set("<item jid='b@x.test'><group>" + too_long + "</group></item>"),
               error("modify", "not-acceptable"));
  orchard.asks(set("<item jid='b@x.test'><group>1</group><group>2</group><group>3</group></item>"),
               error("modify", "not-acceptable"));
  orchard.asks(set("<item jid='b@x.test'/>"), done);
  orchard.asks(set("<item jid='c@x.test'/>"), done);
  orchard.asks(set("<item jid='d@x.test'/>"), error("wait", "resource-constraint"));
  orchard.asks(set("<item jid='c@x.test' name='C'/>"), done);  // is no new one
  orchard.asks(set("<item jid='c@x.test' subscription='remove'/>"), done);
  orchard.asks(set("<item jid='d@x.test'/>"), done);
}

TEST_F(RosterModule, IsItsOwners) {
  TestClient& tybalt = server.signs_in("tybalt/street");
  tybalt.asks("<iq type='get' id='1' to='romeo@xmpp.test'><query xmlns='jabber:iq:roster'/></iq>",
              error("auth", "forbidden"));
  tybalt.asks(
      "<iq type='set' id='2' to='romeo@xmpp.test'><query xmlns='jabber:iq:roster'>"
      "<item jid='tybalt@xmpp.test'/></query></iq>",
      error("auth", "forbidden"));
}

// Section 2.5.2.
TEST_F(RosterModule, RemovingAContactEndsBothSubscriptions) {
  TestClient& juliet = server.comes_online("juliet/balcony");
  server.befriend(orchard, juliet);
  juliet.asks(get, done);
  orchard.asks(set("<item jid='juliet@xmpp.test' subscription='remove'/>"), done);
  juliet.receives_all({"<presence type='unsubscribe' from='romeo@xmpp.test'/>",
                       "<presence type='unsubscribed' from='romeo@xmpp.test'/>",
                       "<presence type='unavailable' from='romeo@xmpp.test/orchard'/>",
                       "<presence type='unavailable' from='romeo@xmpp.test/street'/>",
                       push("<item jid='romeo@xmpp.test' subscription='to'/>"),
                       push("<item jid='romeo@xmpp.test' subscription='none'/>")});
  juliet.receives_nothing();
}

// --- versions (section 2.6) ---

TEST_F(RosterModule, WhoKnowsItGetsNothing) {
  orchard.asks(set("<item jid='a@x.test'/>"), done);
  const std::string version = version_of(orchard);
  street.asks(get_since(version),
              "<iq type='result'><ABSENT><query xmlns='jabber:iq:roster'/>"
              "</ABSENT></iq>");
  street.receives_nothing();
}

TEST_F(RosterModule, WhoKnowsAnOlderOneGetsWhatChanged) {
  orchard.asks(set("<item jid='a@x.test'/>"), done);
  orchard.asks(set("<item jid='b@x.test'/>"), done);
  const std::string version = version_of(orchard);
  orchard.skips();
  orchard.asks(set("<item jid='a@x.test' subscription='remove'/>"), done);
  orchard.asks(set("<item jid='c@x.test'/>"), done);
  const std::string newest = version_of(orchard);
  orchard.skips();
  EXPECT_NE(newest, version);
  street.asks(get_since(version),
              "<iq type='result'><ABSENT><query xmlns='jabber:iq:roster'/>"
              "</ABSENT></iq>");
  street.receives_all({push("<item jid='c@x.test' subscription='none'/>"),
                       push("<item jid='a@x.test' subscription='remove'/>")});
  EXPECT_EQ(street.last().first_child().attribute("ver"), newest);
  street.receives_nothing();
}

TEST_F(RosterModule, WhoKnowsNoneOfOursGetsAll) {
  orchard.asks(set("<item jid='a@x.test'/>"), done);
  for (const char* version : {"", "ver14", "-1", "99999999999999999999999"})
    orchard.asks(get_since(version),
                 "<iq type='result'><query xmlns='jabber:iq:roster' "
                 "ver='{any}'><item jid='a@x.test'/></query></iq>");
}

// A version that this server has never had comes from a backup that was put back, or is a lie.
TEST_F(RosterModule, WhoKnowsMoreThanThereIsGetsAll) {
  orchard.asks(set("<item jid='a@x.test'/>"), done);
  orchard.asks(get_since("4711"),
               "<iq type='result'><query xmlns='jabber:iq:roster' "
               "ver='{any}'><item jid='a@x.test'/></query></iq>");
}

TEST(RosterFeatures, VersionsAndPreApprovalAreOffered) {
  TestServer server;
  const std::string features = server.signs_in("romeo/orchard").features();
  EXPECT_NE(features.find("<ver xmlns=\"urn:xmpp:features:rosterver\""), std::string::npos);
  EXPECT_NE(features.find("<sub xmlns=\"urn:xmpp:features:pre-approval\""), std::string::npos);
}

}  // namespace
}  // namespace herold::server
