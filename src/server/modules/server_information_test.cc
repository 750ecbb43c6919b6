// XEP-0485: published where disco says, only where the operator wants it.
#include <gtest/gtest.h>

#include "server/testing/disco_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto on = "[module.server_information]\nenabled = true\n";
constexpr auto items =
    "<iq type='get' id='i' to='pubsub.xmpp.test'>"
    "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='serverinfo'/></pubsub></iq>";

constexpr auto node =
    "<field var='serverinfo-pubsub-node' type='text-single'>"
    "<value>xmpp:pubsub.xmpp.test?;node=serverinfo</value></field>";

TEST(ServerInformation, IsPublishedAndFound) {
  for (const unsigned shards : {1u, 2u, 3u}) {
    TestServer server({.modules = on, .shards = shards});
    server.passes(Seconds(5));
    TestClient& romeo = server.signs_in("romeo/orchard");
    romeo.asks(server_info_question,
               server_info("<feature var='urn:xmpp:serverinfo:0'/><x xmlns='jabber:x:data' "
                           "type='result'><field var='FORM_TYPE' type='hidden'>"
                           "<value>http://jabber.org/network/serverinfo</value></field>" +
                           std::string(node) + "</x>"));
    romeo.asks(items,
               "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
               "<items node='serverinfo'><item id='current'>"
               "<serverinfo xmlns='urn:xmpp:serverinfo:0'><domain name='xmpp.test'>"
               "<federation/></domain></serverinfo></item></items></pubsub></iq>");
    EXPECT_FALSE(server.log().has("server-information-not-published"));
  }
}

TEST(ServerInformation, SharesItsFormWithTheContactAddresses) {
  TestServer server({.modules = std::string(on) + "[contact]\nadmin = ['mailto:admin@xmpp.test']"});
  server.signs_in("romeo/orchard")
      .asks(server_info_question,
            server_info("<x xmlns='jabber:x:data'><field var='FORM_TYPE'>"
                        "<value>http://jabber.org/network/serverinfo</value></field>"
                        "<field var='admin-addresses'/>" +
                        std::string(node) + "</x>"));
}

TEST(ServerInformation, IsOffByDefault) {
  TestServer server;
  server.passes(Seconds(5));
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(server_info_question,
             server_info("<ABSENT><feature var='urn:xmpp:serverinfo:0'/></ABSENT>"));
  romeo.asks(items, "<iq type='error'/>");
}

}  // namespace
}  // namespace herold::server
