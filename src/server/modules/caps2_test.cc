// XEP-0390: every hash in the features is that of what the server answers, and leads to it.
#include "xmpp/ext/caps2.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/test_server.h"
#include "xmpp/caps.h"
#include "xmpp/testing.h"

namespace herold::server {
namespace {

xmpp::Caps2 caps_in(const std::string& features) {
  const xml::Document document = xmpp::parse_test(features);
  const auto caps = xmpp::read<xmpp::Caps2>(xmpp::find<xmpp::Caps2>(document.root()));
  EXPECT_TRUE(caps) << features;
  return caps ? *caps : xmpp::Caps2{};
}

std::string question(const std::string& node) {
  return "<iq type='get' id='d' to='xmpp.test'>"
         "<query xmlns='http://jabber.org/protocol/disco#info' node='" +
         node + "'/></iq>";
}

struct Caps2 : ::testing::Test {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  xmpp::Caps2 caps = caps_in(romeo.features());
};

TEST_F(Caps2, TheHashesAreThoseOfTheAnswer) {
  romeo.asks(question(""), "<iq type='result'/>");
  const auto info = xmpp::read<xmpp::DiscoInfo>(romeo.last().first_child());
  ASSERT_TRUE(info);
  const auto text = xmpp::caps2_string(*info);
  ASSERT_TRUE(text);
  const crypto::OpenSslCrypto crypto;
  ASSERT_EQ(caps.hashes.size(), 2u);
  EXPECT_EQ(caps.hashes[0].algorithm, "sha-256");
  EXPECT_EQ(caps.hashes[0].value,
            base64_encode(crypto.digest(crypto::HashAlgorithm::sha256, *text).view()));
  EXPECT_EQ(caps.hashes[1].algorithm, "sha3-256");
  EXPECT_EQ(caps.hashes[1].value,
            base64_encode(crypto.digest(crypto::HashAlgorithm::sha3_256, *text).view()));
}

TEST_F(Caps2, EachNodeLeadsToTheAnswer) {
  for (const xmpp::HashValue& hash : caps.hashes) {
    const std::string node = xmpp::caps2_node(hash.algorithm, hash.value);
    romeo.asks(question(node), "<iq type='result'><query node='" + node +
                                   "' xmlns='http://jabber.org/protocol/disco#info'>"
                                   "<identity category='server'/></query></iq>");
  }
}

TEST_F(Caps2, AnotherHashLeadsNowhere) {
  constexpr auto unknown =
      "<iq type='error'><error><item-not-found "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  romeo.asks(question("urn:xmpp:caps#sha-256.AAAA"), unknown);
  romeo.asks(question("urn:xmpp:caps#md5." + caps.hashes[0].value), unknown);
  romeo.asks(question("urn:xmpp:caps#sha3-256." + caps.hashes[0].value), unknown);
}

TEST_F(Caps2, NewSettingsHaveOthers) {
  server.takes_settings({.modules = "[module.ping]\nenabled = false"});
  const xmpp::Caps2 after = caps_in(server.signs_in("romeo/orchard").features());
  EXPECT_NE(after.hashes.at(0).value, caps.hashes.at(0).value);
}

}  // namespace
}  // namespace herold::server
