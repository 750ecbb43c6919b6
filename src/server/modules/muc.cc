// XEP-0045 Multi-User Chat: rooms at a domain of their own.
#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class Muc {
 public:
  static constexpr About about{45, "1.35.3", "Multi-User Chat", {}};

  struct Config {
    ServiceName host{"conference.{domain}"};
    static constexpr std::tuple options{option(
        "host", &Config::host, "The domain of the rooms; {domain} stands for the server's.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::DiscoInfo>>(&Muc::tell_info, at_service)};
  }

  Muc(ModuleHost&, const Config&) {}

 private:
  Answer<xmpp::DiscoInfo> tell_info(const IqContext&, const xmpp::DiscoInfo& question) {
    if (!question.node.empty()) return xmpp::fail(Condition::item_not_found);
    return xmpp::DiscoInfo{
        .identities = {{.category = "conference", .type = "text", .name = "Chatrooms"}},
        .features = {{"http://jabber.org/protocol/muc"}}};
  }
};

}  // namespace herold::server

HEROLD_MODULE(muc, Muc)
