// XEP-0202 Entity Time: the server's clock.
#include "xmpp/ext/time.h"

#include "server/module.h"

namespace herold::server {

class Time {
 public:
  static constexpr About about{202, "2.0", "Entity Time", {xmpp::EntityTime::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::EntityTime>>(&Time::tell, at_server | at_any_service)};
  }

  explicit Time(ModuleHost& host) : host_(host) {}

 private:
  // Where the server stands is nobody's business: its zone is UTC.
  Answer<xmpp::EntityTime> tell(const IqContext&, const xmpp::EntityTime&) {
    const auto now = std::chrono::floor<Seconds>(host_.clock().wall());
    return xmpp::EntityTime{.tzo = "+00:00", .utc = now};
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(time, Time)
