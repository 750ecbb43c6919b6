// Arguments and results of the commands about accounts and modules.
#include "server/admin/account_commands.h"

#include "base/datetime.h"
#include "server/credentials.h"
#include "xmpp/sasl/anonymous.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {

using Json = nlohmann::json;

Result<xmpp::Jid> account_argument(const Config& config, const AdminCommand& command) {
  const std::string text = command.text("address");
  auto jid = xmpp::Jid::parse(text);
  if (!jid || !jid->is_bare() || !jid->has_local())
    return fail(Fault::invalid, "\"" + text + "\" is not an address such as alice@example.org");
  if (!config.find_domain(jid->domain()))
    return fail(Fault::invalid, "this server has no domain \"" + std::string(jid->domain()) + "\"");
  if (xmpp::is_anonymous_name(jid->local()))
    return fail(Fault::invalid, text + ": such names are for those who have no account");
  return jid;
}

Result<NewPassword> password_argument(const Limits& limits, const AdminCommand& command,
                                      Random& random) {
  NewPassword made;
  std::string given = command.text("password");
  if (given.empty()) {
    if (command.arguments.contains("password"))
      return fail(Fault::invalid, "the password is empty");
    made.shown = make_up_password(random);
    made.prepared = crypto::SecretString(made.shown);
    return made;
  }
  const auto text = crypto::SecretString::take(std::move(given));
  if (text.size() > limits.password_bytes)
    return fail(Fault::limit, "the password is longer than password_bytes");
  auto prepared = xmpp::prepare_password(text.view());
  if (!prepared)
    return fail(Fault::invalid, "the password has characters that no password may have");
  made.prepared = *std::move(prepared);
  return made;
}

Json password_result(const xmpp::Jid& account, const NewPassword& password) {
  Json result = {{"address", account.text()}};
  if (!password.shown.empty()) result["password"] = password.shown;
  return result;
}

Json account_json(const store::Account& account) {
  Json object = {{"address", account.address},
                 {"enabled", account.state == store::AccountState::enabled},
                 {"created", format_datetime(account.created)}};
  if (account.last_sign_in) object["last_sign_in"] = format_datetime(*account.last_sign_in);
  return object;
}

Json export_result(const xmpp::Jid& account, const std::string& document) {
  return {{"address", account.text()}, {"document", document}};
}

Json erased_json(const Erased& erased, bool is_running) {
  return {{"journal_files", erased.journal_files},
          {"database_bytes", erased.database.after},
          {"database_bytes_before", erased.database.before},
          {"owed", erased.owed},
          {"running", is_running}};
}

Json modules_json(const Config& config, std::span<const ModuleDescription> modules) {
  Json list = Json::array();
  for (const ModuleDescription& module : modules) {
    Json specifications = Json::array();
    for (const Specification& specification : module.specifications) {
      const bool is_xep = specification.series == Specification::Series::xep;
      std::string number = std::to_string(specification.number);
      if (is_xep) number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
      specifications.push_back(
          {{"document", (is_xep ? "XEP-" : "RFC ") + number}, {"version", specification.version}});
    }
    Json off = Json::array();
    for (const Domain& domain : config.domains)
      if (const auto found = domain.modules.find(module.name);
          found != domain.modules.end() && !found->second.enabled)
        off.push_back(domain.name);
    list.push_back({{"name", module.name},
                    {"title", module.title},
                    {"specifications", std::move(specifications)},
                    {"enabled", off.size() < config.domains.size()},
                    {"off_on", std::move(off)}});
  }
  return list;
}

}  // namespace herold::server
