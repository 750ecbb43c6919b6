// Changing keys: nothing that was sealed is lost, whenever it breaks off.
#include "server/key_sealer.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "crypto/openssl/openssl_crypto.h"

namespace herold::server {
namespace {

using crypto::StoredData;

class KeySealerTest : public testing::Test {
 protected:
  KeySealerTest() {
    std::string folder = testing::TempDir() + "herold-keys-XXXXXX";
    folder_ = ::mkdtemp(folder.data());
  }
  ~KeySealerTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/herold.keys"; }
  Result<std::unique_ptr<KeySealer>> open(StoredData data = StoredData::exists) {
    return KeySealer::open(path(), data, crypto_);
  }

  std::string folder_;
  crypto::OpenSslCrypto crypto_;
};

TEST_F(KeySealerTest, IsMadeOnceAndNeverBesideData) {
  EXPECT_FALSE(open());
  EXPECT_FALSE(std::filesystem::exists(path()));
  const auto first = open(StoredData::none);
  ASSERT_TRUE(first);
  const std::string sealed = *(*first)->seal("secret", "of alice");
  const auto second = open();
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->open(sealed, "of alice"), "secret");
  EXPECT_FALSE((*second)->open(sealed, "of bob"));
}

TEST_F(KeySealerTest, AChangeForgetsTheOldKeyOnlyInTheEnd) {
  auto sealer = *open(StoredData::none);
  const std::string old = *sealer->seal("secret", "c");
  EXPECT_EQ(sealer->begin_change(), 2u);
  EXPECT_EQ(sealer->begin_change().error().fault, Fault::conflict);
  const std::string fresh = *sealer->seal("secret", "c");
  EXPECT_EQ(crypto::KeyFile::key_of(fresh), 2u);
  EXPECT_EQ(sealer->open(old, "c"), "secret");

  sealer = *open();  // it was killed: both are readable, and it is done again
  EXPECT_EQ(sealer->open(old, "c"), "secret");
  EXPECT_EQ(sealer->open(fresh, "c"), "secret");
  EXPECT_EQ(sealer->begin_change(), 3u);
  sealer->abandon_change();
  EXPECT_EQ(sealer->open(old, "c"), "secret");
  EXPECT_EQ(sealer->begin_change(), 4u);
  const std::string last = *sealer->seal("secret", "c");
  ASSERT_TRUE(sealer->finish_change());
  EXPECT_FALSE(sealer->open(old, "c"));
  EXPECT_EQ(sealer->open(last, "c"), "secret");
  EXPECT_EQ((*open())->open(last, "c"), "secret");
}

TEST_F(KeySealerTest, AFileThatOthersMayReadIsRefused) {
  ASSERT_TRUE(open(StoredData::none));
  ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
  EXPECT_FALSE(open());
}

}  // namespace
}  // namespace herold::server
