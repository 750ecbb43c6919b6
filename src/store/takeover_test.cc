// Taking over what earlier runs left, cut short by a kill or a power cut at each operation of the
// disk: what was done stays done, what is open stays open, whatever files come back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "store/journal.h"
#include "store/recovery.h"
#include "store/sim_disk.h"

namespace herold::store {
namespace {

class StillClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime(Seconds(1000)); }
  WallTime wall() const override { return WallTime(Seconds(1795000000)); }
};

class QueueRunner final : public SyncRunner {
 public:
  void run(Task work) override { queue.post(std::move(work)); }
  TaskQueue queue;
};

using Numbers = std::set<std::uint64_t>;
constexpr std::uint8_t opened = 1, done = 2;
constexpr const char* folder = "journal";
constexpr std::uint64_t most_operations = 1000;
constexpr std::uint64_t last_number = 24;  // of those that the first run opens

Limits small_limits() {
  Limits limits;
  limits.journal_segment_bytes = 24_KiB;
  limits.journal_reserve_bytes = 2_KiB;
  limits.journal_segments = 100;
  return limits;
}

// Filled, so that what is opened and what is done stand in different files.
std::string record_of(std::uint64_t number) {
  std::string text = std::to_string(number);
  text.resize(5000, ' ');
  return text;
}

// What a server would find open.
struct Found {
  Recovered recovered;
  Numbers open;
};

Result<Found> read(SimDisk& disk) {
  Found found;
  Numbers over;
  found.recovered = TRY(read_journals(disk, folder, [&](const RecoveredRecord& record) {
    const std::uint64_t number = std::strtoull(std::string(record.payload).c_str(), nullptr, 10);
    if (record.kind == done) over.insert(number);
    if (record.kind == opened) found.open.insert(number);
  }));
  for (const std::uint64_t number : over) found.open.erase(number);
  return found;
}

// A server that has one journal a shard; what is open is where its number says.
class ServerRun {
 public:
  ServerRun(SimDisk& disk, unsigned shards) : disk_(disk), shards_(shards) {}
  ~ServerRun() {
    runner_.queue.clear();
    executor_.clear();
  }

  // As a server starts. It serves meanwhile: `before` is finished before the mark, `behind` after
  // it.
  struct Meanwhile {
    std::uint64_t before = 0, behind = 0;
  };
  Result<> start(Meanwhile meanwhile) {
    const Found found = TRY(read(disk_));
    for (unsigned shard = 0; shard < shards_; ++shard)
      journals_.push_back(
          TRY(Journal::open(folder, shard, found.recovered.next_run, small_limits(),
                            {disk_, runner_, executor_, clock_, random_}, JournalEvents{})));
    for (const std::uint64_t number : found.open) TRY(put(opened, number));
    TRY(sync());
    TRY(finish(meanwhile.before));
    TRY(journals_.front()->mark_takeover());
    TRY(sync());
    TRY(finish(meanwhile.behind));
    return retire(disk_, folder, found.recovered, 2);
  }

  Result<> put(std::uint8_t kind, std::uint64_t number) {
    Journal& journal = *journals_[number % shards_];
    while (!journal.append(kind, record_of(number))) {
      if (disk_.dead()) return fail(Fault::refused, "dead");
      TRY(sync());
    }
    return {};
  }
  Result<> finish(std::uint64_t number) {
    if (number == 0) return {};
    TRY(put(done, number));
    TRY(sync());
    finished_.insert(number);
    return {};
  }
  Result<> sync() {
    for (const auto& journal : journals_) {
      journal->want_sync();
      TRY(journal->write());
    }
    settle();
    for (const auto& journal : journals_)
      if (journal->synced() < journal->appended()) return fail(Fault::refused, "not synced");
    return {};
  }
  void settle() {
    while (runner_.queue.run_one() || executor_.run_one()) {
    }
  }
  const Numbers& finished() const { return finished_; }  // for good
  Journal& journal(unsigned shard) { return *journals_[shard]; }

 private:
  SimDisk& disk_;
  unsigned shards_;
  StillClock clock_;
  SeededRandom random_{7};
  QueueRunner runner_;
  TaskQueue executor_;
  Numbers finished_;
  std::vector<std::unique_ptr<Journal>> journals_;
};

enum class Death : std::uint8_t { kill, power_cut };

struct Course {
  unsigned before, during, after;  // shards
  Death death;
  std::uint64_t seed;
};

// An earlier run opened numbers, and finished every other one; its files are on a disk.
class Takeover : public testing::TestWithParam<Course> {
 protected:
  void make_first_run(SimDisk& disk) const {
    ASSERT_TRUE(disk.make_folder(folder));
    ServerRun run(disk, GetParam().before);
    ASSERT_TRUE(run.start({}));
    for (std::uint64_t number = 1; number <= last_number; ++number)
      ASSERT_TRUE(run.put(opened, number));
    for (std::uint64_t number = 1; number <= last_number; number += 2)
      ASSERT_TRUE(run.finish(number));
  }
  static Numbers left() {
    Numbers numbers;
    for (std::uint64_t number = 2; number <= last_number; number += 2) numbers.insert(number);
    return numbers;
  }
  void die(SimDisk& disk) const {
    GetParam().death == Death::kill ? disk.kill() : disk.power_cut();
  }
};

