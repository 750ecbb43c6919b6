// XEP-0092 Software Version: what program the server is.
#include "server/version.h"

#include <sys/utsname.h>

#include "server/module.h"
#include "xmpp/ext/version.h"

namespace herold::server {

class Version {
 public:
  static constexpr About about{92, "1.1", "Software Version", {xmpp::Version::element.ns}};

  struct Config {
    bool show_version = true;
    bool show_os = false;
    static constexpr std::tuple options{
        option("show_version", &Config::show_version, "Tell which release this is."),
        option("show_os", &Config::show_os, "Tell the name of the operating system.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::Version>>(&Version::tell, at_server | at_any_service)};
  }

  Version(ModuleHost&, const Config& config) : config_(config) {}

 private:
  Answer<xmpp::Version> tell(const IqContext&, const xmpp::Version&) {
    xmpp::Version answer{.name = "Herold", .version = "hidden"};
    if (config_.show_version) answer.version = version;
    utsname system{};
    if (config_.show_os && uname(&system) == 0) answer.os = system.sysname;
    return answer;
  }

  Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(version, Version)
