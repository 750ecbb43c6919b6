// The journal's promises over hundreds of seeds: what is synced survives a power cut, what is
// written a kill; nothing is made up, nothing changes places (HOSTILE 174 to 177).
#include "store/journal.h"

#include <gtest/gtest.h>

#include <map>

#include "store/recovery.h"
#include "store/sim_disk.h"

namespace herold::store {
namespace {

class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  WallTime wall() const override { return WallTime(now_.time_since_epoch()); }
  void pass(Duration time) { now_ += time; }

 private:
  MonotonicTime now_{Seconds(1000)};
};

class QueueRunner final : public SyncRunner {
 public:
  void run(Task work) override { queue.post(std::move(work)); }
  TaskQueue queue;
};

Limits small_limits() {
  Limits limits;
  limits.journal_segment_bytes = 24_KiB;
  limits.journal_reserve_bytes = 2_KiB;
  limits.journal_segments = 4;
  return limits;
}

// A process with one journal on a simulated disk, and a ledger of what it was told.
struct Process {
  Process(SimDisk& its_disk, std::uint64_t seed, Limits its_limits = small_limits())
      : disk(its_disk), random(seed), limits(its_limits) {}

  Result<> start() {
    auto found = read_journals(disk, "journal", [&](const RecoveredRecord&) {});
    if (!found) return std::unexpected(found.error());
    auto opened = Journal::open(
        "journal", 0, found->next_run, limits, {disk, runner, executor, clock, random},
        {.synced = [this](Position position) { synced = position; },
         .segment_old = [this](std::uint64_t number) { old.push_back(number); },
         .removed = [this](std::uint64_t number) { removed = number; },
         .failed = [this](const Error&) { ++failures; }});
    if (!opened) return std::unexpected(opened.error());
    journal = std::move(*opened);
    return {};
  }
  // A turn's end in which somebody waits for the sync.
  Result<> write() {
    journal->want_sync();
    return journal->write();
  }
  void settle() {
    while (runner.queue.run_one() || executor.run_one()) {
    }
  }
  void die() {
    runner.queue.clear();
    executor.clear();
    journal.reset();
  }

  SimDisk& disk;
  SeededRandom random;
  Limits limits;
  ManualClock clock;
  QueueRunner runner;
  TaskQueue executor;
  Position synced;
  std::vector<std::uint64_t> old;
  std::uint64_t removed = 0;
  int failures = 0;
  std::unique_ptr<Journal> journal;
};

struct Seen {
  Recovered recovered;
  std::vector<std::pair<std::uint8_t, std::string>> records;
};

Seen recover(SimDisk& disk) {
  Seen seen;
  auto found = read_journals(disk, "journal", [&](const RecoveredRecord& record) {
    seen.records.emplace_back(record.kind, record.payload);
  });
  EXPECT_TRUE(found) << found.error().text;
  if (found) seen.recovered = *found;
  return seen;
}

std::string payload_of(std::uint64_t number, std::size_t size) {
  std::string text = std::to_string(number) + ":";
  SeededRandom random(number);
  while (text.size() < size) text += static_cast<char>(random.number());
  return text;
}

TEST(Journal, GivesBackWhatItTook) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  EXPECT_TRUE(process.journal->append(7, "one"));
  EXPECT_TRUE(process.journal->append(255, ""));
  EXPECT_EQ(process.journal->statistics().writes, 0u);
  ASSERT_TRUE(process.write());
  EXPECT_EQ(process.journal->statistics().writes, 1u);
  EXPECT_LT(process.journal->synced(), process.journal->written());
  process.settle();
  EXPECT_EQ(process.journal->synced(), process.journal->written());
  EXPECT_EQ(process.synced, process.journal->written());
  process.die();
  const Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), 2u);
  EXPECT_EQ(seen.records[0], (std::pair<std::uint8_t, std::string>(7, "one")));
  EXPECT_EQ(seen.records[1], (std::pair<std::uint8_t, std::string>(255, "")));
  EXPECT_TRUE(seen.recovered.trusted);
  EXPECT_EQ(seen.recovered.next_run, 2u);
}

