// XEP-0199 XMPP Ping: answers pings, and closes connections whose client no longer answers ours.
#include "xmpp/ext/ping.h"

#include "server/module.h"

namespace herold::server {

class Ping {
 public:
  static constexpr About about{199, "2.0.1", "XMPP Ping", {xmpp::PingQuery::element.ns}};

  struct Config {
    Seconds idle{300}, idle_inactive{900}, patience{60};
    static constexpr std::tuple options{
        option("idle", &Config::idle, "Ping a client silent for this long; 0 turns this off."),
        option("idle_inactive", &Config::idle_inactive, "The same while it is inactive (CSI)."),
        option("patience", &Config::patience,
               "Close the connection if it stays silent this long.")};
  };

  static constexpr Targets everywhere = at_server | at_own_account | at_any_service;
  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::PingQuery>>(&Ping::answer, everywhere)};
  }

  Ping(ModuleHost& host, const Config& config) {
    // Section 4.1. Whatever comes meanwhile is as good as the answer.
    const auto ping = [&host, patience = config.patience](const Session& session) {
      host.prod(session, xmpp::to_xml(xmpp::PingQuery{}, xmpp::ns::client), patience, give_up);
    };
    host.when_silent(watch_, {config.idle, config.idle_inactive}, ping);
  }

  void stop() { watch_.stop(); }

 private:
  Answer<Nothing> answer(const IqContext&, const xmpp::PingQuery&) { return Nothing{}; }

  static void give_up(Session& session) {
    session.disconnect({xmpp::StreamCondition::connection_timeout, "No answer"});
  }

  SilenceWatch watch_;
};

}  // namespace herold::server

HEROLD_MODULE(ping, Ping)
