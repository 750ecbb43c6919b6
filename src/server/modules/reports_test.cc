// XEP-0377: reports are kept for administrators, who are told; what is told is bounded.
#include <gtest/gtest.h>

#include "server/testing/command_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto done = "<iq type='result'/>";

std::string blocks(std::string_view whom, std::string_view report) {
  return "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='" + std::string(whom) +
         "'>" + std::string(report) + "</item></block></iq>";
}
std::string spam(std::string_view inside = "") {
  return "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>" +
         std::string(inside) + "</report>";
}
std::string told(std::string_view text) {
  return "<message from='xmpp.test'><body>" + std::string(text) + "</body></message>";
}

struct Reports : ::testing::Test {
  TestServer server{{.limits = "reports = 3"}};
  TestClient& admin = server.comes_online("admin/desk");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Reports, BlockTellAndStay) {
  juliet.asks(blocks("tybalt@xmpp.test",
                     spam("<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@xmpp.test' id='7'/>"
                          "<text xml:lang='en'>Buy my sword</text>")),
              done);
  admin.receives(
      told("juliet@xmpp.test reports tybalt@xmpp.test: urn:xmpp:reporting:spam\nBuy my sword"));
  juliet.asks("<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
              "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'>"
              "<item jid='tybalt@xmpp.test'><ABSENT><report xmlns='urn:xmpp:reporting:1'/></ABSENT>"
              "</item></blocklist></iq>");
  server.is_killed();
  TestClient& again = server.signs_in("admin/desk");
  runs(again, "get-reports",
       "<x xmlns='jabber:x:data' type='result'><item><field var='time'/>"
       "<field var='reporter'><value>juliet@xmpp.test</value></field>"
       "<field var='reported'><value>tybalt@xmpp.test</value></field>"
       "<field var='reason'><value>urn:xmpp:reporting:spam</value></field>"
       "<field var='text'><value>Buy my sword</value></field>"
       "<field var='messages'><value>7</value></field></item></x>");
  runs(again, "delete-reports", "");
  runs(again, "get-reports", "<x xmlns='jabber:x:data'><ABSENT><item/></ABSENT></x>");
}

TEST_F(Reports, ABlockWithoutOneTellsNothing) {
  juliet.asks(blocks("tybalt@xmpp.test", ""), done);
  admin.receives_nothing();
}

TEST_F(Reports, OtherDevicesLearnOfTheBlockOnly) {
  TestClient& chamber = server.comes_online("juliet/chamber");
  chamber.asks("<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>", done);
  juliet.asks(blocks("tybalt@xmpp.test", spam("<text>private words</text>")), done);
  chamber.receives(
      "<iq type='set'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@xmpp.test'>"
      "<ABSENT><report xmlns='urn:xmpp:reporting:1'/></ABSENT></item></block></iq>");
}

TEST_F(Reports, ManyAreToldTogether) {
  for (const auto* whom : {"a@spam.test", "b@spam.test", "c@spam.test"})
    juliet.asks(blocks(whom, spam()), done);
  admin.receives(told("juliet@xmpp.test reports a@spam.test: urn:xmpp:reporting:spam"));
  admin.receives_nothing();
  server.passes(Seconds(61));
  admin.receives(told("2 more reports"));
  server.passes(Seconds(61));
  admin.receives_nothing();
}

TEST_F(Reports, WaitForAnAdministratorWhoIsAway) {
  admin.signs_off();
  juliet.asks(blocks("tybalt@xmpp.test", spam()), done);
  TestClient& back = server.signs_in("admin/desk");
  back.sends("<presence/>");
  EXPECT_TRUE(
      back.takes(told("juliet@xmpp.test reports tybalt@xmpp.test: urn:xmpp:reporting:spam")));
}

TEST_F(Reports, TheOldestGoes) {
  for (const auto* whom : {"a@spam.test", "b@spam.test", "c@spam.test", "d@spam.test"})
    juliet.asks(blocks(whom, spam()), done);
  runs(admin, "get-reports",
       "<x xmlns='jabber:x:data'>"
       "<item><field var='time'/><field var='reporter'/><field var='reported'>"
       "<value>b@spam.test</value></field></item></x>");
}

TEST_F(Reports, WhatIsNoneIsRefused) {
  juliet.asks(blocks("tybalt@xmpp.test", "<report xmlns='urn:xmpp:reporting:1'/>"),
              "<iq type='error'><error><bad-request "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  admin.receives_nothing();
  // Lines of a client's making are no fields of ours.
  juliet.asks(blocks("tybalt@xmpp.test",
                     "<report xmlns='urn:xmpp:reporting:1' reason='a&#10;b'><text>x\ny</text>"
                     "</report>"),
              done);
  runs(admin, "get-reports",
       "<x xmlns='jabber:x:data'><item><field var='time'/><field var='reporter'/>"
       "<field var='reported'/><field var='reason'><value>a b</value></field>"
       "<field var='text'><value>x\ny</value></field></item></x>");
}

TEST_F(Reports, OnlyAdministratorsReadThem) {
  juliet.asks(command_xml("get-reports", ""), "<iq type='error'/>");
}

}  // namespace
}  // namespace herold::server
