// From a domain's name to a connection with its server.
#include "server/federation/network_peers.h"

#include <unistd.h>

#include "crypto/dane.h"
#include "crypto/peer_identity.h"
#include "net/connector.h"
#include "net/dial.h"
#include "net/unbound_resolver.h"
#include "xmpp/idna.h"

namespace herold::server {

struct NetworkPeers::Current {
  explicit Current(const Limits& own) : limits(own), connector(limits) {}

  const Limits limits;
  net::TcpConnector connector;
  std::unique_ptr<net::Resolver> resolver;
  net::AddressPolicy policy;
  net::DialSettings dial;
  std::map<std::string, std::unique_ptr<net::TlsClientContext>, std::less<>> by_domain;
};

namespace {

PeerFailure failure_of(const net::DialFailure& failure) {
  using Reason = net::DialFailure::Reason;
  const bool is_unknown = failure.reason == Reason::no_server || failure.reason == Reason::refused;
  return {
      .error = {is_unknown ? Condition::remote_server_not_found : Condition::remote_server_timeout,
                failure.text},
      .is_final = is_unknown};
}

}  // namespace

class NetworkPeers::Search final : public PeerSearch {
 public:
  Search(Current& current, const std::string& domain, net::Loop& loop, Random& random, Found then)
      : then_(std::make_shared<Found>(std::move(then))),
        dial_({loop, *current.resolver, current.connector, current.policy, random, current.dial},
              xmpp::ascii_domain(domain),
              [this](net::DialResult found) { tell(std::move(found)); }) {}

  void go_on() override { dial_.go_on(); }

 private:
  void tell(net::DialResult found) {
    const auto then = then_;  // which may destroy us
    if (!found) return (*then)(std::unexpected(failure_of(found.error())));
    (*then)(FoundPeer{std::move(found->transport), found->target.tls == net::TlsBegin::at_once,
                      std::move(found->target.host), std::move(found->tlsa)});
  }

  std::shared_ptr<Found> then_;  // shared with the call under way
  net::Dial dial_;
};

NetworkPeers::NetworkPeers(std::string secret) : secret_(std::move(secret)) {}
NetworkPeers::~NetworkPeers() = default;

Result<std::unique_ptr<NetworkPeers>> NetworkPeers::make(const Settings& settings,
                                                         std::string secret) {
  auto made = std::make_unique<NetworkPeers>(std::move(secret));
  TRY(made->reload(settings));
  return made;
}

namespace {

// Debian's package dns-root-data has them. Without it DNSSEC is not looked at.
std::string_view trust_anchors() {
  constexpr std::string_view file = "/usr/share/dns/root.key";
  return ::access(file.data(), R_OK) == 0 ? file : std::string_view();
}

// Whose authorities count beside the system's: those of the file, and our own.
Result<std::string> roots_of(const NetworkPeers::Settings& settings) {
  const std::string& file = settings.config.federation.authorities;
  return (file.empty() ? std::string() : TRY(net::read_pem(file))) + settings.own_authority_pem;
}

}  // namespace

Result<> NetworkPeers::reload(const Settings& settings) {
  const std::string roots = TRY(roots_of(settings));
  constexpr auto system_too = net::Roots::given_and_system;
  const FederationConfig& federation = settings.config.federation;
  auto fresh = std::make_unique<Current>(settings.config.limits);
  std::vector<std::string> listening;
  for (const auto* list : {&settings.config.listen.server, &settings.config.listen.server_tls})
    for (const Endpoint& endpoint : *list) listening.push_back(endpoint.text());
  fresh->policy = TRY(net::AddressPolicy::make(federation.networks, listening));
  fresh->resolver =
      TRY(net::UnboundResolver::open({.servers = federation.resolvers,
                                      .trust_anchors = std::string(trust_anchors()),
                                      .unsigned_domains = federation.unsigned_domains},
                                     settings.clock, fresh->limits));
  fresh->dial.patience = Seconds(fresh->limits.peer_connect_time);
  for (const auto& [domain, endpoints] : federation.hosts)
    for (const Endpoint& endpoint : endpoints)
      fresh->dial.hosts[xmpp::ascii_domain(domain)].push_back(endpoint.text());
  for (const net::TlsCertificate& own : settings.certificates) {
    for (const std::string& name : own.names)
      fresh->by_domain[name] = TRY(net::TlsClientContext::make({.check = net::ServerCheck::reported,
                                                                .roots_pem = roots,
                                                                .roots = system_too,
                                                                .protocols = {"xmpp-server"},
                                                                .chain_pem = own.chain_pem,
                                                                .key_pem = own.key_pem}));
  }
  if (accepting_) {
    TRY(accepting_->reload(settings.certificates));
  } else {
    accepting_ =
        TRY(net::TlsServerContext::make({.protocols = {"xmpp-server"},
                                         .client_certificate = net::ClientCertificate::requested,
                                         .client_roots_pem = roots,
                                         .client_roots = system_too},
                                        settings.certificates));
  }
  const std::lock_guard lock(mutex_);
  settings_.push_back(std::move(fresh));
  return {};
}

net::TlsClientContext* NetworkPeers::connecting(std::string_view local) {
  const std::lock_guard lock(mutex_);
  const auto& contexts = settings_.back()->by_domain;
  const auto found = contexts.find(local);
  return found != contexts.end() ? found->second.get() : contexts.begin()->second.get();
}

std::unique_ptr<PeerSearch> NetworkPeers::find(const std::string& domain, net::Loop& loop,
                                               Random& random, Found then) {
  const std::lock_guard lock(mutex_);
  return std::make_unique<Search>(*settings_.back(), domain, loop, random, std::move(then));
}

std::string NetworkPeers::judge(const PeerEvidence& evidence, std::string_view domain,
                                WallTime now) const {
  const std::string ascii = xmpp::ascii_domain(domain);
  const std::vector<std::string> names{ascii, evidence.host};
  switch (crypto::judge_by_dane({.records = evidence.tlsa,
                                 .chain_pem = evidence.shown.chain_pem,
                                 .problem = evidence.shown.problem,
                                 .names = names,
                                 .now = now})) {
    case crypto::DaneVerdict::confirms:
      return {};
    case crypto::DaneVerdict::contradicts:
      return "the TLSA records name other certificates";
    case crypto::DaneVerdict::says_nothing:
      break;
  }
  if (!evidence.shown.problem.empty()) return evidence.shown.problem;
  const auto identity = crypto::read_peer_identity(evidence.shown.chain_pem);
  if (!identity) return identity.error().text;
  if (!identity->is_valid_at(now)) return "the certificate has expired";
  if (identity->is_for(ascii, domain)) return {};
  std::string said;
  for (const std::string& name : identity->domains) said += (said.empty() ? "" : ", ") + name;
  return "the certificate is for " + (said.empty() ? "no domain" : said);
}

}  // namespace herold::server
