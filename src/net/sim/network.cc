// Carries items from end to end, in order, each after its own delay.
#include "net/sim/network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/sim/sim_transport.h"

namespace herold::net::sim {

SimNetwork::SimNetwork(SimWorld& world, SimNetworkSettings settings)
    : world_(world), wire_(world.add_loop()), settings_(settings) {}

SimNetwork::~SimNetwork() {
  dialling_.clear();
  CHECK(links_.empty());
}

SimNetwork::Pair SimNetwork::connect(std::string_view client_address) {
  const Link link{made_++};
  State& made = links_[link];
  made.addresses = {std::string(client_address), "127.0.0.1"};
  auto client = std::make_unique<SimTransport>(*this, link, 0);
  auto server = std::make_unique<SimTransport>(*this, link, 1);
  made.ends = {client.get(), server.get()};
  return {std::move(client), std::move(server), link};
}

void SimNetwork::listen(std::string_view address, Accept accept) {
  if (accept)
    listeners_.insert_or_assign(std::string(address), std::move(accept));
  else
    listeners_.erase(std::string(address));
}

std::unique_ptr<Transport> SimNetwork::dial(std::string_view address, std::string_view from) {
  Pair pair = connect(from);
  State& made = state(pair.link);
  const std::string_view host = address.substr(0, address.rfind(':'));
  made.addresses[1] = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  made.ends[0]->begin_connecting();
  Dialling& dialling = dialling_[pair.link];
  dialling = {.address = std::string(address), .server = std::move(pair.server), .arrival = {}};
  if (!swallowed_.contains(address))
    dialling.arrival.start(wire_, delay(), [this, link = pair.link] { arrive(link); });
  return std::move(pair.client);
}

void SimNetwork::arrive(Link link) {
  const auto dialling = dialling_.extract(link);
  SimTransport* client = state(link).ends[0];
  world_.note(static_cast<std::uint64_t>(link));
  const auto listener = listeners_.find(dialling.mapped().address);
  if (listener == listeners_.end()) return client->refuse();
  client->finish_connecting();
  listener->second(std::move(dialling.mapped().server));
}

void SimNetwork::reset(Link link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  for (Pipe& pipe : found->second.pipes) {
    pipe.flying.clear();
    pipe.flying_bytes = 0;
  }
  for (SimTransport* end : found->second.ends)
    if (end) end->break_connection();
}

void SimNetwork::freeze(Link link) {
  if (const auto found = links_.find(link); found != links_.end()) found->second.frozen = true;
}

void SimNetwork::heal(Link link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  found->second.frozen = false;
  for (const std::size_t pipe : {0, 1}) schedule(link, pipe);
}

SimNetwork::State& SimNetwork::state(Link link) {
  const auto found = links_.find(link);
  CHECK(found != links_.end());
  return found->second;
}

Duration SimNetwork::delay() {
  const auto span =
      static_cast<std::uint64_t>((settings_.most_delay - settings_.least_delay).count());
  return settings_.least_delay + Duration(world_.random().below(span + 1));
}

bool SimNetwork::chance(std::uint64_t percent) { return world_.random().below(100) < percent; }

// Mostly all of it, sometimes less, often a single byte then. At least 1.
std::size_t SimNetwork::part_of(std::size_t size) {
  if (size <= 1 || !chance(settings_.short_percent)) return size;
  return chance(30) ? 1 : 1 + world_.random().below(size);
}

void SimNetwork::send(Link link, std::size_t number, Item::Kind kind, std::string_view bytes) {
  Pipe& pipe = state(link).pipes[number];
  pipe.flying_bytes += bytes.size();
  do {
    const std::size_t size = part_of(bytes.size());
    pipe.last_due = std::max(pipe.last_due, world_.clock().now() + delay());
    pipe.flying.push_back({kind, std::string(bytes.substr(0, size)), pipe.last_due});
    bytes.remove_prefix(size);
  } while (!bytes.empty());
  schedule(link, number);
}

void SimNetwork::schedule(Link link, std::size_t number) {
  State& whole = state(link);
  Pipe& pipe = whole.pipes[number];
  if (whole.frozen || pipe.flying.empty()) return;
  const Duration left = pipe.flying.front().due - world_.clock().now();
  pipe.delivery.start(wire_, std::max(left, Duration(0)),
                      [this, link, number] { deliver(link, number); });
}

void SimNetwork::deliver(Link link, std::size_t number) {
  State& whole = state(link);
  Pipe& pipe = whole.pipes[number];
  if (whole.frozen) return;
  SimTransport* reader = whole.ends[1 - number];
  wake(link, 1 - number);
  while (!pipe.flying.empty() && pipe.flying.front().due <= world_.clock().now()) {
    // Bytes behind a greeting wait until it has been taken; then schedule() is called again.
    if (pipe.hello_arrived && reader && !reader->secured()) return;
    const Item item = std::move(pipe.flying.front());
    pipe.flying.pop_front();
    pipe.flying_bytes -= item.bytes.size();
    world_.note(static_cast<std::uint64_t>(link) << 8 | number << 4 |
                static_cast<std::uint64_t>(item.kind));
    world_.note(item.bytes);
    if (item.kind == Item::Kind::hello) pipe.hello_arrived = true;
    if (item.kind == Item::Kind::fin) pipe.fin_arrived = true;
    // Nobody is there any more: the kernel would answer with RST.
    if (!reader && !item.bytes.empty()) return reset(link);
    if (reader) pipe.arrived += item.bytes;
  }
  schedule(link, number);
}

void SimNetwork::tell_room(Link link, std::size_t number) {
  Pipe& pipe = state(link).pipes[number];
  if (pipe.room.running()) return;
  pipe.room.start(wire_, delay(), [this, link, number] {
    if (!state(link).frozen) wake(link, number);
  });
}

void SimNetwork::wake(Link link, std::size_t end) {
  if (SimTransport* transport = state(link).ends[end]) transport->look_again();
}

// An end was destroyed: as closing a socket does, it sends FIN, or RST when bytes are unread.
void SimNetwork::let_go(Link link, std::size_t end) {
  State& whole = state(link);
  whole.ends[end] = nullptr;
  // Who gives up before it is there takes its other end along.
  if (end == 0 && dialling_.contains(link)) {
    dialling_.extract(link);
    return;
  }
  SimTransport* other = whole.ends[1 - end];
  if (!other) {
    links_.erase(link);
    return;
  }
  if (!whole.pipes[1 - end].arrived.empty()) return reset(link);
  send(link, end, Item::Kind::fin, {});
}

}  // namespace herold::net::sim
