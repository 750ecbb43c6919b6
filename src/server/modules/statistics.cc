// XEP-0133 sections 4.8 to 4.22: what the administrators of a domain may ask about its users.
#include <map>
#include <mutex>

#include "base/datetime.h"
#include "server/admin_form.h"
#include "server/commands.h"
#include "server/contacts.h"
#include "server/module.h"
#include "xmpp/ext/roster.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;
using xmpp::FormType;

// Section 4.8 puts the roster into the form.
struct RosterForm {
  FormType type = FormType::result;
  std::vector<xmpp::FormField> questions;
  xmpp::RosterQuery roster;
  static constexpr ElementName element = DataForm::element;
  static constexpr std::tuple fields{xmpp::attribute("type", &RosterForm::type, xmpp::required),
                                     xmpp::child(&RosterForm::questions),
                                     xmpp::child(&RosterForm::roster)};
};
struct RosterAnswer {
  std::string node;
  std::string sessionid;
  std::optional<xmpp::CommandStatus> status;
  RosterForm form;
  static constexpr ElementName element = xmpp::Command::element;
  static constexpr std::tuple fields{xmpp::attribute("node", &RosterAnswer::node, xmpp::required),
                                     xmpp::attribute("sessionid", &RosterAnswer::sessionid),
                                     xmpp::attribute("status", &RosterAnswer::status),
                                     xmpp::child(&RosterAnswer::form)};
};

// --- forms ---

template <FieldType type, const std::string_view& var, const std::string_view& title>
DataForm address_form(ModuleHost&) {
  DataForm form = admin_form(title);
  form.add(type, var, "The address of the account").required = true;
  return form;
}
constexpr std::string_view one = "accountjid", several = "accountjids";
constexpr std::string_view roster_title = "The contacts of a user",
                           login_title = "When a user signed in last",
                           statistics_title = "Statistics of a user";

template <const std::string_view& title>
DataForm list_form(ModuleHost&) {
  DataForm form = admin_form(title);
  xmpp::FormField& most = form.add(FieldType::list_single, "max_items", "How many to show", "100");
  for (const char* count : {"25", "50", "75", "100", "150", "200", "none"})
    most.options.push_back({.label = count, .value = count});
  return form;
}
constexpr std::string_view registered_title = "All users", disabled_title = "Disabled users",
                           online_title = "The users who are online",
                           active_title = "The users who are online and active",
                           idle_title = "The users who are online and idle";

std::size_t most_items(const DataForm& form) {
  const std::string value(form.value("max_items"));
  return value.empty() || value == "none" ? bounds::listed_accounts : std::stoul(value);
}

DataForm result_form() { return DataForm::of(FormType::result, admin_ns); }

DataForm number_result(std::string_view var, std::uint64_t number) {
  DataForm form = result_form();
  form.add(FieldType::text_single, var, "", std::to_string(number));
  return form;
}

// A checked field's address, which must be one of this domain.
Answer<Jid> account_in(const CommandRun& run, std::string_view field) {
  auto jid = Jid::parse(run.form().value(field));
  if (!jid || !jid->has_local() || jid->domain() != run.host().address().domain())
    return xmpp::fail(Condition::bad_request, "No address of this domain");
  return jid->bare();
}

// --- one user ---

void tell_roster(CommandRun run) {
  const auto account = account_in(run, several);
  if (!account) return run.fail(account.error());
  ModuleHost& host = run.host();
  host.stores().accounts().find(
      account->text(), [&host, account = account->text(),
                        run = std::move(run)](Result<store::Account> found) mutable {
        if (!found) return run.fail(found.error());
        host.stores().rosters().load(
            account, [account, run = std::move(run)](Result<store::Roster> roster) mutable {
              if (!roster) return run.fail(roster.error());
              DataForm form = result_form();
              form.add(FieldType::jid_multi, several, "", account);
              RosterAnswer answer{.form = {.questions = std::move(form.questions), .roster = {}}};
              for (const store::RosterItem& item : roster->items)
                answer.form.roster.items.push_back(roster_item(item));
              run.complete_with(std::move(answer));
            });
      });
}

