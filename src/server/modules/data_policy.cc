// XEP-0504 Data Policy: what becomes of users' data here, as a form in the server's disco#info.
//
// What the configuration says is told as it is; what only the operator knows he may add.
#include <algorithm>

#include "server/archive_retention.h"
#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class DataPolicy {
 public:
  static constexpr About about{504, "0.1.0", "Data Policy"};

  struct Config {
    std::string terms, backup_frequency, backup_retention;
    std::vector<std::string> access{"admins"}, more;
    static constexpr std::tuple options{
        option("terms", &Config::terms, "Where the terms of service stand (a URI)."),
        option("backup_frequency", &Config::backup_frequency,
               "Most hours between two backups of the data; \"0\" where there are none."),
        option("backup_retention", &Config::backup_retention,
               "Hours that backups are kept, \"infinite\" or \"unknown\"."),
        option("access", &Config::access,
               "Who may see users' data: admins, moderators, organization_member, government, "
               "advertisers, partners, or none."),
        option("more", &Config::more, "What else users should know, a line each.")};
  };

  static constexpr auto handlers() { return std::tuple{on<DiscoInfoAsked>(&DataPolicy::add_form)}; }

  DataPolicy(ModuleHost& host, Config config) : host_(host), config_(std::move(config)) {}

 private:
  void add_form(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || !asked.info.node.empty()) return;
    using enum xmpp::FieldType;
    auto form = xmpp::DataForm::of(xmpp::FormType::result, "urn:xmpp:data-policy:0");
    // PLAIN is offered and registration sends a password: it is seen, though only keys are kept.
    form.add(list_single, "auth_data", "", "plain");
    form.add(text_single, "data_retention", "", retention());
    form.add(boolean, "data_deletion", "", "true");
    form.add(boolean, "encryption_at_rest", "", "false");
    if (!config_.terms.empty()) form.add(text_single, "tos", "", config_.terms);
    form.add(boolean, "data_export", "", runs("account_export") ? "true" : "false");
    if (!config_.access.empty()) form.add(list_multi, "access_policy").values = config_.access;
    form.add(boolean, "full_erasure", "", runs("registration") ? "true" : "false");
    if (!config_.backup_frequency.empty())
      form.add(text_single, "backup_frequency", "", config_.backup_frequency);
    if (!config_.backup_retention.empty())
      form.add(text_single, "backup_retention", "", config_.backup_retention);
    if (!config_.more.empty()) form.add(text_multi, "extra_info").values = config_.more;
    asked.info.forms.push_back(std::move(form));
  }

  // In hours: messages, which is what is kept for a time; the rest is the user's to remove.
  std::string retention() const {
    const Seconds keep = host_.data<ArchiveLifetime>().keep;
    if (!runs("archive") || keep == Seconds(0)) return "infinite";
    return std::to_string(std::chrono::ceil<std::chrono::hours>(keep).count());
  }

  bool runs(std::string_view name) const {
    return std::ranges::any_of(
        host_.running(), [&](const Module* module) { return module->description.name == name; });
  }

  ModuleHost& host_;
  Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(data_policy, DataPolicy)
