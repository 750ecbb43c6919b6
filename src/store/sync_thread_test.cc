// The journal on a real disk with its real sync thread, from several shards at once.
#include "store/sync_thread.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/journal.h"
#include "store/posix_disk.h"
#include "store/recovery.h"
#include "store/testing/caller.h"

namespace herold::store {
namespace {

// A shard: appends and waits for every record to be synced, as `<a/>` does.
void live(std::uint32_t shard, const std::string& folder, Disk& disk, SyncRunner& runner,
          Executor& executor, Caller& queue) {
  Limits limits;
  limits.journal_segment_bytes = 256_KiB;
  limits.journal_reserve_bytes = 32_KiB;
  limits.journal_segments = 3;
  SystemClock clock;
  SystemRandom random;
  std::vector<std::uint64_t> old;
  auto opened =
      Journal::open(folder, shard, 1, limits, {disk, runner, executor, clock, random},
                    {.synced = {},
                     .segment_old = [&](std::uint64_t segment) { old.push_back(segment); },
                     .failed = [](const Error& error) { ADD_FAILURE() << error.text; }});
  ASSERT_TRUE(opened);
  Journal& journal = **opened;
  for (int turn = 0; turn < 300; ++turn) {
    for (int i = 0; i < 8; ++i)
      while (!journal.append(1, std::string(400, static_cast<char>('a' + shard)))) queue.run_one();
    journal.want_sync();
    ASSERT_TRUE(journal.write());
    while (journal.synced() < journal.written()) queue.run_one();
    for (const std::uint64_t segment : std::exchange(old, {})) journal.remove_through(segment);
  }
  EXPECT_GT(journal.appended().segment, 1u);
  EXPECT_LE(journal.statistics().segments, limits.journal_segments + 1);
  EXPECT_TRUE(journal.close());
}

TEST(SyncThread, ServesSeveralJournals) {
  std::string folder = testing::TempDir() + "herold-journal-XXXXXX";
  folder = ::mkdtemp(folder.data());
  PosixDisk disk;
  {
    Caller queues[3];  // outlive the thread, which posts to them
    SyncThread runner;
    std::vector<std::thread> shards;
    for (std::uint32_t shard = 0; shard < 3; ++shard)
      shards.emplace_back(
          [&, shard] { live(shard, folder, disk, runner, queues[shard], queues[shard]); });
    for (std::thread& shard : shards) shard.join();
  }
  std::uint64_t records[3] = {};
  const auto found = read_journals(disk, folder, [&](const RecoveredRecord& record) {
    ASSERT_LT(record.shard, 3u);
    EXPECT_EQ(record.payload, std::string(400, static_cast<char>('a' + record.shard)));
    ++records[record.shard];
  });
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->trusted);
  EXPECT_EQ(found->corrupt_gaps + found->torn_tails, 0u);
  for (const std::uint64_t count : records) EXPECT_GT(count, 500u);
  EXPECT_TRUE(retire(disk, folder, *found, 8));
  EXPECT_TRUE(disk.list(folder)->empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace herold::store