TEST(Journal, SyncsForThoseWhoWait) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "nobody waits"));
  ASSERT_TRUE(process.journal->write());
  process.settle();
  EXPECT_EQ(process.journal->statistics().syncs, 0u);
  EXPECT_LT(process.journal->synced(), process.journal->written());

  process.journal->want_sync();  // for what is written already
  process.settle();
  EXPECT_EQ(process.synced, process.journal->written());

  ASSERT_TRUE(process.journal->append(1, "waited for"));
  process.journal->want_sync();  // for what will be
  process.settle();
  EXPECT_EQ(process.journal->statistics().syncs, 1u);
  ASSERT_TRUE(process.journal->write());
  process.settle();
  EXPECT_EQ(process.journal->statistics().syncs, 2u);
  EXPECT_EQ(process.synced, process.journal->appended());
}

TEST(Journal, GroupsWhatArrivesDuringASync) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  for (int turn = 0; turn < 50; ++turn) {
    ASSERT_TRUE(process.journal->append(1, "x"));
    ASSERT_TRUE(process.write());
  }
  process.settle();
  EXPECT_EQ(process.journal->statistics().syncs, 2u);  // the first at once, then all others
  EXPECT_EQ(process.synced, process.journal->appended());
}

TEST(Journal, TrustsACleanShutdownOverAPowerCut) {
  for (const bool clean : {true, false}) {
    SimDisk disk(3);
    Process process(disk, 3);
    ASSERT_TRUE(process.start());
    ASSERT_TRUE(process.journal->append(1, "x"));
    ASSERT_TRUE(process.write());
    process.settle();
    if (clean) ASSERT_TRUE(process.journal->close());
    process.die();
    disk.power_cut();
    const Seen seen = recover(disk);
    EXPECT_EQ(seen.records.size(), 1u);
    EXPECT_EQ(seen.recovered.trusted, clean);
  }
}

TEST(Journal, ReadsSeveralShardsAndRetiresThem) {
  SimDisk disk(3);
  Process process(disk, 3);
  ASSERT_TRUE(process.start());
  {
    auto other =
        Journal::open("journal", 1, 1, process.limits,
                      {disk, process.runner, process.executor, process.clock, process.random}, {});
    ASSERT_TRUE(other);
    ASSERT_TRUE((*other)->append(2, "of shard 1"));
    ASSERT_TRUE((*other)->write());
    ASSERT_TRUE(process.journal->append(1, "of shard 0"));
    ASSERT_TRUE(process.write());
    process.settle();
  }
  process.die();
  Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), 2u);
  EXPECT_EQ(seen.records[0].second, "of shard 0");
  ASSERT_TRUE(retire(disk, "journal", seen.recovered, 2));
  seen = recover(disk);
  EXPECT_TRUE(seen.records.empty());
  EXPECT_TRUE(seen.recovered.segments.empty());
}

// One life under a random schedule; then death of the given sort, and the ledger is held against
// what recovery finds.
class Life {
 public:
  Life(std::uint64_t seed, bool full_disk)
      : disk_(seed), dice_(seed * 7919 + 1), full_(full_disk) {}

  void run() {
    Process process(disk_, dice_.number());
    const bool sudden = dice_.below(2) == 0;
    if (sudden) disk_.die_at(1 + dice_.below(250));
    if (process.start()) live(process);
    process.die();
    const bool power = dice_.below(2) == 0;
    power ? disk_.power_cut() : disk_.kill();
    judge(recover(disk_), power);
  }

 private:
  enum class State { buffered, written, synced };
  struct Entry {
    State state = State::buffered;
    Position position;
    std::string payload;
  };

