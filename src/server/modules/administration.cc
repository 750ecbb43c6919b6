// XEP-0133 Service Administration: the commands of a domain's administrators.
#include <algorithm>
#include <mutex>
#include <set>

#include "base/datetime.h"
#include "server/commands.h"
#include "server/module.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;
using xmpp::FormType;

constexpr std::string_view admin_ns = "http://jabber.org/protocol/admin";

// --- forms ---

DataForm form_of(std::string_view title) {
  DataForm form = DataForm::of(FormType::form, admin_ns);
  form.title = title;
  return form;
}

DataForm accounts_form(std::string_view title) {
  DataForm form = form_of(title);
  form.add(FieldType::jid_multi, "accountjids", "The addresses of the accounts").required = true;
  return form;
}

DataForm account_form(std::string_view title) {
  DataForm form = form_of(title);
  form.add(FieldType::jid_single, "accountjid", "The address of the account").required = true;
  return form;
}

DataForm new_account_form() {
  DataForm form = account_form("Add a user");
  form.add(FieldType::text_private, "password", "The password of the account").required = true;
  form.add(FieldType::text_private, "password-verify", "The same once more").required = true;
  return form;
}

DataForm password_form() {
  DataForm form = account_form("Change a user's password");
  form.add(FieldType::text_private, "password", "The new password").required = true;
  return form;
}

DataForm announcement_form() {
  DataForm form = form_of("Write to everybody who is online");
  form.add(FieldType::text_single, "subject", "Subject");
  form.add(FieldType::text_multi, "announcement", "Announcement").required = true;
  return form;
}

DataForm list_form(std::string_view title) {
  DataForm form = form_of(title);
  xmpp::FormField& most = form.add(FieldType::list_single, "max_items", "How many to show", "100");
  for (const char* count : {"25", "50", "75", "100", "150", "200", "none"})
    most.options.push_back({.label = count, .value = count});
  return form;
}

std::size_t most_items(const DataForm& form) {
  constexpr std::size_t none = 10000;  // what one stanza can hold
  const std::string value(form.value("max_items"));
  return value.empty() || value == "none" ? none : std::stoul(value);
}

DataForm result_form() { return DataForm::of(FormType::result, admin_ns); }

