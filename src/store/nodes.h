// Nodes of publish-subscribe services (XEP-0060): their settings, who may what, and their items.
//
// A service is named by the address that it answers at: an account's bare JID (XEP-0163) or a
// domain. Its nodes are read as a whole, their items when they are asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "store/executor.h"

namespace herold::store {

struct NodeAffiliation {
  std::string jid;        // bare
  std::uint8_t kind = 0;  // xmpp::Affiliation; never none
  bool operator==(const NodeAffiliation&) const = default;
};

struct NodeSubscription {
  std::string subid;
  std::string jid;
  std::uint8_t state = 0;  // xmpp::SubscriptionState; never none
  std::string options;     // as the service keeps them
  bool operator==(const NodeSubscription&) const = default;
};

struct StoredNode {
  std::string name;
  std::string settings;  // as the service keeps them
  std::string creator;
  WallTime created{};
  std::vector<NodeAffiliation> affiliations;    // by address
  std::vector<NodeSubscription> subscriptions;  // by subid
};

struct NodeItem {
  std::string id;
  std::string publisher;
  WallTime time{};  // of its publication
  std::string payload;
  std::uint64_t place = 0;  // where it stands in its node, from 1 on; known once it is stored
};

// --- changes of one service; those of one call are made together or not at all ---

// Makes a node, or gives one that exists other settings.
struct PutNode {
  std::string node;
  std::string settings;
  std::string creator;
  WallTime created{};
};
// With all that belongs to it.
struct RemoveNode {
  std::string node;
};
struct PutAffiliation {
  std::string node;
  NodeAffiliation affiliation;
};
struct RemoveAffiliation {
  std::string node;
  std::string jid;
};
struct PutSubscription {
  std::string node;
  NodeSubscription subscription;
};
struct RemoveSubscription {
  std::string node;
  std::string subid;
  std::string jid{};  // whose it is, for who keeps them by address; the store does not ask
};
// One with the same id is replaced and counts as new. Of more than `most` the oldest go, or it is
// Fault::conflict where `reject` says so; Fault::limit where the service's items together would
// have more than `most_bytes`.
struct PublishItem {
  std::string node;
  NodeItem item;
  std::uint64_t most = 1;
  std::uint64_t most_bytes = UINT64_MAX;
  WallTime expired_before{};  // older ones go without a word
  bool reject = false;
};
// Fault::not_found when there is no such item; Fault::refused where somebody else than `publisher`,
// if one is named, has published it.
struct RetractItem {
  std::string node;
  std::string id;
  std::string publisher;
};
// All, or all that `publisher` has published, where one is named; those are told as dropped.
struct PurgeItems {
  std::string node;
  std::string publisher{};
};
// Those that were published before that time, without a word.
struct ExpireItems {
  std::string node;
  WallTime before{};
};
// Only the newest so many stay.
struct KeepItems {
  std::string node;
  std::uint64_t most = 0;
};

using NodeChange =
    std::variant<PutNode, RemoveNode, PutAffiliation, RemoveAffiliation, PutSubscription,
                 RemoveSubscription, PublishItem, RetractItem, PurgeItems, ExpireItems, KeepItems>;

struct NodeOutcome {
  std::vector<std::string> dropped;  // ids of items that had to make room
};

// Which items: by id (those that there are, in that order), or a page of all in the order of their
// publication. `after` and `before` name items; an unknown one is Fault::not_found.
struct ItemQuery {
  std::string node;
  std::vector<std::string> ids;
  std::optional<std::string> after;
  std::optional<std::string> before;
  std::optional<std::uint64_t> index;
  std::uint64_t after_place = 0;  // a place, whether there is an item or not
  std::uint64_t before_place = INT64_MAX;
  bool from_end = false;  // the newest ones
  std::uint64_t most = 0;
  Bytes most_bytes = UINT64_MAX;  // of payloads; at least one item is given
  WallTime expired_before{};      // older ones are not seen
  WallTime until = WallTime::max();
  std::string publisher{};  // only what he has published, where one is named
};

struct ItemPage {
  std::vector<NodeItem> items;
  std::uint64_t count = 0;  // of all that could be seen
  std::uint64_t index = 0;  // of the first one here
  bool complete = true;     // there are no others on that side
};

struct LastItem {
  std::string node;
  NodeItem item;
};

class Nodes {
 public:
  virtual ~Nodes() = default;

  virtual void load(std::string service, Completion<std::vector<StoredNode>> done) = 0;
  // Changes of nodes that are not there are Fault::not_found.
  virtual void change(std::string service, std::vector<NodeChange> changes,
                      Completion<NodeOutcome> done) = 0;
  virtual void items(std::string service, ItemQuery query, Completion<ItemPage> done) = 0;
  // The newest item of each of the nodes that has one.
  virtual void last_items(std::string service, std::vector<std::string> nodes,
                          Completion<std::vector<LastItem>> done) = 0;
  // Who has published what there is at a node, each once.
  virtual void publishers(std::string service, std::string node,
                          Completion<std::vector<std::string>> done) = 0;
};

}  // namespace herold::store
