// Two servers in one simulated world: stanzas both ways, proofs, loss, order, time limits.
#include "server/federation/federation.h"

#include <gtest/gtest.h>

#include "server/federation/peer_world.h"
#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

ServerSetup montague(ServerSetup setup = {}) {
  setup.name = "montague.test";
  return setup;
}

std::string message(std::string_view to, std::string_view body) {
  return "<message type='chat' to='" + std::string(to) + "'><body>" + std::string(body) +
         "</body></message>";
}

std::string body(std::string_view text) {
  return "<message><body>" + std::string(text) + "</body></message>";
}

void enters_hall(TestClient& client, std::string_view nick) {
  client.sends("<presence to='hall@conference.capulet.test/" + std::string(nick) +
               "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
}

void opens_hall(TestClient& owner) {
  enters_hall(owner, "Juliet");
  owner.sends(
      "<iq type='set' id='i' to='hall@conference.capulet.test'>"
      "<query xmlns='http://jabber.org/protocol/muc#owner'>"
      "<x xmlns='jabber:x:data' type='submit'/></query></iq>");
}

TEST(Federation, AMessageCrossesAndItsAnswerComesBack) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  juliet.sends(message("romeo@montague.test", "Art thou not Romeo"));
  romeo.receives(
      "<message from='juliet@capulet.test/balcony' to='romeo@montague.test'>"
      "<body>Art thou not Romeo</body></message>");
  romeo.sends(message("juliet@capulet.test/balcony", "Neither, fair saint"));
  juliet.receives(
      "<message from='romeo@montague.test/orchard'>"
      "<body>Neither, fair saint</body></message>");
}

TEST(Federation, RequestsAreAnsweredAcross) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  juliet.asks(
      "<iq type='get' id='d' to='montague.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result' from='montague.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
}

TEST(Federation, NobodyKnowsSuchADomain) {
  TestServer capulet({.name = "capulet.test"});
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  juliet.sends(message("romeo@nowhere.test", "hello"));
  juliet.receives(
      "<message type='error' from='romeo@nowhere.test'><error type='cancel'>"
      "<remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
      "</error></message>");
}

TEST(Federation, WhatWasSaidWhileTheOtherWasAwayArrivesInOrder) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  montague_server.is_not_found({{Condition::remote_server_timeout, "It is down"}});
  for (int i = 0; i < 20; ++i) juliet.sends(message("romeo@montague.test", std::to_string(i)));
  juliet.asks("<iq type='get' id='v' to='montague.test'><query xmlns='jabber:iq:version'/></iq>",
              "<iq type='error' from='montague.test'><error type='wait'><remote-server-timeout "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  capulet.passes(Seconds(3600));
  juliet.receives_nothing();
  montague_server.is_found_again();
  capulet.passes(Seconds(300));
  for (int i = 0; i < 20; ++i) romeo.receives(body(std::to_string(i)));
  romeo.receives_nothing();
}

TEST(Federation, MessagesForAServerThatStaysAwayComeBackAfterTheirTime) {
  TestServer capulet({.limits = "message_lifetime = '1h'", .name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  montague_server.is_not_found({{Condition::remote_server_timeout, "It is down"}});
  juliet.sends(message("romeo@montague.test", "hello"));
  capulet.passes(Seconds(3590));
  juliet.receives_nothing();
  capulet.passes(Seconds(20));
  juliet.receives(
      "<message type='error' from='romeo@montague.test'><error type='wait'>"
      "<remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
      "</error></message>");
}

TEST(Federation, ALostStreamLosesNoMessageAndKeepsTheOrder) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  juliet.sends(message("romeo@montague.test", "first"));
  romeo.receives(body("first"));
  int last = -1;
  for (int i = 0; i < 100; ++i) {
    juliet.sends(message("romeo@montague.test", std::to_string(i)));
    if (i % 10 == 5) montague_server.loses_its_streams();
  }
  capulet.passes(Seconds(60));
  // What was not acknowledged comes again (XEP-0198): later ones never overtake.
  for (const xml::Document& one : romeo.takes_all()) {
    const xml::Element text = one.root().child("body", "jabber:client");
    const int number = std::stoi(std::string(text.text()));
    EXPECT_LE(number, last + 1);
    last = std::max(last, number);
  }
  EXPECT_EQ(last, 99);
}

TEST(Federation, MessagesSurviveADeathOfTheSendersServer) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  montague_server.is_not_found({{Condition::remote_server_timeout, "It is down"}});
  for (int i = 0; i < 10; ++i) juliet.sends(message("romeo@montague.test", std::to_string(i)));
  capulet.is_killed();
  montague_server.is_found_again();
  capulet.passes(Seconds(60));
  for (int i = 0; i < 10; ++i) romeo.receives(body(std::to_string(i)));
  romeo.receives_nothing();
}

