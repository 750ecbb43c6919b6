// Accounts' own services (XEP-0163) as other modules reach them: what nodes begin with, publishing
// in an account's name.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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
  // Has the last items of `owner`, wherever he lives, sent to a session of this shard.
  virtual void ask(const Session& session, const Jid& owner) = 0;
};

// A domain's on its shard, while the module runs: ModuleHost::data.
struct PepDoor {
  Pep* pep = nullptr;
};

// What the modules of single uses say of their nodes.
struct KnownNodes {
  using Defaults = std::function<NodeConfig(NodeConfig)>;
  std::map<std::string, Defaults, std::less<>> defaults;
  std::set<std::string, std::less<>> features;  // of accounts
};

// A module's part of it, until the module stops.
class NodeUse {
 public:
  struct Node {
    std::string_view name;
    KnownNodes::Defaults defaults;
  };
  NodeUse(ModuleHost& host, std::vector<Node> nodes, std::vector<std::string_view> features = {})
      : host_(host), features_(std::move(features)) {
    auto& known = host.data<KnownNodes>();
    for (Node& node : nodes) {
      names_.push_back(node.name);
      known.defaults[std::string(node.name)] = std::move(node.defaults);
    }
    known.features.insert(features_.begin(), features_.end());
  }
  void end() {
    auto& known = host_.data<KnownNodes>();
    for (const std::string_view name : names_) known.defaults.erase(std::string(name));
    for (const std::string_view feature : features_) known.features.erase(std::string(feature));
  }

 private:
  ModuleHost& host_;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> features_;
};

}  // namespace herold::server::pubsub
