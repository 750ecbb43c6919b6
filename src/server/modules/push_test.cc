// XEP-0357: which client is woken for what, how often, and when its service is given up.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"
#include "store/database.h"
#include "xml/element.h"

namespace herold::server {
namespace {

constexpr auto done = "<iq type='result'/>";
constexpr auto enable =
    "<iq type='set' id='on'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' node='n1'/>"
    "</iq>";
constexpr auto disable =
    "<iq type='set' id='off'><disable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push'/></iq>";

std::string text(std::string_view words) {
  return "<message to='romeo@xmpp.test' type='chat'><body>" + std::string(words) +
         "</body></message>";
}

std::string notification(std::string_view messages, std::string_view more = "") {
  return "<iq type='set' from='romeo@xmpp.test'>"
         "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n1'><item>"
         "<notification xmlns='urn:xmpp:push:0'><x xmlns='jabber:x:data' type='submit'>"
         "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:push:summary</value></field>"
         "<field var='message-count'><value>" +
         std::string(messages) + "</value></field>" + std::string(more) +
         "</x></notification></item></publish></pubsub></iq>";
}

constexpr auto no_sender = "<ABSENT><field var='last-message-sender'/></ABSENT>";
constexpr auto no_body = "<ABSENT><field var='last-message-body'/></ABSENT>";

// romeo's phone wants to be woken through the service that the nurse runs.
struct Push : ::testing::Test {
  explicit Push(ServerSetup setup = {.limits = "push_rate = 6\npush_failures = 3"})
      : server(std::move(setup)) {
    server.befriend(phone, juliet);
    phone.asks(enable, done);
  }

