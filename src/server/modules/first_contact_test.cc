// Messages of strangers: who is one, what is asked of them, and what they are told.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string says(std::string_view to, std::string_view body, std::string_view type = "chat") {
  return "<message type='" + std::string(type) + "' id='m' to='" + std::string(to) +
         "@xmpp.test'><body>" + std::string(body) + "</body></message>";
}
std::string error(std::string_view type, std::string_view condition) {
  return "<message type='error' id='m'><error type='" + std::string(type) + "'><" +
         std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
}
std::string heard(std::string_view body) {
  return "<message><body>" + std::string(body) + "</body></message>";
}

std::string entering(std::string_view nick) {
  return "<presence to='hall@conference.xmpp.test/" + std::string(nick) +
         "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
}
void opens_hall(TestClient& owner) {
  owner.sends(entering("owner"));
  owner.asks(
      "<iq type='set' id='o' to='hall@conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/muc#owner'>"
      "<x xmlns='jabber:x:data' type='submit'/></query></iq>",
      "<iq type='result'/>");
}

std::string settings(std::string_view rest) {
  return "[module.first_contact]\nstrangers = 'everybody'\n" + std::string(rest);
}

TEST(FirstContact, ByDefaultOwnUsersAreHeard) {
  TestServer server{{.modules = "[module.first_contact]\nask_first = true\nlinks = false"}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends(says("juliet", "see https://verona.test/"));
  juliet.receives(heard("see https://verona.test/"));
}

struct AskFirst : ::testing::Test {
  TestServer server{{.modules = settings("ask_first = true")}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
};

TEST_F(AskFirst, AStrangerIsToldWhatToDoAndAContactIsHeard) {
  for (const char* type : {"chat", "normal", "headline"}) {
    romeo.sends(says("juliet", "hi", type));
    romeo.receives(error("auth", "subscription-required"));
  }
  juliet.receives_nothing();
  server.befriend(juliet, romeo);
  romeo.sends(says("juliet", "hi"));
  juliet.receives(heard("hi"));
}

TEST_F(AskFirst, NothingIsKeptOfWhatCameBack) {
  juliet.signs_off();
  romeo.sends(says("juliet", "hi"));
  romeo.receives(error("auth", "subscription-required"));
  TestClient& again = server.signs_in("juliet/balcony");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes(heard("hi")));
}

TEST_F(AskFirst, WhoWasWrittenToMayAnswerAlsoAfterARestart) {
  TestClient& admin = server.comes_online("admin/desk");
  admin.sends(says("juliet", "how are you?"));  // administrators are no strangers
  juliet.receives(heard("how are you?"));
  juliet.sends(says("admin", "well"));
  admin.receives(heard("well"));
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  TestClient& desk = server.comes_online("admin/desk");
  again.sends(says("admin", "and you?"));
  desk.receives(heard("and you?"));
}

TEST_F(AskFirst, RoomsAndErrorsAndOwnDevicesAreHeard) {
  TestClient& garden = server.comes_online("juliet/garden");
  garden.sends("<message type='chat' to='juliet@xmpp.test/balcony'><body>me</body></message>");
  juliet.receives(heard("me"));
  opens_hall(romeo);
  juliet.sends(entering("j"));
  romeo.skips();
  juliet.skips();
  romeo.sends(
      "<message type='groupchat' to='hall@conference.xmpp.test'><body>all</body></message>");
  EXPECT_TRUE(juliet.takes("<message type='groupchat'><body>all</body></message>"));
  romeo.sends("<message type='chat' to='hall@conference.xmpp.test/j'><body>you</body></message>");
  EXPECT_TRUE(juliet.takes("<message type='chat'><body>you</body></message>"));
  juliet.sends(
      "<message type='error' id='e' to='romeo@xmpp.test/orchard'><error type='cancel'>"
      "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  EXPECT_TRUE(romeo.takes("<message type='error' id='e'/>"));
}

TEST(FirstContact, LinksHaveToWaitForAnAnswer) {
  TestServer server{{.modules = settings("links = false")}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* body : {"see HTTPS://verona.test/", "www.verona.test", "xmpp:a@b.test"}) {
    romeo.sends(says("juliet", body));
    romeo.receives(error("modify", "policy-violation"));
  }
  romeo.sends("<message id='m' to='juliet@xmpp.test'><subject>http://x.test</subject></message>");
  romeo.receives(error("modify", "policy-violation"));
  romeo.sends(
      "<message id='m' to='juliet@xmpp.test'><body>look</body>"
      "<x xmlns='jabber:x:oob'><url>a:b</url></x></message>");
  romeo.receives(error("modify", "policy-violation"));
  romeo.sends(says("juliet", "hi: no link"));
  juliet.receives(heard("hi: no link"));
  juliet.sends(says("romeo", "hi"));
  romeo.receives(heard("hi"));
  romeo.sends(says("juliet", "https://verona.test/"));
  juliet.receives(heard("https://verona.test/"));
}

TEST(FirstContact, SoManyStrangersAreHeardWithinTheWindow) {
  TestServer server{{.modules = settings("most = 2\nwindow = '10m'")}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& nurse = server.comes_online("nurse/chamber");
  TestClient& paris = server.comes_online("paris/street");
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, nurse);
  for (TestClient* one : {&paris, &romeo, &paris}) {
    one->sends(says("juliet", "hi"));
    juliet.receives(heard("hi"));
  }
  TestClient& tybalt = server.comes_online("tybalt/street");
  tybalt.sends(says("juliet", "hi"));
  tybalt.receives(error("wait", "resource-constraint"));
  nurse.sends(says("juliet", "hi"));  // is none
  juliet.receives(heard("hi"));
  romeo.sends(says("juliet", "again"));  // is no new one
  juliet.receives(heard("again"));
  server.passes(Seconds(600));
  tybalt.sends(says("juliet", "hi"));
  juliet.receives(heard("hi"));
}

TEST(FirstContact, AContactMayInviteThroughARoom) {
  TestServer server{{.modules = settings("ask_first = true")}};
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& tybalt = server.comes_online("tybalt/street");
  server.befriend(juliet, romeo);
  opens_hall(romeo);
  tybalt.sends(entering("t"));
  constexpr auto invitation =
      "<message to='hall@conference.xmpp.test'><x xmlns='http://jabber.org/protocol/muc#user'>"
      "<invite to='juliet@xmpp.test'/></x></message>";
  tybalt.sends(invitation);
  EXPECT_FALSE(juliet.takes("<message from='hall@conference.xmpp.test'/>"));
  romeo.sends(invitation);
  EXPECT_TRUE(juliet.takes("<message from='hall@conference.xmpp.test'/>"));
}

}  // namespace
}  // namespace herold::server