  void live(Process& process) {
    for (std::uint64_t steps = 50 + dice_.below(300); steps > 0 && !disk_.dead(); --steps) {
      if (full_ && dice_.below(40) == 0)
        disk_.set_capacity(dice_.below(2) == 0 ? disk_.used() + dice_.below(8_KiB) : 10_MiB);
      if (full_) disk_.refuse_writes(dice_.below(6) == 0);
      process.clock.pass(Milliseconds(200));
      turn(process);
      while (dice_.below(3) != 0) {
        process.runner.queue.run_one();
        process.executor.run_one();
        note_synced(process.synced);
      }
      for (const std::uint64_t number : process.old) {
        removed_ = std::max(removed_, number);
        process.journal->remove_through(number);
      }
      process.old.clear();
      if (dice_.below(10) == 0) process.journal->housekeep();
    }
    disk_.refuse_writes(false);
    ended_clean_ = !disk_.dead() && dice_.below(8) == 0 && process.journal->close().has_value();
    if (ended_clean_) note_synced(process.journal->written());
  }

  void turn(Process& process) {
    for (std::uint64_t count = dice_.below(6); count > 0; --count) {
      const std::uint64_t number = ++last_;
      std::string payload = payload_of(number, dice_.below(dice_.below(20) == 0 ? 9000 : 300));
      const Space space = dice_.below(5) == 0 ? Space::reserved : Space::normal;
      const auto position = process.journal->append(9, payload, space);
      if (!position) continue;
      ledger_[number] = {State::buffered, *position, std::move(payload)};
    }
    // What was not written stays for the next write, or for a death to leave it there or not.
    if (!process.write()) return;
    for (auto& [number, entry] : ledger_)
      if (entry.state == State::buffered) entry.state = State::written;
  }

  void note_synced(Position position) {
    for (auto& [number, entry] : ledger_)
      if (entry.state == State::written && entry.position <= position) entry.state = State::synced;
  }

  void judge(const Seen& seen, bool power) {
    std::uint64_t before = 0;
    std::map<std::uint64_t, bool> found;
    for (const auto& [kind, payload] : seen.records) {
      const std::uint64_t number = std::strtoull(payload.c_str(), nullptr, 10);
      EXPECT_GT(number, before) << "order";
      before = number;
      found[number] = true;
      ASSERT_TRUE(ledger_.contains(number)) << "made up";
      EXPECT_EQ(payload, ledger_[number].payload);
    }
    for (const auto& [number, entry] : ledger_) {
      if (entry.position.segment <= removed_) continue;
      const bool due = entry.state == State::synced || (!power && entry.state == State::written);
      if (due) EXPECT_TRUE(found[number]) << "lost " << number;
    }
    EXPECT_EQ(seen.recovered.corrupt_gaps, 0u);
    if (!ledger_.empty()) EXPECT_EQ(seen.recovered.trusted, !power || ended_clean_);
  }

  SimDisk disk_;
  SeededRandom dice_;
  bool full_;
  bool ended_clean_ = false;
  std::uint64_t last_ = 0;
  std::uint64_t removed_ = 0;  // segments up to here may be gone
  std::map<std::uint64_t, Entry> ledger_;
};

TEST(JournalProperty, HoldsOverKillsAndPowerCuts) {
  for (std::uint64_t seed = 1; seed <= 600 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Life(seed, false).run();
  }
}

TEST(JournalProperty, HoldsOnADiskThatFillsUp) {
  for (std::uint64_t seed = 1001; seed <= 1600 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Life(seed, true).run();
  }
}

TEST(Journal, RefusesMessagesOnAFullDiskButTakesOutcomesAndRecovers) {
  SimDisk disk(1);
  disk.set_capacity(30_KiB);  // one segment, not two
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  const std::string message(500, 'm');
  int taken = 0;
  for (;;) {
    const auto position = process.journal->append(1, message);
    if (!position) {
      EXPECT_EQ(position.error().fault, Fault::unavailable);
      break;
    }
    ++taken;
    ASSERT_TRUE(process.write());
    process.settle();
  }
  EXPECT_GT(taken, 20);
  for (; process.journal->append(1, "short"); ++taken) ASSERT_TRUE(process.write());
  EXPECT_FALSE(process.journal->accepts());
  int outcomes = 0;
  while (process.journal->append(2, "done", Space::reserved)) {
    ++outcomes;
    ASSERT_TRUE(process.write());
    process.settle();
  }
  EXPECT_GT(outcomes, 40);

  disk.set_capacity(1_MiB);
  process.clock.pass(Seconds(2));
  process.journal->housekeep();  // asks for a segment
  process.settle();
  EXPECT_TRUE(process.journal->accepts());
  EXPECT_TRUE(process.journal->append(1, message));
  ASSERT_TRUE(process.write());
  process.settle();
  EXPECT_EQ(process.failures, 0);
  process.die();
  EXPECT_EQ(recover(disk).records.size(), static_cast<std::size_t>(taken + outcomes + 1));
}

