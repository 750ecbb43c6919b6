// XEP-0133 Service Administration: what a domain's administrators may do.
//
// What may be asked is in statistics.cc, the standing messages are in greetings.cc;
// docs/administration.md says of each command whether it is here, and why not.
#include <algorithm>

#include "server/admin_form.h"
#include "server/announcements.h"
#include "server/commands.h"
#include "server/module.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

// --- forms ---

DataForm accounts_form(std::string_view title) {
  DataForm form = admin_form(title);
  form.add(FieldType::jid_multi, "accountjids", "The addresses of the accounts").required = true;
  return form;
}

DataForm account_form(std::string_view title) {
  DataForm form = admin_form(title);
  form.add(FieldType::jid_single, "accountjid", "The address of the account").required = true;
  return form;
}

DataForm new_account_form(ModuleHost&) {
  DataForm form = account_form("Add a user");
  form.add(FieldType::text_private, "password", "The password of the account").required = true;
  form.add(FieldType::text_private, "password-verify", "The same once more").required = true;
  return form;
}

DataForm password_form(ModuleHost&) {
  DataForm form = account_form("Change a user's password");
  form.add(FieldType::text_private, "password", "The new password").required = true;
  return form;
}

DataForm announcement_form(ModuleHost&) {
  DataForm form = admin_form("Write to everybody who is online");
  form.add(FieldType::text_single, "subject", "Subject");
  form.add(FieldType::text_multi, "announcement", "Announcement").required = true;
  return form;
}

// --- accounts ---

// A checked field's address, which must be one of this domain.
Answer<Jid> own_address(const ModuleHost& host, std::string_view text) {
  auto jid = Jid::parse(text);
  if (!jid || !jid->has_local() || jid->domain() != host.address().domain())
    return xmpp::fail(Condition::bad_request, "No address of this domain");
  return std::move(*jid);
}

Answer<std::vector<Jid>> own_addresses(const ModuleHost& host, const DataForm& form) {
  std::vector<Jid> addresses;
  for (const std::string& text : form.find("accountjids")->values)
    addresses.push_back(TRY(own_address(host, text)));
  return addresses;
}

Answer<crypto::SecretString> new_password(const ModuleHost& host, const DataForm& form) {
  const std::string_view password = form.value("password");
  if (password.size() > host.limits().password_bytes)
    return xmpp::fail(Condition::not_acceptable, "The password is too long");
  auto prepared = xmpp::prepare_password(password);
  if (!prepared) return xmpp::fail(Condition::not_acceptable, "No such password can be used");
  return std::move(*prepared);
}

// Logs who did what to whom, and ends the run.
void finish(CommandRun& run, std::string_view what, std::string_view account,
            const Result<>& result) {
  if (!result) return run.fail(result.error());
  run.host().log().info("administration",
                        {{"what", what}, {"account", account}, {"by", run.user().bare_text()}});
  run.complete("Done");
}

void add_user(CommandRun run) {
  const auto account = own_address(run.host(), run.form().value("accountjid"));
  if (!account) return run.fail(account.error());
  if (account->is_full()) return run.fail({Condition::bad_request, "A bare address is needed"});
  if (run.form().value("password") != run.form().value("password-verify"))
    return run.fail({Condition::bad_request, "The passwords differ"});
  auto password = new_password(run.host(), run.form());
  if (!password) return run.fail(password.error());
  ModuleHost& host = run.host();
  host.account_actions().create(host.shard(), *account, std::move(*password),
                                store::LookAlikes::allowed,
                                [run = std::move(run), account = *account](Result<> done) mutable {
                                  finish(run, "add-user", account.text(), done);
                                });
}

void change_password(CommandRun run) {
  const auto account = own_address(run.host(), run.form().value("accountjid"));
  if (!account) return run.fail(account.error());
  auto password = new_password(run.host(), run.form());
  if (!password) return run.fail(password.error());
  ModuleHost& host = run.host();
  host.account_actions().set_password(
      host.shard(), account->bare(), std::move(*password),
      [run = std::move(run), account = account->bare()](Result<> done) mutable {
        finish(run, "change-user-password", account.text(), done);
      });
}

// Something done to one account after the other, up to the first that fails.
using Action = void (*)(ModuleHost& host, const Jid& account, AccountActions::Done done);

void do_all(std::vector<Jid> accounts, std::string_view what, Action action, CommandRun run) {
  const Jid account = std::move(accounts.back());
  accounts.pop_back();
  ModuleHost& host = run.host();
  action(host, account,
         [=, accounts = std::move(accounts), run = std::move(run)](Result<> done) mutable {
           if (!done || accounts.empty()) return finish(run, what, account.text(), done);
           run.host().log().info(
               "administration",
               {{"what", what}, {"account", account.text()}, {"by", run.user().bare_text()}});
           do_all(std::move(accounts), what, action, std::move(run));
         });
}

