// The two sides of each subscription.
#include "contacts.h"

#include <algorithm>

#include "scenario.h"

namespace herold::sim {
namespace {

using store::Subscription;

const store::RosterItem* find(const store::Roster& roster, const std::string& address) {
  const auto item = std::ranges::find(roster.items, address, &store::RosterItem::address);
  return item == roster.items.end() ? nullptr : &*item;
}

bool sees(const store::RosterItem* item) {
  return item != nullptr &&
         (item->subscription == Subscription::to || item->subscription == Subscription::both);
}

bool is_seen(const store::RosterItem* item) {
  return item != nullptr &&
         (item->subscription == Subscription::from || item->subscription == Subscription::both);
}

}  // namespace

Tie tie_between(std::string_view one, std::string_view other) {
  return (one.at(1) + other.at(1)) % 2 == 0 ? Tie::ending : Tie::growing;  // by their numbers
}

std::vector<std::pair<std::string, std::string>> first_friends() {
  std::vector<std::pair<std::string, std::string>> friends;
  for (unsigned one = 0; one < accounts; ++one)
    for (unsigned other = 0; other < accounts; ++other)
      if (one != other && tie_between(account_name(one), account_name(other)) == Tie::ending)
        friends.emplace_back(account_name(one), account_name(other));
  return friends;
}

View view_of(const store::Roster& roster) {
  constexpr const char* names[] = {"none", "to", "from", "both"};
  View view;
  for (const store::RosterItem& item : roster.items)
    view[item.address] = std::string(names[static_cast<int>(item.subscription)]) +
                         (item.ask ? " ask " : " ") + item.name;
  return view;
}

std::vector<std::string> disagreements(const Rosters& rosters) {
  std::vector<std::string> found;
  for (const auto& [one, roster] : rosters)
    for (const auto& [other, other_roster] : rosters) {
      if (one == other) continue;
      const store::RosterItem* item = find(roster, other);
      const std::string pair = one + " and " + other + ": ";
      if (sees(item) != is_seen(find(other_roster, one)))
        found.push_back(pair + (sees(item) ? "only the first" : "only the second") +
                        " believes that the first sees the second");
      const bool asks = item != nullptr && item->ask;
      const bool is_asked = std::ranges::any_of(
          other_roster.requests, [&one](const auto& request) { return request.from == one; });
      if (asks != is_asked)
        found.push_back(pair + (asks ? "a request that never came" : "a request of nobody"));
    }
  return found;
}

}  // namespace herold::sim