// A copy-on-write disk may be full for what was preallocated too (HOSTILE 176).
TEST(Journal, KeepsWhatADiskDoesNotTakeAndWritesItLater) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "first"));
  disk.refuse_writes(true);
  EXPECT_EQ(process.journal->write().error().fault, Fault::unavailable);
  EXPECT_EQ(process.failures, 0);
  EXPECT_FALSE(process.journal->accepts());
  EXPECT_EQ(process.journal->append(1, "refused").error().fault, Fault::unavailable);
  EXPECT_TRUE(process.journal->append(2, "outcome", Space::reserved));
  EXPECT_LT(process.journal->written(), process.journal->appended());
  const std::string outcome(100, 'o');  // until as much as the reserve waits in memory
  std::uint64_t outcomes = 0;
  while (process.journal->append(2, outcome, Space::reserved)) ++outcomes;
  EXPECT_LE(outcomes * outcome.size(), process.limits.journal_reserve_bytes);

  disk.refuse_writes(false);
  ASSERT_TRUE(process.journal->write());
  EXPECT_TRUE(process.journal->accepts());
  ASSERT_TRUE(process.journal->append(1, "last"));
  ASSERT_TRUE(process.journal->write());
  process.settle();
  process.die();
  const Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), outcomes + 3);
  EXPECT_EQ(seen.records.front().second, "first");
  EXPECT_EQ(seen.records.back().second, "last");
  EXPECT_EQ(seen.recovered.corrupt_gaps, 0u);
}

// Whoever could not empty it, for want of space, is asked again.
TEST(Journal, OffersAnOldSegmentUntilItIsRemoved) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "x"));
  ASSERT_TRUE(process.journal->write());
  process.clock.pass(Seconds(process.limits.journal_segment_age));
  process.journal->housekeep();
  process.settle();
  EXPECT_EQ(process.old, std::vector<std::uint64_t>{1});
  process.clock.pass(Seconds(process.limits.journal_retry_time));
  process.journal->housekeep();
  process.settle();
  EXPECT_EQ(process.old, (std::vector<std::uint64_t>{1, 1}));
  process.journal->remove_through(1);
  process.clock.pass(Seconds(process.limits.journal_retry_time));
  process.journal->housekeep();
  process.settle();
  EXPECT_EQ(process.old.size(), 2u);
}

TEST(Journal, NeverRetriesAFailedSync) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "x"));
  disk.fail_at(2);  // the write, then the sync
  ASSERT_TRUE(process.write());
  const Position before = process.journal->synced();
  process.settle();
  EXPECT_EQ(process.failures, 1);
  EXPECT_EQ(process.journal->synced(), before);
  EXPECT_FALSE(process.journal->append(1, "y"));
  EXPECT_FALSE(process.write());
  EXPECT_FALSE(process.journal->close());
  process.settle();
  EXPECT_EQ(process.failures, 1);
}

TEST(Journal, TakesAnInputOutputErrorOnWriteAsFatal) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "x"));
  disk.fail_at(1);
  EXPECT_FALSE(process.write());
  EXPECT_EQ(process.failures, 1);
}

