// XEP-0054: a card is its owner's to write, as large as the limit, and stays.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto own = "<iq type='get' id='v'><vCard xmlns='vcard-temp'/></iq>";

std::string error(std::string_view type, std::string_view condition) {
  return "<iq type='error'><error type='" + std::string(type) + "'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

// So many bytes inside of the card, which is what is stored.
std::string card_of(std::size_t bytes) {
  const std::string start = "<NOTE>", end = "</NOTE>";
  return "<vCard xmlns='vcard-temp'><NOTE>" + std::string(bytes - start.size() - end.size(), 'x') +
         "</NOTE></vCard>";
}

TEST(VCard, AMissingOneIsTheOwnersToKnow) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(own, error("cancel", "item-not-found"));
  // Section 3.3: an account without a card and no account look the same.
  romeo.asks("<iq type='get' id='1' to='juliet@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
             error("cancel", "service-unavailable"));
  romeo.asks("<iq type='get' id='2' to='nobody@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
             error("cancel", "service-unavailable"));
}

TEST(VCard, IsReadByEverybodyAndSurvivesTheDeathOfTheServer) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks(
          "<iq type='set' id='s'><vCard xmlns='vcard-temp'><FN>Romeo &amp; c.</FN>"
          "<N><GIVEN>Romeo</GIVEN></N><X xmlns='urn:other'/></vCard></iq>",
          "<iq type='result'/>");
  server.is_killed();
  server.signs_in("juliet/balcony")
      .asks(
          "<iq type='get' id='1' to='romeo@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
          "<iq type='result' from='romeo@xmpp.test'><vCard xmlns='vcard-temp'>"
          "<FN>Romeo &amp; c.</FN><N><GIVEN>Romeo</GIVEN></N><X xmlns='urn:other'/></vCard></iq>");
}

TEST(VCard, ANewOneReplacesTheOld) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks("<iq type='set' id='1'><vCard xmlns='vcard-temp'><FN>R</FN></vCard></iq>",
             "<iq type='result'/>");
  romeo.asks("<iq type='set' id='2'><vCard xmlns='vcard-temp'><NICKNAME>M</NICKNAME></vCard></iq>",
             "<iq type='result'/>");
  romeo.asks(own,
             "<iq type='result'><vCard xmlns='vcard-temp'><NICKNAME>M</NICKNAME>"
             "<ABSENT><FN/></ABSENT></vCard></iq>");
}

TEST(VCard, IsOnlyItsOwnersToWrite) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks("<iq type='set' id='1' to='juliet@xmpp.test'><vCard xmlns='vcard-temp'/></iq>",
            error("cancel", "service-unavailable"));
}

TEST(VCard, MayBeAsLargeAsTheLimit) {
  TestServer server({.limits = "vcard_bytes = 10000"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks("<iq type='set' id='1'>" + card_of(10000) + "</iq>", "<iq type='result'/>");
  romeo.asks("<iq type='set' id='2'>" + card_of(10001) + "</iq>",
             error("modify", "not-acceptable"));
  // The refused one has changed nothing.
  romeo.asks(own, "<iq type='result'>" + card_of(10000) + "</iq>");
}

}  // namespace
}  // namespace herold::server
