// The nodes of publish-subscribe services over SQLite, with tables of their own.
#pragma once

#include "store/nodes.h"
#include "store/sqlite/stores.h"

namespace herold::store {

extern const Schema nodes_schema;

class SqliteNodes final : public Nodes {
 public:
  explicit SqliteNodes(Access& access) : access_(access) {}
  void load(std::string service, Completion<std::vector<StoredNode>> done) override;
  void change(std::string service, std::vector<NodeChange> changes,
              Completion<NodeOutcome> done) override;
  void items(std::string service, ItemQuery query, Completion<ItemPage> done) override;
  void last_items(std::string service, std::vector<std::string> nodes,
                  Completion<std::vector<LastItem>> done) override;
  void publishers(std::string service, std::string node,
                  Completion<std::vector<std::string>> done) override;

 private:
  Access& access_;
};

}  // namespace herold::store
