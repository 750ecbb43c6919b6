// Routes of a shard, streams that come in, and the clock of what waits.
#include "server/federation/federation.h"

#include "server/federation/inbound_stream.h"
#include "server/federation/policy.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {

Federation::Federation(Shard& shard) : shard_(shard) {
  PeerWorld* world = this->world();
  if (world == nullptr) return;
  keys_.emplace(shard.server().crypto(), world->dialback_secret());
}

Federation::~Federation() = default;

const Limits& Federation::limits() const { return shard_.limits(); }
PeerWorld* Federation::world() const { return shard_.server().peer_world(); }

void Federation::configure(const Config& config) {
  config_ = config.federation;
  is_on_ = config.federates() && world() != nullptr;
  if (keys_ && !environment_)
    environment_.emplace(xmpp::PeerEnvironment{shard_.server().crypto(), shard_.random(),
                                               shard_.limits(), *keys_,
                                               config.domains.front().name});
  // Whom nobody may talk to any more is left at once.
  for (const auto& [name, route] : routes_)
    if (!is_on_ || !trust_in(config_, name.remote)) {
      route->refuse({{Condition::not_allowed, "This server does not talk to it"}, true});
      route->close();
    }
  for (const auto& [name, ids] : inbound_)
    if (!is_on_ || !trust_in(config_, name.remote))
      for (const ConnectionId id : std::vector(ids.begin(), ids.end()))
        if (PeerStream* stream = find_stream(id))
          stream->fail(xmpp::StreamCondition::policy_violation);
}

// --- going out -----------------------------------------------------------------------------------

void Federation::send(Stanza stanza) {
  if (!is_on_) return shard_.bounce(stanza, Condition::remote_server_not_found);
  const RouteName name{std::string(stanza.head.from.domain()),
                       std::string(stanza.head.to.domain())};
  if (!shard_.serves(name.local)) return shard_.bounce(stanza, Condition::remote_server_not_found);
  if (!trust_in(config_, name.remote))
    return shard_.bounce(stanza, {Condition::not_allowed, "This server does not talk to it"});
  at_home(name, [name, stanza = std::move(stanza)](Federation& home) mutable {
    Route* route = home.route(name);
    if (route == nullptr)
      return home.shard().bounce(
          stanza, {Condition::resource_constraint, "Too many other servers at once"});
    route->send(std::move(stanza));
  });
}

void Federation::at_home(const RouteName& name, std::move_only_function<void(Federation&)> letter) {
  const unsigned home = shard_.server().home_of(name.text());
  if (home == shard_.index()) return letter(*this);
  shard_.post_to(
      home, [letter = std::move(letter)](Shard& there) mutable { letter(there.federation()); });
}

Route* Federation::find(const RouteName& name) {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : found->second.get();
}

Route* Federation::route(const RouteName& name) {
  if (Route* known = find(name)) return known;
  if (routes_.size() >= limits().peer_routes) return nullptr;
  watch();
  return routes_.emplace(name, std::make_unique<Route>(*this, name)).first->second.get();
}

// --- coming in -----------------------------------------------------------------------------------

void Federation::accept(ConnectionId id, std::unique_ptr<net::Transport> transport, PeerTls tls) {
  if (!is_on_) return;  // closed by its destructor
  shard_.add(std::make_unique<InboundStream>(*this, id, std::move(transport), tls)).start();
}

void Federation::settle_in(ConnectionId id, const RouteName& name) {
  std::deque<ConnectionId>& ids = inbound_[name];
  ids.push_back(id);
  if (ids.size() <= limits().peer_streams) return;
  const ConnectionId oldest = ids.front();
  ids.pop_front();
  if (PeerStream* stream = find_stream(oldest))
    stream->fail({xmpp::StreamCondition::conflict, "Too many streams for these domains"});
}

void Federation::left(ConnectionId id, const RouteName& name) {
  const auto found = inbound_.find(name);
  if (found == inbound_.end()) return;
  std::erase(found->second, id);
  if (found->second.empty()) inbound_.erase(found);
}

PeerStream* Federation::find_stream(ConnectionId id) {
  Wire* found = shard_.find_wire(id);
  const bool is_peer = found != nullptr && (found->kind() == Wire::Kind::inbound ||
                                            found->kind() == Wire::Kind::outbound);
  if (!is_peer) return nullptr;
  return static_cast<PeerStream*>(found);
}

// --- time ----------------------------------------------------------------------------------------

void Federation::watch() {
  if (timer_.running() || shard_.stopping()) return;
  timer_.start(shard_.loop(), Seconds(1), [this] { sweep(); });
}

void Federation::sweep() {
  std::vector<RouteName> names;  // a route may end others' streams, not routes
  for (const auto& [name, route] : routes_) names.push_back(name);
  for (const RouteName& name : names)
    if (!routes_[name]->sweep()) routes_.erase(name);
  if (!routes_.empty()) watch();
}

// Stanzas that wait stand in the journal.
void Federation::stop() { timer_.stop(); }

}  // namespace herold::server
