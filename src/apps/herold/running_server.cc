// Wiring: who is made of what, who outlives whom, and which thread runs what.
#include "apps/herold/running_server.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "server/archive_query.h"
#include "server/federation/decisions.h"
#include "server/modules.h"
#include "server/own_certificate.h"
#include "store/sqlite/sqlite_database.h"

namespace herold::app {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

std::uint64_t raise_open_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
  files.rlim_cur = files.rlim_max;
  // Without the right to raise it the old bound stays, and getrlimit says so.
  std::ignore = ::setrlimit(RLIMIT_NOFILE, &files);
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
  return files.rlim_cur;
}

unsigned shard_count(const server::Config& config) {
  if (config.shards != 0) return static_cast<unsigned>(config.shards);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

RunningServer::RunningServer(const server::Config& config)
    : config_(config),
      config_file_(config.file),
      log_(STDERR_FILENO, server::detect_log_style(), config.log.level, config.limits, clock_) {}

RunningServer::~RunningServer() {
  admin_server_.reset();
  listeners_.clear();
  if (server_) server_->release_stores();
  database_.reset();     // each finishes what waits and tells the shards,
  sync_thread_.reset();  // which therefore
  workers_.reset();      // are still there
  for (const auto& loop : loops_) loop->drop_tasks();
  server_.reset();
}

Result<> RunningServer::prepare() {
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // all threads; one waits for them
  const std::uint64_t files = raise_open_files();
  ::mallopt(M_ARENA_MAX, 2);  // threads own their memory by shard; more arenas only fragment it

  folder_ =
      std::make_unique<server::DataFolder>(TRY(server::DataFolder::open(config_.data, crypto_)));
  TRY(server::apply_decisions(config_.data, config_.federation));
  TRY(make_tls());
  TRY(make_peers());
  for (unsigned i = 0; i < shard_count(config_); ++i) {
    loops_.push_back(TRY(net::EpollLoop::open(clock_, config_.limits)));
    randoms_.push_back(std::make_unique<SystemRandom>());
  }
  sync_thread_ = std::make_unique<store::SyncThread>();
  TRY(open_database());
  workers_ =
      std::make_unique<server::ThreadWorkers>(bounds::password_threads, bounds::password_queue);

  server::ServerWorld world{
      .loops = {},
      .randoms = {},
      .log = log_,
      .disk = disk_,
      .sync_runner = *sync_thread_,
      .database = *database_,
      .workers = *workers_,
      .crypto = crypto_,
      .tls = tls_.get(),
      .client_trust = &client_trust_,
      .peers = peers_.get(),
      .unknown_user_secret = TRY(server::unknown_user_secret(config_.data, random_)),
      .most_files = files};
  for (const auto& loop : loops_) world.loops.push_back(loop.get());
  for (const auto& random : randoms_) world.randoms.push_back(random.get());
  server_ = std::make_unique<server::Server>(config_, std::move(world));
  server_->set_fatal([](const Error&) { std::_Exit(EXIT_FAILURE); });  // HOSTILE 177
  TRY(server_->start());

  using server::ListenerKind;
  TRY(listen(config_.listen.client, "client", ListenerKind::starttls));
  TRY(listen(config_.listen.client_tls, "client_tls", ListenerKind::direct_tls));
  TRY(listen(config_.listen.client_plain, "client_plain",
             config_.listen.behind_tls_proxy ? ListenerKind::proxied : ListenerKind::plain));
  TRY(listen(config_.listen.server, "server", ListenerKind::peer));
  TRY(listen(config_.listen.server_tls, "server_tls", ListenerKind::peer_tls));
  TRY(listen(config_.listen.component, "component", ListenerKind::component));
  TRY(listen(config_.listen.component_tls, "component_tls", ListenerKind::component_tls));

  static const auto descriptions = server::module_descriptions();
  administration_ = std::make_unique<server::RunningAdministration>(
      *server_,
      server::RunningAdministration::Program{.reload = [this] { return reload(); },
                                             .stop = [this] { stop(); },
                                             .config =
                                                 [this] {
                                                   const std::lock_guard lock(config_mutex_);
                                                   return config_;
                                                 },
                                             .keys = folder_->sealer()},
      descriptions);
  admin_server_ = TRY(server::AdminServer::start(config_.admin_socket, *administration_,
                                                 config_.limits, clock_, log_));
  return {};
}

Result<> RunningServer::open_database() {
  store::SqliteOptions options;
  options.text_of = server::words_of;
  options.path = folder_->database_path();
  database_ = TRY(store::open_sqlite(options, config_.limits, folder_->sealer(), clock_, log_));
  return {};
}

Result<std::vector<net::TlsCertificate>> RunningServer::certificates(const server::Config& config) {
  std::vector<net::TlsCertificate> all;
  std::vector<std::string> own_names;
  for (const server::Domain& domain : config.domains) {
    if (domain.tls.is_own()) {
      std::ranges::move(domain.all_names(), std::back_inserter(own_names));
      continue;
    }
    TRY(server::check_secret_file(domain.tls.key));
    auto read = TRY(net::read_certificate(domain.tls.certificate, domain.tls.key));
    read.names = domain.all_names();
    all.push_back(std::move(read));
  }
  for (const server::ComponentConfig& component : config.components) {
    const server::Domain* parent = config.find_parent(component.name);
    if (parent == nullptr || parent->tls.is_own()) own_names.push_back(component.name);
  }
  if (own_names.empty()) return all;
  auto own = TRY(server::own_certificate(config.data, own_names, clock_.wall(), random_));
  authority_file_ = own.authority_file;
  authority_fingerprint_ = own.authority_fingerprint;
  all.push_back(std::move(own.certificate));
  return all;
}

Result<server::ClientTrust::Authorities> RunningServer::client_authorities(
    const server::Config& config) {
  server::ClientTrust::Authorities all;
  for (const server::Domain& domain : config.domains) {
    const std::string& file = domain.tls.client_authorities;
    if (file.empty()) continue;
    auto authorities = crypto::parse_client_authorities(TRY(net::read_pem(file)));
    if (!authorities) return fail(Fault::invalid, file + ": " + authorities.error().text);
    all.emplace(domain.name, std::move(*authorities));
  }
  return all;
}

// Clients are asked for certificates only where one could count: some bother their users about it.
void RunningServer::trust(server::ClientTrust::Authorities authorities) {
  using net::ClientCertificate;
  tls_->ask_clients(authorities.empty() ? ClientCertificate::ignored
                                        : ClientCertificate::requested);
  client_trust_.set(std::move(authorities));
}

Result<> RunningServer::make_tls() {
  net::TlsServerSettings settings;
  settings.protocols = {"xmpp-client"};
  const auto all = TRY(certificates(config_));
  auto authorities = TRY(client_authorities(config_));
  tls_ = TRY(net::TlsServerContext::make(settings, all));
  trust(std::move(authorities));
  return {};
}

Result<server::NetworkPeers::Settings> RunningServer::peer_settings(
    const server::Config& config, const std::vector<net::TlsCertificate>& certificates) const {
  std::string own;
  if (!authority_file_.empty()) own = TRY(net::read_pem(authority_file_));
  return server::NetworkPeers::Settings{config, clock_, certificates, std::move(own)};
}

Result<> RunningServer::make_peers() {
  if (!config_.federates()) return {};
  const auto all = TRY(certificates(config_));
  const auto settings = TRY(peer_settings(config_, all));
  auto secret = TRY(server::dialback_secret(config_.data, random_));
  peers_ = TRY(server::NetworkPeers::make(settings, std::move(secret)));
  return {};
}

Result<> RunningServer::listen(const std::vector<server::Endpoint>& endpoints,
                               const std::string& name, server::ListenerKind kind) {
  for (const server::Endpoint& endpoint : endpoints) {
    auto listener = TRY(net::Listener::open(endpoint.text(), config_.limits, log_));
    listeners_.push_back({name, std::move(listener), kind});
  }
  return {};
}

std::vector<std::string> RunningServer::listeners() const {
  std::vector<std::string> lines;
  for (const Listening& listening : listeners_)
    lines.push_back(listening.name + ' ' + listening.listener->address());
  return lines;
}

int RunningServer::run() {
  for (Listening& listening : listeners_) {
    const auto started = listening.listener->start(
        *loops_.front(), [this, kind = listening.kind](std::unique_ptr<net::Transport> transport) {
          server_->accept(std::move(transport), kind);
        });
    if (!started) {
      log_.error("cannot-listen", {{"reason", started.error().text}});
      return EXIT_FAILURE;
    }
  }
  signals_ = std::thread([this] { handle_signals(); });
  for (std::size_t i = 1; i < loops_.size(); ++i)
    threads_.emplace_back([this, i] { loops_[i]->run(); });
  // Without systemd there is nobody to tell.
  std::ignore = ::sd_notify(0, "READY=1");
  loops_.front()->run();
  for (std::thread& thread : threads_) thread.join();
  ::kill(::getpid(), SIGTERM);  // lets the waiting thread end
  signals_.join();
  return EXIT_SUCCESS;
}

void RunningServer::handle_signals() {
  const sigset_t set = handled_signals();
  bool stop_seen = false;
  while (!stop_seen) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (number != SIGHUP) {
      stop_seen = true;
      stop();
    } else if (const auto reloaded = reload(); !reloaded) {
      log_.error("reload-refused", {{"reason", reloaded.error().text}});
    }
  }
}

