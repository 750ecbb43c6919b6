// Commands on the running server.
#include "server/admin/running_server.h"

#include <unistd.h>

#include <fstream>
#include <map>
#include <mutex>

#include "server/account_actions.h"
#include "server/account_export.h"
#include "server/admin/account_commands.h"
#include "server/admin/client_commands.h"
#include "server/admin/federation_commands.h"
#include "server/admin/key_change.h"
#include "server/archive.h"
#include "server/components/components.h"

namespace herold::server {
namespace {

using nlohmann::json;

// The process's own memory, from the kernel.
std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

json shard_json(const Shard::Counts& counts) {
  return {
      {"connections", counts.connections},           {"sessions", counts.sessions},
      {"anonymous_sessions", counts.anonymous},      {"accounts", counts.accounts},
      {"open_stanzas", counts.open_stanzas},         {"journal_records", counts.journal.records},
      {"journal_bytes", counts.journal.bytes},       {"journal_syncs", counts.journal.syncs},
      {"journal_segments", counts.journal.segments}, {"journal_refused", counts.journal.refused}};
}

}  // namespace

void RunningAdministration::perform(AdminCommand command, std::function<void(AdminReply)> done) {
  if (command.name == "stop") {
    done(json());
    return program_.stop();
  }
  if (command.name == "reload") {
    const auto reloaded = program_.reload();
    return done(reloaded ? AdminReply(json()) : std::unexpected(reloaded.error()));
  }
  if (command.name == "modules") return done(modules_json(program_.config(), modules_));
  if (command.name == "config print") return done(print_configuration(command));
  if (command.name == "status") return status(std::move(done));
  if (command.name == "component list") return list_components(std::move(done));
  if (command.name == "user list") return list_users(command, std::move(done));
  if (command.name == "keys change") {
    Shard& first = server_.shard(0);
    return first.loop().post([this, &first, done = std::move(done)]() mutable {
      change_keys(program_.keys, first.stores().accounts(), std::move(done));
    });
  }
  if (command.name == "erase") return erase(std::move(done));
  if (command.name == "user export") return export_user(command, std::move(done));
  if (is_federation_command(command.name)) return manage_peers(command, std::move(done));
  if (is_client_command(command.name)) return manage_clients(command, std::move(done));
  if (command.name.starts_with("user ")) return change_user(command, std::move(done));
  done(fail(Fault::invalid, "There is no command \"" + command.name + "\""));
}

void RunningAdministration::erase(Done done) {
  Shard& first = server_.shard(0);
  first.loop().post([this, &first, done = std::move(done)] {
    first.when_restored([this, &first, done] {
      erase_now(server_, first, [done](const Result<Erased>& erased) {
        done(erased ? AdminReply(erased_json(*erased, true)) : std::unexpected(erased.error()));
      });
    });
  });
}

AdminReply RunningAdministration::print_configuration(const AdminCommand& command) {
  const bool as_json = command.text("format") == "json";
  const std::string text =
      print_config(program_.config(), modules_, as_json ? ConfigFormat::json : ConfigFormat::toml);
  return as_json ? json::parse(text) : json(text);
}

void RunningAdministration::change_user(const AdminCommand& command, Done done) {
  const Config config = program_.config();
  const auto account = account_argument(config, command);
  if (!account) return done(std::unexpected(account.error()));
  SystemRandom random;
  json result = {{"address", account->text()}};
  crypto::SecretString password;
  if (command.name == "user add" || command.name == "user passwd") {
    auto chosen = password_argument(config.limits, command, random);
    if (!chosen) return done(std::unexpected(chosen.error()));
    result = password_result(*account, *chosen);
    password = std::move(chosen->prepared);
  }
  if (command.name == "user enable" || command.name == "user disable")
    result["enabled"] = command.name == "user enable";
  Shard& first = server_.shard(0);
  first.loop().post([this, &first, name = command.name, account = *account, done = std::move(done),
                     result = std::move(result), password = std::move(password)]() mutable {
    AccountActions actions(server_);
    AccountActions::Done told = [done = std::move(done),
                                 result = std::move(result)](Result<> changed) mutable {
      done(changed ? AdminReply(std::move(result)) : std::unexpected(changed.error()));
    };
    using store::AccountState;
    if (name == "user add")
      actions.create(first, account, std::move(password), store::LookAlikes::allowed,
                     std::move(told));
    else if (name == "user passwd")
      actions.set_password(first, account, std::move(password), std::move(told));
    else if (name == "user remove")
      actions.remove(first, account, std::move(told));
    else if (name == "user enable")
      actions.set_state(first, account, AccountState::enabled, std::move(told));
    else if (name == "user disable")
      actions.set_state(first, account, AccountState::disabled, std::move(told));
    else
      told(fail(Fault::invalid, "There is no command \"" + name + "\""));
  });
}

void RunningAdministration::manage_peers(const AdminCommand& command, Done done) {
  const Config config = program_.config();
  if (command.name == "federation list" || command.name == "federation show")
    return list_peers(server_, command, config.federation, std::move(done));
  AdminReply decided = decide_about_peer(command, config);
  if (!decided) return done(std::move(decided));
  if (const auto reloaded = program_.reload(); !reloaded)
    return done(std::unexpected(reloaded.error()));
  done(std::move(decided));
}

void RunningAdministration::manage_clients(const AdminCommand& command, Done done) {
  const auto account = account_argument(program_.config(), command);
  if (!account) return done(std::unexpected(account.error()));
  Shard& home = server_.shard(server_.home_of(account->text()));
  home.loop().post([&home, command, account = *account, done = std::move(done)] {
    perform_client_command(home, command, account, done);
  });
}

// When its archive is in the store.
void RunningAdministration::export_user(const AdminCommand& command, Done done) {
  const auto account = account_argument(program_.config(), command);
  if (!account) return done(std::unexpected(account.error()));
  Shard& home = server_.shard(server_.home_of(account->text()));
  home.loop().post([&home, account = *account, done = std::move(done)]() mutable {
    home.archive().when_stored([&home, account, done = std::move(done)] {
      export_account(home.stores(), account, ExportScope::whole, bounds::admin_answer,
                     [account, done](Result<std::string> document) {
                       done(document ? AdminReply(export_result(account, *document))
                                     : std::unexpected(document.error()));
                     });
    });
  });
}

void RunningAdministration::list_users(const AdminCommand& command, Done done) {
  struct Listing {
    std::vector<std::string> domains;  // still to be listed, the last one first
    json accounts = json::array();
    Done done;
    Shard& shard;

    // Shared by the pages under way.
    static void next(std::shared_ptr<Listing> self, std::string after) {
      if (self->domains.empty()) return self->done(std::move(self->accounts));
      self->shard.stores().accounts().list(self->domains.back(), std::move(after),
                                           bounds::accounts_page,
                                           [self](Result<std::vector<store::Account>> found) {
                                             if (!found)
                                               return self->done(std::unexpected(found.error()));
                                             for (const store::Account& account : *found)
                                               self->accounts.push_back(account_json(account));
                                             if (found->size() == bounds::accounts_page)
                                               return next(self, found->back().address);
                                             self->domains.pop_back();
                                             next(self, {});
                                           });
    }
  };
  const Config config = program_.config();
  const std::string only = command.text("domain");
  std::vector<std::string> domains;
  for (const Domain& domain : config.domains)
    if (only.empty() || only == domain.name) domains.insert(domains.begin(), domain.name);
  if (domains.empty()) return done(fail(Fault::not_found, only + ": not a domain of this server"));
  Shard& first = server_.shard(0);
  auto listing =
      std::make_shared<Listing>(std::move(domains), json::array(), std::move(done), first);
  first.loop().post([listing] { Listing::next(listing, {}); });
}

void RunningAdministration::list_components(Done done) {
  struct Gathered {
    std::mutex mutex;
    std::map<std::string, json> components;  // by name
  };
  auto gathered = std::make_shared<Gathered>();  // with the letters under way
  Shard& first = server_.shard(0);
  first.loop().post([this, &first, gathered, done = std::move(done)]() mutable {
    const auto look = [gathered](Shard& shard) {
      Components& all = shard.components();
      const std::lock_guard lock(gathered->mutex);
      for (const auto& [name, config] : all.configured())
        if (const Component* one = all.here(name))
          gathered->components[name] = {{"name", name},
                                        {"connected", one->is_connected()},
                                        {"waiting", one->line().waiting()}};
    };
    server_.on_all_shards(first, look, [gathered, done = std::move(done)] {
      json list = json::array();
      for (auto& [name, one] : gathered->components) list.push_back(std::move(one));
      done(std::move(list));
    });
  });
}

void RunningAdministration::status(Done done) {
  struct Gathered {
    std::mutex mutex;
    json shards = json::array();
    std::uint64_t connections = 0, sessions = 0, anonymous = 0;
  };
  auto gathered = std::make_shared<Gathered>();  // with the letters under way
  Shard& first = server_.shard(0);
  first.loop().post([this, &first, gathered, done = std::move(done)]() mutable {
    server_.on_all_shards(
        first,
        [gathered](Shard& shard) {
          const Shard::Counts counts = shard.counts();
          const std::lock_guard lock(gathered->mutex);
          gathered->shards.push_back(shard_json(counts));
          gathered->connections += counts.connections;
          gathered->sessions += counts.sessions;
          gathered->anonymous += counts.anonymous;
        },
        [this, &first, gathered, done = std::move(done)] {
          const store::DatabaseStatistics database = server_.database().statistics();
          const auto up = std::chrono::duration_cast<Seconds>(first.now() - server_.started());
          done(json{{"running", true},
                    {"pid", ::getpid()},
                    {"uptime_seconds", up.count()},
                    {"memory_bytes", resident_bytes()},
                    {"connections", gathered->connections},
                    {"sessions", gathered->sessions},
                    {"anonymous_sessions", gathered->anonymous},
                    {"database",
                     {{"waiting", database.waiting},
                      {"jobs", database.jobs},
                      {"transactions", database.transactions},
                      {"failures", database.failures}}},
                    {"shards", gathered->shards}});
        });
  });
}

}  // namespace herold::server
