// Shared block lists: read as a whole, kept up to date, and who is held back by them.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string hash_of(std::string_view address) {
  const crypto::OpenSslCrypto crypto;
  return hex_encode(crypto.digest(crypto::HashAlgorithm::sha256, address).view());
}

std::string refused(std::string_view stanza, std::string_view condition) {
  return "<" + std::string(stanza) + " type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></" + std::string(stanza) + ">";
}

constexpr auto settings =
    "[module.shared_block_lists]\nlists = ['pubsub.xmpp.test/unwanted']\nrefresh = '10m'\n"
    "entries = 3";
constexpr auto to_juliet = "<message type='chat' to='juliet@xmpp.test'><body>hi</body></message>";
constexpr auto entering =
    "<presence to='hall@conference.xmpp.test/t'><x xmlns='http://jabber.org/protocol/muc'/>"
    "</presence>";

// The list belongs to the admin.
struct SharedBlocks : ::testing::Test {
  SharedBlocks() {
    change("<create node='unwanted'/>");
    server.passes(Seconds(120));
  }

  void change(std::string_view what) {
    admin.asks(
        "<iq type='set' id='p' to='pubsub.xmpp.test'>"
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
            std::string(what) + "</pubsub></iq>",
        "<iq type='result'/>");
  }
  void lists(std::string_view id) {
    change("<publish node='unwanted'><item id='" + std::string(id) +
           "'><report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'/></item>"
           "</publish>");
    server.passes(Seconds(1));
  }

  TestServer server{{.modules = settings}};
  TestClient& admin = server.comes_online("admin/desk");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& tybalt = server.comes_online("tybalt/street");
};

TEST_F(SharedBlocks, WhoIsListedIsHeldBackAtOnceAndUntilHeIsNotAnyMore) {
  tybalt.sends(to_juliet);
  juliet.receives("<message><body>hi</body></message>");
  lists(hash_of("tybalt@xmpp.test"));
  tybalt.sends(to_juliet);
  tybalt.receives(refused("message", "policy-violation"));
  tybalt.sends("<presence type='subscribe' to='juliet@xmpp.test'/>");
  tybalt.receives(refused("presence", "policy-violation"));
  tybalt.sends(entering);
  tybalt.receives(refused("presence", "forbidden"));
  juliet.receives_nothing();
  change("<retract node='unwanted' notify='true'><item id='" + hash_of("tybalt@xmpp.test") +
         "'/></retract>");
  server.passes(Seconds(1));
  tybalt.sends(to_juliet);
  juliet.receives("<message><body>hi</body></message>");
}

TEST_F(SharedBlocks, WhoIsInARoomLeavesItWhenHeIsListed) {
  juliet.sends(
      "<presence to='hall@conference.xmpp.test/j'><x xmlns='http://jabber.org/protocol/muc'/>"
      "</presence>");
  juliet.asks(
      "<iq type='set' id='o' to='hall@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/>"
      "</query></iq>",
      "<iq type='result' id='o'/>");
  tybalt.sends(entering);
  juliet.skips();
  tybalt.skips();
  lists(hash_of("tybalt@xmpp.test"));
  const std::string_view gone =
      "<presence type='unavailable' from='hall@conference.xmpp.test/t'>"
      "<x xmlns='http://jabber.org/protocol/muc#user'><status code='301'/></x></presence>";
  juliet.receives(gone);
  tybalt.receives(gone);
  juliet.receives_nothing();
}

TEST_F(SharedBlocks, AreReadAgainAfterARestart) {
  lists(hash_of("tybalt@xmpp.test"));
  lists("no hash");
  server.is_killed();
  server.passes(Seconds(5));
  TestClient& again = server.comes_online("tybalt/street");
  again.sends(to_juliet);
  again.receives(refused("message", "policy-violation"));
}

TEST_F(SharedBlocks, ContactsAndAdministratorsAreHeard) {
  server.befriend(juliet, tybalt);
  lists(hash_of("tybalt@xmpp.test"));
  lists(hash_of("admin@xmpp.test"));
  lists(hash_of("xmpp.test"));  // the own domain is never meant
  for (TestClient* one : {&tybalt, &admin, &server.comes_online("paris/street")}) {
    one->sends(to_juliet);
    juliet.receives("<message><body>hi</body></message>");
  }
}

TEST_F(SharedBlocks, TheirInvitationsAndWordsInRoomsAreRefused) {
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends(
      "<presence to='hall@conference.xmpp.test/r'>"
      "<x xmlns='http://jabber.org/protocol/muc'/></presence>");
  romeo.asks(
      "<iq type='set' id='o' to='hall@conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/muc#owner'>"
      "<x xmlns='jabber:x:data' type='submit'/></query></iq>",
      "<iq type='result'/>");
  tybalt.sends(entering);
  lists(hash_of("tybalt@xmpp.test"));
  tybalt.skips();
  romeo.skips();
  tybalt.sends("<message type='groupchat' to='hall@conference.xmpp.test'><body>x</body></message>");
  tybalt.receives(refused("message", "forbidden"));
  tybalt.sends(
      "<message to='hall@conference.xmpp.test'>"
      "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='juliet@xmpp.test'/></x>"
      "</message>");
  tybalt.receives(refused("message", "forbidden"));
  romeo.receives_nothing();
  juliet.receives_nothing();
}

TEST_F(SharedBlocks, HoldAsManyAsTheLimitSays) {
  for (const char* other : {"a@x.test", "b@x.test", "c@x.test", "tybalt@xmpp.test"})
    lists(hash_of(other));
  tybalt.sends(to_juliet);
  juliet.receives("<message><body>hi</body></message>");
}

TEST_F(SharedBlocks, ArePurgedWithTheirNode) {
  lists(hash_of("tybalt@xmpp.test"));
  admin.asks(
      "<iq type='set' id='p' to='pubsub.xmpp.test'>"
      "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
      "<purge node='unwanted'/></pubsub></iq>",
      "<iq type='result'/>");
  server.passes(Seconds(1));
  tybalt.sends(to_juliet);
  juliet.receives("<message><body>hi</body></message>");
}

TEST_F(SharedBlocks, ASettingSwitchesThemOff) {
  lists(hash_of("tybalt@xmpp.test"));
  server.takes_settings({.modules = std::string(settings) + "\nusers = false"});
  server.passes(Seconds(5));
  tybalt.sends(to_juliet);
  juliet.receives("<message><body>hi</body></message>");
  tybalt.sends(entering);
  tybalt.receives(refused("presence", "forbidden"));
  server.takes_settings({});
  server.passes(Seconds(5));
  tybalt.sends(entering);
  EXPECT_TRUE(tybalt.takes("<presence from='hall@conference.xmpp.test/t'/>"));
}

// Events of others than the node's service change nothing.
TEST_F(SharedBlocks, AreNotChangedByAnybody) {
  tybalt.sends(
      "<message to='xmpp.test'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
      "<items node='unwanted'><item id='" +
      hash_of("juliet@xmpp.test") + "'/></items></event></message>");
  tybalt.receives(refused("message", "service-unavailable"));
  server.passes(Seconds(1));
  juliet.sends("<message type='chat' to='tybalt@xmpp.test'><body>hi</body></message>");
  tybalt.receives("<message><body>hi</body></message>");
}

}  // namespace
}  // namespace herold::server