void tell_last_login(CommandRun run) {
  const auto account = account_in(run, several);
  if (!account) return run.fail(account.error());
  ModuleHost& host = run.host();
  host.stores().accounts().find(
      account->text(), [run = std::move(run)](Result<store::Account> found) mutable {
        if (!found) return run.fail(found.error());
        DataForm form = result_form();
        form.add(FieldType::jid_multi, several, "", found->address);
        const auto stamp = found->last_sign_in;
        form.add(FieldType::text_multi, "lastlogin", "", stamp ? format_datetime(*stamp) : "never");
        run.complete(std::move(form));
      });
}

struct Presences {
  std::vector<std::string> resources, addresses;
};

Presences presences_of(ModuleHost& home, const Jid& bare) {
  Presences found;
  const Account* account = home.find_account(bare);
  if (account == nullptr) return found;
  for (const auto& session : account->sessions()) {
    if (session->available()) found.resources.emplace_back(session->address().resource());
    if (session->connected()) found.addresses.push_back(session->peer());
  }
  return found;
}

void tell_statistics(CommandRun run) {
  const auto address = account_in(run, one);
  if (!address) return run.fail(address.error());
  ModuleHost& host = run.host();
  host.stores().rosters().load(address->text(), [&host, bare = *address, run = std::move(run)](
                                                    Result<store::Roster> roster) mutable {
    if (!roster) return run.fail(roster.error());
    host.ask_home(
        bare.text(), [bare](ModuleHost& home) { return presences_of(home, bare); },
        [size = roster->items.size(), run = std::move(run)](Presences found) mutable {
          DataForm form = number_result("rostersize", size);
          form.add(FieldType::text_multi, "onlineresources").values = std::move(found.resources);
          form.add(FieldType::text_multi, "ipaddresses").values = std::move(found.addresses);
          run.complete(std::move(form));
        });
  });
}

// --- all users ---

void count_registered(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().accounts().count(host.domain().name,
                                 [run = std::move(run)](Result<std::uint64_t> count) mutable {
                                   if (!count) return run.fail(count.error());
                                   run.complete(number_result("registeredusersnum", *count));
                                 });
}

void count_disabled(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().accounts().count_disabled(
      host.domain().name, [run = std::move(run)](Result<std::uint64_t> count) mutable {
        if (!count) return run.fail(count.error());
        run.complete(number_result("disabledusersnum", *count));
      });
}

store::Completion<std::vector<store::Account>> tell_addresses(CommandRun run,
                                                              std::string_view var) {
  return [run = std::move(run), var](Result<std::vector<store::Account>> accounts) mutable {
    if (!accounts) return run.fail(accounts.error());
    DataForm form = result_form();
    auto& field = form.add(FieldType::jid_multi, var);
    for (store::Account& account : *accounts) field.values.push_back(std::move(account.address));
    run.complete(std::move(form));
  };
}

void list_registered(CommandRun run) {
  ModuleHost& host = run.host();
  const auto most = static_cast<std::uint32_t>(most_items(run.form()));
  host.stores().accounts().list(host.domain().name, "", most,
                                tell_addresses(std::move(run), "registereduserjids"));
}

void list_disabled(CommandRun run) {
  ModuleHost& host = run.host();
  const auto most = static_cast<std::uint32_t>(most_items(run.form()));
  host.stores().accounts().list_disabled(host.domain().name, "", most,
                                         tell_addresses(std::move(run), "disableduserjids"));
}

// --- those who are online ---

// How long a client has to be silent to be idle; each shard's, for the commands.
struct IdleTime {
  Seconds span{600};
};

// Active is whose client is not inactive (XEP-0352) and was heard of lately.
bool is_active(const Session& session, MonotonicTime now, Seconds idle) {
  return session.connected() && !session.has(SessionFlag::inactive) &&
         now - session.last_heard() < idle;
}

// Who is online and whether active, gathered on every shard; shared by the letters under way.
struct Online {
  explicit Online(CommandRun started) : run(std::move(started)) {}
  std::mutex mutex;
  std::map<std::string, bool> users;
  CommandRun run;
};

enum class Which { online, active, idle };

bool fits(Which which, bool active) {
  return which == Which::online || active == (which == Which::active);
}

void gather(ModuleHost& there, Online& online) {
  const MonotonicTime now = there.clock().now();
  const Seconds idle = there.data<IdleTime>().span;
  there.for_each_session([&](const Session& session) {
    if (!session.available()) return;
    const std::lock_guard lock(online.mutex);
    online.users[std::string(session.address().bare_text())] |= is_active(session, now, idle);
  });
}