void RunningServer::stop() {
  if (stopping_.exchange(true)) return;
  std::ignore = ::sd_notify(0, "STOPPING=1");
  log_.info("stopping");
  loops_.front()->post([this] {
    listeners_.clear();
    server_->stop([this] {
      for (const auto& loop : loops_) loop->stop();
    });
  });
}

// A broken file leaves the old settings in force (HOSTILE 165). Listeners and data stay as they
// are until a restart.
Result<> RunningServer::reload() {
  if (config_file_.empty()) return {};
  const std::lock_guard one_at_a_time(reload_mutex_);  // signals and commands have own threads
  const auto descriptions = server::module_descriptions();
  server::Config fresh = TRY(server::load_config(config_file_, descriptions));
  TRY(server::apply_decisions(fresh.data, fresh.federation));
  const auto all = TRY(certificates(fresh));
  auto authorities = TRY(client_authorities(fresh));
  const auto peer_settings = TRY(this->peer_settings(fresh, all));
  if (peers_) TRY(peers_->reload(peer_settings));
  TRY(tls_->reload(all));
  trust(std::move(authorities));
  log_.set_level(fresh.log.level);
  server_->configure(fresh);
  const std::lock_guard lock(config_mutex_);
  config_ = std::move(fresh);
  log_.info("reloaded", {{"file", config_file_}});
  return {};
}

}  // namespace herold::app
