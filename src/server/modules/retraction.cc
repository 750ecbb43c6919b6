// XEP-0424 Message Retraction: says that archives keep retractions, and of what they take back no
// more than a tombstone; archive.h does it.
#include "xmpp/ext/retraction.h"

#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class Retraction {
 public:
  static constexpr About about{
      424, "0.4.2", "Message Retraction", {xmpp::ns::retraction, xmpp::ns::retraction_tombstone}};

  static constexpr auto handlers() { return std::tuple{on<DiscoInfoAsked>(&Retraction::announce)}; }

  explicit Retraction(ModuleHost&) {}

 private:
  // Section 5: the archive is the account's.
  void announce(DiscoInfoAsked& event) {
    if (event.account == nullptr || !event.info.node.empty()) return;
    for (const std::string_view feature : {xmpp::ns::retraction, xmpp::ns::retraction_tombstone})
      event.info.features.push_back({.var = std::string(feature)});
  }
};

}  // namespace herold::server

HEROLD_MODULE(retraction, Retraction)
