// XEP-0384: device lists and bundles are there for whoever writes first.
#include <gtest/gtest.h>

#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

TEST(Omemo, StrangersReadDevicesAndBundles) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* node :
       {"eu.siacs.conversations.axolotl.devicelist", "urn:xmpp:omemo:2:devices"}) {
    juliet.asks(publish(node, "current", "<devices xmlns='urn:xmpp:omemo:2'/>"),
                published(node, "current"));
    romeo.asks(items_of("juliet@xmpp.test", node), items_result(node, "<item id='current'/>"));
  }
  constexpr auto bundles = "urn:xmpp:omemo:2:bundles";
  const std::string wanted = option("access_model", "open") + option("max_items", "max");
  for (const char* device : {"31415", "27182"})
    juliet.asks(publish(bundles, device, "<bundle xmlns='urn:xmpp:omemo:2'/>", wanted),
                published(bundles, device));
  romeo.asks(items_of("juliet@xmpp.test", bundles),
             items_result(bundles, "<item id='31415'/><item id='27182'/>"));
  // HOSTILE 118.
  romeo.asks(publish_to("juliet@xmpp.test", "urn:xmpp:omemo:2:devices", "current",
                        "<devices xmlns='urn:xmpp:omemo:2'><device id='1'/></devices>"),
             pubsub_error("auth", "forbidden"));
}

}  // namespace
}  // namespace herold::server
