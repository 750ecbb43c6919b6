// Rooms with many to tell: rounds, slices, turns.
#include "server/rooms/crowds.h"

#include <algorithm>
#include <iterator>

namespace herold::server {

Crowds::Crowds(Send send, NextTurn next_turn, HashOf hash_of)
    : Crowds(std::move(send), std::move(next_turn), std::move(hash_of), Sizes()) {}

Crowds::Crowds(Send send, NextTurn next_turn, HashOf hash_of, Sizes sizes)
    : send_(std::move(send)),
      next_turn_(std::move(next_turn)),
      sizes_(sizes),
      hash_of_(std::move(hash_of)) {}

void Crowds::send(Stanza stanza, std::vector<Jid> clients) {
  if (is_many(clients.size()) || has(stanza.head.from.bare_text()))
    return send_later(std::move(stanza), std::move(clients));
  send_(stanza, clients, Rest::none);
}

void Crowds::send_later(Stanza stanza, std::vector<Jid> clients) {
  if (clients.empty()) return send_(stanza, clients, Rest::none);
  const std::string_view room = stanza.head.from.bare_text();
  auto crowd = crowds_.find(room);
  if (crowd == crowds_.end()) crowd = crowds_.emplace(room, Crowd()).first;
  Sending& sending = crowd->second.sending.emplace_back(std::move(stanza));
  for (Jid& client : clients)
    sending.slices[hash_of_(client) % sizes_.slices].push_back(std::move(client));
  if (!std::exchange(has_turn_, true)) next_turn_([this] { turn(); });
}

void Crowds::turn() {
  const std::size_t share = std::max(sizes_.at_least, sizes_.at_once / crowds_.size());
  for (auto crowd = crowds_.begin(); crowd != crowds_.end();) {
    send_piece(crowd->second, share);
    serve(crowd->second);
    crowd = crowd->second.sending.empty() ? crowds_.erase(crowd) : std::next(crowd);
  }
  has_turn_ = !crowds_.empty();
  if (has_turn_) next_turn_([this] { turn(); });
}

// Each of them may have the room say more.
void Crowds::serve(Crowd& crowd) {
  while (!crowd.waiting.empty() && !is_behind(crowd)) {
    Request next = std::move(crowd.waiting.front());
    crowd.waiting.pop_front();
    crowd.waiting_bytes -= next.size;
    waiting_bytes_ -= next.size;
    next.run();
  }
}

void Crowds::send_piece(Crowd& crowd, std::size_t most) {
  for (std::size_t sent = 0; sent < most && !crowd.sending.empty();) {
    if (crowd.in_round == 0) begin_round(crowd);
    sent += send_slice(crowd);
  }
}

void Crowds::begin_round(Crowd& crowd) {
  crowd.in_round = crowd.sending.size();
  crowd.slice = 0;
}

// To the clients of the next slice all of the round. Yields the deliveries.
std::size_t Crowds::send_slice(Crowd& crowd) {
  std::size_t sent = 0;
  for (std::size_t i = 0; i < crowd.in_round; ++i) {
    Sending& sending = crowd.sending[i];
    const auto clients = sending.slices.extract(crowd.slice);
    if (!clients) continue;
    sent += clients.mapped().size();
    send_(sending.stanza, clients.mapped(), sending.slices.empty() ? Rest::none : Rest::more);
  }
  ++crowd.slice;
  const auto end = crowd.sending.begin() + static_cast<std::ptrdiff_t>(crowd.in_round);
  const bool is_over = std::all_of(crowd.sending.begin(), end,
                                   [](const Sending& one) { return one.slices.empty(); });
  if (is_over)
    for (; crowd.in_round > 0; --crowd.in_round) crowd.sending.pop_front();
  return sent;
}

bool Crowds::is_behind(std::string_view room) const {
  const auto crowd = crowds_.find(room);
  return crowd != crowds_.end() && (is_behind(crowd->second) || !crowd->second.waiting.empty());
}

void Crowds::wait(std::string_view room, Bytes size, net::Task request) {
  Crowd& crowd = crowds_.find(room)->second;
  crowd.waiting.push_back({std::move(request), size});
  crowd.waiting_bytes += size;
  waiting_bytes_ += size;
}

bool Crowds::is_full(std::string_view room, Wish wish) const {
  const auto crowd = crowds_.find(room);
  if (crowd == crowds_.end()) return false;
  const Bytes times = wish == Wish::to_leave ? 2 : 1;
  return crowd->second.waiting_bytes >= times * sizes_.line ||
         (waiting_bytes_ >= times * sizes_.lines && !crowd->second.waiting.empty());
}

}  // namespace herold::server
