// A spill keeps texts in order within its bound, over the end of its ring, and says when it cannot.
#include "store/spill.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <deque>
#include <filesystem>

#include "base/random.h"
#include "store/posix_disk.h"
#include "store/sim_disk.h"

namespace herold::store {
namespace {

class AtOnce final : public SyncRunner {
 public:
  void run(Task work) override {
    work();
    ++runs;
  }
  int runs = 0;
};

class SpillTest : public ::testing::Test {
 protected:
  SpillTest() { EXPECT_TRUE(disk.make_folder("/data")); }

  std::unique_ptr<Spill> open(Bytes capacity) {
    auto spill = Spill::open(disk, runner, "/data/spill", capacity);
    EXPECT_TRUE(spill);
    return std::move(*spill);
  }

  SimDisk disk{1};
  AtOnce runner;
};

TEST_F(SpillTest, GivesBackWhatWasPut) {
  const auto spill = open(1000);
  const std::uint64_t first = spill->put("one");
  const std::uint64_t second = spill->put("");
  const std::uint64_t third = spill->put("three");
  ASSERT_TRUE(spill->write());
  EXPECT_EQ(*spill->read(first, second), "one");
  EXPECT_EQ(*spill->read(second, third), "");
  EXPECT_EQ(*spill->read(third, spill->end()), "three");
}

TEST_F(SpillTest, HasNoNameAndGivesItsSpaceBackElsewhere) {
  auto spill = open(1000);
  EXPECT_TRUE(disk.list("/data")->empty());
  spill->put(std::string(500, 'x'));
  ASSERT_TRUE(spill->write());
  EXPECT_GE(disk.used(), 500u);
  EXPECT_EQ(runner.runs, 0);
  spill.reset();
  EXPECT_EQ(runner.runs, 1);
  EXPECT_EQ(disk.used(), 0u);
}

TEST_F(SpillTest, TakesTheNameFromOneThatDiedWithIt) {
  ASSERT_TRUE(disk.create("/data/spill"));
  const auto spill = open(1000);
  EXPECT_TRUE(disk.list("/data")->empty());
}

TEST_F(SpillTest, HoldsAsMuchAsItMayAndNoByteMore) {
  const auto spill = open(100);
  const std::uint64_t first = spill->put(std::string(46, 'a'));  // and 4 of the checksum
  spill->put(std::string(46, 'b'));
  ASSERT_TRUE(spill->write());
  const std::uint64_t end = spill->end();
  spill->put("");
  const auto full = spill->write();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().fault, Fault::unavailable);
  EXPECT_EQ(spill->end(), end);  // it was not put
  spill->release(first + 50);
  const std::uint64_t third = spill->put(std::string(46, 'c'));
  ASSERT_TRUE(spill->write());
  EXPECT_EQ(*spill->read(third, spill->end()), std::string(46, 'c'));
  EXPECT_LE(disk.used(), 100u);
}

TEST_F(SpillTest, SaysThatTheDiskIsFull) {
  const auto spill = open(1000);
  const std::uint64_t kept = spill->put("kept");
  ASSERT_TRUE(spill->write());
  const std::uint64_t end = spill->end();
  disk.refuse_writes(true);
  spill->put("not kept");
  EXPECT_EQ(spill->write().error().fault, Fault::unavailable);
  disk.refuse_writes(false);
  EXPECT_EQ(spill->put("next"), end);
  ASSERT_TRUE(spill->write());
  EXPECT_EQ(*spill->read(kept, end), "kept");
  EXPECT_EQ(*spill->read(end, spill->end()), "next");
}

TEST_F(SpillTest, CannotBeOpenedOnABrokenDisk) {
  for (std::uint64_t operation = 1; operation <= 2; ++operation) {
    disk.fail_at(operation);
    EXPECT_FALSE(Spill::open(disk, runner, "/data/spill", 1000));
  }
  open(1000);
}

// HOSTILE 179: no client is sent what a disk made up.
TEST_F(SpillTest, NoticesWhatChangedOnDisk) {
  ASSERT_TRUE(disk.create("/data/open"));
  Spill spill(runner, *disk.open("/data/open"), 1000);
  const std::uint64_t first = spill.put("<message/>");
  const std::uint64_t second = spill.put("<presence/>");
  ASSERT_TRUE(spill.write());
  disk.corrupt("/data/open", first + 6, "X");
  EXPECT_EQ(spill.read(first, second).error().fault, Fault::refused);
  EXPECT_EQ(*spill.read(second, spill.end()), "<presence/>");
}

// Against a queue in memory, over many rounds of a small ring.
TEST_F(SpillTest, AgreesWithAPlainQueue) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    const Bytes capacity = 50 + random.below(500);
    const auto spill = open(capacity);
    struct Known {
      std::uint64_t place;
      std::string text;
    };
    std::deque<Known> all;
    for (int step = 0; step < 300; ++step) {
      const auto before = all.size();
      for (std::uint64_t i = random.below(4); i > 0; --i) {
        std::string text(random.below(60), static_cast<char>('a' + random.below(26)));
        const std::uint64_t place = spill->put(text);
        all.push_back({place, std::move(text)});
      }
      if (!spill->write()) all.resize(before);
      const std::uint64_t held = spill->end() - (all.empty() ? spill->end() : all.front().place);
      ASSERT_LE(held, capacity);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::uint64_t end = i + 1 < all.size() ? all[i + 1].place : spill->end();
        ASSERT_EQ(*spill->read(all[i].place, end), all[i].text) << "seed " << seed;
      }
      for (std::uint64_t i = random.below(4); i > 0 && !all.empty(); --i) all.pop_front();
      spill->release(all.empty() ? spill->end() : all.front().place);
    }
  }
}

TEST(SpillOnDisk, LeavesNothingBehind) {
  std::string folder = (std::filesystem::temp_directory_path() / "herold-spill-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  PosixDisk disk;
  AtOnce runner;
  auto spill = Spill::open(disk, runner, folder + "/spill", 1000);
  ASSERT_TRUE(spill);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  const std::uint64_t place = (*spill)->put("text");
  ASSERT_TRUE((*spill)->write());
  EXPECT_EQ(*(*spill)->read(place, (*spill)->end()), "text");
  spill->reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace herold::store