  void service_answers(std::string_view type, std::string_view content = "") {
    service.sends("<iq to='romeo@xmpp.test' type='" + std::string(type) + "' id='" +
                  std::string(service.last().attribute("id")) + "'>" + std::string(content) +
                  "</iq>");
  }
  void service_refuses(std::string_view type, std::string_view condition) {
    service_answers("error", "<error type='" + std::string(type) + "'><" + std::string(condition) +
                                 " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  }
  void service_is_told(std::string_view messages) {
    service.receives(notification(messages));
    service_answers("result");
  }

  TestServer server;
  TestClient& service = server.signs_in("nurse/push");
  TestClient& phone = server.comes_online("romeo/phone", {.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Push, AClientThatIsThereIsNotWoken) {
  juliet.sends(text("awake?"));
  phone.receives("<message><body>awake?</body></message>");
  service.receives_nothing();
}

TEST_F(Push, WhatWaitsForItWakesIt) {
  phone.signs_off();
  juliet.sends(text("asleep?"));
  service.receives(notification("1", std::string(no_sender) + no_body));
}

// XEP-0494: it is switched off while it waits for its client.
TEST_F(Push, ASwitchedOffClientIsNotWoken) {
  TestClient& desk = server.comes_online("romeo/desk");
  phone.loses_connection();
  desk.asks("<iq type='get' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>", done);
  std::string id;
  for (const xml::Element client : desk.last().first_child().children())
    if (client.child("user-agent", client.ns()).child("software", client.ns()).first_text() ==
        "phone")
      id = client.attribute("id");
  desk.asks("<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0' id='" + id + "'/></iq>",
            "<iq type='error'/>");  // it knows the password
  desk.signs_off();
  juliet.sends(text("asleep?"));
  service.receives_nothing();
}

// The same of one that has no session any more, also after a restart.
TEST_F(Push, AnAbsentClientThatIsSwitchedOffIsNotWoken) {
  phone.asks(disable, done);
  const ClientSetup modern{.agent = "d4565fa7-4d72-4749-b3d3-740edbf87770"};
  TestClient& tablet = server.comes_online("romeo/tablet", modern);
  tablet.asks(enable, done);
  tablet.signs_off();
  phone.signs_off();
  server.restarts();
  service.signs_in_again();
  juliet.signs_in_again();
  TestClient& desk = server.signs_in("romeo/desk");
  juliet.sends(text("asleep?"));
  service_is_told("1");
  desk.asks("<iq type='get' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>", done);
  std::string id;
  for (const xml::Element client : desk.last().first_child().children())
    if (client.attribute("connected") != "true") id = client.attribute("id");
  desk.asks("<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0' id='" + id + "'/></iq>", "<iq/>");
  server.passes(Seconds(60));
  juliet.sends(text("still asleep?"));
  service.receives_nothing();
}

// It was switched off by a command while the server was stopped, which knows nothing of push.
TEST_F(Push, AClientThatWasSwitchedOffMeanwhileIsNotWoken) {
  phone.asks(disable, done);
  TestClient& tablet =
      server.comes_online("romeo/tablet", {.agent = "d4565fa7-4d72-4749-b3d3-740edbf87770"});
  tablet.asks(enable, done);
  tablet.signs_off();
  phone.signs_off();
  store::Clients& clients = server.stores().clients();
  clients.list("romeo@xmpp.test", [&](const Result<std::vector<store::Client>>& rows) {
    ASSERT_TRUE(rows && rows->size() == 1);
    clients.revoke("romeo@xmpp.test", rows->front().id, [](const Result<>&) {});
  });
  server.passes(Seconds(1));
  server.restarts();
  service.signs_in_again();
  juliet.signs_in_again();
  juliet.sends(text("asleep?"));
  service.receives_nothing();
}

TEST_F(Push, AnotherClientsConnectionDoesNotCount) {
  TestClient& desk = server.comes_online("romeo/desk");
  phone.signs_off();
  desk.skips();
  juliet.sends(text("at the desk"));
  desk.receives("<message><body>at the desk</body></message>");
  service_is_told("1");
}

TEST_F(Push, ASessionThatWaitsForItsClientWakesIt) {
  phone.loses_connection();
  service.receives_nothing();
  juliet.sends(text("where are you?"));
  service_is_told("1");
  phone.resumes();
  phone.receives("<message><body>where are you?</body></message>");
}

TEST_F(Push, WhatWasOnItsWayWhenTheConnectionBrokeWakesIt) {
  TestClient& watch = server.comes_online("romeo/watch", {.managed = true, .acknowledges = false});
  watch.asks(
      "<iq type='set' id='on'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' "
      "node='n1'/></iq>",
      done);
  juliet.sends(text("into the tunnel"));
  service.receives_nothing();
  watch.loses_connection();
  service_is_told("1");
}

TEST_F(Push, OnlyWhatMattersWakes) {
  phone.signs_off();
  juliet.sends(
      "<message to='romeo@xmpp.test' type='chat'>"
      "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  juliet.sends(
      "<message to='romeo@xmpp.test'><received xmlns='urn:xmpp:receipts' id='1'/></message>");
  juliet.sends("<message to='romeo@xmpp.test' type='headline'><body>news</body></message>");
  juliet.sends("<presence/>");
  service.receives_nothing();
  juliet.sends(
      "<message to='romeo@xmpp.test'><encrypted xmlns='eu.siacs.conversations.axolotl'/>"
      "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/></message>");
  service_is_told("1");
  server.passes(Seconds(10));
  juliet.sends(
      "<message to='romeo@xmpp.test'><x xmlns='jabber:x:conference' jid='feast@rooms.test'/>"
      "</message>");
  service_is_told("1");
}

TEST_F(Push, MuchIsToldTogetherAndCallsAtOnce) {
  phone.signs_off();
  for (const auto* words : {"one", "two", "three"}) juliet.sends(text(words));
  service_is_told("1");
  service.receives_nothing();
  juliet.sends(
      "<message to='romeo@xmpp.test'><propose xmlns='urn:xmpp:jingle-message:0' id='c1'/>"
      "</message>");
  service_is_told("3");
  juliet.sends(text("four"));
  service.receives_nothing();
  server.passes(Seconds(10));
  service_is_told("1");
  server.passes(Seconds(60));
  service.receives_nothing();
}

TEST_F(Push, WhoComesBackIsNotWokenForWhatIsTold) {
  phone.signs_off();
  juliet.sends(text("one"));
  juliet.sends(text("two"));
  service_is_told("1");
  TestClient& again = server.comes_online("romeo/phone");
  server.passes(Seconds(60));
  service.receives_nothing();
  again.signs_off();
  juliet.sends(text("three"));
  service_is_told("1");
}

TEST_F(Push, RegistrationsSurviveAndEnd) {
  phone.signs_off();
  server.is_killed();
  TestClient& nurse = server.signs_in("nurse/push");
  TestClient& julia = server.comes_online("juliet/balcony");
  julia.sends(text("after the fall"));
  nurse.receives(notification("1"));
  TestClient& back = server.comes_online("romeo/phone");
  back.asks(disable, done);
  back.signs_off();
  julia.sends(text("unheard"));
  nurse.receives_nothing();
  server.is_killed();
  TestClient& nurse_again = server.signs_in("nurse/push");
  server.comes_online("juliet/balcony").sends(text("still unheard"));
  nurse_again.receives_nothing();
}

TEST_F(Push, TheSameServiceAndNodeIsOneRegistration) {
  phone.asks(
      "<iq type='set' id='on'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' node='n1'>"
      "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
      "<value>http://jabber.org/protocol/pubsub#publish-options</value></field>"
      "<field var='secret'><value>eruio234</value></field></x></enable></iq>",
      done);
  phone.signs_off();
  juliet.sends(text("once"));
  service.receives(
      "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n1'/>"
      "<publish-options><x xmlns='jabber:x:data'><field var='FORM_TYPE'/>"
      "<field var='secret'><value>eruio234</value></field></x></publish-options></pubsub></iq>");
  service.receives_nothing();
}

TEST_F(Push, AServiceThatKnowsNothingIsForgottenAtOnce) {
  phone.signs_off();
  juliet.sends(text("one"));
  service.receives(notification("1"));
  service_refuses("cancel", "item-not-found");
  server.passes(Seconds(60));
  juliet.sends(text("two"));
  service.receives_nothing();
}

TEST_F(Push, AServiceThatIsBusyHasSomeAttempts) {
  phone.signs_off();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    juliet.sends(text("hello"));
    service.receives(notification("1"));
    service_refuses("wait", "resource-constraint");
    server.passes(Seconds(60));
  }
  juliet.sends(text("hello"));
  service.receives_nothing();
}

TEST_F(Push, OnlyTheServiceItselfCanAnswer) {
  phone.signs_off();
  juliet.sends(text("one"));
  service.receives(notification("1"));
  juliet.sends("<iq to='romeo@xmpp.test' type='error' id='" +
               std::string(service.last().attribute("id")) +
               "'><error type='cancel'><item-not-found "
               "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  server.passes(Seconds(60));
  juliet.sends(text("two"));
  service_is_told("1");
}

TEST_F(Push, WhatCannotBeEnabledIsRefused) {
  const auto bad =
      "<iq type='error'><error><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
      "</iq>";
  phone.asks("<iq type='set' id='1'><enable xmlns='urn:xmpp:push:0'/></iq>", bad);
  phone.asks("<iq type='set' id='2'><enable xmlns='urn:xmpp:push:0' jid='@'/></iq>", bad);
  phone.asks(
      "<iq type='set' id='3'><enable xmlns='urn:xmpp:push:0' jid='a.test'>"
      "<x xmlns='jabber:x:data' type='submit'/></enable></iq>",
      bad);
  phone.asks("<iq type='set' id='4'><disable xmlns='urn:xmpp:push:0' node='n1'/></iq>", bad);
  // Not for somebody else.
  juliet.asks(
      "<iq type='set' id='5' to='romeo@xmpp.test'><enable xmlns='urn:xmpp:push:0' "
      "jid='juliet@xmpp.test'/></iq>",
      "<iq type='error'><error><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

struct PushBounds : Push {
  PushBounds() : Push({.limits = "push_registrations = 2"}) {}
};

TEST_F(PushBounds, TheOldestRegistrationGoes) {
  for (const std::string node : {"n2", "n3"})
    phone.asks("<iq type='set' id='" + node +
                   "'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' node='" + node +
                   "'/></iq>",
               done);
  phone.signs_off();
  juliet.sends(text("hello"));
  service.receives_all(
      {"<iq><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
       "<publish node='n2'/></pubsub></iq>",
       "<iq><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
       "<publish node='n3'/></pubsub></iq>"});
  service.receives_nothing();
}

struct PushContent : Push {
  PushContent() : Push({.modules = "[module.push]\ninclude_sender = true\ninclude_body = true"}) {}
};

TEST_F(PushContent, TellsWhatTheOperatorAllows) {
  phone.signs_off();
  juliet.sends(text("Wherefore art thou?"));
  service.receives(notification("1",
                                "<field var='last-message-sender'><value>juliet@xmpp.test/balcony"
                                "</value></field><field var='last-message-body'>"
                                "<value>Wherefore art thou?</value></field>"));
}

}  // namespace
}  // namespace herold::server
