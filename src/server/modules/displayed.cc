// XEP-0490 Message Displayed Synchronization: up to where each chat was read, for all clients.
#include "xmpp/ext/displayed.h"

#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class Displayed {
 public:
  static constexpr About about{490, "1.0.1", "Message Displayed Synchronization", {}};

  static constexpr auto handlers() {
    return std::tuple{on<MessageSent>(&Displayed::take_along, Stage::amend)};
  }

  explicit Displayed(ModuleHost& host)
      : host_(host),
        nodes_(host, {{xmpp::ns::displayed, private_items}}, {"urn:xmpp:mds:server-assist:0"}) {}
  void stop() { nodes_.end(); }

 private:
  // Section 4.1: nobody else reads it; an item a chat.
  static pubsub::NodeConfig private_items(pubsub::NodeConfig config) {
    config.access_model = pubsub::AccessModel::whitelist;
    config.max_items.reset();
    config.send_last = pubsub::SendLast::never;
    return config;
  }

  // Section 4.3.1, server assist: one message says it to the other side and to one's own clients.
  void take_along(MessageSent& event) {
    Stanza& stanza = event.stanza;
    const xml::Element element = xmpp::find<xmpp::Displayed>(stanza.root());
    if (!element || stanza.head.is_error()) return;
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    const auto displayed = xmpp::read<xmpp::Displayed>(element);
    const bool is_one = displayed && displayed->stanza_id;
    if (is_one && pep != nullptr)
      pep->publish(event.session.account().address(), std::string(xmpp::ns::displayed),
                   stanza.head.to.text(), xml::to_string(element), nullptr,
                   [](Answer<std::string>) {});
    const auto keep = [](xml::Element child) { return !xmpp::is<xmpp::Displayed>(child); };
    stanza.set_payload(xmpp::payload_bytes(stanza.root(), keep));
  }

  ModuleHost& host_;
  pubsub::NodeUse nodes_;
};

}  // namespace herold::server

HEROLD_MODULE(displayed, Displayed)
