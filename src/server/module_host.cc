// A domain's modules on one shard.
#include "server/module_host.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "server/module.h"
#include "server/modules.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

Jid domain_address(const std::string& name) { return Jid::trusted(name); }

}  // namespace

ModuleHost::ModuleHost(Shard& shard, Domain domain)
    : shard_(shard), domain_(std::move(domain)), address_(domain_address(domain_.name)) {
  start_modules();
}

ModuleHost::~ModuleHost() = default;

void ModuleHost::start_modules() {
  hooks_.clear();
  requests_.clear();
  services_.clear();
  std::vector<Running> before = std::exchange(running_, {});
  for (const Module* module : all_modules()) {
    const auto found = domain_.modules.find(module->description.name);
    ModuleSettings settings;
    settings.enabled = module->description.enabled_by_default;
    if (found != domain_.modules.end()) settings = found->second;
    if (!settings.enabled) continue;
    const auto old = std::ranges::find_if(before, [&](const Running& running) {
      return running.module == module && same_effect(running.settings, settings);
    });
    auto instance = old != before.end() ? std::move(old->instance) : module->make(*this, settings);
    own_service_ = make_service(*module);
    module->bind(*this, *instance);
    own_service_ = nullptr;
    running_.push_back({module, std::move(settings), std::move(instance)});
  }
  for (Running& old : before) {
    if (!old.instance) continue;
    old.instance->stop();
    retired_.push_back(std::move(old.instance));
  }
}

Service* ModuleHost::make_service(const Module& module) {
  const auto found =
      std::ranges::find(domain_.services, module.description.name, &ServiceDomain::module);
  if (found == domain_.services.end()) return nullptr;
  services_.push_back(
      std::make_unique<Service>(*this, domain_address(found->name), module.description.title));
  return services_.back().get();
}

void ModuleHost::add(const RequestTable::Handler& handler) {
  if ((handler.targets & at_own_service) != 0) own_service().requests().add(handler);
  if ((handler.targets & static_cast<Targets>(~at_own_service)) != 0) requests_.add(handler);
}

Service& ModuleHost::own_service() {
  CHECK(own_service_ != nullptr);  // its Config has a ServiceName
  return *own_service_;
}

std::vector<const Module*> ModuleHost::running() const {
  std::vector<const Module*> modules;
  for (const Running& running : running_) modules.push_back(running.module);
  return modules;
}

void ModuleHost::configure(Domain domain) {
  domain_ = std::move(domain);
  start_modules();
  DomainConfigured event{domain_};
  std::ignore = hooks_.fire(event);
}

bool ModuleHost::is_admin(const Jid& jid) const {
  return std::ranges::any_of(domain_.admins,
                             [&](const std::string& admin) { return admin == jid.bare_text(); });
}

net::Loop& ModuleHost::loop() { return shard_.loop(); }
const Clock& ModuleHost::clock() const { return shard_.loop().clock(); }
Random& ModuleHost::random() { return shard_.random(); }
Log& ModuleHost::log() { return shard_.log(); }
store::Stores& ModuleHost::stores() { return shard_.stores(); }
const crypto::Crypto& ModuleHost::crypto() const { return shard_.server().crypto(); }
Archive& ModuleHost::archive() { return shard_.archive(); }
const MessageNames& ModuleHost::message_names() const { return shard_.server().message_names(); }
AccountActions ModuleHost::account_actions() { return AccountActions(shard_.server()); }
MonotonicTime ModuleHost::started() const { return shard_.server().started(); }

Session* ModuleHost::find_session(SessionKey key) const { return shard_.find_session(key); }

void ModuleHost::for_each_session(const std::function<void(Session&)>& visit) {
  for (const auto& [key, session] : shard_.sessions())
    if (&session->host() == this) visit(*session);
}

unsigned ModuleHost::shard_index() const { return shard_.index(); }

void ModuleHost::at_shard(unsigned shard, std::move_only_function<void(ModuleHost&)> letter) {
  shard_.post_to(shard, [domain = domain_.name, letter = std::move(letter)](Shard& there) mutable {
    letter(*there.find_host(domain));  // hosts stay; see Shard::configure()
  });
}

void ModuleHost::at_home(std::string_view name, std::move_only_function<void(ModuleHost&)> letter) {
  at_shard(shard_.server().home_of(name), std::move(letter));
}

