// XEP-0115: the hash in the features is that of what the server answers, and leads to it.
#include "xmpp/ext/caps.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/test_server.h"
#include "xmpp/caps.h"
#include "xmpp/testing.h"

namespace herold::server {
namespace {

xmpp::Caps caps_in(const std::string& features) {
  const xml::Document document = xmpp::parse_test(features);
  const auto caps = xmpp::read<xmpp::Caps>(xmpp::find<xmpp::Caps>(document.root()));
  EXPECT_TRUE(caps) << features;
  return caps ? *caps : xmpp::Caps{};
}

std::string question(const std::string& node) {
  return "<iq type='get' id='d' to='xmpp.test'>"
         "<query xmlns='http://jabber.org/protocol/disco#info' node='" +
         node + "'/></iq>";
}

std::string hash_of_answer(TestClient& client) {
  client.asks(
      "<iq type='get' id='i' to='xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'/>");
  const auto info = xmpp::read<xmpp::DiscoInfo>(client.last().first_child());
  EXPECT_TRUE(info);
  return base64_encode(crypto::OpenSslCrypto()
                           .digest(crypto::HashAlgorithm::sha1, *xmpp::caps_string(*info))
                           .view());
}

TEST(Caps, TheHashIsThatOfTheAnswer) {
  TestServer server({.modules = "[contact]\nabuse = ['mailto:abuse@xmpp.test']"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  const xmpp::Caps caps = caps_in(romeo.features());
  EXPECT_EQ(caps.hash, "sha-1");
  EXPECT_EQ(caps.ver, hash_of_answer(romeo));
}

TEST(Caps, TheNodeLeadsToTheAnswer) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  const xmpp::Caps caps = caps_in(romeo.features());
  const std::string node = caps.node + "#" + caps.ver;
  romeo.asks(question(node), "<iq type='result'><query node='" + node +
                                 "' xmlns='http://jabber.org/protocol/disco#info'>"
                                 "<identity category='server'/></query></iq>");
}

TEST(Caps, AnotherHashLeadsNowhere) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  constexpr auto unknown =
      "<iq type='error'><error><item-not-found "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  const xmpp::Caps caps = caps_in(romeo.features());
  romeo.asks(question(caps.node + "#bm90IG91cnM="), unknown);
  romeo.asks(question(caps.node), unknown);
  romeo.asks(question("xmpp:elsewhere.test#" + caps.ver), unknown);
}

TEST(Caps, NewSettingsHaveAnotherHash) {
  TestServer server;
  const xmpp::Caps before = caps_in(server.signs_in("romeo/orchard").features());
  server.takes_settings({.modules = "[module.ping]\nenabled = false"});
  TestClient& again = server.signs_in("romeo/orchard");
  const xmpp::Caps after = caps_in(again.features());
  EXPECT_NE(after.ver, before.ver);
  EXPECT_EQ(after.ver, hash_of_answer(again));
}

TEST(Caps, StrangersAreNotToldBeforeTheyAreKnown) {
  TestServer server;
  EXPECT_EQ(server.opens_stream().features().find("protocol/caps"), std::string::npos);
}

}  // namespace
}  // namespace herold::server
