// XEP-0277 Microblogging over XMPP: an account's own feed keeps what was posted (also XEP-0472).
#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class Microblog {
 public:
  static constexpr About about{277, "0.6.5", "Microblogging over XMPP", {}};
  static constexpr Specification also[] = {{.number = 472, .version = "0.2.1"}};

  static constexpr auto handlers() { return std::tuple{}; }

  explicit Microblog(ModuleHost& host) : nodes_(host, {{node, feed}}) {}
  void stop() { nodes_.end(); }

 private:
  static constexpr std::string_view node = "urn:xmpp:microblog:0";

  // Section 5.1, and the profile of XEP-0472 section 4.2.
  static pubsub::NodeConfig feed(pubsub::NodeConfig config) {
    config.type = node;
    config.max_items.reset();
    config.notify_retract = true;
    config.send_last = pubsub::SendLast::never;
    return config;
  }

  pubsub::NodeUse nodes_;
};

}  // namespace herold::server

HEROLD_MODULE(microblog, Microblog)
