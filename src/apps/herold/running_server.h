// The real world around a server: threads, sockets, disk, database, signals.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/openssl/openssl_crypto.h"
#include "net/epoll_loop.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "server/admin/admin_server.h"
#include "server/admin/running_server.h"
#include "server/client_trust.h"
#include "server/config.h"
#include "server/data_folder.h"
#include "server/federation/network_peers.h"
#include "server/log_sink.h"
#include "server/server.h"
#include "server/workers.h"
#include "store/database.h"
#include "store/posix_disk.h"
#include "store/sync_thread.h"

namespace herold::app {

class RunningServer {
 public:
  explicit RunningServer(const server::Config& config);
  RunningServer(const RunningServer&) = delete;
  ~RunningServer();

  // Everything but running: afterwards the sockets listen.
  Result<> prepare();
  // What listens: "client 127.0.0.1:5222".
  std::vector<std::string> listeners() const;
  // Of our own authority; empty where a certificate was configured.
  const std::string& authority_file() const { return authority_file_; }
  const std::string& authority_fingerprint() const { return authority_fingerprint_; }

  // Until stop(), on this thread and one more a shard. The exit code.
  int run();
  void stop();        // from any thread
  Result<> reload();  // from any thread but a shard's; blocks

 private:
  struct Listening {
    std::string name;
    std::unique_ptr<net::Listener> listener;
    server::ListenerKind kind;
  };
  Result<std::vector<net::TlsCertificate>> certificates(const server::Config& config);
  static Result<server::ClientTrust::Authorities> client_authorities(const server::Config& config);
  void trust(server::ClientTrust::Authorities authorities);
  Result<> make_tls();
  Result<> make_peers();
  Result<server::NetworkPeers::Settings> peer_settings(
      const server::Config& config, const std::vector<net::TlsCertificate>& certificates) const;
  Result<> open_database();
  Result<> listen(const std::vector<server::Endpoint>& endpoints, const std::string& name,
                  server::ListenerKind kind);
  void handle_signals();

  // In the order of dependence: what is destroyed last stands first.
  std::mutex reload_mutex_;  // one reload at a time
  std::mutex config_mutex_;
  server::Config config_;  // guarded by config_mutex_
  const std::string config_file_;
  SystemClock clock_;
  SystemRandom random_;
  crypto::OpenSslCrypto crypto_;
  server::LogSink log_;
  std::unique_ptr<server::DataFolder> folder_;
  store::PosixDisk disk_;
  std::unique_ptr<net::TlsServerContext> tls_;
  server::ClientTrust client_trust_;
  std::unique_ptr<server::NetworkPeers> peers_;  // nullptr: no other server is talked to
  std::string authority_file_, authority_fingerprint_;
  std::vector<std::unique_ptr<net::EpollLoop>> loops_;
  std::vector<std::unique_ptr<SystemRandom>> randoms_;
  std::unique_ptr<store::SyncThread> sync_thread_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<server::ThreadWorkers> workers_;
  std::unique_ptr<server::Server> server_;
  std::vector<Listening> listeners_;
  std::unique_ptr<server::RunningAdministration> administration_;
  std::unique_ptr<server::AdminServer> admin_server_;
  std::thread signals_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace herold::app
