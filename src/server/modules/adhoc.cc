// XEP-0050 Ad-Hoc Commands: lists the commands of all modules and leads through their stages.
#include "xmpp/ext/adhoc.h"

#include <algorithm>

#include "server/commands.h"
#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class Adhoc {
 public:
  static constexpr About about{50, "1.3.0", "Ad-Hoc Commands", {xmpp::ns::commands}};

  static constexpr auto handlers() {
    return std::tuple{on<Set<xmpp::Command>>(&Adhoc::execute, at_server),
                      on<DiscoItemsAsked>(&Adhoc::list), on<DiscoInfoAsked>(&Adhoc::describe)};
  }

  explicit Adhoc(ModuleHost& host) : host_(host) {}

 private:
  std::vector<const AdhocCommand*> commands() const {
    std::vector<const AdhocCommand*> all;
    CommandsAsked asked{all};
    std::ignore = host_.hooks().fire(asked);
    return all;
  }

  Answer<const AdhocCommand*> find(std::string_view node, const Jid& user) const {
    const auto all = commands();
    const auto found = std::ranges::find(all, node, &AdhocCommand::node);
    if (found == all.end()) return xmpp::fail(Condition::item_not_found);
    if (!may_run(**found, user)) return xmpp::fail(Condition::forbidden);
    return *found;
  }

  bool may_run(const AdhocCommand& command, const Jid& user) const {
    return command.user == CommandUser::anybody || host_.is_admin(user);
  }

  // --- discovery (sections 2.1 and 2.2) ---

  void list(DiscoItemsAsked& asked) {
    if (asked.account != nullptr || asked.items.node != xmpp::ns::commands) return;
    asked.node_known = true;
    for (const AdhocCommand* command : commands())
      if (may_run(*command, asked.asker))
        asked.items.items.push_back({.jid = host_.address(),
                                     .name = std::string(command->name),
                                     .node = std::string(command->node)});
  }

  Answer<> describe(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || asked.info.node.empty()) return {};
    if (asked.info.node == xmpp::ns::commands) {
      asked.info.identities.push_back({.category = "automation", .type = "command-list"});
      asked.node_known = true;
      return {};
    }
    const auto command = find(asked.info.node, asked.asker);
    if (!command && command.error().condition == Condition::item_not_found) return {};
    if (!command) return std::unexpected(command.error());
    asked.info.identities.push_back(
        {.category = "automation", .type = "command-node", .name = std::string((*command)->name)});
    asked.info.features = {{std::string(xmpp::ns::commands)}, {std::string(xmpp::ns::data_form)}};
    asked.node_known = true;
    return {};
  }

  // --- execution (section 2.4) ---

  void execute(IqRequest request, const xmpp::Command& asked) {
    const auto command = find(asked.node, request.head().from);
    if (!command) return request.fail(command.error());
    if (asked.sessionid.empty()) return begin(**command, asked, std::move(request));
    const auto known =
        sessions().check(asked.sessionid, request.head().from, asked.node, host_.clock().now());
    if (!known) return request.fail(known.error());
    go_on(**command, asked, std::move(request));
  }

  void begin(const AdhocCommand& command, const xmpp::Command& asked, IqRequest request) {
    using enum xmpp::CommandAction;
    if (asked.action.value_or(execute) != execute)
      return request.fail({Condition::bad_request, xmpp::bad_action});
    if (command.form == nullptr)
      return command.run({host_, std::move(request), asked.node, host_.random().token(), {}});
    auto id = sessions().begin(request.head().from, asked.node, host_.clock().now(), host_.random(),
                               host_.limits());
    if (!id) return request.fail(id.error());
    request.answer<xmpp::Command>(
        xmpp::Command{.node = asked.node,
                      .sessionid = std::move(*id),
                      .status = xmpp::CommandStatus::executing,
                      .actions = xmpp::CommandActions{.execute = complete, .complete = true},
                      .form = command.form(host_)});
  }

  // A form that is refused may be sent again; a run ends the session, whatever comes of it.
  void go_on(const AdhocCommand& command, const xmpp::Command& asked, IqRequest request) {
    using enum xmpp::CommandAction;
    const xmpp::CommandAction action = asked.action.value_or(execute);
    if (action == cancel) {
      sessions().end(asked.sessionid);
      return request.answer<xmpp::Command>(xmpp::Command{.node = asked.node,
                                                         .sessionid = asked.sessionid,
                                                         .status = xmpp::CommandStatus::canceled});
    }
    if (action != execute && action != complete)
      return request.fail({Condition::bad_request, xmpp::bad_action});
    if (!asked.form) return request.fail({Condition::bad_request, xmpp::bad_payload});
    auto form = xmpp::check_submission(*asked.form, command.form(host_));
    if (!form) return request.fail(form.error());
    sessions().end(asked.sessionid);
    command.run({host_, std::move(request), asked.node, asked.sessionid, std::move(*form)});
  }

  CommandSessions& sessions() { return host_.data<CommandSessions>(); }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(adhoc, Adhoc)
