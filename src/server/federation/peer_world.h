// What federation takes from outside: finding other servers, TLS between servers, and a secret.
// Everything here may be used from any shard.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/tlsa.h"
#include "net/loop.h"
#include "net/transport.h"
#include "server/federation/route.h"

namespace herold::net {
class TlsClientContext;
class TlsServerContext;
}  // namespace herold::net

namespace herold::server {

// A connection to a server of the domain that was looked for.
struct FoundPeer {
  std::unique_ptr<net::Transport> transport;  // connected, not attached
  bool begins_with_tls = false;               // XEP-0368
  std::string host;                           // to which the domain's records led
  std::vector<crypto::TlsaRecord> tlsa;       // only where DNSSEC secures them and the way there
};

// What the other side showed, and what its domain says of that.
struct PeerEvidence {
  net::PeerCertificate shown;
  std::string host;
  std::vector<crypto::TlsaRecord> tlsa;
};

// A domain being looked for, on one loop's thread. Destroying it ends it, and nothing is told.
class PeerSearch {
 public:
  virtual ~PeerSearch() = default;
  // What was found was no good: looks on, as long as there is time, and tells again.
  virtual void go_on() = 0;
};

class PeerWorld {
 public:
  virtual ~PeerWorld() = default;

  // Names, addresses and connecting; `then` is called from a later turn of `loop`, and may destroy
  // the search. `random` is that thread's own.
  using Found = std::move_only_function<void(std::expected<FoundPeer, PeerFailure>)>;
  virtual std::unique_ptr<PeerSearch> find(const std::string& domain, net::Loop& loop,
                                           Random& random, Found then) = 0;

  // As the server; as the client, showing the certificate of `local`. nullptr: transports of a
  // simulation, which count as secured.
  virtual net::TlsServerContext* accepting() = 0;
  virtual net::TlsClientContext* connecting(std::string_view local) = 0;
  // Whether that is good for `domain`: "" if it is, else why it is not.
  virtual std::string judge(const PeerEvidence& evidence, std::string_view domain,
                            WallTime now) const = 0;

  // Keys of XEP-0185 come from it; 32 bytes that no other server has.
  virtual const std::string& dialback_secret() const = 0;
};

}  // namespace herold::server
