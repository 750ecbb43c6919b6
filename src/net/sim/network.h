// A simulated network: connected transports whose bytes are delayed, split, merged and lost by
// seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "net/sim/world.h"
#include "net/transport.h"

namespace herold::net::sim {

class SimTransport;

struct SimNetworkSettings {
  Duration least_delay{20};
  Duration most_delay{Milliseconds(2)};
  // Bytes on the way and arrived but unread; a reader that stops holds its writer by it.
  std::size_t window = 64 * 1024;
  // The share of reads and writes that take a part only, though more would do.
  std::uint64_t short_percent = 25;
};

// Outlives its transports, is outlived by its world. Time and chance are the world's.
class SimNetwork {
 public:
  explicit SimNetwork(SimWorld& world, SimNetworkSettings settings = {});
  ~SimNetwork();

  enum class Link : std::uint64_t {};
  struct Pair {
    std::unique_ptr<Transport> client;
    std::unique_ptr<Transport> server;
    Link link;  // for the faults below
  };
  // Two ends of one connection; `client_address` is what the server's end tells as its peer.
  Pair connect(std::string_view client_address = "127.0.0.1");

  // Who answers at "192.0.2.1:5269"; nobody any more with nullptr. `accept` is called from a turn
  // of the network's own and gives the transport to its loop.
  using Accept = std::move_only_function<void(std::unique_ptr<Transport>)>;
  void listen(std::string_view address, Accept accept);
  // Whoever connects there hears nothing.
  void swallow(std::string_view address) { swallowed_.emplace(address); }
  // As net::connect(); where nobody listens it is refused.
  std::unique_ptr<Transport> dial(std::string_view address, std::string_view from = "127.0.0.1");

  // Both ends see Ending::reset, what was on the way is lost. Nothing when the link has gone.
  void reset(Link link);
  // A link that swallows nothing but delivers nothing: half-open, until it is healed.
  void freeze(Link link);
  void heal(Link link);

  std::size_t links() const { return links_.size(); }  // with at least one living end

 private:
  friend class SimTransport;

  struct Item {
    enum class Kind : std::uint8_t { bytes, hello, fin } kind;
    std::string bytes;
    MonotonicTime due;
  };
  // One direction.
  struct Pipe {
    std::deque<Item> flying;
    std::size_t flying_bytes = 0;
    std::string arrived;
    bool hello_arrived = false;
    bool fin_arrived = false;
    MonotonicTime last_due{};
    Timer delivery;
    Timer room;  // news of a larger window on its way to the writer
  };
  struct State {
    std::array<Pipe, 2> pipes;            // [0]: towards the server
    std::array<SimTransport*, 2> ends{};  // [0]: the client
    std::array<std::string, 2> addresses;
    bool frozen = false;
  };

  // On its way to who listens.
  struct Dialling {
    std::string address;
    std::unique_ptr<Transport> server;
    Timer arrival;
  };

  State& state(Link link);
  void arrive(Link link);
  Duration delay();
  bool chance(std::uint64_t percent);
  std::size_t part_of(std::size_t size);

  void send(Link link, std::size_t pipe, Item::Kind kind, std::string_view bytes);
  void schedule(Link link, std::size_t pipe);
  void deliver(Link link, std::size_t pipe);
  void tell_room(Link link, std::size_t pipe);
  void let_go(Link link, std::size_t end);
  void wake(Link link, std::size_t end);

  SimWorld& world_;
  SimLoop& wire_;  // carries the deliveries
  const SimNetworkSettings settings_;
  std::uint64_t made_ = 0;
  std::map<Link, State> links_;
  std::map<std::string, Accept, std::less<>> listeners_;
  std::set<std::string, std::less<>> swallowed_;
  std::map<Link, Dialling> dialling_;
};

}  // namespace herold::net::sim
