// Who wants to hear when an account of this domain goes offline: services with its temporary
// subscriptions, or with items that go with it (XEP-0060 section 12.4). And in which state its
// clients are (section 16.4.2, pubsub#show-values). All at the home of that account.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "server/events.h"
#include "server/pubsub/service.h"

namespace herold::server::pubsub {

// Whether `who` (all of an account, or one resource) is online; if so, `service` will hear of it
// when that ends.
bool watch_presence(ModuleHost& there, const Jid& who, const Jid& service);

// A client's presence ends.
struct Departure {
  Jid who;  // the resource
  Service::Left left;
  std::vector<Jid> services;  // that want to know
};
// Nothing where it was not available, or none of the services that `is_mine` wants to know.
std::optional<Departure> departure_of(Session& session,
                                      const std::function<bool(const Jid&)>& is_mine);

// Whether a client at that address is in one of those states.
bool is_shown(const ModuleHost& there, const Jid& who, const Shows& shows);

}  // namespace herold::server::pubsub
