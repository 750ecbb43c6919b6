// XEP-0398: the picture of the node and that of the card are one.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto data_node = "urn:xmpp:avatar:data";
constexpr auto metadata_node = "urn:xmpp:avatar:metadata";
constexpr auto base64 = "aW1hZ2U=";                                // "image"
constexpr auto sha1 = "0e76292794888d4f1fa75fb3aff4ca27c58f56a6";  // of that
constexpr auto get_card = "<iq type='get' id='v'><vCard xmlns='vcard-temp'/></iq>";

std::string data() { return "<data xmlns='urn:xmpp:avatar:data'>aW1h\nZ2U=</data>"; }
std::string metadata() {
  return "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='5' id='" + std::string(sha1) +
         "' type='image/png'/></metadata>";
}
std::string card(std::string_view inside) {
  return "<iq type='result'><vCard xmlns='vcard-temp'>" + std::string(inside) + "</vCard></iq>";
}

class AvatarsTest : public testing::Test {
 protected:
  void publish_avatar(std::string_view access) {
    juliet.asks(publish(data_node, sha1, data(), option("access_model", access)),
                published(data_node, sha1));
    juliet.asks(publish(metadata_node, sha1, metadata(), option("access_model", access)),
                published(metadata_node, sha1));
  }

  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(AvatarsTest, WhatIsPublishedForAllStandsInTheCard) {
  juliet.asks("<iq type='set' id='s'><vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard></iq>",
              "<iq type='result'/>");
  publish_avatar("open");
  server.passes(Seconds(1));
  juliet.asks(get_card, card("<FN>Juliet</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>" +
                             std::string(base64) + "</BINVAL></PHOTO>"));
  // Section 4: and its hash in presence.
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.befriend(juliet, romeo);
  juliet.sends("<presence><show>away</show></presence>");
  romeo.receives("<presence><show>away</show><x xmlns='vcard-temp:x:update'><photo>" +
                 std::string(sha1) + "</photo></x></presence>");
  juliet.sends("<presence><x xmlns='vcard-temp:x:update'/></presence>");
  romeo.receives("<presence><x xmlns='vcard-temp:x:update'><photo>" + std::string(sha1) +
                 "</photo></x></presence>");
  juliet.sends("<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>");
  romeo.receives("<presence/>");
  EXPECT_EQ(romeo.last().first_child().first_child().text(), "");
  // No picture any more.
  juliet.asks(publish(metadata_node, "x", "<metadata xmlns='urn:xmpp:avatar:metadata'/>"),
              "<iq type='result'/>");
  server.passes(Seconds(1));
  juliet.asks(get_card, card("<FN>Juliet</FN><ABSENT><PHOTO/></ABSENT>"));
}

TEST_F(AvatarsTest, WhatIsForContactsDoesNot) {
  publish_avatar("presence");
  server.passes(Seconds(1));
  juliet.asks(get_card, "<iq type='error'/>");
}

TEST_F(AvatarsTest, TheHashSurvivesTheDeathOfTheServer) {
  publish_avatar("open");
  server.passes(Seconds(1));
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  TestClient& other = server.comes_online("juliet/chamber");
  again.skips();
  other.sends("<presence><show>dnd</show></presence>");
  again.receives("<presence><x xmlns='vcard-temp:x:update'><photo>" + std::string(sha1) +
                 "</photo></x></presence>");
}

TEST_F(AvatarsTest, ThePictureOfTheCardIsPublished) {
  wants(juliet, {metadata_node});
  juliet.asks(
      "<iq type='set' id='s'><vCard xmlns='vcard-temp'><PHOTO><TYPE>image/jpeg</TYPE>"
      "<BINVAL>aW1h\nZ2U=</BINVAL></PHOTO></vCard></iq>",
      "<iq type='result'/>");
  server.passes(Seconds(1));
  juliet.receives(
      "<message><event xmlns='http://jabber.org/protocol/pubsub#event'><items>"
      "<item id='" +
      std::string(sha1) +
      "'><metadata xmlns='urn:xmpp:avatar:metadata'><info type='image/jpeg' "
      "bytes='5'/></metadata></item></items></event></message>");
  juliet.asks(items(data_node),
              items_result(data_node, "<item id='" + std::string(sha1) +
                                          "'><data xmlns='urn:xmpp:avatar:data'>" +
                                          std::string(base64) + "</data></item>"));
  // The same once more changes nothing.
  juliet.asks(
      "<iq type='set' id='s'><vCard xmlns='vcard-temp'><PHOTO><TYPE>image/jpeg</TYPE>"
      "<BINVAL>aW1hZ2U=</BINVAL></PHOTO></vCard></iq>",
      "<iq type='result'/>");
  juliet.receives_nothing();
}

TEST_F(AvatarsTest, LiesAreNotConverted) {
  juliet.asks(publish(data_node, sha1, "<data xmlns='urn:xmpp:avatar:data'>bm90IGl0</data>",
                      option("access_model", "open")),
              published(data_node, sha1));
  juliet.asks(publish(metadata_node, sha1, metadata()), published(metadata_node, sha1));
  juliet.asks(publish(metadata_node, sha1,
                      "<metadata xmlns='urn:xmpp:avatar:metadata'><info/>"
                      "</metadata>"),
              published(metadata_node, sha1));
  juliet.asks(
      "<iq type='set' id='s'><vCard xmlns='vcard-temp'><PHOTO><BINVAL>?</BINVAL></PHOTO>"
      "</vCard></iq>",
      "<iq type='result'/>");
  server.passes(Seconds(1));
  juliet.asks(get_card, card("<PHOTO><BINVAL>?</BINVAL></PHOTO>"));
}

}  // namespace
}  // namespace herold::server
