// The primitives against published vectors: FIPS 180/202, RFC 2202, RFC 4231, RFC 6070, GCM.
#include "crypto/openssl/openssl_crypto.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace herold::crypto {
namespace {

std::string hex(const Digest& digest) { return hex_encode(digest.view()); }

TEST(OpenSslCrypto, Digests) {
  const OpenSslCrypto crypto;
  EXPECT_EQ(hex(crypto.digest(HashAlgorithm::sha1, "abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(crypto.digest(HashAlgorithm::sha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(crypto.digest(HashAlgorithm::sha3_256, "abc")),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(hex(crypto.digest(HashAlgorithm::sha512, "abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  for (auto algorithm : {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                         HashAlgorithm::sha512, HashAlgorithm::sha3_256, HashAlgorithm::sha3_512}) {
    EXPECT_EQ(crypto.digest(algorithm, "").size(), digest_size(algorithm));
  }
}

TEST(OpenSslCrypto, Hmac) {
  const OpenSslCrypto crypto;
  EXPECT_EQ(hex(crypto.hmac(HashAlgorithm::sha1, "Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex(crypto.hmac(HashAlgorithm::sha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  EXPECT_EQ(hex(crypto.hmac(HashAlgorithm::sha512, long_key,
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
  // The empty key is a key of its own, not the one of the call before.
  EXPECT_EQ(hex(crypto.hmac(HashAlgorithm::sha256, "", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(OpenSslCrypto, Pbkdf2) {
  const OpenSslCrypto crypto;
  EXPECT_EQ(hex(crypto.pbkdf2(HashAlgorithm::sha1, "password", "salt", 1)),
            "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  EXPECT_EQ(hex(crypto.pbkdf2(HashAlgorithm::sha1, "password", "salt", 4096)),
            "4b007901b765489abead49d926f721d065a429c1");
}

TEST(OpenSslCrypto, SealedBytesOpenOnlyUnchanged) {
  const OpenSslCrypto crypto;
  const std::string key(32, '\0'), nonce(12, '\0');
  // Test case 14 of the GCM specification.
  const std::string sealed = crypto.seal(key, nonce, "", std::string(16, '\0'));
  EXPECT_EQ(hex_encode(sealed), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");

  const std::string with_context = crypto.seal(key, nonce, "row 1", "secret");
  ASSERT_TRUE(crypto.open(key, nonce, "row 1", with_context));
  EXPECT_EQ(crypto.open(key, nonce, "row 1", with_context)->view(), "secret");
  EXPECT_FALSE(crypto.open(key, nonce, "row 2", with_context));
  EXPECT_FALSE(crypto.open(std::string(32, 'k'), nonce, "row 1", with_context));
  for (std::size_t i = 0; i < with_context.size(); ++i) {
    std::string changed = with_context;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(crypto.open(key, nonce, "row 1", changed)) << i;
    EXPECT_FALSE(crypto.open(key, nonce, "row 1", with_context.substr(0, i))) << i;
  }
  ASSERT_TRUE(crypto.open(key, nonce, "", crypto.seal(key, nonce, "", "")));
}

TEST(Secret, ComparesAndWipes) {
  EXPECT_TRUE(equal("", ""));
  EXPECT_TRUE(equal("abc", "abc"));
  EXPECT_FALSE(equal("abc", "abd"));
  EXPECT_FALSE(equal("bbc", "abc"));
  EXPECT_FALSE(equal("abc", "ab"));
  SecretString one("password");
  SecretString other = std::move(one);
  EXPECT_EQ(other.view(), "password");
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): that it is wiped is the point
  one = std::move(other);
  EXPECT_EQ(one.view(), "password");
}

}  // namespace
}  // namespace herold::crypto
