// Hats and their wearers.
#include "server/rooms/room_hats.h"

#include <algorithm>

namespace herold::server {

const xmpp::Hat* RoomHats::find(std::string_view uri) const {
  const auto found = std::ranges::find(hats_, uri, &xmpp::Hat::uri);
  return found == hats_.end() ? nullptr : &*found;
}

std::vector<xmpp::Hat> RoomHats::of(std::string_view user) const {
  std::vector<xmpp::Hat> worn;
  if (wearers_.empty()) return worn;
  for (const xmpp::Hat& hat : hats_)
    if (std::ranges::any_of(
            wearers_, [&](const Wearer& one) { return one.user == user && one.uri == hat.uri; }))
      worn.push_back(hat);
  return worn;
}

void RoomHats::put(xmpp::Hat hat) {
  const auto found = std::ranges::find(hats_, hat.uri, &xmpp::Hat::uri);
  if (found == hats_.end())
    hats_.push_back(std::move(hat));
  else
    *found = std::move(hat);
}

bool RoomHats::remove(std::string_view uri) {
  std::erase_if(wearers_, [&](const Wearer& one) { return one.uri == uri; });
  return std::erase_if(hats_, [&](const xmpp::Hat& hat) { return hat.uri == uri; }) != 0;
}

void RoomHats::assign(std::string user, std::string uri) {
  Wearer wearer{std::move(user), std::move(uri)};
  if (std::ranges::find(wearers_, wearer) == wearers_.end()) wearers_.push_back(std::move(wearer));
}

bool RoomHats::unassign(std::string_view user, std::string_view uri) {
  return std::erase_if(wearers_,
                       [&](const Wearer& one) { return one.user == user && one.uri == uri; }) != 0;
}

void RoomHats::forget(std::string_view user) {
  std::erase_if(wearers_, [&](const Wearer& one) { return one.user == user; });
}

}  // namespace herold::server
