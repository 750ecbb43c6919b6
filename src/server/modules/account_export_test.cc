// XEP-0227: what the document of an account has, and who gets one.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto asking =
    "<iq type='set' id='x' to='xmpp.test'>"
    "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:pie:0'/></iq>";

std::string document(std::string_view inside) {
  return "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
         "status='completed'><server-data xmlns='urn:xmpp:pie:0'><host jid='xmpp.test'>"
         "<user name='romeo'>" +
         std::string(inside) + "</user></host></server-data></command></iq>";
}

std::string set(std::string_view inside) {
  return "<iq type='set' id='s'>" + std::string(inside) + "</iq>";
}

struct AccountExport : ::testing::Test {
  void does(std::string_view inside) { romeo.asks(set(inside), "<iq type='result'/>"); }

  TestServer server{{.limits = "stanza_bytes = 20000"}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(AccountExport, HasWhatTheUserKeepsHere) {
  server.befriend(romeo, juliet);
  does("<vCard xmlns='vcard-temp'><FN>Romeo Montague</FN></vCard>");
  does(
      "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><nick>R</nick></exodus>"
      "</query>");
  does("<block xmlns='urn:xmpp:blocking'><item jid='tybalt@xmpp.test'/></block>");
  does(
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:test'>"
      "<item id='one'><thing xmlns='urn:test'>1</thing></item></publish></pubsub>");
  romeo.asks(asking,
             document("<query xmlns='jabber:iq:roster'>"
                      "<item jid='juliet@xmpp.test' subscription='both'/></query>"
                      "<vCard xmlns='vcard-temp'><FN>Romeo Montague</FN></vCard>"
                      "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'>"
                      "<nick>R</nick></exodus></query>"
                      "<query xmlns='jabber:iq:privacy'><default name='blocked'/>"
                      "<list name='blocked'><item type='jid' value='tybalt@xmpp.test' "
                      "action='deny' order='1'/></list></query>"
                      "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
                      "<configure node='urn:test'><x xmlns='jabber:x:data'/></configure></pubsub>"
                      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:test'>"
                      "<item id='one'><thing xmlns='urn:test'>1</thing></item></items></pubsub>"
                      "<offline-messages/><ABSENT><scram-credentials/></ABSENT>"));
}

TEST_F(AccountExport, HasRequestsAndMessagesThatWait) {
  romeo.signs_off();
  juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>&lt;where&gt;</body></message>");
  juliet.sends("<presence to='romeo@xmpp.test' type='subscribe'><status>hi</status></presence>");
  TestClient& again = server.signs_in("romeo/orchard");
  again.asks(asking,
             document("<presence xmlns='jabber:client' type='subscribe' from='juliet@xmpp.test'>"
                      "<status>hi</status></presence><offline-messages>"
                      "<message xmlns='jabber:client' from='juliet@xmpp.test/balcony' type='chat'>"
                      "<body>&lt;where&gt;</body>"
                      "<delay xmlns='urn:xmpp:delay' from='xmpp.test' stamp='{any}'/></message>"
                      "</offline-messages>"));
}

TEST_F(AccountExport, ManyItemsAreAllThere) {
  for (int i = 0; i < 150; ++i)
    does("<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='i" +
         std::to_string(i) +
         "'><t xmlns='urn:t'/></item></publish><publish-options><x xmlns='jabber:x:data' "
         "type='submit'><field var='FORM_TYPE' type='hidden'><value>"
         "http://jabber.org/protocol/pubsub#publish-options</value></field>"
         "<field var='pubsub#max_items'><value>200</value></field></x></publish-options></pubsub>");
  romeo.asks(asking,
             document("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'>"
                      "<item id='i0'/><item id='i99'/><item id='i100'/><item id='i149'/></items>"
                      "</pubsub>"));
}

TEST_F(AccountExport, WhatIsTooLongForAnAnswerIsRefused) {
  does("<vCard xmlns='vcard-temp'><NOTE>" + std::string(15000, 'x') + "</NOTE></vCard>");
  does("<query xmlns='jabber:iq:private'><a xmlns='b'>" + std::string(15000, 'x') + "</a></query>");
  romeo.asks(asking,
             "<iq type='error'><error><resource-constraint "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
