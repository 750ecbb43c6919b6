// Stanzas from other servers: judged, cleaned of what only we may say, journalled, routed.
#include "server/federation/federation.h"
#include "server/shard.h"

namespace herold::server {

void Federation::receive(Answer<StanzaHead> head, xml::Document document) {
  const xml::Element root = document.root();
  if (!head) {
    const StanzaHead salvaged = xmpp::salvage_head(root);
    if (salvaged.may_get_error() && salvaged.from && salvaged.to)
      shard_.route(make_error(salvaged, head.error()));
    return;
  }
  const auto keep = [this](xml::Element child) { return !shard_.is_forgery_of_peer(child); };
  SharedBytes payload(xmpp::payload_bytes(root, keep));
  Stanza stanza(std::move(*head), std::move(payload), std::move(document));
  if (stanza.head.id.size() > limits().stanza_id_bytes)
    return shard_.bounce(stanza, Condition::bad_request);
  if (is_durable(stanza) && !shard_.commit(stanza)) return;
  shard_.route(std::move(stanza));
}

}  // namespace herold::server
