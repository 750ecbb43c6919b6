// XEP-0455 Service Outage Status: where clients look when the server is not there.
#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class Outage {
 public:
  static constexpr About about{455, "0.4.0", "Service Outage Status"};

  struct Config {
    std::vector<std::string> addresses;
    static constexpr std::tuple options{
        option("addresses", &Config::addresses,
               "URLs of files that say, as XEP-0455 wants it, that and until when the service is "
               "out; kept where they are found when this server is not.")};
  };

  static constexpr auto handlers() { return std::tuple{on<DiscoInfoAsked>(&Outage::add_form)}; }

  Outage(ModuleHost&, Config config) : config_(std::move(config)) {}

 private:
  // Section 2.1.
  void add_form(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || !asked.info.node.empty() || config_.addresses.empty()) return;
    auto form = xmpp::DataForm::of(xmpp::FormType::result, "urn:xmpp:sos:0");
    form.add(xmpp::FieldType::list_multi, "external-status-addresses").values = config_.addresses;
    asked.info.forms.push_back(std::move(form));
  }

  Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(outage, Outage)