TEST(Journal, AsksForOldSegmentsByNumberAndByAge) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  while (process.journal->statistics().segments <= process.limits.journal_segments) {
    ASSERT_TRUE(process.journal->append(1, std::string(3000, 'x')));
    ASSERT_TRUE(process.write());
    process.settle();
  }
  ASSERT_EQ(process.old.size(), 1u);
  EXPECT_EQ(process.old[0], 1u);
  process.journal->remove_through(1);
  process.settle();
  EXPECT_EQ(process.journal->statistics().segments, process.limits.journal_segments);
  process.old.clear();
  process.clock.pass(Seconds(process.limits.journal_segment_age));
  process.journal->housekeep();
  process.settle();
  EXPECT_EQ(process.old.size(), process.limits.journal_segments);  // all that hold records
  for (const std::uint64_t number : process.old) process.journal->remove_through(number);
  process.settle();
  EXPECT_EQ(process.journal->statistics().segments, 1u);
  process.die();
  EXPECT_TRUE(recover(disk).records.empty());
}

TEST(Journal, RemovesASegmentOnlyWhenWhatReplacesItIsSynced) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "alive"));
  ASSERT_TRUE(process.write());
  process.clock.pass(Seconds(process.limits.journal_segment_age));
  process.settle();
  process.journal->housekeep();
  process.settle();
  ASSERT_EQ(process.old.size(), 1u);
  ASSERT_TRUE(process.journal->append(1, "alive again"));
  process.journal->remove_through(process.old[0]);
  process.settle();
  EXPECT_EQ(process.journal->statistics().segments, 2u);
  EXPECT_EQ(recover(disk).records.size(), 1u);
  ASSERT_TRUE(process.write());
  process.settle();
  EXPECT_EQ(process.journal->statistics().segments, 1u);
  process.die();
  const Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), 1u);
  EXPECT_EQ(seen.records[0].second, "alive again");
}

// A commit must not come back whose outcome stood in a segment behind it.
TEST(Journal, RemovesTheOldestFirstForGood) {
  bool is_through = false;
  for (std::uint64_t cut = 1; !is_through; ++cut) {
    SCOPED_TRACE(cut);
    SimDisk disk(cut);
    Process process(disk, cut);
    ASSERT_TRUE(process.start());
    for (std::uint64_t number = 1; process.journal->statistics().segments < 4;) {
      if (process.journal->append(1, payload_of(number, 4000))) ++number;
      ASSERT_TRUE(process.write());
      process.settle();
    }
    const std::uint64_t before = process.journal->appended().segment - 1;
    disk.die_at(cut);
    process.journal->remove_through(before);
    process.settle();
    is_through = !disk.dead();
    EXPECT_EQ(process.removed, is_through ? before : 0u);
    EXPECT_EQ(process.journal->statistics().segments, is_through ? 1u : 4u);
    process.die();
    disk.power_cut();
    std::uint64_t last = 0;
    for (const auto& [kind, payload] : recover(disk).records) {
      const std::uint64_t number = std::strtoull(payload.c_str(), nullptr, 10);
      EXPECT_TRUE(last == 0 || number == last + 1) << "a hole before " << number;
      last = number;
    }
  }
}

TEST(Journal, BeginsASegmentWhenAsked) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  EXPECT_EQ(process.journal->begin_segment(), 0u);  // nothing to leave
  ASSERT_TRUE(process.journal->append(1, "one"));
  EXPECT_FALSE(process.journal->begin_segment());  // the next one is being made
  process.settle();
  EXPECT_EQ(process.journal->begin_segment(), 1u);
  ASSERT_TRUE(process.journal->append(1, "two"));
  process.journal->remove_through(1);
  ASSERT_TRUE(process.write());
  process.settle();
  EXPECT_EQ(process.removed, 1u);
  process.die();
  disk.power_cut();
  const Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), 1u);
  EXPECT_EQ(seen.records[0].second, "two");
}

// Where a file cannot be removed those behind it stay as well, and the next sync tries again.
TEST(Journal, TriesAgainToRemove) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  ASSERT_TRUE(process.journal->append(1, "one"));
  ASSERT_TRUE(process.write());
  process.settle();
  ASSERT_EQ(process.journal->begin_segment(), 1u);
  process.settle();
  process.journal->remove_through(1);
  disk.fail_at(1);
  process.settle();
  EXPECT_EQ(process.removed, 0u);
  ASSERT_TRUE(process.journal->append(1, "two"));
  ASSERT_TRUE(process.write());
  process.settle();
  EXPECT_EQ(process.removed, 1u);
  EXPECT_EQ(process.failures, 0);
}

