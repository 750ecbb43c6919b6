// Watches of presence, kept beside the account while it is in memory, as it is while it is online.
#include "server/pubsub/presence_watch.h"

#include <algorithm>

#include "server/module_host.h"

namespace herold::server::pubsub {
namespace {

constexpr std::size_t most_services = 1000;

struct Watches {
  std::vector<Jid> services;
};

bool is_at(const Session& session, const Jid& who) {
  return session.available() && (!who.is_full() || session.address() == who);
}

bool is_online(const Account& account, const Jid& who) {
  return std::ranges::any_of(account.sessions(),
                             [&](const auto& session) { return is_at(*session, who); });
}

}  // namespace

bool watch_presence(ModuleHost& there, const Jid& who, const Jid& service) {
  Account* account = there.find_account(who.bare());
  if (account == nullptr || !is_online(*account, who)) return false;
  auto& services = account->data<Watches>().services;
  if (std::ranges::find(services, service) != services.end()) return true;
  if (services.size() >= most_services) return false;
  services.push_back(service);
  return true;
}

std::optional<Departure> departure_of(Session& session,
                                      const std::function<bool(const Jid&)>& is_mine) {
  Account& account = session.account();
  auto* watches = account.find_data<Watches>();
  if (watches == nullptr || watches->services.empty() || !session.available()) return std::nullopt;
  const bool others_stay = std::ranges::any_of(account.sessions(), [&](const auto& other) {
    return other.get() != &session && other->available();
  });
  Departure departure{.who = session.address(), .left = Service::Left::one_resource};
  for (const Jid& service : watches->services)
    if (is_mine(service)) departure.services.push_back(service);
  if (others_stay) return departure;
  departure.left = Service::Left::everywhere;
  std::erase_if(watches->services, is_mine);
  return departure;
}

bool is_shown(const ModuleHost& there, const Jid& who, const Shows& shows) {
  const Account* account = there.find_account(who.bare());
  return account != nullptr && std::ranges::any_of(account->sessions(), [&](const auto& session) {
           const Stanza presence(StanzaHead::of(PresenceType::available), session->presence());
           return is_at(*session, who) && shows.has(xmpp::show_of(presence.root()));
         });
}

}  // namespace herold::server::pubsub
