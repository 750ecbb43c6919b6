// Commands about accounts on the database of a stopped server.
#include "server/admin/stopped_server.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "server/account_export.h"
#include "server/admin/account_commands.h"
#include "server/admin/client_commands.h"
#include "server/admin/federation_commands.h"
#include "server/admin/key_change.h"
#include "server/client_record.h"
#include "server/credentials.h"
#include "server/ledger.h"
#include "server/recovery.h"
#include "server/rooms/room_store.h"
#include "store/journal.h"
#include "store/recovery.h"
#include "store/sqlite/sqlite_database.h"

namespace herold::server {
namespace {

using Json = nlohmann::json;

}  // namespace

Result<std::unique_ptr<StoppedServer>> StoppedServer::open(
    const Config& config, std::span<const ModuleDescription> modules,
    std::span<const store::Schema> tables, World world) {
  DataFolder folder = TRY(DataFolder::open(config.data, world.crypto));
  auto server = std::make_unique<StoppedServer>(config, modules, world, std::move(folder));
  store::SqliteOptions options;
  options.path = server->folder_.database_path();
  options.inline_executor = &server->tasks_;
  options.modules = tables;
  server->database_ = TRY(
      store::open_sqlite(options, config.limits, server->folder_.sealer(), world.clock, world.log));
  server->stores_ = server->database_->attach(server->tasks_);
  return server;
}

StoppedServer::StoppedServer(const Config& config, std::span<const ModuleDescription> modules,
                             World world, DataFolder folder)
    : config_(config), modules_(modules), world_(world), folder_(std::move(folder)) {}

StoppedServer::~StoppedServer() {
  tasks_.run_all();
  stores_.reset();
  tasks_.run_all();
  database_.reset();
}

template <class T, class F>
Result<T> StoppedServer::wait(F&& begin) {
  std::optional<Result<T>> outcome;
  begin([&outcome](Result<T> result) { outcome = std::move(result); });
  while (!outcome && tasks_.run_one()) {
  }
  if (!outcome) return fail(Fault::unavailable, "the database gave no answer");
  return *std::move(outcome);
}

void StoppedServer::perform(AdminCommand command, std::function<void(AdminReply)> done) {
  done(answer(command));
}

AdminReply StoppedServer::answer(const AdminCommand& command) {
  if (command.name == "user add") return add_user(command);
  if (command.name == "user passwd") return change_password(command);
  if (command.name == "user remove") return remove_user(command);
  if (command.name == "user enable") return set_state(command, store::AccountState::enabled);
  if (command.name == "user disable") return set_state(command, store::AccountState::disabled);
  if (command.name == "user list") return list_users(command);
  if (command.name == "user export") return export_user(command);
  if (command.name == "erase") return erase();
  if (is_client_command(command.name)) return manage_clients(command);
  if (command.name == "keys change") {
    AdminReply reply = fail(Fault::unavailable, "the database gave no answer");
    change_keys(folder_.sealer(), accounts(), [&reply](AdminReply answer) { reply = answer; });
    tasks_.run_all();
    return reply;
  }
  if (command.name == "federation block" || command.name == "federation allow")
    return decide_about_peer(command, config_);
  if (command.name == "modules") return modules_json(config_, modules_);
  if (command.name == "component list" || command.name == "status" || command.name == "reload" ||
      command.name == "stop")
    return fail(Fault::unavailable, "the server is not running");
  return fail(Fault::invalid, "unknown command \"" + command.name + "\"");
}

AdminReply StoppedServer::add_user(const AdminCommand& command) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  const Limits& limits = config_.find_domain(account.domain())->limits;
  const NewPassword password = TRY(password_argument(limits, command, world_.random));
  // Asked before, because deriving keys takes long; the store decides.
  if (TRY(wait<bool>([&](auto done) { accounts().exists(account.text(), std::move(done)); })))
    return fail(Fault::conflict, account.text() + " exists already");
  auto rows = make_credential_rows(world_.crypto, world_.random, password.prepared.view(),
                                   static_cast<std::uint32_t>(limits.scram_iterations));
  TRY(wait<void>([&](auto done) {
    accounts().create(account.text(), std::move(rows), world_.clock.wall(), std::move(done));
  }));
  return password_result(account, password);
}

AdminReply StoppedServer::change_password(const AdminCommand& command) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  const Limits& limits = config_.find_domain(account.domain())->limits;
  const NewPassword password = TRY(password_argument(limits, command, world_.random));
  auto iterations = static_cast<std::uint32_t>(limits.scram_iterations);
  for (const store::Credential& old : TRY(wait<std::vector<store::Credential>>(
           [&](auto done) { accounts().credentials(account.text(), std::move(done)); })))
    iterations = std::max(iterations, old.iterations);
  auto rows =
      make_credential_rows(world_.crypto, world_.random, password.prepared.view(), iterations);
  TRY(wait<void>([&](auto done) {
    accounts().set_credentials(account.text(), std::move(rows), std::move(done));
  }));
  return password_result(account, password);
}

