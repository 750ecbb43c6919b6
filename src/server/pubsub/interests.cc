// Interests by session, kept beside its account; equal ones are kept once a domain and shard.
#include "server/pubsub/interests.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "server/module_host.h"

namespace herold::server::pubsub {
namespace {

constexpr std::string_view suffix = "+notify";

// Shared by all sessions whose clients want the same: that is, by every user of a program.
using Shared = std::shared_ptr<const NodeNames>;

// Of an account's sessions.
struct SessionInterests {
  std::map<SessionKey, Shared> by_session;
};

// Of clients elsewhere, by their full addresses.
struct DistantInterests {
  std::map<std::string, Shared, std::less<>> by_client;
};

// What is in use; goes with its last session.
struct KnownInterests {
  std::map<NodeNames, std::weak_ptr<const NodeNames>> known;
};

constexpr std::size_t most_distant = 1000;  // of one account; further ones are not told
constexpr std::size_t few = 64;             // entries that are not looked through for dead ones

Shared share(ModuleHost& host, NodeNames names) {
  auto& known = host.data<KnownInterests>().known;
  const auto found = known.find(names);
  if (found != known.end())
    if (Shared shared = found->second.lock()) return shared;
  if (known.size() >= few) std::erase_if(known, [](auto& entry) { return entry.second.expired(); });
  auto shared = std::make_shared<const NodeNames>(names);
  known[std::move(names)] = shared;
  return shared;
}

const NodeNames nothing;

}  // namespace

NodeNames interests_in(const Capabilities& capabilities) {
  NodeNames names;
  for (const std::string& feature : capabilities.features)
    if (feature.size() > suffix.size() && feature.ends_with(suffix))
      names.push_back(feature.substr(0, feature.size() - suffix.size()));
  std::ranges::sort(names);
  return names;
}

NodeNames set_interests(Session& session, const Capabilities& capabilities) {
  NodeNames names = interests_in(capabilities);
  NodeNames fresh;
  std::ranges::set_difference(names, interests_of(session), std::back_inserter(fresh));
  auto& mine = session.account().data<SessionInterests>().by_session;
  if (names.empty())
    mine.erase(session.key());
  else
    mine[session.key()] = share(session.host(), std::move(names));
  return fresh;
}

const NodeNames& interests_of(const Session& session) {
  const auto* all = session.account().find_data<SessionInterests>();
  if (all == nullptr) return nothing;
  const auto found = all->by_session.find(session.key());
  return found == all->by_session.end() ? nothing : *found->second;
}

bool is_interested(const Session& session, const std::string& node) {
  return std::ranges::binary_search(interests_of(session), node);
}

void forget_interests(const Session& session) {
  auto* all = session.account().find_data<SessionInterests>();
  if (all != nullptr) all->by_session.erase(session.key());
}

NodeNames set_distant_interests(Account& account, const Jid& client,
                                const Capabilities& capabilities) {
  auto& all = account.data<DistantInterests>().by_client;
  NodeNames names = interests_in(capabilities);
  const auto known = all.find(client.text());
  NodeNames fresh;
  std::ranges::set_difference(names, known == all.end() ? nothing : *known->second,
                              std::back_inserter(fresh));
  if (names.empty()) {
    if (known != all.end()) all.erase(known);
  } else if (known != all.end() || all.size() < most_distant) {
    all[client.text()] = share(account.host(), std::move(names));
  } else {
    fresh.clear();
  }
  return fresh;
}

void forget_distant(Account& account, const Jid& client) {
  if (auto* all = account.find_data<DistantInterests>()) all->by_client.erase(client.text());
}

std::vector<Jid> distant_clients_wanting(const Account& account, const std::vector<Jid>& contacts,
                                         const std::string& node) {
  std::vector<Jid> clients;
  const auto* all = account.find_data<DistantInterests>();
  if (all == nullptr) return clients;
  for (const Jid& contact : contacts) {
    const std::string start = std::string(contact.bare_text()) + '/';
    for (auto it = all->by_client.lower_bound(start);
         it != all->by_client.end() && it->first.starts_with(start); ++it)
      if (std::ranges::binary_search(*it->second, node)) clients.push_back(Jid::trusted(it->first));
  }
  return clients;
}

}  // namespace herold::server::pubsub
