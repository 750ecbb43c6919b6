// The real DNS by libunbound: recursion or forwarding, a cache, and DNSSEC (RFC 4033 to 4035).
#pragma once

#include <unbound.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "net/epoll_loop.h"
#include "net/resolver.h"

namespace herold::net {

struct ResolverSettings {
  // Who is asked: "192.0.2.53", "127.0.0.1@5353". None: as the system's resolv.conf says; where
  // that names nobody, the root's servers and whom they name.
  std::vector<std::string> servers;
  // A file with the DS or DNSKEY records that are believed in (Debian's package dns-root-data has
  // the root's: /usr/share/dns/root.key). Empty: no answer is secure, and none is called forged.
  std::string trust_anchors;
  // Domains, with all below them, that are not signed although their parents are ("intranet.test").
  std::vector<std::string> unsigned_domains;
  Duration patience = Seconds(bounds::dns_time);  // with one question
};

// libunbound works in a thread of its own: checking signatures takes milliseconds, which a shard
// has not. Another thread with a loop watches over it, so that it belongs to no shard, and all of
// this object is that thread's.
class UnboundResolver final : public Resolver, private Ready {
 public:
  // Fails where the settings cannot be; it asks nobody yet. `clock` outlives the resolver.
  static Result<std::unique_ptr<UnboundResolver>> open(const ResolverSettings& settings,
                                                       const Clock& clock, const Limits& limits);
  ~UnboundResolver() override;

  void ask(DnsQuestion question, Loop& home, Then then) override;

 private:
  struct FreeContext {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
  };
  using Context = std::unique_ptr<ub_ctx, FreeContext>;
  struct Asked {
    UnboundResolver& resolver;
    std::uint64_t number;
    DnsQuestion question;
    Loop& home;
    Then then;
    int id = 0;  // libunbound's
    Timer patience;
  };

  UnboundResolver(Context context, std::unique_ptr<EpollLoop> loop, Duration patience)
      : patience_(patience), context_(std::move(context)), loop_(std::move(loop)) {}
  static Result<> prepare(ub_ctx& context, const ResolverSettings& settings);
  Result<> start();

  void on_ready(Readiness ready) override;
  void begin(DnsQuestion question, Loop& home, Then then);
  static void take_result(void* asked, int error, ub_result* result);
  void answer(std::uint64_t number, DnsAnswer answer);

  const Duration patience_;
  Context context_;
  std::unique_ptr<EpollLoop> loop_;
  EpollLoop::Watch watch_ = EpollLoop::Watch::none;
  std::uint64_t asked_ = 0;
  std::map<std::uint64_t, Asked> open_;  // by number; libunbound knows their addresses
  std::jthread thread_;
};

}  // namespace herold::net
