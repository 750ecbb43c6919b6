// The test vectors of RFC 6238 appendix B and RFC 4648 section 10, and when a code is good.
#include "xmpp/sasl/totp.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"

namespace herold::xmpp {
namespace {

const std::string secret = "12345678901234567890";

TEST(Totp, VectorsOfTheSpecification) {
  const crypto::OpenSslCrypto crypto;
  const std::pair<std::uint64_t, const char*> vectors[] = {
      {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
      {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [time, code] : vectors)
    EXPECT_EQ(totp_code(crypto, secret, time / 30), code) << time;
}

TEST(Totp, ACodeIsGoodForAWhileAndOnce) {
  const crypto::OpenSslCrypto crypto;
  const auto at = [](std::int64_t seconds) { return WallTime(Seconds(seconds)); };
  const std::string code = totp_code(crypto, secret, 100);
  for (const std::int64_t seconds : {2970, 2999, 3000, 3029, 3030, 3059})
    EXPECT_EQ(find_code(crypto, secret, code, at(seconds), 0), 100u) << seconds;
  EXPECT_FALSE(find_code(crypto, secret, code, at(2969), 0));
  EXPECT_FALSE(find_code(crypto, secret, code, at(3060), 0));
  EXPECT_TRUE(find_code(crypto, secret, code, at(3000), 99));
  EXPECT_FALSE(find_code(crypto, secret, code, at(3000), 100));
  for (const char* wrong : {"", "1", "000000", "0000000000000"})
    EXPECT_FALSE(find_code(crypto, secret, wrong, at(3000), 0));
  EXPECT_FALSE(find_code(crypto, secret, code + "0", at(3000), 0));
}

TEST(Totp, Base32) {
  EXPECT_EQ(base32_encode(""), "");
  EXPECT_EQ(base32_encode("f"), "MY");
  EXPECT_EQ(base32_encode("fo"), "MZXQ");
  EXPECT_EQ(base32_encode("foo"), "MZXW6");
  EXPECT_EQ(base32_encode("foobar"), "MZXW6YTBOI");
}

TEST(Totp, WhatAnAuthenticatorScans) {
  EXPECT_EQ(totp_uri(*Jid::parse("o+hara@xmpp.test"), "foo"),
            "otpauth://totp/xmpp.test:o%2Bhara%40xmpp.test?secret=MZXW6&issuer=xmpp.test");
}

}  // namespace
}  // namespace herold::xmpp
