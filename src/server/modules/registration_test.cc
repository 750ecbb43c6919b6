// XEP-0077: who may register, what and how often; changing and leaving.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string registers(std::string_view username, std::string_view password = "pw") {
  return "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" +
         std::string(username) + "</username><password>" + std::string(password) +
         "</password></query></iq>";
}

std::string error(std::string_view type, std::string_view condition) {
  return "<iq type='error'><error type='" + std::string(type) + "'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

constexpr auto form = "<iq type='get' id='f'><query xmlns='jabber:iq:register'/></iq>";
constexpr auto done = "<iq type='result'/>";

struct InBandRegistration : ::testing::Test {
  TestServer server{{.limits = "registrations_per_prefix = 2\nregistration_window = 100",
                     .domain = "registration = 'open'"}};
};

TEST_F(InBandRegistration, IsOfferedBeforeTheLogin) {
  TestClient& stranger = server.opens_stream();
  EXPECT_NE(stranger.features().find("http://jabber.org/features/iq-register"), std::string::npos);
  stranger.asks(form,
                "<iq type='result'><query xmlns='jabber:iq:register'><instructions/>"
                "<username/><password/></query></iq>");
  EXPECT_EQ(server.signs_in("romeo/orchard").features().find("iq-register"), std::string::npos);
}

TEST_F(InBandRegistration, WhoHasAnAccountSignsIn) {
  server.opens_stream().asks(registers("peter"), done);
  TestClient& peter = server.signs_in("peter/house", {.password = "pw"});
  peter.asks(form,
             "<iq type='result'><query xmlns='jabber:iq:register'><registered/>"
             "<username>peter</username></query></iq>");
}

TEST_F(InBandRegistration, NamesAreTakenOnceAndChecked) {
  TestClient& stranger = server.opens_stream();
  stranger.asks(registers("romeo"), error("cancel", "conflict"));
  stranger.asks(registers("Romeo"), error("cancel", "conflict"));
  stranger.asks(registers(""), error("modify", "not-acceptable"));
  stranger.asks(registers("a@b"), error("modify", "not-acceptable"));
  stranger.asks(registers("\xD1\x80omeo"), error("modify", "not-acceptable"));  // Cyrillic er
  stranger.asks(registers("peter", ""), error("modify", "not-acceptable"));
  stranger.asks(registers("peter", std::string(1024, 'x')), error("modify", "not-acceptable"));
  stranger.asks("<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>",
                error("wait", "unexpected-request"));
}

// HOSTILE 72. What is refused for its name has cost nothing.
TEST_F(InBandRegistration, OneNetworkRegistersAsOftenAsTheLimitSays) {
  TestClient& stranger = server.opens_stream();
  stranger.asks(registers("romeo"), error("cancel", "conflict"));
  stranger.asks(registers("one"), done);
  stranger.asks(registers("two"), done);
  stranger.asks(registers("three"), error("wait", "resource-constraint"));
  server.opens_stream().asks(registers("three"), done);  // from elsewhere
}

TEST(RegistrationClosed, NobodyRegisters) {
  TestServer server;
  TestClient& stranger = server.opens_stream();
  EXPECT_EQ(stranger.features().find("iq-register"), std::string::npos);
  stranger.asks(form, error("cancel", "service-unavailable"));
  stranger.asks(registers("peter"), error("cancel", "service-unavailable"));
  server.takes_settings({.domain = "registration = 'open'"});
  server.opens_stream().asks(registers("peter"), done);
}

// --- after the login (sections 3.2 and 3.3), also where registration is closed ---

TEST(RegistrationChange, APasswordIsItsOwners) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(registers("juliet", "new"), error("cancel", "not-allowed"));
  romeo.asks(registers("romeo", ""), error("modify", "not-acceptable"));
  romeo.asks(
      "<iq type='set' id='r'><query xmlns='jabber:iq:register'><password>x</password>"
      "</query></iq>",
      error("modify", "bad-request"));
  romeo.asks(registers("romeo", "new"), done);
  EXPECT_TRUE(romeo.is_connected());
  server.is_killed();
  server.signs_in("romeo/orchard", {.password = "new"});
}

TEST(RegistrationRemoval, EverythingGoesAndContactsLearnIt) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& juliet = server.comes_online("juliet/balcony");
  server.befriend(romeo, juliet);
  juliet.asks("<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>", done);
  romeo.asks("<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>R</FN></vCard></iq>", done);
  romeo.sends("<iq type='set' id='x'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  romeo.receives("<iq type='result' id='x'/>");  // before the end
  romeo.is_disconnected("not-authorized");
  street.is_disconnected("not-authorized");
  EXPECT_TRUE(juliet.takes("<presence type='unavailable' from='romeo@xmpp.test/orchard'/>"));
  EXPECT_TRUE(juliet.takes("<presence type='unsubscribe' from='romeo@xmpp.test'/>"));
  EXPECT_TRUE(juliet.takes("<presence type='unsubscribed' from='romeo@xmpp.test'/>"));
  juliet.asks("<iq type='get' id='1' to='romeo@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
              error("cancel", "service-unavailable"));
}

TEST(RegistrationRemoval, NothingStandsBesideIt) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(
      "<iq type='set' id='x'><query xmlns='jabber:iq:register'><remove/>"
      "<username>romeo</username></query></iq>",
      error("modify", "bad-request"));
  EXPECT_TRUE(romeo.is_connected());
}

}  // namespace
}  // namespace herold::server