DataForm number_result(std::string_view var, std::uint64_t number) {
  DataForm form = result_form();
  form.add(FieldType::text_single, var, "", std::to_string(number));
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

// --- questions ---

void tell_last_login(CommandRun run) {
  const auto account = own_address(run.host(), run.form().value("accountjids"));
  if (!account) return run.fail(account.error());
  ModuleHost& host = run.host();
  host.stores().accounts().find(
      account->bare().text(), [run = std::move(run)](Result<store::Account> found) mutable {
        if (!found) return run.fail(found.error());
        DataForm form = result_form();
        form.add(FieldType::jid_multi, "accountjids", "", found->address);
        const auto stamp = found->last_sign_in;
        form.add(FieldType::text_multi, "lastlogin", "", stamp ? format_datetime(*stamp) : "never");
        run.complete(std::move(form));
      });
}

std::vector<std::string> online_resources(ModuleHost& home, const Jid& bare) {
  std::vector<std::string> resources;
  if (const Account* account = home.find_account(bare))
    for (const auto& session : account->sessions())
      if (session->available()) resources.emplace_back(session->address().resource());
  return resources;
}

void tell_statistics(CommandRun run) {
  const auto address = own_address(run.host(), run.form().value("accountjid"));
  if (!address) return run.fail(address.error());
  ModuleHost& host = run.host();
  host.stores().rosters().load(
      address->bare().text(),
      [&host, bare = address->bare(), run = std::move(run)](Result<store::Roster> roster) mutable {
        if (!roster) return run.fail(roster.error());
        host.ask_home(
            bare.text(), [bare](ModuleHost& home) { return online_resources(home, bare); },
            [size = roster->items.size(),
             run = std::move(run)](std::vector<std::string> resources) mutable {
              DataForm form = number_result("rostersize", size);
              form.add(FieldType::text_multi, "onlineresources").values = std::move(resources);
              run.complete(std::move(form));
            });
      });
}

void count_registered(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().accounts().count(host.domain().name,
                                 [run = std::move(run)](Result<std::uint64_t> count) mutable {
                                   if (!count) return run.fail(count.error());
                                   run.complete(number_result("registeredusersnum", *count));
                                 });
}

void list_registered(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().accounts().list(
      host.domain().name, "", static_cast<std::uint32_t>(most_items(run.form())),
      [run = std::move(run)](Result<std::vector<store::Account>> accounts) mutable {
        if (!accounts) return run.fail(accounts.error());
        DataForm form = result_form();
        auto& field = form.add(FieldType::jid_multi, "registereduserjids");
        for (store::Account& account : *accounts)
          field.values.push_back(std::move(account.address));
        run.complete(std::move(form));
      });
}

// Who is online, gathered on every shard; shared by the letters under way.
struct Online {
  explicit Online(CommandRun started) : run(std::move(started)) {}
  std::mutex mutex;
  std::set<std::string> users;
  CommandRun run;
};

void gather_online(CommandRun run, void (*tell)(Online& online)) {
  ModuleHost& host = run.host();
  auto online = std::make_shared<Online>(std::move(run));
  host.on_all_shards(
      [online](ModuleHost& there) {
        there.for_each_session([&](const Session& session) {
          if (!session.available()) return;
          const std::lock_guard lock(online->mutex);
          online->users.emplace(session.address().bare_text());
        });
      },
      [online, tell] { tell(*online); });
}

void count_online(CommandRun run) {
  gather_online(std::move(run), [](Online& online) {
    online.run.complete(number_result("onlineusersnum", online.users.size()));
  });
}

void list_online(CommandRun run) {
  gather_online(std::move(run), [](Online& online) {
    DataForm form = result_form();
    auto& field = form.add(FieldType::jid_multi, "onlineuserjids");
    const std::size_t most = most_items(online.run.form());
    for (const std::string& user : online.users)
      if (field.values.size() < most) field.values.push_back(user);
    online.run.complete(std::move(form));
  });
}

// --- announcements (section 4.23) ---

std::string announcement_xml(const DataForm& form) {
  std::string body;
  for (const std::string& line : form.find("announcement")->values)
    body += (body.empty() ? "" : "\n") + line;
  std::string xml;
  xml::Writer writer(xml, xmpp::ns::client);
  if (!form.value("subject").empty()) writer.leaf("subject", form.value("subject"));
  writer.leaf("body", body);
  return xml;
}

void announce(CommandRun run) {
  ModuleHost& host = run.host();
  const SharedBytes payload(announcement_xml(run.form()));
  auto shared = std::make_shared<CommandRun>(std::move(run));  // with what ends the round
  host.on_all_shards(
      [payload](ModuleHost& there) {
        there.for_each_session([&](Session& session) {
          if (!session.available()) return;
          StanzaHead head = StanzaHead::of(MessageType::headline);
          head.from = there.address();
          head.to = session.address();
          session.send(Stanza(std::move(head), payload));
        });
      },
      [shared] { finish(*shared, "announce", "everybody", {}); });
}

// --- the table, in the order of the specification ---

#define ADMIN_NODE(name) "http://jabber.org/protocol/admin#" name
constexpr AdhocCommand commands[] = {
    {ADMIN_NODE("add-user"), "Add a user", CommandUser::admin, new_account_form, add_user},
    {ADMIN_NODE("delete-user"), "Delete users", CommandUser::admin,
     [] { return accounts_form("Delete users"); }, delete_users},
    {ADMIN_NODE("disable-user"), "Disable users", CommandUser::admin,
     [] { return accounts_form("Disable users"); }, disable_users},
    {ADMIN_NODE("reenable-user"), "Enable users again", CommandUser::admin,
     [] { return accounts_form("Enable users again"); }, enable_users},
    {ADMIN_NODE("end-user-session"), "End sessions", CommandUser::admin,
     [] { return accounts_form("End sessions"); }, end_user_sessions},
    {ADMIN_NODE("change-user-password"), "Change a user's password", CommandUser::admin,
     password_form, change_password},
    {ADMIN_NODE("get-user-lastlogin"), "When a user signed in last", CommandUser::admin,
     [] { return accounts_form("When a user signed in last"); }, tell_last_login},
    {ADMIN_NODE("get-user-stats"), "Statistics of a user", CommandUser::admin,
     [] { return account_form("Statistics of a user"); }, tell_statistics},
    {ADMIN_NODE("get-registered-users-num"), "How many users there are", CommandUser::admin,
     nullptr, count_registered},
    {ADMIN_NODE("get-online-users-num"), "How many users are online", CommandUser::admin, nullptr,
     count_online},
    {ADMIN_NODE("get-registered-users-list"), "All users", CommandUser::admin,
     [] { return list_form("All users"); }, list_registered},
    {ADMIN_NODE("get-online-users-list"), "The users who are online", CommandUser::admin,
     [] { return list_form("The users who are online"); }, list_online},
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