TEST(Journal, SetsACorruptPlaceAsideAndReadsOn) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  process.settle();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(process.journal->append(1, "record " + std::to_string(i)));
    ASSERT_TRUE(process.write());
    process.settle();
  }
  ASSERT_TRUE(process.journal->close());
  process.die();
  const std::string path = recover(disk).recovered.segments[0];
  disk.corrupt(path, 100, "the header, first copy");
  disk.corrupt(path, first_record + 150, "damage");
  const Seen seen = recover(disk);
  EXPECT_GE(seen.records.size(), 8u);
  EXPECT_EQ(seen.records.back().second, "record 9");
  EXPECT_EQ(seen.recovered.corrupt_gaps, 1u);
  EXPECT_EQ(seen.recovered.corrupt, std::vector{path});
  EXPECT_FALSE(seen.recovered.trusted);
  ASSERT_TRUE(retire(disk, "journal", seen.recovered, 2));
  EXPECT_TRUE(disk.open(path + ".corrupt"));
  EXPECT_TRUE(recover(disk).recovered.segments.empty());
}

TEST(Journal, KeepsOnlyTheYoungestDamagedFiles) {
  SimDisk disk(1);
  std::vector<std::string> damaged;
  Recovered before;
  for (int run = 0; run < 4; ++run) {
    Process process(disk, 1);
    ASSERT_TRUE(process.start());
    ASSERT_TRUE(retire(disk, "journal", before, 2));
    ASSERT_TRUE(process.journal->append(1, "record"));
    ASSERT_TRUE(process.journal->close());
    process.die();
    const std::string path = recover(disk).recovered.segments[0];
    disk.corrupt(path, 0, std::string(first_record, '?'));
    damaged.push_back(path + ".corrupt");
    before = recover(disk).recovered;
  }
  ASSERT_TRUE(retire(disk, "journal", before, 2));
  EXPECT_FALSE(disk.open(damaged[0]));
  EXPECT_FALSE(disk.open(damaged[1]));
  EXPECT_TRUE(disk.open(damaged[2]));
  EXPECT_TRUE(disk.open(damaged[3]));
}

TEST(Journal, IsNotFooledByRecordsInsideAMessage) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  std::string forged;
  for (int i = 0; i < 50; ++i)
    encode_record(forged, 0, first_record + 32 + forged.size(), 9, "forged");
  ASSERT_TRUE(process.journal->append(1, forged));
  ASSERT_TRUE(process.write());
  process.settle();
  ASSERT_TRUE(process.journal->append(1, "true"));
  ASSERT_TRUE(process.write());
  process.settle();
  process.die();
  disk.corrupt(recover(disk).recovered.segments[0], first_record + 24, std::string(8, '?'));
  const Seen seen = recover(disk);
  ASSERT_EQ(seen.records.size(), 1u);
  EXPECT_EQ(seen.records[0].second, "true");
}

TEST(Journal, RefusesARecordLongerThanASegment) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());
  const auto position = process.journal->append(1, std::string(24_KiB, 'x'));
  ASSERT_FALSE(position);
  EXPECT_EQ(position.error().fault, Fault::limit);
}

TEST(Journal, GrowsASegmentWhileTheNextIsBeingMade) {
  SimDisk disk(1);
  Process process(disk, 1);
  ASSERT_TRUE(process.start());  // nothing runs the preparation of the second segment
  Bytes taken = 0;
  while (process.journal->append(1, std::string(1000, 'x'))) {
    taken += 1000;
    ASSERT_TRUE(process.write());
  }
  EXPECT_GT(taken, 28_KiB);
  EXPECT_LT(taken, 48_KiB);
}

}  // namespace
}  // namespace herold::store
