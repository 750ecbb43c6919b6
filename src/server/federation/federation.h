// Other servers, as one shard sees them: its routes to them, and what their streams bring.
//
// A route lives where its pair of domains has its home; streams that other servers opened live
// there too once it is known who they are.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/loop.h"
#include "net/transport.h"
#include "server/config.h"
#include "server/federation/peer_world.h"
#include "server/federation/route.h"
#include "server/stanza.h"
#include "server/wire.h"
#include "xmpp/stream/peer.h"

namespace herold::server {

class Shard;

enum class PeerTls : std::uint8_t { starttls, direct };

class Federation {
 public:
  explicit Federation(Shard& shard);
  Federation(const Federation&) = delete;
  ~Federation();

  Shard& shard() { return shard_; }
  const FederationConfig& config() const { return config_; }
  const Limits& limits() const;
  // nullptr: this server talks to no other.
  PeerWorld* world() const;
  void configure(const Config& config);

  // Whether stanzas to other servers leave at all.
  bool is_on() const { return is_on_; }
  // To another server, wherever its route lives.
  void send(Stanza stanza);
  // The same on the shard of its pair.
  void send_here(Stanza stanza);

  Route* find(const RouteName& name);
  // It is made when there is room for one more; nullptr: there is not.
  Route* route(const RouteName& name);
  const std::map<RouteName, std::unique_ptr<Route>>& routes() const { return routes_; }
  // Streams that other servers opened and proved, the oldest first.
  using Inbound = std::map<RouteName, std::deque<ConnectionId>>;
  const Inbound& inbound() const { return inbound_; }

  const xmpp::PeerEnvironment& environment() const { return *environment_; }

  // A server connected.
  void accept(ConnectionId id, std::unique_ptr<net::Transport> transport, PeerTls tls);
  // It signed in as `name.remote` and is where that pair lives: too many of one domain, and the
  // oldest goes.
  void settle_in(ConnectionId id, const RouteName& name);
  void left(ConnectionId id, const RouteName& name);
  // Runs `letter` where the pair has its home.
  void at_home(const RouteName& name, std::move_only_function<void(Federation&)> letter);
  // What a stream of another server brought (peer_stanzas.cc); its domains are proven.
  void receive(Answer<StanzaHead> head, xml::Document document);

  // Something waits: sweep() comes every second.
  void watch();
  PeerStream* find_stream(ConnectionId id);
  void stop();

 private:
  void sweep();

  Shard& shard_;
  FederationConfig config_;
  bool is_on_ = false;
  std::optional<xmpp::PeerEnvironment> environment_;  // as long as there is a world
  std::optional<xmpp::DialbackKeys> keys_;
  std::map<RouteName, std::unique_ptr<Route>> routes_;
  Inbound inbound_;
  net::Timer timer_;
};

}  // namespace herold::server
