// XEP-0384 OMEMO: the nodes of device lists and bundles, which everybody may read.
//
// Clients of today use the namespace that the specification had before; both are the same here.
#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class Omemo {
 public:
  static constexpr About about{384, "0.9.1", "OMEMO Encryption", {}};
  static constexpr auto handlers() { return std::tuple{}; }

  explicit Omemo(ModuleHost& host)
      : nodes_(host, {{"eu.siacs.conversations.axolotl.devicelist", open},
                      {"urn:xmpp:omemo:2:devices", open},
                      {"urn:xmpp:omemo:2:bundles", many}}) {}
  void stop() { nodes_.end(); }

 private:
  // Section 5.3.1: open, because who writes first is no contact yet.
  static pubsub::NodeConfig open(pubsub::NodeConfig config) {
    config.access_model = pubsub::AccessModel::open;
    return config;
  }
  // Section 5.3.2: an item for each device.
  static pubsub::NodeConfig many(pubsub::NodeConfig config) {
    config.max_items.reset();
    return open(std::move(config));
  }

  pubsub::NodeUse nodes_;
};

}  // namespace herold::server

HEROLD_MODULE(omemo, Omemo)
