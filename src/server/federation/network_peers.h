// Other servers on a real network: names, connections, TLS with our certificates, and what theirs
// are worth (RFC 6120 sections 3.2 and 13.7, RFC 9525).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "net/tls.h"
#include "server/config.h"
#include "server/federation/peer_world.h"

namespace herold::server {

class NetworkPeers final : public PeerWorld {
 public:
  // `certificates` are ours, each with the domains that it is for; `secret` as PeerWorld says.
  struct Settings {
    const Config& config;
    const Clock& clock;
    const std::vector<net::TlsCertificate>& certificates;
    std::string own_authority_pem;  // trusted as well; empty: there is none
  };
  static Result<std::unique_ptr<NetworkPeers>> make(const Settings& settings, std::string secret);
  // For make().
  explicit NetworkPeers(std::string secret);
  ~NetworkPeers() override;

  // From now on; from any thread but a shard's. On error nothing changes.
  Result<> reload(const Settings& settings);

  std::unique_ptr<PeerSearch> find(const std::string& domain, net::Loop& loop, Random& random,
                                   Found then) override;
  net::TlsServerContext* accepting() override { return accepting_.get(); }
  net::TlsClientContext* connecting(std::string_view local) override;
  std::string judge(const PeerEvidence& evidence, std::string_view domain,
                    WallTime now) const override;
  const std::string& dialback_secret() const override { return secret_; }

 private:
  class Search;
  struct Current;

  const std::string secret_;
  std::unique_ptr<net::TlsServerContext> accepting_;
  mutable std::mutex mutex_;
  // Guarded by mutex_; the last one counts. Handshakes and searches refer to older ones: they stay.
  std::vector<std::unique_ptr<Current>> settings_;
};

}  // namespace herold::server
