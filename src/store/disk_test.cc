// Both disks: the machine's own, and the simulated one that the journal's tests believe in.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "store/crc32c.h"
#include "store/posix_disk.h"
#include "store/segment.h"
#include "store/sim_disk.h"

namespace herold::store {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "herold-store-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

unsigned mode_of(const std::string& path) {
  struct stat status{};
  ::stat(path.c_str(), &status);
  return status.st_mode & 0777;
}

void use(Disk& disk, const std::string& folder) {
  ASSERT_TRUE(disk.make_folder(folder));
  ASSERT_TRUE(disk.make_folder(folder));
  auto file = disk.create(folder + "/a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->preallocate(10000));
  EXPECT_EQ((*file)->size(), 10000u);
  ASSERT_TRUE((*file)->write(5000, "middle"));
  ASSERT_TRUE((*file)->write(9998, "end"));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size(), 10001u);
  EXPECT_EQ((*file)->read(4999, 8), std::string("\0middle\0", 8));
  EXPECT_EQ((*file)->read(9999, 100), "nd");
  EXPECT_EQ((*file)->read(20000, 100), "");

  EXPECT_EQ(disk.create(folder + "/a").error().fault, Fault::conflict);
  EXPECT_EQ(disk.open(folder + "/none").error().fault, Fault::not_found);
  EXPECT_EQ(disk.remove(folder + "/none").error().fault, Fault::not_found);
  EXPECT_EQ(disk.list(folder + "/none").error().fault, Fault::not_found);
  ASSERT_TRUE(disk.rename(folder + "/a", folder + "/b"));
  ASSERT_TRUE(disk.create(folder + "/0"));
  EXPECT_EQ(disk.list(folder), (std::vector<std::string>{"0", "b"}));
  ASSERT_TRUE(disk.sync_folder(folder));
  auto again = disk.open(folder + "/b");
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->read(5000, 6), "middle");
  ASSERT_TRUE(disk.remove(folder + "/b"));
  EXPECT_EQ(disk.list(folder), std::vector<std::string>{"0"});
  EXPECT_FALSE(disk.boot_id().empty());
  EXPECT_EQ(disk.boot_id(), disk.boot_id());

  auto lock = disk.lock(folder + "/lock");
  ASSERT_TRUE(lock);
  EXPECT_EQ(disk.lock(folder + "/lock").error().fault, Fault::conflict);
  lock->reset();
  EXPECT_TRUE(disk.lock(folder + "/lock"));
}

TEST(Disk, OfTheMachine) {
  const TemporaryFolder folder;
  PosixDisk disk;
  use(disk, folder.path() + "/deep/er");
  EXPECT_EQ(mode_of(folder.path() + "/deep"), 0700u);
  EXPECT_EQ(mode_of(folder.path() + "/deep/er/0"), 0600u);
}

TEST(Disk, Simulated) {
  SimDisk disk(1);
  use(disk, "folder");
}

TEST(SimDisk, TearsUnsyncedWritesBySectors) {
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(seed);
    ASSERT_TRUE(disk.make_folder("f"));
    auto file = disk.create("f/a");
    ASSERT_TRUE((*file)->write(0, std::string(2048, 'o')));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE(disk.sync_folder("f"));
    ASSERT_TRUE((*file)->write(0, std::string(2048, 'n')));
    const std::string boot = disk.boot_id();
    disk.power_cut();
    EXPECT_NE(disk.boot_id(), boot);
    const std::string left = *(*disk.open("f/a"))->read(0, 4096);
    ASSERT_EQ(left.size(), 2048u);
    int kept = 0;
    for (std::size_t at = 0; at < 2048; at += 512) {
      const std::string sector = left.substr(at, 512);
      EXPECT_TRUE(sector == std::string(512, 'o') || sector == std::string(512, 'n'));
      kept += sector[0] == 'n';
    }
    torn |= kept > 0 && kept < 4;
  }
  EXPECT_TRUE(torn);
}

TEST(SimDisk, FillsUp) {
  SimDisk disk(1);
  disk.set_capacity(1000);
  ASSERT_TRUE(disk.make_folder("f"));
  auto file = disk.create("f/a");
  EXPECT_TRUE((*file)->write(0, std::string(900, 'x')));
  EXPECT_EQ((*file)->write(900, std::string(200, 'x')).error().fault, Fault::unavailable);
  EXPECT_TRUE((*file)->write(0, std::string(900, 'y')));
  EXPECT_FALSE((*file)->preallocate(1001));
  disk.set_capacity(2000);
  EXPECT_TRUE((*file)->preallocate(1001));
}

TEST(Crc32c, MatchesItsVectorsEitherWay) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 appendix B.4
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  SeededRandom random(1);
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(crc32c(17, bytes), crc32c_by_table(17, bytes));
    bytes += static_cast<char>(random.number());
  }
}

TEST(Segment, ReadsBackItsHeaderFromEitherCopy) {
  const SegmentHeader header{
      .shard = 3, .run = 17, .segment = 9, .salt = 0x1234567890, .boot_id = "boot"};
  std::string bytes = encode_header(header);
  ASSERT_EQ(bytes.size(), first_record);
  bytes[20] ^= 1;
  const auto read = decode_header(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->run, 17u);
  EXPECT_EQ(read->shard, 3u);
  EXPECT_EQ(read->segment, 9u);
  EXPECT_EQ(read->salt, 0x1234567890u);
  EXPECT_EQ(read->boot_id, "boot");
  EXPECT_EQ(run_of_segment_name(segment_name(header)), 17u);
  bytes[second_header + 20] ^= 1;
  EXPECT_FALSE(decode_header(bytes));
  EXPECT_FALSE(run_of_segment_name("lock"));
  EXPECT_FALSE(run_of_segment_name("000000000000001g-0.journal"));
}

TEST(Segment, RefusesARecordWithAnyBitChanged) {
  std::string bytes;
  encode_record(bytes, 5, first_record, 1, "payload");
  ASSERT_EQ(bytes.size(), 16u);
  ASSERT_TRUE(decode_record(bytes, 5, first_record));
  EXPECT_FALSE(decode_record(bytes, 6, first_record));
  EXPECT_FALSE(decode_record(bytes, 5, first_record + 8));
  for (std::size_t bit = 0; bit < (record_header + 7) * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_record(other, 5, first_record)) << bit;
  }
  for (std::size_t size = 0; size < 15; ++size)
    EXPECT_FALSE(decode_record(bytes.substr(0, size), 5, first_record));
}

}  // namespace
}  // namespace herold::store
