// Domains that modules answer for: discovery, handlers, other addresses, settings.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr std::string_view ask_items =
    "<iq type='get' id='i' to='xmpp.test'>"
    "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>";

std::string ask_info(std::string_view to) {
  return "<iq type='get' id='q' to='" + std::string(to) +
         "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
}

TEST(Service, IsListedAndAnswersForItself) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(
      ask_items,
      "<iq type='result' from='xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/disco#items'><item jid='conference.xmpp.test'/></query>"
      "</iq>");
  romeo.asks(ask_info("conference.xmpp.test"),
             "<iq type='result' from='conference.xmpp.test'>"
             "<query xmlns='http://jabber.org/protocol/disco#info'>"
             "<identity category='conference' type='text'/></query></iq>");
  // What every service answers.
  romeo.asks("<iq type='get' id='p' to='conference.xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>",
             "<iq type='result' from='conference.xmpp.test' id='p'/>");
  romeo.asks(
      "<iq type='get' id='p' to='room@conference.xmpp.test'><ping xmlns='urn:xmpp:ping'/>"
      "</iq>",
      "<iq type='result' from='room@conference.xmpp.test' id='p'/>");
}

TEST(Service, WhatNobodyHandlesIsRefused) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks("<iq type='get' id='n' to='conference.xmpp.test'><no xmlns='urn:example:no'/></iq>",
             "<iq type='error' id='n'><error><service-unavailable "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  // An account there is none: nobody signs in, subscribes or has a roster at a service.
  romeo.sends("<presence to='conference.xmpp.test' type='probe'/>");
  romeo.skips();
  romeo.asks(
      "<iq type='get' id='r' to='room@conference.xmpp.test'><query "
      "xmlns='jabber:iq:roster'/></iq>",
      "<iq type='error' id='r'><error><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST(Service, FollowsTheSettings) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  server.takes_settings({.modules = "[module.muc]\nhost = 'rooms.{domain}'"});
  romeo.asks(ask_items,
             "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'><item "
             "jid='rooms.xmpp.test'/></query></iq>");
  romeo.asks(ask_info("rooms.xmpp.test"), "<iq type='result' from='rooms.xmpp.test'/>");
  romeo.asks(ask_info("conference.xmpp.test"),
             "<iq type='error'><error><remote-server-not-found "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  server.takes_settings({.modules = "[module.muc]\nenabled = false"});
  romeo.asks(
      ask_items,
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'><ABSENT><item "
      "jid='rooms.xmpp.test'/></ABSENT></query></iq>");
  romeo.asks(ask_info("rooms.xmpp.test"),
             "<iq type='error'><error><remote-server-not-found "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

}  // namespace
}  // namespace herold::server
