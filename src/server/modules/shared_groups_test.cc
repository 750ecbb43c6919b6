// Shared groups: members see each other, also after reloads, and everything is as before without.
#include "server/shared_groups.h"

#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

// --- the rules ---

TEST(SharedGroupText, NamesMembersOfTheDomain) {
  const auto group = SharedGroup::parse("The Team : romeo,juliet@xmpp.test, ", "xmpp.test", 2);
  ASSERT_TRUE(group);
  EXPECT_EQ(group->name, "The Team");
  EXPECT_EQ(group->members, (std::set<std::string>{"juliet@xmpp.test", "romeo@xmpp.test"}));
}

TEST(SharedGroupText, WhatIsNoGroupIsRefused) {
  for (const char* text : {"", "Team", ": romeo", "A\nB: romeo", "Team: romeo@other.test",
                           "Team: @xmpp.test", "Team: romeo@xmpp.test/orchard"})
    EXPECT_FALSE(SharedGroup::parse(text, "xmpp.test", 9)) << text;
  EXPECT_TRUE(SharedGroup::parse("Team: a, b, a", "xmpp.test", 2));
  EXPECT_FALSE(SharedGroup::parse("Team: a, b, c", "xmpp.test", 2));
}

TEST(SharedGroupText, WhatIsRememberedIsReadBack) {
  SharedContacts shared;
  shared.contacts["a@x.test"] = {{"Team", "Other Team"}, std::nullopt};
  shared.contacts["b@x.test"] = {{}, Subscription::from};
  EXPECT_EQ(SharedContacts::parse(shared.record()).contacts, shared.contacts);
  EXPECT_TRUE(SharedContacts::parse("").contacts.empty());
}

// --- rosters ---

constexpr auto team = "[module.shared_groups]\ngroups = ['Team: romeo, juliet, nurse']";
constexpr auto roster = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";

std::string with(std::string_view items) {
  return "<iq type='result'><query xmlns='jabber:iq:roster'>" + std::string(items) +
         "</query></iq>";
}
std::string member(std::string_view name) {
  return "<item jid='" + std::string(name) +
         "@xmpp.test' subscription='both'><group>Team</group></item>";
}
std::string without(std::string_view name) {
  return with("<ABSENT><item jid='" + std::string(name) + "@xmpp.test'/></ABSENT>");
}

TEST(SharedGroups, MembersAreContactsOfEachOther) {
  TestServer server{{.modules = team}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(roster, with(member("juliet") + member("nurse")));
  romeo.sends("<presence/>");
  EXPECT_TRUE(romeo.takes("<presence from='juliet@xmpp.test/balcony'/>"));
  EXPECT_TRUE(juliet.takes("<presence from='romeo@xmpp.test/orchard'/>"));
  TestClient& tybalt = server.comes_online("tybalt/street");
  tybalt.asks(roster, without("romeo"));
}

TEST(SharedGroups, AReloadBringsAndTakesThem) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  romeo.asks(roster, without("juliet"));
  server.takes_settings({.modules = team});
  server.passes(Seconds(1));
  EXPECT_TRUE(romeo.takes("<iq type='set'><query xmlns='jabber:iq:roster'>" + member("juliet") +
                          "</query></iq>"));
  EXPECT_TRUE(romeo.takes("<presence from='juliet@xmpp.test/balcony'/>"));
  EXPECT_TRUE(juliet.takes("<presence from='romeo@xmpp.test/orchard'/>"));
  server.takes_settings({});
  server.passes(Seconds(1));
  EXPECT_TRUE(
      romeo.takes("<iq type='set'><query xmlns='jabber:iq:roster'>"
                  "<item jid='juliet@xmpp.test' subscription='remove'/></query></iq>"));
  EXPECT_TRUE(romeo.takes("<presence from='juliet@xmpp.test/balcony' type='unavailable'/>"));
  romeo.asks(roster, without("juliet"));
}

TEST(SharedGroups, WhoeverIsAwayLearnsLater) {
  TestServer server{{.modules = team}};
  server.comes_online("romeo/orchard").signs_off();
  server.is_killed();
  server.signs_in("romeo/orchard").asks(roster, with(member("juliet")));
  server.takes_settings({});
  server.restarts();
  server.signs_in("romeo/orchard").asks(roster, without("juliet"));
}

TEST(SharedGroups, WhatWasThereBeforeComesBack) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  server.befriend(romeo, juliet);
  romeo.asks(
      "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>"
      "<item jid='juliet@xmpp.test' name='Jule'><group>Love</group></item>"
      "</query></iq>",
      "<iq type='result'/>");
  server.takes_settings({.modules = team});
  server.passes(Seconds(1));
  romeo.asks(roster, with("<item jid='juliet@xmpp.test' name='Jule' subscription='both'>"
                          "<group>Love</group><group>Team</group></item>"));
  server.takes_settings({});
  server.passes(Seconds(1));
  romeo.asks(roster, with("<item jid='juliet@xmpp.test' name='Jule' subscription='both'>"
                          "<group>Love</group><ABSENT><group>Team</group></ABSENT></item>"));
}

TEST(SharedGroups, MembersCannotLeave) {
  TestServer server{{.modules = team}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(
      "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>"
      "<item jid='juliet@xmpp.test' subscription='remove'/></query></iq>",
      "<iq type='error'><error><not-allowed "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  for (const char* type : {"unsubscribe", "unsubscribed"}) {
    romeo.sends("<presence id='p' to='juliet@xmpp.test' type='" + std::string(type) + "'/>");
    romeo.receives(
        "<presence type='error' id='p'><error><not-allowed "
        "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
  }
  romeo.asks(roster, with(member("juliet")));
}

TEST(SharedGroups, WhoHasNoAccountIsNobodysContact) {
  TestServer server{{.modules = "[module.shared_groups]\ngroups = ['Team: romeo, nobody']"}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(roster, without("nobody"));
}

}  // namespace
}  // namespace herold::server