void to_all_named(CommandRun run, std::string_view what, Action action) {
  auto accounts = own_addresses(run.host(), run.form());
  if (!accounts) return run.fail(accounts.error());
  if (accounts->empty()) return run.fail(Condition::not_acceptable);
  do_all(std::move(*accounts), what, action, std::move(run));
}

void delete_users(CommandRun run) {
  to_all_named(std::move(run), "delete-user",
               [](ModuleHost& host, const Jid& account, AccountActions::Done done) {
                 host.account_actions().remove(host.shard(), account.bare(), std::move(done));
               });
}

void disable_users(CommandRun run) {
  to_all_named(std::move(run), "disable-user",
               [](ModuleHost& host, const Jid& account, AccountActions::Done done) {
                 host.account_actions().set_state(host.shard(), account.bare(),
                                                  store::AccountState::disabled, std::move(done));
               });
}

void enable_users(CommandRun run) {
  to_all_named(std::move(run), "reenable-user",
               [](ModuleHost& host, const Jid& account, AccountActions::Done done) {
                 host.account_actions().set_state(host.shard(), account.bare(),
                                                  store::AccountState::enabled, std::move(done));
               });
}

// Section 4.4: one session by its full address, all by the bare one.
Result<> end_sessions(ModuleHost& home, const Jid& address) {
  Account* account = home.find_account(address.bare());
  if (account == nullptr) return {};
  const xmpp::StreamError ended(xmpp::StreamCondition::policy_violation,
                                "Ended by an administrator");
  if (address.is_full()) {
    if (Session* session = account->find_session(address.resource()))
      session->end(SessionEnd::closed, ended);
    return {};
  }
  while (!account->sessions().empty()) account->sessions().back()->end(SessionEnd::closed, ended);
  return {};
}

void end_user_sessions(CommandRun run) {
  to_all_named(std::move(run), "end-user-session",
               [](ModuleHost& host, const Jid& address, AccountActions::Done done) {
                 host.ask_home(
                     address.bare_text(),
                     [address](ModuleHost& home) { return end_sessions(home, address); },
                     std::move(done));
               });
}

// --- announcements (section 4.23) ---

void announce(CommandRun run) {
  ModuleHost& host = run.host();
  const auto text = announcement_text(run.form(), "announcement", host.limits());
  if (!text) return run.fail(text.error());
  const SharedBytes payload = announcement(run.form().value("subject"), *text);
  auto shared = std::make_shared<CommandRun>(std::move(run));  // shared with the end of the round
  host.on_all_shards(
      [payload](ModuleHost& there) {
        there.for_each_session([&](Session& session) {
          if (session.available()) session.send(announcement_to(there, session.address(), payload));
        });
      },
      [shared] { finish(*shared, "announce", "everybody", {}); });
}

// --- the table, in the order of the specification ---

#define ADMIN_NODE(name) "http://jabber.org/protocol/admin#" name
constexpr AdhocCommand commands[] = {
    {ADMIN_NODE("add-user"), "Add a user", CommandUser::admin, new_account_form, add_user},
    {ADMIN_NODE("delete-user"), "Delete users", CommandUser::admin,
     [](ModuleHost&) { return accounts_form("Delete users"); }, delete_users},
    {ADMIN_NODE("disable-user"), "Disable users", CommandUser::admin,
     [](ModuleHost&) { return accounts_form("Disable users"); }, disable_users},
    {ADMIN_NODE("reenable-user"), "Enable users again", CommandUser::admin,
     [](ModuleHost&) { return accounts_form("Enable users again"); }, enable_users},
    {ADMIN_NODE("end-user-session"), "End sessions", CommandUser::admin,
     [](ModuleHost&) { return accounts_form("End sessions"); }, end_user_sessions},
    {ADMIN_NODE("change-user-password"), "Change a user's password", CommandUser::admin,
     password_form, change_password},
    {ADMIN_NODE("announce"), "Write to everybody who is online", CommandUser::admin,
     announcement_form, announce},
};
#undef ADMIN_NODE

}  // namespace

class Administration {
 public:
  static constexpr About about{133, "1.3.1", "Service Administration"};

  static constexpr auto handlers() { return std::tuple{on<CommandsAsked>(&Administration::offer)}; }

  explicit Administration(ModuleHost&) {}

 private:
  void offer(CommandsAsked& asked) {
    for (const AdhocCommand& command : commands) asked.commands.push_back(&command);
  }
};

}  // namespace herold::server

HEROLD_MODULE(administration, Administration)
