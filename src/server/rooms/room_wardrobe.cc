// What occupants of a room wear (XEP-0317): its owner says so, and everybody sees it.
#include <algorithm>

#include "server/rooms/room.h"

namespace herold::server {
namespace {

constexpr std::uint32_t settings_changed_code = 104;

}  // namespace

void Room::show_wearers(const std::vector<std::string>& users) {
  changes_.room = true;
  for (const auto& occupant : occupants_)
    if (std::ranges::find(users, occupant->user.text()) != users.end()) announce(*occupant, {});
}

std::vector<std::string> Room::wearers_of(std::string_view uri) const {
  std::vector<std::string> users;
  for (const RoomHats::Wearer& one : hats_.wearers())
    if (one.uri == uri) users.push_back(one.user);
  return users;
}

// Section 3.2: the list is new for everybody, the hat for those who wear it.
Answer<> Room::put_hat(xmpp::Hat hat) {
  if (hat.uri.empty() || hat.title.empty())
    return xmpp::fail(Condition::bad_request, "A hat has an address and a title");
  const std::size_t longest = std::max({hat.uri.size(), hat.title.size(), hat.hue.size()});
  if (longest > around_.limits.room_nick_bytes)
    return xmpp::fail(Condition::not_acceptable, "That is too long");
  if (hats_.find(hat.uri) == nullptr && hats_.size() >= around_.limits.room_affiliations)
    return xmpp::fail(Condition::resource_constraint, "The room has too many hats");
  const std::vector<std::string> users = wearers_of(hat.uri);
  hats_.put(std::move(hat));
  show_wearers(users);
  tell_all({.statuses = {{settings_changed_code}}});
  return {};
}

Answer<> Room::remove_hat(std::string_view uri) {
  const std::vector<std::string> users = wearers_of(uri);
  if (!hats_.remove(uri)) return xmpp::fail(Condition::item_not_found, "There is no such hat");
  show_wearers(users);
  tell_all({.statuses = {{settings_changed_code}}});
  return {};
}

Answer<> Room::assign_hat(const Jid& user, std::string_view uri) {
  if (hats_.find(uri) == nullptr)
    return xmpp::fail(Condition::item_not_found, "There is no such hat");
  if (hats_.size() >= around_.limits.room_affiliations)
    return xmpp::fail(Condition::resource_constraint, "The room has too many hats");
  hats_.assign(user.text(), std::string(uri));
  show_wearers({user.text()});
  return {};
}

Answer<> Room::unassign_hat(const Jid& user, std::string_view uri) {
  if (!hats_.unassign(user.text(), uri))
    return xmpp::fail(Condition::item_not_found, "Nobody wears it under that address");
  show_wearers({user.text()});
  return {};
}

}  // namespace herold::server
