// XEP-0442: a node's items as an archive, at the domain's service and at accounts.
#include <gtest/gtest.h>

#include "base/datetime.h"
#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"
#include "xml/element.h"

namespace herold::server {
namespace {

constexpr auto service = "pubsub.xmpp.test";
constexpr auto payload = "<entry xmlns='http://www.w3.org/2005/Atom'/>";

std::string query(std::string_view to, std::string_view inside = {}, std::string_view node = "n") {
  return "<iq type='set' id='q' to='" + std::string(to) +
         "'><query xmlns='urn:xmpp:mam:2' queryid='f28' node='" + std::string(node) + "'>" +
         std::string(inside) + "</query></iq>";
}
std::string form(std::string_view fields) {
  return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2"
         "</value></field>" +
         std::string(fields) + "</x>";
}
std::string field(std::string_view name, std::string_view value) {
  return "<field var='" + std::string(name) + "'><value>" + std::string(value) + "</value></field>";
}
std::string page(std::string_view inside) {
  return "<set xmlns='http://jabber.org/protocol/rsm'>" + std::string(inside) + "</set>";
}
std::string result(std::string_view from, std::string_view item) {
  return "<message from='" + std::string(from) +
         "'><result xmlns='urn:xmpp:mam:2' queryid='f28' id='{any}'><forwarded "
         "xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='{any}'/><message "
         "xmlns='jabber:client' type='headline'><event "
         "xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item id='" +
         std::string(item) +
         "'><entry xmlns='http://www.w3.org/2005/Atom'/></item></items></event></message>"
         "</forwarded></result></message>";
}
std::string end(std::string_view inside, std::string_view complete) {
  return "<iq type='result'><fin xmlns='urn:xmpp:mam:2'" + std::string(complete) +
         "><set xmlns='http://jabber.org/protocol/rsm'>" + std::string(inside) +
         "</set></fin></iq>";
}
constexpr auto whole = " complete='true'";

class NodeArchiveTest : public testing::Test {
 protected:
  TestServer server{{.shards = 4}};
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");

  void has(std::string_view to, int items) {
    for (int i = 1; i <= items; ++i) {
      romeo.asks(publish_to(to, "n", std::to_string(i), payload,
                            option("access_model", "open") + option("max_items", "max")),
                 "<iq type='result'/>");
      server.passes(Seconds(10));
    }
  }
};

TEST_F(NodeArchiveTest, IsReadAsOthersAre) {
  has(service, 3);
  juliet.sends(query(service));
  for (const char* item : {"1", "2", "3"}) juliet.receives(result(service, item));
  juliet.receives(end("<count>3</count>", whole));
  juliet.sends(query(service, page("<max>2</max><before/>")));
  juliet.receives(result(service, "2"));
  const std::string second(juliet.last().first_child().attribute("id"));
  juliet.receives(result(service, "3"));
  juliet.receives(end("<first>" + second + "</first>", ""));
  juliet.sends(query(service, page("<before>" + second + "</before>")));
  juliet.receives(result(service, "1"));
  juliet.receives(end("<count>3</count>", whole));
  // What is published anew moves behind, and tears no gap.
  romeo.asks(publish_to(service, "n", "2", payload), "<iq type='result'/>");
  juliet.sends(query(service, page("<after>" + second + "</after>")));
  juliet.receives(result(service, "3"));
  juliet.receives(result(service, "2"));
  juliet.receives(end("<count>3</count>", whole));
  juliet.asks(query(service, page("<max>0</max>")), end("<count>3</count>", ""));
}

TEST_F(NodeArchiveTest, IsSearchedByTimeAndPublisher) {
  const std::string start = format_datetime(server.wall() + Seconds(5));
  has(service, 2);
  juliet.sends(query(service, form(field("start", start))));
  juliet.receives(result(service, "2"));
  juliet.receives(end("", whole));
  juliet.sends(query(service, form(field("end", start))));
  juliet.receives(result(service, "1"));
  juliet.receives(end("", whole));
  juliet.asks(query(service, form(field("with", "juliet@xmpp.test"))),
              end("<count>0</count>", whole));
  romeo.asks(pubsub_set("<retract node='n'><item id='1'/></retract>", service),
             "<iq type='result'/>");
  juliet.sends(query(service, form(field("with", "romeo@xmpp.test"))));
  juliet.receives(result(service, "2"));
  juliet.receives(end("<count>1</count>", whole));
}

TEST_F(NodeArchiveTest, IsThereAtAccountsToo) {
  has("romeo@xmpp.test", 1);
  juliet.sends(query("romeo@xmpp.test"));
  juliet.receives(result("romeo@xmpp.test", "1"));
  juliet.receives(end("", whole));
  romeo.sends(query("romeo@xmpp.test"));
  romeo.receives(result("romeo@xmpp.test", "1"));
  romeo.receives(end("", whole));
}

TEST_F(NodeArchiveTest, IsShownToWhoMayReadTheNode) {
  has(service, 1);
  has("romeo@xmpp.test", 1);
  romeo.asks(publish("closed", "1", payload), "<iq type='result'/>");
  juliet.asks(query("romeo@xmpp.test", {}, "closed"),
              pubsub_error("auth", "not-authorized", "presence-subscription-required"));
  // HOSTILE 120: the archive of messages stays closed, and who is not there looks as who is.
  juliet.asks(query("romeo@xmpp.test", {}, ""), pubsub_error("auth", "forbidden"));
  juliet.asks(query("romeo@xmpp.test", {}, "none"), pubsub_error("cancel", "service-unavailable"));
  juliet.asks(query("nobody@xmpp.test"), pubsub_error("cancel", "service-unavailable"));
  juliet.asks(query(service, {}, "none"), pubsub_error("cancel", "item-not-found"));
  juliet.asks(query(service, {}, ""), pubsub_error("modify", "bad-request", "nodeid-required"));
}

TEST_F(NodeArchiveTest, RefusesWhatItCannotDo) {
  has(service, 1);
  const auto refused = [&](std::string_view inside, std::string_view type,
                           std::string_view condition) {
    juliet.asks(query(service, inside), pubsub_error(type, condition));
  };
  refused(form(field("start", "yesterday")), "modify", "bad-request");
  refused(form(field("with", "@")), "modify", "bad-request");
  refused(form(field("start", "2026-01-01T00:00:00Z") + field("start", "2026-01-01T00:00:00Z")),
          "modify", "bad-request");
  refused(form(field("ids", "1")), "cancel", "feature-not-implemented");
  refused(page("<after>1</after>"), "cancel", "item-not-found");
  refused(page("<index>1</index>"), "cancel", "feature-not-implemented");
  refused(page("<max>-1</max>"), "modify", "bad-request");
  romeo.asks(pubsub_set("<create node='t'/><configure><x xmlns='jabber:x:data' type='submit'>"
                        "<field var='FORM_TYPE'><value>"
                        "http://jabber.org/protocol/pubsub#node_config</value></field>" +
                            option("persist_items", "false") + "</x></configure>",
                        service),
             "<iq type='result'/>");
  juliet.asks(query(service, {}, "t"),
              pubsub_error("cancel", "feature-not-implemented", "unsupported"));
}

}  // namespace
}  // namespace herold::server