TEST(Federation, MoreThanFitsIntoMemoryWaitsInTheJournal) {
  TestServer capulet({.limits = "peer_queue = 3", .name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  montague_server.is_not_found({{Condition::remote_server_timeout, "It is down"}});
  for (int i = 0; i < 30; ++i) juliet.sends(message("romeo@montague.test", std::to_string(i)));
  juliet.receives_nothing();
  montague_server.is_found_again();
  capulet.passes(Seconds(300));
  for (int i = 0; i < 30; ++i) romeo.receives(body(std::to_string(i)));
}

// Each new stream counts from its own beginning (XEP-0198).
TEST(Federation, WhatWasAcknowledgedDoesNotComeAgain) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  for (const std::string stream : {"first ", "second ", "third "}) {
    for (int i = 0; i < 3; ++i)
      juliet.sends(message("romeo@montague.test", stream + std::to_string(i)));
    for (int i = 0; i < 3; ++i) romeo.receives(body(stream + std::to_string(i)));
    capulet.passes(Seconds(1));
    montague_server.loses_its_streams();
    capulet.passes(Seconds(10));
  }
  romeo.receives_nothing();
}

TEST(Federation, SubscriptionsAndPresenceCross) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  juliet.sends("<presence type='subscribe' to='romeo@montague.test'/>");
  romeo.receives("<presence type='subscribe' from='juliet@capulet.test'/>");
  juliet.skips();
  romeo.sends("<presence type='subscribed' to='juliet@capulet.test'/>");
  EXPECT_TRUE(juliet.takes("<presence from='romeo@montague.test/orchard'/>"));
  juliet.skips();
  romeo.sends("<presence><show>away</show></presence>");
  juliet.receives("<presence from='romeo@montague.test/orchard'><show>away</show></presence>");
  juliet.signs_off();
  TestClient& again = capulet.signs_in("juliet/chamber");
  again.sends("<presence/>");
  EXPECT_TRUE(
      again.takes("<presence from='romeo@montague.test/orchard'><show>away</show>"
                  "</presence>"));
  again.skips();
  romeo.signs_off();
  again.receives("<presence type='unavailable' from='romeo@montague.test/orchard'/>");
}

