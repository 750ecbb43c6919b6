// A node of a publish-subscribe service in memory, without its items, and who may do what with it
// (XEP-0060 sections 4.1, 4.2 and 4.5).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/pubsub/config.h"
#include "server/pubsub/subscribe_options.h"
#include "store/nodes.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server::pubsub {

using xmpp::Affiliation;
using xmpp::ElementName;
using xmpp::StanzaError;
using xmpp::SubscriptionState;

struct Subscription {
  Jid jid;  // as it was subscribed, bare or full
  std::string subid;
  SubscriptionState state = SubscriptionState::subscribed;
  SubscribeOptions options;

  // Whether it gets events.
  bool delivers(WallTime now) const;
  bool expired(WallTime now) const { return options.expire && *options.expire <= now; }
  // As it is stored: put, or removed where its state is none.
  store::NodeChange change(const std::string& node) const;
  static Subscription of(const store::NodeSubscription& stored);
};

// The address as it was subscribed, and the SubID: several of one address stand side by side.
using SubscriptionKey = std::pair<std::string, std::string>;

struct Node {
  std::string name;
  NodeConfig config;
  Jid creator;
  WallTime created{};
  std::map<std::string, Affiliation, std::less<>> affiliations;  // by bare address
  std::map<SubscriptionKey, Subscription> subscriptions;

  static Node of(const store::StoredNode& stored);
  Affiliation affiliation(const Jid& who) const;
  // Of exactly this address, without those whose lease has ended.
  std::vector<const Subscription*> subscriptions_of(const Jid& jid, WallTime now) const;
  // The one that is meant (sections 6.2.3, 6.3.4, 6.5.9): nullptr where there is none;
  // subid-required where there are several, invalid-subid where it is none of them.
  Answer<const Subscription*> find_subscription(const Jid& jid, std::string_view subid,
                                                WallTime now) const;
  bool delivers_to(const Jid& jid, WallTime now) const;
  bool has_subscriber(const Jid& account, WallTime now) const;  // by any of its addresses
  std::vector<Jid> owners() const;
};

// Somebody, as a service sees him.
struct Viewer {
  Jid jid;
  bool owns_service = false;  // the account whose service it is: owner of every node
  // At an account that he does not see: whether there is one is not for him to know, where nothing
  // of it is open to him.
  bool is_stranger = false;
  bool is_temporary = false;          // an address that may be somebody else's tomorrow
  bool sees_presence = false;         // of that account
  std::vector<std::string> groups{};  // of that account's roster that he is in
};

Affiliation affiliation_of(const Node& node, const Viewer& viewer);

// Section 6.5.2 and its errors.
Answer<> may_retrieve(const Node& node, const Viewer& viewer, WallTime now);
// Section 6.1.3; what approval it needs is for the caller to see.
Answer<> may_subscribe(const Node& node, const Viewer& viewer);
// Section 7.1.3.1.
Answer<> may_publish(const Node& node, const Viewer& viewer, WallTime now);
// Section 8: only owners.
Answer<> may_configure(const Node& node, const Viewer& viewer);

// The conditions of XEP-0060: "closed-node"; "unsupported" with the feature's name.
StanzaError pubsub_error(Condition condition, std::string_view name);
StanzaError unsupported(std::string_view feature);

}  // namespace herold::server::pubsub
