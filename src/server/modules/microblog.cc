// XEP-0277 Microblogging over XMPP: an account's own feed keeps what was posted (also XEP-0472).
#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class Microblog {
 public:
  static constexpr About about{277, "0.6.5", "Microblogging over XMPP", {}};

  static constexpr auto handlers() { return std::tuple{on<DomainConfigured>(&Microblog::begin)}; }

  explicit Microblog(ModuleHost& host) : host_(host) { declare(); }
  void stop() {
    auto& known = host_.data<pubsub::KnownNodes>();
    known.defaults.erase("urn:xmpp:microblog:0");
  }

 private:
  void begin(DomainConfigured&) { declare(); }

  // Section 5.1, and the profile of XEP-0472 section 4.2.
  void declare() {
    host_.data<pubsub::KnownNodes>().defaults["urn:xmpp:microblog:0"] =
        [](pubsub::NodeConfig config) {
          config.type = "urn:xmpp:microblog:0";
          config.max_items.reset();
          config.notify_retract = true;
          config.send_last = pubsub::SendLast::never;
          return config;
        };
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(microblog, Microblog)
