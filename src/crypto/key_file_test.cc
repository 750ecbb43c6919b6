// The key file: format, rotation, and the refusals of a start (DECISIONS 17, HOSTILE 189).
#include "crypto/key_file.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/openssl/openssl_crypto.h"

namespace herold::crypto {
namespace {

FoundKeyFile found(std::string_view text, std::uint32_t mode) { return {SecretString(text), mode}; }

TEST(KeyFile, SurvivesWritingAndRotation) {
  const OpenSslCrypto crypto;
  SeededRandom random(1);
  KeyFile first = KeyFile::create(random);
  const std::string sealed = first.seal(crypto, random, "account a", "stored key");
  first.rotate(random);
  auto read = KeyFile::parse(first.text().view());
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->current(), 2u);
  EXPECT_EQ(read->open(crypto, "account a", sealed)->view(), "stored key");
  EXPECT_EQ(KeyFile::key_of(sealed), 1u);
  EXPECT_EQ(KeyFile::key_of(read->seal(crypto, random, "account a", "x")), 2u);
  EXPECT_EQ(read->open(crypto, "account b", sealed).error().fault, Fault::malformed);

  read->keep_current();
  EXPECT_EQ(read->open(crypto, "account a", sealed).error().fault, Fault::not_found);
  read->rotate(random);
  EXPECT_EQ(read->current(), 3u);
}

TEST(KeyFile, DamagedTextIsRefused) {
  SeededRandom random(1);
  KeyFile file = KeyFile::create(random);
  file.rotate(random);
  const std::string text(file.text().view());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(KeyFile::parse(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(KeyFile::parse(text + "key 3 x\n"));
  const std::string key = text.substr(text.find("key 1"), text.find("key 2") - text.find("key 1"));
  EXPECT_FALSE(KeyFile::parse("herold-keys 2\n" + key + "current 1\n"));
  EXPECT_FALSE(KeyFile::parse("herold-keys 1\n" + key + "current 2\n"));
  EXPECT_FALSE(KeyFile::parse("herold-keys 1\n" + key + key + "current 1\n"));
  EXPECT_FALSE(KeyFile::parse("herold-keys 1\nkey 0 " + key.substr(6) + "current 0\n"));
  EXPECT_FALSE(KeyFile::parse("herold-keys 1\nkey 1 AAAA\ncurrent 1\n"));
  EXPECT_TRUE(KeyFile::parse("herold-keys 1\n" + key + "current 1\n"));
}

TEST(KeyFile, AStartRefusesWhatOthersCanReadAndWhatIsMissing) {
  SeededRandom random(1);
  const KeyFile made = KeyFile::create(random);
  const SecretString text = made.text();
  EXPECT_TRUE(load_key_file(found(text.view(), 0100600), StoredData::exists));
  EXPECT_TRUE(load_key_file(found(text.view(), 0100400), StoredData::exists));
  for (std::uint32_t mode : {0644u, 0640u, 0604u, 0620u, 0602u, 0601u}) {
    auto result = load_key_file(found(text.view(), mode), StoredData::exists);
    ASSERT_FALSE(result) << mode;
    EXPECT_EQ(result.error().fault, Fault::invalid);
  }
  EXPECT_EQ(load_key_file({}, StoredData::exists).error().fault, Fault::invalid);
  EXPECT_EQ(load_key_file({}, StoredData::none).error().fault, Fault::not_found);
  EXPECT_EQ(load_key_file(found("", 0600), StoredData::none).error().fault, Fault::invalid);
}

}  // namespace
}  // namespace herold::crypto
