// XEP-0030: what is told to whom, and what follows from the settings.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto server_info =
    "<iq type='get' id='d' to='xmpp.test'>"
    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

std::string info_of(std::string_view to, std::string_view node = "") {
  return "<iq type='get' id='d' to='" + std::string(to) +
         "'><query xmlns='http://jabber.org/protocol/disco#info' node='" + std::string(node) +
         "'/></iq>";
}

std::string has(std::string_view children) {
  return "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>" +
         std::string(children) + "</query></iq>";
}

std::string error(std::string_view condition) {
  return "<iq type='error'><error type='cancel'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

std::vector<std::string> features(const TestClient& client) {
  std::vector<std::string> all;
  for (const xml::Element child : client.last().first_child().children())
    if (child.name() == "feature") all.emplace_back(child.attribute("var"));
  return all;
}

TEST(Disco, TheServerNamesEachFeatureOnce) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(server_info, has("<identity category='server' type='im' name='Herold'/>"
                              "<feature var='http://jabber.org/protocol/disco#info'/>"
                              "<feature var='http://jabber.org/protocol/disco#items'/>"
                              "<feature var='urn:xmpp:ping'/><feature var='vcard-temp'/>"));
  std::vector<std::string> told = features(romeo);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(std::ranges::adjacent_find(told), told.end());
}

TEST(Disco, AModuleThatIsOffIsNotAnnounced) {
  TestServer server({.modules = "[module.ping]\nenabled = false"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(server_info, has("<ABSENT><feature var='urn:xmpp:ping'/></ABSENT>"));
  server.takes_settings({});
  romeo.asks(server_info, has("<feature var='urn:xmpp:ping'/>"));
}

TEST(Disco, TheOwnAccountIsRegistered) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  constexpr auto account = "<identity category='account' type='registered'/>";
  romeo.asks(info_of("romeo@xmpp.test"), has(account));
  romeo.asks("<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
             has(account));
  romeo.asks("<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
             "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
}

// Section 8: only those who see its presence learn that there is an account.
TEST(Disco, AnAccountIsKnownToThoseWhoSeeIt) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& tybalt = server.comes_online("tybalt/street");
  server.befriend(romeo, juliet);
  juliet.asks(info_of("romeo@xmpp.test"), has("<identity category='account' type='registered'/>"));
  tybalt.asks(info_of("romeo@xmpp.test"), error("service-unavailable"));
  tybalt.asks(info_of("nobody@xmpp.test"), error("service-unavailable"));
}

TEST(Disco, NobodyKnowsThatNode) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(info_of("xmpp.test", "urn:nobody"), error("item-not-found"));
  romeo.asks(info_of("romeo@xmpp.test", "urn:nobody"), error("item-not-found"));
  romeo.asks(
      "<iq type='get' id='d' to='xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items' node='urn:nobody'/></iq>",
      error("item-not-found"));
}

TEST(Disco, IsOnlyAsked) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks(
          "<iq type='set' id='d' to='xmpp.test'>"
          "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
          error("service-unavailable"));
}

}  // namespace
}  // namespace herold::server
