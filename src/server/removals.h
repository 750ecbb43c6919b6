// Removing accounts so that nothing of them stays (DECISIONS.md 32), whatever dies meanwhile.
//
// With the account's rows goes a note that the rest is owed: what rooms and nodes of others have of
// it, and what is open of it in the journals. Only when all of that is gone the note goes. What one
// run owes the next one takes up.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "server/stanza.h"

namespace herold::server {

class ModuleHost;
class Shard;

// The parts of one removal; each module that keeps something of accounts elsewhere begins some.
class RemovalWork {
 public:
  enum class End : std::uint8_t { complete, owed };
  explicit RemovalWork(Jid account, std::function<void(End)> done)
      : account_(std::move(account)), done_(std::move(done)) {}
  RemovalWork(const RemovalWork&) = delete;

  // Whose it is; its records that led there belong to removed_owner() now.
  const Jid& account() const { return account_; }
  // To be called once, on any shard, when the part is done or cannot be.
  using Part = std::function<void(ModuleHost& there, const Result<>& outcome)>;
  Part begin();

 private:
  void end_part(const Result<>& outcome);

  Jid account_;
  std::function<void(End)> done_;
  unsigned parts_ = 0;
  End end_ = End::complete;
};

// Those of the accounts that have their home on a shard.
class Removals {
 public:
  using Done = std::move_only_function<void(Result<>)>;

  explicit Removals(Shard& shard) : shard_(shard) {}
  Removals(const Removals&) = delete;

  // The rows go, then the rest; `done` runs when nothing is owed any more, or what is could not be
  // done. Fault::not_found: there was no such account (what was left of it goes all the same).
  void remove(const Jid& account, Done done);
  // An earlier run owed the rest.
  void take_up(const Jid& account);
  // Tries once more what is owed; `done` gets how many still are, when nothing is under way.
  void finish(std::move_only_function<void(std::size_t owed)> done);

  bool is_under_way(const Jid& account) const { return under_way_.contains(account.text()); }

 private:
  void erase_rest(const Jid& account, net::Task then);
  void leave_journals(const Jid& account, net::Task then);
  void end(const Jid& account, RemovalWork::End how);

  Shard& shard_;
  std::map<std::string, std::unique_ptr<RemovalWork>> under_way_;  // nullptr: its rows are going
  std::set<std::string> owed_;
  std::vector<std::move_only_function<void(std::size_t)>> waiting_;  // for the end of all
};

}  // namespace herold::server
