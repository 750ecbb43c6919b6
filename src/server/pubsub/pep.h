// Accounts' own services (XEP-0163) as other modules reach them: what nodes begin with, publishing
// in an account's name.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/pubsub/desk.h"
#include "server/pubsub/interests.h"

namespace herold::server::pubsub {

class Pep : public Desk {
 public:
  using Desk::Desk;
  // The last items of `nodes` of the account `owner`, whose home is here, for a client that has
  // come online.
  virtual void greet(const Jid& owner, const Jid& who, const NodeNames& nodes) = 0;
};

// A domain's on its shard, while the module runs: ModuleHost::data.
struct PepDoor {
  Pep* pep = nullptr;
};

// What the modules of single uses say of their nodes.
struct KnownNodes {
  std::map<std::string, std::function<NodeConfig(NodeConfig)>, std::less<>> defaults;
  std::set<std::string> features;  // of accounts
};

}  // namespace herold::server::pubsub
