// XEP-0157: the operator's addresses, only those that there are, only on the server itself.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto question =
    "<iq type='get' id='d' to='xmpp.test'>"
    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

TEST(ContactAddresses, AreAFormWithWhatTheSettingsSay) {
  TestServer server({.modules = "[contact]\nabuse = ['mailto:abuse@xmpp.test', "
                                "'xmpp:admin@xmpp.test']\nsecurity = ['mailto:s@xmpp.test']"});
  server.signs_in("romeo/orchard")
      .asks(question,
            "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
            "<x xmlns='jabber:x:data' type='result'>"
            "<field var='FORM_TYPE' type='hidden'>"
            "<value>http://jabber.org/network/serverinfo</value></field>"
            "<field var='abuse-addresses' type='list-multi'><value>mailto:abuse@xmpp.test</value>"
            "<value>xmpp:admin@xmpp.test</value></field>"
            "<field var='security-addresses'><value>mailto:s@xmpp.test</value></field>"
            "<ABSENT><field var='support-addresses'/></ABSENT></x></query></iq>");
}

constexpr auto without_form =
    "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
    "<ABSENT><x xmlns='jabber:x:data'><field var='FORM_TYPE'>"
    "<value>http://jabber.org/network/serverinfo</value></field></x></ABSENT></query></iq>";

TEST(ContactAddresses, NoneAreNoForm) {
  TestServer server;
  server.signs_in("romeo/orchard").asks(question, without_form);
}

TEST(ContactAddresses, AnAccountHasNone) {
  TestServer server({.modules = "[contact]\nadmin = ['mailto:admin@xmpp.test']"});
  server.signs_in("romeo/orchard")
      .asks("<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
            without_form);
}

TEST(ContactAddresses, ADomainMayHaveItsOwn) {
  TestServer server({.modules = "[contact]\nadmin = ['mailto:all@xmpp.test']",
                     .domain = "[domain.contact]\nadmin = ['mailto:one@xmpp.test']"});
  server.signs_in("romeo/orchard")
      .asks(question,
            "<iq><query xmlns='http://jabber.org/protocol/disco#info'><x xmlns='jabber:x:data'>"
            "<field var='admin-addresses'><value>mailto:one@xmpp.test</value></field>"
            "<ABSENT><field><value>mailto:all@xmpp.test</value></field></ABSENT></x></query></iq>");
}

}  // namespace
}  // namespace herold::server
