// XEP-0359 Unique and Stable Stanza IDs: says that accounts give them; routing.cc writes them.
#include "server/module.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {

class StanzaIds {
 public:
  static constexpr About about{359, "0.7.0", "Stable stanza IDs", {xmpp::ns::stanza_id}};

  static constexpr auto handlers() {
    return std::tuple{on<DiscoInfoAsked>(&StanzaIds::announce)};
  }

  explicit StanzaIds(ModuleHost&) {}

 private:
  // Section 5: the account itself announces that it assigns the ids.
  void announce(DiscoInfoAsked& event) {
    if (event.account != nullptr && event.info.node.empty())
      event.info.features.push_back({.var = std::string(xmpp::ns::stanza_id)});
  }
};

}  // namespace herold::server

HEROLD_MODULE(stanza_id, StanzaIds)
