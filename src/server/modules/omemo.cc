// XEP-0384 OMEMO: the nodes of device lists and bundles, which everybody may read.
//
// Clients of today use the namespace that the specification had before; both are the same here.
#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class Omemo {
 public:
  static constexpr About about{384, "0.9.1", "OMEMO Encryption", {}};

  static constexpr auto handlers() { return std::tuple{on<DomainConfigured>(&Omemo::begin)}; }

  explicit Omemo(ModuleHost& host) : host_(host) { declare(); }
  void stop() {
    auto& known = host_.data<pubsub::KnownNodes>();
    known.defaults.erase("eu.siacs.conversations.axolotl.devicelist");
    known.defaults.erase("urn:xmpp:omemo:2:devices");
    known.defaults.erase("urn:xmpp:omemo:2:bundles");
  }

 private:
  void begin(DomainConfigured&) { declare(); }

  // Section 5.3.1: open, because who writes first is no contact yet.
  void declare() {
    auto& defaults = host_.data<pubsub::KnownNodes>().defaults;
    const auto open = [](pubsub::NodeConfig config) {
      config.access_model = pubsub::AccessModel::open;
      return config;
    };
    // Section 5.3.2: an item for each device.
    const auto many = [open](pubsub::NodeConfig config) {
      config = open(std::move(config));
      config.max_items.reset();
      return config;
    };
    defaults["eu.siacs.conversations.axolotl.devicelist"] = open;
    defaults["urn:xmpp:omemo:2:devices"] = open;
    defaults["urn:xmpp:omemo:2:bundles"] = many;
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(omemo, Omemo)
