// XEP-0092: what the server says of itself, and what its operator keeps to himself.
#include "server/version.h"

#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto question =
    "<iq type='get' id='v' to='xmpp.test'><query xmlns='jabber:iq:version'/></iq>";

TEST(Version, IsThatOfTheProgramWithoutTheOperatingSystem) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(question,
             "<iq type='result'><query xmlns='jabber:iq:version'><name>Herold</name><version>" +
                 std::string(version) + "</version><ABSENT><os/></ABSENT></query></iq>");
}

TEST(Version, CanBeHidden) {
  TestServer server({.modules = "[module.version]\nshow_version = false"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(question,
             "<iq type='result'><query xmlns='jabber:iq:version'><name>Herold</name>"
             "<version>hidden</version></query></iq>");
}

TEST(Version, NamesTheSystemWhenItMay) {
  TestServer server({.modules = "[module.version]\nshow_os = true"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(question,
             "<iq type='result'><query xmlns='jabber:iq:version'><os>Linux</os></query></iq>");
}

TEST(Version, TakesNewSettingsWhileClientsStay) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  server.takes_settings({.modules = "[module.version]\nshow_version = false"});
  romeo.asks(question,
             "<iq type='result'><query xmlns='jabber:iq:version'><version>hidden</version>"
             "</query></iq>");
  server.takes_settings({.modules = "[module.version]\nenabled = false"});
  romeo.asks(question,
             "<iq type='error'><error><service-unavailable "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
