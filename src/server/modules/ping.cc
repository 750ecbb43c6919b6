// XEP-0199 XMPP Ping: answers pings, and closes connections whose client no longer answers ours.
#include "xmpp/ext/ping.h"

#include "server/module.h"

namespace herold::server {

class Ping {
 public:
  static constexpr About about{199, "2.0.1", "XMPP Ping", {xmpp::PingQuery::element.ns}};

  static constexpr auto handlers() { return std::tuple{on<Get<xmpp::PingQuery>>(&Ping::answer)}; }

  explicit Ping(ModuleHost&) {}

 private:
  Answer<Nothing> answer(const IqContext&, const xmpp::PingQuery&) { return Nothing{}; }
};

}  // namespace herold::server

HEROLD_MODULE(ping, Ping)
