// An account's removal, from its rows to the last trace.
#include "server/removals.h"

#include <atomic>
#include <utility>

#include "server/events.h"
#include "server/journal_records.h"
#include "server/module_host.h"
#include "server/rooms/room_store.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {

RemovalWork::Part RemovalWork::begin() {
  ++parts_;
  return [this](ModuleHost& there, const Result<>& outcome) {
    there.at_home(account_.text(), [this, outcome](ModuleHost&) { end_part(outcome); });
  };
}

void RemovalWork::end_part(const Result<>& outcome) {
  if (!outcome) end_ = End::owed;
  if (--parts_ == 0) done_(end_);
}

void Removals::remove(const Jid& account, Done done) {
  if (is_under_way(account))
    return done(fail(Fault::conflict, "The account is being removed already"));
  under_way_.emplace(account.text(), nullptr);
  std::vector<std::string> kept(std::begin(room_indices), std::end(room_indices));
  shard_.stores().accounts().remove(
      account.text(), std::move(kept),
      [this, account, done = std::move(done)](Result<> removed) mutable {
        if (!removed && removed.error().fault != Fault::not_found) {
          end(account, RemovalWork::End::owed);
          return done(std::move(removed));
        }
        if (removed) owed_.insert(account.text());
        erase_rest(account, [done = std::move(done), removed = std::move(removed)]() mutable {
          done(std::move(removed));
        });
      });
}

void Removals::take_up(const Jid& account) {
  owed_.insert(account.text());
  if (!is_under_way(account)) erase_rest(account, [] {});
}

void Removals::finish(std::move_only_function<void(std::size_t)> done) {
  for (const std::string& address : std::set(owed_)) take_up(Jid::trusted(address));
  if (under_way_.empty()) return done(owed_.size());
  waiting_.push_back(std::move(done));
}

// What modules have of it where others live. The last part may end while an event is handled:
// what follows has a turn of its own.
void Removals::erase_rest(const Jid& account, net::Task then) {
  auto waiting = std::make_shared<net::Task>(std::move(then));  // std::function wants copies
  auto work =
      std::make_unique<RemovalWork>(account, [this, account, waiting](RemovalWork::End how) {
        shard_.loop().post([this, account, waiting, how] {
          if (how == RemovalWork::End::complete)
            return leave_journals(account, std::move(*waiting));
          end(account, how);
          (*waiting)();
        });
      });
  RemovalWork& begun = *(under_way_[account.text()] = std::move(work));
  ModuleHost* host = shard_.find_host(account.domain());
  if (host == nullptr) {  // its domain may come back, with its rooms
    end(account, RemovalWork::End::owed);
    return (*waiting)();
  }
  const RemovalWork::Part first = begun.begin();
  AccountErased event{account, begun};
  std::ignore = host->hooks().fire(event);
  first(*host, {});
}

// All that is open of it is void, also after a power cut; then the note in the store may go.
void Removals::leave_journals(const Jid& account, net::Task then) {
  struct Round {
    std::atomic<unsigned> left;
    std::atomic<bool> is_noted;
    net::Task then;
  };
  // Shared by the letters under way; the last one brings the end home.
  auto round = std::make_shared<Round>(shard_.server().shard_count(), true, std::move(then));
  const auto ended = [this, account, round] {
    if (!round->is_noted) {
      end(account, RemovalWork::End::owed);
      return round->then();
    }
    shard_.stores().accounts().end_removal(account.text(), [this, account, round](Result<> gone) {
      end(account, gone ? RemovalWork::End::complete : RemovalWork::End::owed);
      round->then();
    });
  };
  for (unsigned i = 0; i < shard_.server().shard_count(); ++i)
    shard_.post_to(i, [account, round, ended, home = shard_.index()](Shard& there) {
      if (!there.ledger().note(RemovedRecord{account.text()}, store::Space::normal))
        round->is_noted = false;
      there.when_safe([&there, round, ended, home] {
        if (round->left.fetch_sub(1) == 1) there.post_to(home, [ended](Shard&) { ended(); });
      });
    });
}

void Removals::end(const Jid& account, RemovalWork::End how) {
  under_way_.erase(account.text());
  if (how == RemovalWork::End::complete) {
    owed_.erase(account.text());
  } else if (owed_.contains(account.text())) {
    shard_.log().warning("removal-owed", {{"reason", "the next start takes it up"}});
  }
  if (!under_way_.empty()) return;
  for (auto& done : std::exchange(waiting_, {})) done(owed_.size());
}

}  // namespace herold::server
