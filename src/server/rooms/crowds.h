// What rooms say to so many that it takes more than a turn, and who waits behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "net/loop.h"
#include "server/stanza.h"

namespace herold::server {

// Each client gets a room's stanzas in their order. They go out in rounds: all that a room has to
// say when a round begins, to one slice of the clients after the other. So a storm of news reaches
// each client in few writes, which are what it costs. All rooms have a piece of each turn, so that
// neither a large room nor many of them keep others waiting.
class Crowds {
 public:
  struct Sizes {
    std::size_t at_once = 1000;  // deliveries of a turn, more or less
    std::size_t at_least = 100;  // of them for each room
    std::size_t slices = 64;     // of a room's clients
    // Stanzas on their way, with which a room takes no new requests.
    std::size_t most_ahead = bounds::room_stanzas_ahead;
    Bytes line = bounds::room_line;    // of what waits for a room
    Bytes lines = bounds::room_lines;  // of all that waits
  };
  // Whether more of its clients are to come.
  enum class Rest : std::uint8_t { none, more };
  using Send = std::move_only_function<void(const Stanza& stanza, const std::vector<Jid>& clients,
                                            Rest rest)>;
  using NextTurn = std::move_only_function<void(net::Task task)>;
  // Any number; the slice is what is left of it. Nobody should know it beforehand.
  using HashOf = std::move_only_function<std::uint64_t(const Jid& client)>;

  Crowds(Send send, NextTurn next_turn, HashOf hash_of);
  Crowds(Send send, NextTurn next_turn, HashOf hash_of, Sizes sizes);
  Crowds(const Crowds&) = delete;

  // To each of them: now, where they are not too many and nothing of the room is on its way.
  void send(Stanza stanza, std::vector<Jid> clients);
  // The same of what is in no hurry, in the next turn at the earliest.
  void send_later(Stanza stanza, std::vector<Jid> clients);
  bool is_many(std::size_t clients) const { return clients > sizes_.at_once; }
  // Whether anything is on its way to many.
  bool has(std::string_view room) const { return crowds_.contains(room); }
  // Whether requests to the room have to wait, because much is.
  bool is_behind(std::string_view room) const;
  // Runs `request`, which is that large in memory, when it is not behind any more, in its turn.
  void wait(std::string_view room, Bytes size, net::Task request);
  // Whether as much waits for the room as may, or for all of them; more is for the caller to
  // refuse. Who leaves may wait behind as much again: else he would be there for ever.
  enum class Wish : std::uint8_t { any, to_leave };
  bool is_full(std::string_view room, Wish wish) const;

 private:
  struct Sending {
    Stanza stanza;
    std::map<std::size_t, std::vector<Jid>> slices;  // those that are left
  };
  struct Request {
    net::Task run;
    Bytes size;
  };
  struct Crowd {
    std::deque<Sending> sending;
    std::size_t in_round = 0;  // of them, the first
    std::size_t slice = 0;     // that comes next
    std::deque<Request> waiting;
    Bytes waiting_bytes = 0;
  };
  void turn();
  void serve(Crowd& crowd);
  void send_piece(Crowd& crowd, std::size_t most);
  std::size_t send_slice(Crowd& crowd);
  void begin_round(Crowd& crowd);
  bool is_behind(const Crowd& crowd) const { return crowd.sending.size() >= sizes_.most_ahead; }

  Send send_;
  NextTurn next_turn_;
  const Sizes sizes_;
  HashOf hash_of_;
  std::map<std::string, Crowd, std::less<>> crowds_;  // by room; those with something to send
  Bytes waiting_bytes_ = 0;                           // for all
  bool has_turn_ = false;                             // one is to come
};

}  // namespace herold::server
