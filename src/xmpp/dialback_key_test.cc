// Keys of dialback: the vectors of XEP-0185 and XEP-0220, and what must not be mixed up.
#include "xmpp/dialback_key.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"

namespace herold::xmpp {
namespace {

Jid domain(std::string_view text) { return *Jid::parse(text); }

class DialbackKeysTest : public ::testing::Test {
 protected:
  crypto::OpenSslCrypto crypto;
  DialbackKeys keys{crypto, "s3cr3tf0rd14lb4ck"};
};

TEST_F(DialbackKeysTest, Vectors) {
  EXPECT_EQ(keys.make(domain("xmpp.example.com"), domain("example.org"), "D60000229F"),
            "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643");
  EXPECT_EQ(keys.make(domain("montague.example"), domain("capulet.example"), "D60000229F"),
            "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3");
  const DialbackKeys other(crypto, "d14lb4ck43v3r");
  EXPECT_EQ(other.make(domain("capulet.example"), domain("montague.example"), "417GAF25"),
            "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d");
}

// HOSTILE 145: no other triple, however it is cut, has the same key.
TEST_F(DialbackKeysTest, KeysAreForOneTriple) {
  const std::string key = keys.make(domain("example.info"), domain("rm.example.org"), "id");
  EXPECT_TRUE(keys.verify(key, domain("example.info"), domain("rm.example.org"), "id"));
  EXPECT_FALSE(keys.verify(key, domain("example.in"), domain("form.example.org"), "id"));
  EXPECT_FALSE(keys.verify(key, domain("rm.example.org"), domain("example.info"), "id"));
  EXPECT_FALSE(keys.verify(key, domain("example.info"), domain("rm.example.org"), "id "));
  EXPECT_FALSE(keys.verify(key, domain("example.info"), domain("rm.example.or"), "g id"));
  EXPECT_FALSE(keys.verify("", domain("example.info"), domain("rm.example.org"), "id"));
  EXPECT_FALSE(keys.verify(key.substr(1), domain("example.info"), domain("rm.example.org"), "id"));
  EXPECT_FALSE(Jid::parse("example.info rm.example.org"));
  const DialbackKeys other(crypto, "another secret");
  EXPECT_FALSE(other.verify(key, domain("example.info"), domain("rm.example.org"), "id"));
}

}  // namespace
}  // namespace herold::xmpp
