// Requests as text.
#include "server/testing/pubsub_client.h"

#include <algorithm>
#include <vector>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/caps.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server {
namespace {

std::string request(std::string_view type, std::string_view ns, std::string_view inside,
                    std::string_view to) {
  std::string text = "<iq type='" + std::string(type) + "' id='ps'";
  if (!to.empty()) text += " to='" + std::string(to) + "'";
  return text + "><pubsub xmlns='" + std::string(ns) + "'>" + std::string(inside) +
         "</pubsub></iq>";
}

}  // namespace

void wants(TestClient& client, std::initializer_list<std::string_view> nodes) {
  xmpp::DiscoInfo info;
  info.identities.push_back({.category = "client", .type = "pc", .name = "Test"});
  for (const std::string_view node : nodes)
    info.features.push_back({std::string(node) + "+notify"});
  std::ranges::sort(info.features, {}, &xmpp::DiscoFeature::var);
  const std::string hash = base64_encode(
      crypto::OpenSslCrypto().digest(crypto::HashAlgorithm::sha1, *xmpp::caps_string(info)).view());
  client.sends(
      "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='test' ver='" + hash +
      "'/></presence>");
  info.node = "test#" + hash;
  // Its own server asks, and those of contacts elsewhere.
  while (client.takes("<iq type='get'><query xmlns='http://jabber.org/protocol/disco#info' node='" +
                      info.node + "'/></iq>"))
    client.sends("<iq type='result' to='" + std::string(client.last().attribute("from")) +
                 "' id='" + std::string(client.last().attribute("id")) + "'>" + xmpp::to_xml(info) +
                 "</iq>");
  while (client.takes("<presence/>")) continue;
}

std::string pubsub_set(std::string_view inside, std::string_view to) {
  return request("set", xmpp::ns::pubsub, inside, to);
}
std::string pubsub_get(std::string_view inside, std::string_view to) {
  return request("get", xmpp::ns::pubsub, inside, to);
}
std::string owner_set(std::string_view inside, std::string_view to) {
  return request("set", xmpp::ns::pubsub_owner, inside, to);
}
std::string owner_get(std::string_view inside, std::string_view to) {
  return request("get", xmpp::ns::pubsub_owner, inside, to);
}

std::string option(std::string_view name, std::string_view value) {
  return "<field var='pubsub#" + std::string(name) + "'><value>" + std::string(value) +
         "</value></field>";
}

std::string publish_to(std::string_view to, std::string_view node, std::string_view id,
                       std::string_view payload, std::string_view options) {
  std::string inside = "<publish node='" + std::string(node) + "'><item id='" + std::string(id) +
                       "'>" + std::string(payload) + "</item></publish>";
  if (!options.empty())
    inside +=
        "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
        "http://jabber.org/protocol/pubsub#publish-options</value></field>" +
        std::string(options) + "</x></publish-options>";
  return pubsub_set(inside, to);
}

std::string publish(std::string_view node, std::string_view id, std::string_view payload,
                    std::string_view options) {
  return publish_to({}, node, id, payload, options);
}

std::string published(std::string_view node, std::string_view id) {
  return "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" +
         std::string(node) + "'><item id='" + std::string(id) + "'/></publish></pubsub></iq>";
}

std::string items_of(std::string_view to, std::string_view node) {
  return pubsub_get("<items node=\"" + std::string(node) + "\"/>", to);
}

std::string items(std::string_view node) { return items_of({}, node); }

std::string items_result(std::string_view node, std::string_view inside) {
  return "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" +
         std::string(node) + "'>" + std::string(inside) + "</items></pubsub></iq>";
}

std::string pubsub_error(std::string_view type, std::string_view condition,
                         std::string_view application) {
  std::string text = "<iq type='error'><error type='" + std::string(type) + "'><" +
                     std::string(condition) + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
  if (!application.empty())
    text += "<" + std::string(application) + " xmlns='http://jabber.org/protocol/pubsub#errors'/>";
  return text + "</error></iq>";
}

}  // namespace herold::server
