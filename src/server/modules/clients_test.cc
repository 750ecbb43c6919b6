// Client access management: what is listed, and what switching off does.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"
#include "xml/element.h"

namespace herold::server {
namespace {

const ClientSetup modern{.managed = true, .agent = "d4565fa7-4d72-4749-b3d3-740edbf87770"};
const ClientSetup another{.agent = "aaaaaaaa-4d72-4749-b3d3-740edbf87770"};
constexpr const char* ask = "<iq type='get' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>";

// The id of the listed client whose device or software is this.
std::string id_of(TestClient& asking, std::string_view device) {
  asking.asks(ask, "<iq type='result'><clients xmlns='urn:xmpp:cam:0'/></iq>");
  const xml::Element clients = asking.last().child("clients", "urn:xmpp:cam:0");
  for (const xml::Element client : clients.children()) {
    const xml::Element agent = client.child("user-agent", "urn:xmpp:cam:0");
    if (agent.child("device", "urn:xmpp:cam:0").first_text() == device ||
        agent.child("software", "urn:xmpp:cam:0").first_text() == device)
      return std::string(client.attribute("id"));
  }
  return {};
}

std::string revoke(std::string_view id) {
  return "<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0' id='" + std::string(id) + "'/></iq>";
}

TEST(ClientAccess, ListsInstallationsAndOldClients) {
  TestServer server;
  server.signs_in("romeo/orchard", modern);
  TestClient& old = server.signs_in("romeo/old");
  old.asks(ask,
           "<iq type='result'><clients xmlns='urn:xmpp:cam:0'>"
           "<client connected='true' id='{any}' type='session'><first-seen>{any}</first-seen>"
           "<last-seen>{any}</last-seen><auth><password/><fast/></auth>"
           "<permission status='unrestricted'/><user-agent><software>TestClient</software>"
           "<device>simulated</device></user-agent></client>"
           "<client connected='true' type='session'><auth><password/></auth><user-agent>"
           "<software>old</software></user-agent></client></clients></iq>");
}

TEST(ClientAccess, ASwitchedOffClientEndsAndStaysOut) {
  TestServer server;
  TestClient& phone = server.comes_online("romeo/phone", modern);
  TestClient& romeo = server.comes_online("romeo/desk", another);
  const std::string token = phone.token();
  // Both call themselves the same; the one that is not us was used first.
  romeo.asks(ask, "<iq type='result'/>");
  std::string id;
  for (const xml::Element client : romeo.last().child("clients", "urn:xmpp:cam:0").children())
    id = client.attribute("id");
  romeo.asks(revoke(id),
             "<iq type='error'><error type='cancel'><service-unavailable "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><password-reset-required "
             "xmlns='urn:xmpp:cam:0'/></error></iq>");
  server.passes(Seconds(1));
  EXPECT_NE(phone.is_connected(), romeo.is_connected());
  TestClient& off = phone.is_connected() ? romeo : phone;
  TestClient& on = phone.is_connected() ? phone : romeo;
  off.is_disconnected("not-authorized");
  off.cannot_sign_in("not-authorized");
  on.asks("<iq type='get' id='p'><query xmlns='jabber:iq:roster'/></iq>", "<iq type='result'/>");
  on.asks(revoke(id),
          "<iq type='error'><error><item-not-found "
          "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  server.is_killed();
  off.cannot_sign_in("not-authorized");
  on.signs_in_again();
}

TEST(ClientAccess, AnOldClientsSessionEnds) {
  TestServer server;
  TestClient& old = server.signs_in("romeo/old");
  TestClient& romeo = server.signs_in("romeo/desk", modern);
  romeo.asks(revoke(id_of(romeo, "old")), "<iq type='error'><error type='cancel'/></iq>");
  server.passes(Seconds(1));
  old.is_disconnected("not-authorized");
  EXPECT_TRUE(romeo.is_connected());
  old.signs_in_again();  // nothing but another password keeps it out
}

TEST(ClientAccess, ADetachedSessionEndsToo) {
  TestServer server;
  TestClient& phone = server.comes_online("romeo/phone", modern);
  TestClient& old = server.comes_online("romeo/old");
  phone.loses_connection();
  const std::string id = id_of(old, "simulated");
  old.asks(revoke(id), "<iq type='error'/>");
  server.passes(Seconds(1));
  old.receives("<presence type='unavailable'/>");
  phone.cannot_sign_in("not-authorized");
}

TEST(ClientAccess, OnlyTheOwnerSeesAndRevokes) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/desk", modern);
  TestClient& tybalt = server.signs_in("tybalt/street");
  const std::string id = id_of(romeo, "simulated");
  tybalt.asks("<iq type='get' to='romeo@xmpp.test' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>",
              "<iq type='error'/>");
  tybalt.asks(revoke(id),
              "<iq type='error'><error><item-not-found "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_TRUE(romeo.is_connected());
  romeo.asks("<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0'/></iq>",
             "<iq type='error'><error type='modify'/></iq>");
}

TEST(ClientAccess, AnotherPasswordLetsASwitchedOffClientIn) {
  TestServer server;
  TestClient& phone = server.comes_online("romeo/phone", modern);
  TestClient& old = server.comes_online("romeo/old");
  old.asks(revoke(id_of(old, "simulated")), "<iq type='error'/>");
  old.asks(
      "<iq type='set' to='xmpp.test' id='p'><query xmlns='jabber:iq:register'>"
      "<username>romeo</username><password>another</password></query></iq>",
      "<iq type='result'/>");
  TestClient& again = server.client("romeo/phone", {.password = "another", .agent = modern.agent});
  again.signs_in_again();
  phone.skips();
}

}  // namespace
}  // namespace herold::server