// What may be open, and what must be.
struct Truth {
  Numbers open, unsure;

  void expect(const Result<Found>& found) const {
    ASSERT_TRUE(found) << found.error().text;
    Numbers sure = open;
    for (const std::uint64_t number : unsure) sure.erase(number);
    EXPECT_TRUE(std::ranges::includes(open, found->open)) << "what was done is open again";
    EXPECT_TRUE(std::ranges::includes(found->open, sure)) << "what was open is lost";
  }
  void add(const ServerRun& run, ServerRun::Meanwhile meanwhile) {
    unsure.insert({meanwhile.before, meanwhile.behind});
    for (const std::uint64_t number : run.finished()) open.erase(number);
  }
};

// A start dies at any of its operations, the next one at some other, and one gets through.
TEST_P(Takeover, IsWholeWhereverItIsCutShort) {
  const Course& course = GetParam();
  SeededRandom dice(course.seed);
  bool is_through = false;
  for (std::uint64_t cut = 1; !is_through && !HasFailure(); ++cut) {
    SCOPED_TRACE("operation " + std::to_string(cut));
    ASSERT_LT(cut, most_operations);
    SimDisk disk(1000 * course.seed + cut);
    make_first_run(disk);
    die(disk);
    Truth truth{left(), {}};
    const std::uint64_t cuts[] = {cut, 1 + dice.below(cut), most_operations};
    for (unsigned attempt = 0; attempt < 3; ++attempt) {
      ServerRun run(disk, attempt == 1 ? course.after : course.during);
      const ServerRun::Meanwhile meanwhile{2 + 4 * attempt, 4 + 4 * attempt};
      disk.die_at(cuts[attempt]);
      const bool has_started = run.start(meanwhile).has_value();
      EXPECT_EQ(has_started, !disk.dead());
      EXPECT_TRUE(has_started || attempt < 2);
      if (attempt == 0) is_through = has_started;
      truth.add(run, meanwhile);
      die(disk);
      truth.expect(read(disk));
    }
  }
}

using Files = std::map<std::string, std::string>;

Files files_of(SimDisk& disk) {
  Files files;
  const auto names = disk.list(folder);
  for (const std::string& name : *names) {
    const std::string path = folder + ("/" + name);
    const auto file = disk.open(path);
    files[path] = *(*file)->read(0, *(*file)->size());
  }
  return files;
}

// As after a power cut: each of them may be there again.
void come_back(SimDisk& disk, const Files& files, Random& dice) {
  for (const auto& [path, bytes] : files)
    if (dice.below(2) == 0) ASSERT_TRUE((*disk.create(path))->write(0, bytes));
}

TEST_P(Takeover, OldFilesThatComeBackAreNotRead) {
  SeededRandom dice(GetParam().seed);
  for (int selection = 0; selection < 20 && !HasFailure(); ++selection) {
    SimDisk disk(GetParam().seed);
    make_first_run(disk);
    const Files old = files_of(disk);
    Truth truth{left(), {}};
    {
      ServerRun run(disk, GetParam().during);
      ASSERT_TRUE(run.start({2, 4}));
      truth.add(run, {});
    }
    die(disk);
    come_back(disk, old, dice);
    const auto found = read(disk);
    truth.expect(found);
    EXPECT_EQ(found->recovered.trusted, GetParam().death == Death::kill);
    EXPECT_EQ(found->recovered.next_run, 3u);
    ServerRun run(disk, GetParam().after);
    ASSERT_TRUE(run.start({}));
    for (const auto& [path, bytes] : old) EXPECT_FALSE(disk.open(path)) << path;
  }
}

// The mark is written anew before the segment goes that it stands in.
TEST_P(Takeover, IsKnownWhenItsSegmentIsGone) {
  SeededRandom dice(GetParam().seed);
  SimDisk disk(GetParam().seed);
  make_first_run(disk);
  const Files old = files_of(disk);
  ServerRun run(disk, 1);
  ASSERT_TRUE(run.start({}));
  for (std::uint64_t number = 101; number < 150; ++number) ASSERT_TRUE(run.put(opened, number));
  ASSERT_TRUE(run.sync());
  const auto last = run.journal(0).begin_segment();
  ASSERT_TRUE(last);
  Numbers open = left();
  for (const std::uint64_t number : open) ASSERT_TRUE(run.put(opened, number));
  run.journal(0).remove_through(*last);
  ASSERT_TRUE(run.sync());
  run.settle();
  die(disk);
  come_back(disk, old, dice);
  const auto found = read(disk);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->open, open);  // what was not copied went with its segments
}

std::vector<Course> courses() {
  std::vector<Course> all;
  for (const Death death : {Death::kill, Death::power_cut})
    for (const auto& [before, during, after] :
         {std::tuple{1u, 1u, 1u}, {2u, 7u, 1u}, {7u, 2u, 7u}, {7u, 1u, 2u}})
      for (std::uint64_t seed = 1; seed <= (death == Death::kill ? 1u : 8u); ++seed)
        all.push_back({before, during, after, death, seed});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Courses, Takeover, testing::ValuesIn(courses()));

}  // namespace
}  // namespace herold::store
