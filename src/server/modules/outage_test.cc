// XEP-0455: the form is there where addresses are, and only on the server itself.
#include <gtest/gtest.h>

#include "server/testing/disco_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr auto form =
    "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
    "<value>urn:xmpp:sos:0</value></field><field var='external-status-addresses' "
    "type='list-multi'><value>https://status.test/a.json</value>"
    "<value>https://status.test/b.json</value></field></x>";

TEST(Outage, SaysWhereToLook) {
  TestServer server({.modules = "[module.outage]\naddresses = ['https://status.test/a.json', "
                                "'https://status.test/b.json']"});
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.asks(server_info_question, server_info(form));
  romeo.asks(
      "<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      server_info("<ABSENT><x xmlns='jabber:x:data'><field><value>urn:xmpp:sos:0</value></field>"
                  "</x></ABSENT>"));
}

TEST(Outage, NothingIsSaidWithoutAddresses) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks(server_info_question,
            server_info("<ABSENT><x xmlns='jabber:x:data'><field>"
                        "<value>urn:xmpp:sos:0</value></field></x></ABSENT>"));
}

}  // namespace
}  // namespace herold::server