// Sessions and messages that the last run left do not come back with a new account of that name:
// the next start finds that the rest of the removal is owed.
AdminReply StoppedServer::remove_user(const AdminCommand& command) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  std::vector<std::string> kept(std::begin(room_indices), std::end(room_indices));
  TRY(wait<void>(
      [&](auto done) { accounts().remove(account.text(), std::move(kept), std::move(done)); }));
  return Json({{"address", account.text()}});
}

AdminReply StoppedServer::erase() {
  Erased erased{.owed = database_->owed_removals().size()};
  erased.journal_files = TRY(rewrite_journals());
  erased.database = TRY(wait<store::Database::Scrubbed>(
      [&](auto done) { database_->scrub(tasks_, std::move(done)); }));
  return erased_json(erased, false);
}

// As a start does it, with one shard: what is open stands in one new file, then the old ones go.
Result<std::uint64_t> StoppedServer::rewrite_journals() {
  class AtOnce final : public store::SyncRunner {
   public:
    void run(store::Task work) override { work(); }
  } runner;
  const std::string folder = config_.data + "/journal";
  Recovery recovery;
  TRY(recovery.read(world_.disk, folder, database_->owed_removals()));
  if (recovery.is_empty()) return 0;
  Ledger ledger;
  ledger.open(
      recovery.next_run(), 0, 1,
      TRY(store::Journal::open(folder, 0, recovery.next_run(), config_.limits,
                               {world_.disk, runner, tasks_, world_.clock, world_.random}, {})));
  store::Journal& journal = ledger.journal();
  const auto sync = [&]() -> Result<> {
    journal.want_sync();
    TRY(journal.write());
    tasks_.run_all();
    if (journal.synced() == journal.appended()) return {};
    return fail(Fault::unavailable, "the journal could not be synced");
  };
  const auto here = [&ledger](const auto&) -> Ledger& { return ledger; };
  const Recovery::Ledgers ledgers{.of_stanza = here, .of_account = here};
  TRY(recovery.rewrite_orphans(ledgers));
  TRY(recovery.rewrite(ledgers));
  TRY(sync());
  TRY(journal.mark_takeover());
  TRY(sync());
  TRY(journal.close());
  TRY(recovery.retire(world_.disk, folder, config_.limits.journal_corrupt_files));
  return recovery.files();
}

AdminReply StoppedServer::set_state(const AdminCommand& command, store::AccountState state) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  TRY(wait<void>([&](auto done) { accounts().set_state(account.text(), state, std::move(done)); }));
  return Json({{"address", account.text()}, {"enabled", state == store::AccountState::enabled}});
}

AdminReply StoppedServer::manage_clients(const AdminCommand& command) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  store::Clients& clients = stores_->clients();
  if (command.name == "user factor-off") {
    TRY(wait<void>(
        [&](auto done) { clients.set_second_factor(account.text(), {}, std::move(done)); }));
    return Json({{"address", account.text()}});
  }
  const auto rows = TRY(wait<std::vector<store::Client>>(
      [&](auto done) { clients.list(account.text(), std::move(done)); }));
  if (command.name == "user clients")
    return clients_json(accesses(nullptr, rows, world_.clock.wall()));
  const std::string wanted = command.text("client");
  for (const store::Client& row : rows) {
    if (row.is_off || client_id_text(row.id) != wanted) continue;
    TRY(wait<void>([&](auto done) { clients.revoke(account.text(), row.id, std::move(done)); }));
    return revoked_json(account, wanted,
                        row.knows_password ? Revoked::but_knows_password : Revoked::wholly);
  }
  return fail(Fault::not_found, "there is no such client");
}

AdminReply StoppedServer::export_user(const AdminCommand& command) {
  const xmpp::Jid account = TRY(account_argument(config_, command));
  return export_result(account, TRY(wait<std::string>([&](auto done) {
                         export_account(*stores_, account, ExportScope::whole, bounds::admin_answer,
                                        std::move(done));
                       })));
}

AdminReply StoppedServer::list_users(const AdminCommand& command) {
  const std::string asked = command.text("domain");
  Json list = Json::array();
  if (!asked.empty()) {
    auto jid = xmpp::Jid::parse(asked);
    if (!jid || !config_.find_domain(jid->text()))
      return fail(Fault::invalid, "this server has no domain \"" + asked + "\"");
    TRY(list_domain(jid->text(), list));
    return list;
  }
  for (const Domain& domain : config_.domains) TRY(list_domain(domain.name, list));
  return list;
}

Result<> StoppedServer::list_domain(const std::string& domain, Json& list) {
  std::string after;
  while (true) {
    const auto page = TRY(wait<std::vector<store::Account>>([&](auto done) {
      accounts().list(domain, after, bounds::accounts_page, std::move(done));
    }));
    for (const store::Account& account : page) list.push_back(account_json(account));
    if (page.size() < bounds::accounts_page) return {};
    after = page.back().address;
  }
}

}  // namespace herold::server