bool ModuleHost::is_home_of(std::string_view name) const {
  return shard_.server().home_of(name) == shard_.index();
}

void ModuleHost::at_homes(const std::vector<Jid>& addresses, const HomeLetter& letter) {
  std::map<std::pair<unsigned, std::string_view>, std::vector<Jid>> homes;
  for (const Jid& address : addresses)
    if (shard_.find_host(address.domain()) != nullptr && address.has_local())
      homes[{shard_.server().home_of(address.bare_text()), address.domain()}].push_back(address);
  for (auto& [home, there] : homes) {
    const auto [shard, domain] = home;
    shard_.post_to(shard, [name = std::string(domain), letter, list = std::move(there)](Shard& at) {
      letter(*at.find_host(name), list);
    });
  }
}

void ModuleHost::on_all_shards(std::function<void(ModuleHost&)> letter,
                               std::function<void()> done) {
  shard_.server().on_all_shards(
      shard_,
      [domain = domain_.name, letter = std::move(letter)](Shard& there) {
        letter(*there.find_host(domain));
      },
      std::move(done));
}

void ModuleHost::send(Stanza stanza) { shard_.route(std::move(stanza)); }

void ModuleHost::send_to_all(const Stanza& stanza, std::vector<Jid> recipients) {
  shard_.route_to_all(stanza, std::move(recipients));
}

void ModuleHost::send_to_all(const Stanza& stanza, const Audience& audience) {
  shard_.route_to_all(stanza, audience);
}

void ModuleHost::with_account(const Jid& bare, std::move_only_function<void(Account*)> then) {
  Account& account = shard_.account(bare);
  account.when_loaded([&account, then = std::move(then)]() mutable {
    then(account.state() == Account::State::ready ? &account : nullptr);
  });
}

Account* ModuleHost::find_account(const Jid& bare) const {
  Account* account = shard_.find_account(bare.bare_text());
  return account != nullptr && account->state() == Account::State::ready ? account : nullptr;
}

void ModuleHost::after(Timer& timer, Duration delay, net::Task task) {
  timer.start(shard_.loop(), delay, std::move(task));
}

void ModuleHost::when_silent(SilenceWatch& watch, Silence patience, SilenceWatch::Act act) {
  watch.stop();
  if (patience.active > Duration(0)) watch.start(*this, patience, std::move(act));
}

void ModuleHost::watch(const Session& session) {
  for (SilenceWatch* watch : watches_) watch->add(session);
}

void ModuleHost::prod(const Session& session, std::string_view request_xml, Duration patience,
                      std::function<void(Session&)> silent) {
  StanzaHead head = StanzaHead::of(IqType::get);
  head.from = address_;
  head.to = session.address();
  ask(Stanza(std::move(head), request_xml), patience,
      [this, key = session.key(), asked = clock().now(),
       silent = std::move(silent)](const Stanza* answer) {
        if (answer != nullptr) return;
        Session* found = find_session(key);
        if (found != nullptr && found->connected() && found->last_heard() < asked) silent(*found);
      });
}

void ModuleHost::ask(Stanza request, Duration patience,
                     std::move_only_function<void(const Stanza*)> then) {
  shard_.ask(std::move(request), patience, std::move(then));
}

void ModuleHost::begin_saving(Bytes bytes) { shard_.server().unsaved_bytes() += bytes; }
void ModuleHost::end_saving(Bytes bytes) { shard_.server().unsaved_bytes() -= bytes; }

bool ModuleHost::commit(Stanza& stanza) { return shard_.commit(stanza); }
bool ModuleHost::commit_again(Stanza& stanza) { return shard_.commit_again(stanza); }
void ModuleHost::when_safe(net::Task task) { shard_.when_safe(std::move(task)); }
void ModuleHost::when_settled(net::Task task) { shard_.when_settled(std::move(task)); }
MessageId ModuleHost::next_message_id() { return shard_.ledger().next_id(); }
void ModuleHost::done(const Stanza& stanza) {
  if (stanza.id != 0) shard_.done(stanza.id);
}
void ModuleHost::bounce(const Stanza& stanza, const StanzaError& error) {
  shard_.bounce(stanza, error);
}
void ModuleHost::wait_for(const Stanza& stanza) { shard_.wait_inbound(stanza.origin); }
void ModuleHost::finish(const Origin& origin) { shard_.finish_inbound(origin); }

}  // namespace herold::server
