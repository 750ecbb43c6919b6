// Clients that hear the same again and again, as all in a room.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "server/stanza.h"

namespace herold::server {

class Audience {
 public:
  struct ByHome {
    std::vector<std::vector<Jid>> here;  // by shard
    std::vector<Jid> elsewhere;          // at no address of ours, or at one that is everywhere
  };
  // Shared by the audience and by letters to other shards, which only read it: whoever is told may
  // bring about that there is another audience.
  using SharedByHome = std::shared_ptr<const ByHome>;

  Audience() = default;
  explicit Audience(std::vector<Jid> clients) : clients_(std::move(clients)) {}

  const std::vector<Jid>& clients() const { return clients_; }

  // As `sort` made it of the clients when it was asked first.
  template <class Sort>
  SharedByHome by_home(const Sort& sort) const {
    if (!by_home_) by_home_ = sort(clients_);
    return by_home_;
  }

 private:
  std::vector<Jid> clients_;
  mutable SharedByHome by_home_;
};

}  // namespace herold::server
