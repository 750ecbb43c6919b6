// XEP-0227 Portable Import/Export Format: users take their data with them, by an ad-hoc command.
//
// The archive is not in it, which clients read by XEP-0313; the operator's `herold user export` has
// it as well.
#include "server/account_export.h"

#include "server/commands.h"
#include "server/module.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

struct ExportAnswer {
  std::string node, sessionid;
  std::optional<xmpp::CommandStatus> status;
  std::string data;
  static constexpr ElementName element = xmpp::Command::element;
  static constexpr std::tuple fields{xmpp::attribute("node", &ExportAnswer::node, xmpp::required),
                                     xmpp::attribute("sessionid", &ExportAnswer::sessionid),
                                     xmpp::attribute("status", &ExportAnswer::status),
                                     xmpp::raw(&ExportAnswer::data)};
};

void run_export(CommandRun run) {
  const Jid account = run.user().bare();
  ModuleHost& host = run.host();
  const bool is_ours = account.has_local() && account.domain() == host.address().domain() &&
                       !xmpp::is_anonymous_name(account.local());
  if (!is_ours) return run.fail({Condition::forbidden, "There is no account of yours here"});
  export_account(host.stores(), account, ExportScope::own, host.limits().stanza_bytes,
                 [run = std::move(run)](Result<std::string> document) mutable {
                   if (document)
                     return run.complete_with(ExportAnswer{.data = *std::move(document)});
                   if (document.error().fault != Fault::limit) return run.fail(document.error());
                   run.fail({Condition::resource_constraint,
                             "The data are too long for one answer; ask who runs the server"});
                 });
}

constexpr AdhocCommand command{"urn:xmpp:pie:0", "Take my data with me", CommandUser::anybody,
                               nullptr, run_export};

}  // namespace

class AccountExport {
 public:
  static constexpr About about{227, "1.1", "Portable Import/Export Format"};

  static constexpr auto handlers() { return std::tuple{on<CommandsAsked>(&AccountExport::offer)}; }

  explicit AccountExport(ModuleHost&) {}

 private:
  void offer(CommandsAsked& asked) { asked.commands.push_back(&command); }
};

}  // namespace herold::server

HEROLD_MODULE(account_export, AccountExport)
