// For tests: a ledger over a journal on a simulated disk, in one thread.
#pragma once

#include <gtest/gtest.h>

#include "server/ledger.h"
#include "store/executor.h"
#include "store/recovery.h"
#include "store/sim_disk.h"

namespace herold::server {

class StillClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime(Seconds(1000)); }
  WallTime wall() const override { return WallTime(Seconds(1795000000)); }
};

class QueueRunner final : public store::SyncRunner {
 public:
  void run(store::Task work) override { queue.post(std::move(work)); }
  store::TaskQueue queue;
};

// One run of a shard's ledger. What was written stays on `disk` when this dies.
class LedgerRun {
 public:
  explicit LedgerRun(store::SimDisk& disk, unsigned shard = 0, unsigned shards = 1,
                     Limits limits = {})
      : random_(7) {
    const auto found = store::read_journals(disk, folder, [](const store::RecoveredRecord&) {});
    EXPECT_TRUE(found);
    auto opened = store::Journal::open(
        folder, shard, found->next_run, limits, {disk, runner_, executor_, clock_, random_},
        {.synced = {},
         .segment_old = [this](std::uint64_t segment) { old_segments.push_back(segment); },
         .failed = {}});
    EXPECT_TRUE(opened);
    ledger.open(found->next_run, shard, shards, std::move(*opened));
  }

  // Everything noted so far survives the death of the process, and of the machine.
  void write() {
    ledger.journal().want_sync();
    EXPECT_TRUE(ledger.journal().write());
  }
  void settle() {
    while (runner_.queue.run_one() || executor_.run_one()) {
    }
  }

  static constexpr const char* folder = "journal";
  std::vector<std::uint64_t> old_segments;

 private:
  StillClock clock_;
  QueueRunner runner_;
  store::TaskQueue executor_;
  SeededRandom random_;

 public:
  Ledger ledger;  // the journal in it goes first
};

inline Stanza test_message(std::string_view to, std::string_view body = "x") {
  StanzaHead head = StanzaHead::of(MessageType::chat);
  head.from = *Jid::parse("a@x.test/r");
  head.to = *Jid::parse(to);
  return Stanza(head, "<body>" + std::string(body) + "</body>");
}

}  // namespace herold::server