TEST(Federation, WhoIsDeniedIsNotTalkedTo) {
  TestServer capulet({.name = "capulet.test", .federation = "deny = ['montague.test']"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  juliet.sends(message("romeo@montague.test", "hello"));
  juliet.receives(
      "<message type='error'><error type='cancel'><not-allowed "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  romeo.sends(message("juliet@capulet.test", "hello"));
  capulet.passes(Seconds(60));
  juliet.receives_nothing();
}

TEST(Federation, RoomsHaveOccupantsFromElsewhere) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  opens_hall(juliet);
  enters_hall(romeo, "Romeo");
  EXPECT_TRUE(romeo.takes("<presence from='hall@conference.capulet.test/Juliet'/>"));
  EXPECT_TRUE(juliet.takes("<presence from='hall@conference.capulet.test/Romeo'/>"));
  juliet.skips(), romeo.skips();
  romeo.sends(
      "<message type='groupchat' to='hall@conference.capulet.test'><body>hi</body>"
      "</message>");
  juliet.receives(
      "<message type='groupchat' from='hall@conference.capulet.test/Romeo'>"
      "<body>hi</body></message>");
  romeo.receives(
      "<message type='groupchat' from='hall@conference.capulet.test/Romeo'>"
      "<body>hi</body></message>");
}

// HOSTILE 105: whom nothing reaches any more is not in the room.
TEST(Federation, GhostsLeaveARoomWhenTheirServerIsGone) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  opens_hall(juliet);
  enters_hall(romeo, "Romeo");
  EXPECT_TRUE(juliet.takes("<presence from='hall@conference.capulet.test/Romeo'/>"));
  juliet.skips();
  montague_server.is_not_found({{Condition::remote_server_timeout, "It is down"}});
  montague_server.loses_its_streams();
  juliet.sends(
      "<message type='groupchat' to='hall@conference.capulet.test'><body>who is here?"
      "</body></message>");
  capulet.passes(Seconds(60));
  juliet.receives("<message type='groupchat'><body>who is here?</body></message>");
  juliet.receives("<presence type='unavailable' from='hall@conference.capulet.test/Romeo'/>");
}

// XEP-0163 section 4.3: contacts on other servers are told as those here are.
TEST(Federation, ContactsElsewhereHearOfPublications) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(capulet, montague());
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& romeo = montague_server.comes_online("romeo/orchard");
  capulet.befriend(juliet, romeo);
  juliet.skips(), romeo.skips();
  const auto publish = [&](std::string_view mood) {
    juliet.asks(
        "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        "<publish node='http://jabber.org/protocol/mood'><item id='current'>"
        "<mood xmlns='http://jabber.org/protocol/mood'><" +
            std::string(mood) + "/></mood></item></publish></pubsub></iq>",
        "<iq type='result'/>");
  };
  const auto mood = [](std::string_view name) {
    return "<message type='headline' from='juliet@capulet.test' "
           "to='romeo@montague.test/orchard'><event "
           "xmlns='http://jabber.org/protocol/pubsub#event'><items "
           "node='http://jabber.org/protocol/mood'><item id='current'>"
           "<mood xmlns='http://jabber.org/protocol/mood'><" +
           std::string(name) + "/></mood></item></items></event></message>";
  };
  publish("happy");
  romeo.receives_nothing();  // it did not say that it wants to hear of moods
  wants(romeo, {"http://jabber.org/protocol/mood"});
  EXPECT_TRUE(romeo.takes(mood("happy")));  // the last one, as it comes to know of it
  romeo.skips(), juliet.skips();
  publish("sad");
  romeo.receives(mood("sad"));
  romeo.sends("<presence type='unavailable'/>");
  juliet.skips(), romeo.skips();
  publish("calm");
  romeo.receives_nothing();
}

// XEP-0377 section 5: only where the user says so, and without a word of who it is.
TEST(Federation, ReportsReachWhoAnswersForTheOtherServer) {
  TestServer capulet({.name = "capulet.test"});
  TestServer montague_server(
      capulet,
      montague({.modules = "[contact]\nabuse = ['mailto:abuse@montague.test', "
                           "'xmpp:somebody@else.test', 'xmpp:nurse@montague.test?message']"}));
  TestClient& juliet = capulet.comes_online("juliet/balcony");
  TestClient& nurse = montague_server.comes_online("nurse/desk");
  const auto reports = [&](std::string_view consent) {
    juliet.asks(
        "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>"
        "<item jid='tybalt@montague.test'><report xmlns='urn:xmpp:reporting:1' "
        "reason='urn:xmpp:reporting:spam'><stanza-id xmlns='urn:xmpp:sid:0' "
        "by='juliet@capulet.test' id='7'/><text>Buy my sword</text>" +
            std::string(consent) + "</report></item></block></iq>",
        "<iq type='result'/>");
  };
  reports("");
  nurse.receives_nothing();
  reports("<report-origin/>");
  nurse.receives(
      "<message from='capulet.test'><body>A user of capulet.test reports tybalt@montague.test: "
      "urn:xmpp:reporting:spam\nBuy my sword</body><jid xmlns='urn:xmpp:jid:0'>"
      "tybalt@montague.test</jid><report xmlns='urn:xmpp:reporting:1' "
      "reason='urn:xmpp:reporting:spam'><text>Buy my sword</text>"
      "<ABSENT><stanza-id xmlns='urn:xmpp:sid:0'/></ABSENT></report></message>");
}

}  // namespace
}  // namespace herold::server