template <Which which, const std::string_view& var>
void count_online(CommandRun run) {
  ModuleHost& host = run.host();
  auto online = std::make_shared<Online>(std::move(run));
  host.on_all_shards([online](ModuleHost& there) { gather(there, *online); },
                     [online] {
                       std::uint64_t count = 0;
                       for (const auto& [user, active] : online->users)
                         count += fits(which, active);
                       online->run.complete(number_result(var, count));
                     });
}

template <Which which, const std::string_view& var>
void list_online(CommandRun run) {
  ModuleHost& host = run.host();
  auto online = std::make_shared<Online>(std::move(run));
  host.on_all_shards([online](ModuleHost& there) { gather(there, *online); },
                     [online] {
                       DataForm form = result_form();
                       auto& field = form.add(FieldType::jid_multi, var);
                       const std::size_t most = most_items(online->run.form());
                       for (const auto& [user, active] : online->users)
                         if (fits(which, active) && field.values.size() < most)
                           field.values.push_back(user);
                       online->run.complete(std::move(form));
                     });
}
constexpr std::string_view online_number = "onlineusersnum", active_number = "activeusersnum",
                           idle_number = "idleusersnum", online_list = "onlineuserjids",
                           active_list = "activeuserjids", idle_list = "idleuserjids";

// --- the table, in the order of the specification ---

#define ADMIN_NODE(name) "http://jabber.org/protocol/admin#" name
constexpr AdhocCommand commands[] = {
    {ADMIN_NODE("get-user-roster"), roster_title, CommandUser::admin,
     address_form<FieldType::jid_multi, several, roster_title>, tell_roster},
    {ADMIN_NODE("get-user-lastlogin"), login_title, CommandUser::admin,
     address_form<FieldType::jid_multi, several, login_title>, tell_last_login},
    {ADMIN_NODE("get-user-stats"), statistics_title, CommandUser::admin,
     address_form<FieldType::jid_single, one, statistics_title>, tell_statistics},
    {ADMIN_NODE("get-registered-users-num"), "How many users there are", CommandUser::admin,
     nullptr, count_registered},
    {ADMIN_NODE("get-disabled-users-num"), "How many users are disabled", CommandUser::admin,
     nullptr, count_disabled},
    {ADMIN_NODE("get-online-users-num"), "How many users are online", CommandUser::admin, nullptr,
     count_online<Which::online, online_number>},
    {ADMIN_NODE("get-active-users-num"), "How many users are active", CommandUser::admin, nullptr,
     count_online<Which::active, active_number>},
    {ADMIN_NODE("get-idle-users-num"), "How many users are idle", CommandUser::admin, nullptr,
     count_online<Which::idle, idle_number>},
    {ADMIN_NODE("get-registered-users-list"), registered_title, CommandUser::admin,
     list_form<registered_title>, list_registered},
    {ADMIN_NODE("get-disabled-users-list"), disabled_title, CommandUser::admin,
     list_form<disabled_title>, list_disabled},
    {ADMIN_NODE("get-online-users-list"), online_title, CommandUser::admin, list_form<online_title>,
     list_online<Which::online, online_list>},
    {ADMIN_NODE("get-active-users-list"), active_title, CommandUser::admin, list_form<active_title>,
     list_online<Which::active, active_list>},
    {ADMIN_NODE("get-idle-users-list"), idle_title, CommandUser::admin, list_form<idle_title>,
     list_online<Which::idle, idle_list>},
};
#undef ADMIN_NODE

}  // namespace

class Statistics {
 public:
  static constexpr About about{133, "1.3.1", "Service Administration: questions"};

  struct Config {
    Seconds idle{600};
    static constexpr std::tuple options{option(
        "idle", &Config::idle, "A user whose clients were silent for this long counts as idle.")};
  };

  static constexpr auto handlers() { return std::tuple{on<CommandsAsked>(&Statistics::offer)}; }

  Statistics(ModuleHost& host, const Config& config) { host.data<IdleTime>().span = config.idle; }

 private:
  void offer(CommandsAsked& asked) {
    for (const AdhocCommand& command : commands) asked.commands.push_back(&command);
  }
};

}  // namespace herold::server

HEROLD_MODULE(statistics, Statistics)
