// XEP-0292 vCard4 Over XMPP: the node of an account's card, which everybody may read.
#include "server/module.h"
#include "server/pubsub/pep.h"

namespace herold::server {

class VCard4 {
 public:
  static constexpr std::string_view ns = "urn:ietf:params:xml:ns:vcard-4.0";
  static constexpr About about{292, "0.12.0", "vCard4 Over XMPP", {ns}};
  static constexpr auto handlers() { return std::tuple{}; }

  explicit VCard4(ModuleHost& host) : nodes_(host, {{"urn:xmpp:vcard4", open}}, {ns}) {}
  void stop() { nodes_.end(); }

 private:
  // Section 9 (security considerations).
  static pubsub::NodeConfig open(pubsub::NodeConfig config) {
    config.access_model = pubsub::AccessModel::open;
    return config;
  }

  pubsub::NodeUse nodes_;
};

}  // namespace herold::server

HEROLD_MODULE(vcard4, VCard4)
