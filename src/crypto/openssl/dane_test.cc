// TLSA records of every usage, selector and kind of matching, against chains good and bad.
#include "crypto/dane.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "crypto/openssl/openssl_crypto.h"
#include "crypto/openssl/test_certificates.h"

namespace herold::crypto {
namespace {

const WallTime now{Seconds(1795000000)};
constexpr std::string_view untrusted = "self-signed certificate in certificate chain";
using enum DaneVerdict;

class DaneTest : public testing::Test {
 protected:
  std::string issue(const CertifiedKey& authority, WallTime when = now) {
    return issue_to_client(authority,
                           {.others = {}, .domains = {"one.test"}, .usage = "serverAuth"}, when);
  }
  static std::string encode(const std::string& pem, int selector) {
    const Certificate certificate = *read_certificate(pem);
    unsigned char* bytes = nullptr;
    const int size = selector == 1
                         ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &bytes)
                         : i2d_X509(certificate.get(), &bytes);
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return text;
  }
  TlsaRecord record(int usage, int selector, int matching, const std::string& pem) {
    std::string data = encode(pem, selector);
    if (matching == 1) data = crypto_.digest(HashAlgorithm::sha256, data).view();
    if (matching == 2) data = crypto_.digest(HashAlgorithm::sha512, data).view();
    return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
            static_cast<std::uint8_t>(matching), std::move(data)};
  }
  DaneVerdict judge(std::vector<TlsaRecord> records, std::string_view problem = {},
                    const std::string& name = "one.test") {
    const std::vector<std::string> names{"a.test", name};
    return judge_by_dane({records, chain_, problem, names, now});
  }

  OpenSslCrypto crypto_;
  SeededRandom random_{5};
  CertifiedKey authority_ = *make_authority("servers", now, random_);
  CertifiedKey stranger_ = *make_authority("servers", now, random_);  // of the same name
  std::string own_ = issue(authority_);
  std::string other_ = issue(authority_);
  std::string chain_ = own_ + authority_.chain_pem;
};

TEST_F(DaneTest, TheCertificateItself) {
  for (const int selector : {0, 1})
    for (const int matching : {0, 1, 2}) {
      EXPECT_EQ(judge({record(3, selector, matching, own_)}, untrusted), confirms);
      EXPECT_EQ(judge({record(3, selector, matching, other_)}), contradicts);
      EXPECT_EQ(judge({record(3, selector, matching, authority_.chain_pem)}), contradicts);
      EXPECT_EQ(judge({record(1, selector, matching, own_)}), confirms);
      EXPECT_EQ(judge({record(1, selector, matching, own_)}, untrusted), contradicts);
      EXPECT_EQ(judge({record(1, selector, matching, own_)}, {}, "two.test"), contradicts);
    }
  // RFC 7671 section 5.1: neither its names nor its dates.
  EXPECT_EQ(judge({record(3, 1, 1, own_)}, untrusted, "two.test"), confirms);
  chain_ = issue(authority_, now - Seconds(10 * 86400));
  EXPECT_EQ(judge({record(3, 1, 1, chain_)}, untrusted), confirms);
}

TEST_F(DaneTest, TheAuthority) {
  for (const int selector : {0, 1})
    for (const int matching : {0, 1, 2}) {
      const TlsaRecord anchor = record(2, selector, matching, authority_.chain_pem);
      EXPECT_EQ(judge({anchor}, untrusted), confirms);
      EXPECT_EQ(judge({anchor}, untrusted, "two.test"), contradicts);
      EXPECT_EQ(judge({record(2, selector, matching, stranger_.chain_pem)}), contradicts);
      EXPECT_EQ(judge({record(2, selector, matching, own_)}), contradicts);
      EXPECT_EQ(judge({record(0, selector, matching, authority_.chain_pem)}), confirms);
      EXPECT_EQ(judge({record(0, selector, matching, authority_.chain_pem)}, untrusted),
                contradicts);
    }
}

TEST_F(DaneTest, AnAuthorityThatWasSentButDidNotIssue) {
  chain_ = issue(stranger_) + authority_.chain_pem;
  for (const int usage : {0, 2})
    EXPECT_EQ(judge({record(usage, 0, 1, authority_.chain_pem)}), contradicts) << usage;
}

TEST_F(DaneTest, AnAuthorityThatWasNotSent) {
  chain_ = own_;
  EXPECT_EQ(judge({record(2, 0, 0, authority_.chain_pem)}, untrusted), confirms);
  EXPECT_EQ(judge({record(2, 0, 0, stranger_.chain_pem)}, untrusted), contradicts);
  EXPECT_EQ(judge({record(2, 0, 1, authority_.chain_pem)}, untrusted), contradicts);
}

TEST_F(DaneTest, AnAuthoritysCertificateMustBeOfToday) {
  chain_ = issue(authority_, now - Seconds(10 * 86400)) + authority_.chain_pem;
  EXPECT_EQ(judge({record(2, 0, 1, authority_.chain_pem)}), contradicts);
}

TEST_F(DaneTest, OneGoodRecordIsEnough) {
  EXPECT_EQ(judge({record(3, 1, 1, other_), {9, 9, 9, "x"}, record(3, 1, 1, own_)}), confirms);
}

TEST_F(DaneTest, WhatNobodyUnderstandsSaysNothing) {
  const std::string hash(32, 'x');
  EXPECT_EQ(judge({}), says_nothing);
  EXPECT_EQ(judge({{4, 1, 1, hash}, {255, 1, 1, hash}, {3, 2, 1, hash}, {3, 1, 3, hash}}),
            says_nothing);
  EXPECT_EQ(judge({{3, 1, 1, hash.substr(1)}, {3, 1, 2, hash}, {3, 0, 0, ""}}), says_nothing);
  EXPECT_EQ(judge({{3, 1, 1, hash}}), contradicts);
  EXPECT_EQ(judge({{2, 0, 0, "no certificate"}}), contradicts);
}

TEST_F(DaneTest, WithoutACertificateThereIsNothingToConfirm) {
  const TlsaRecord own = record(3, 1, 1, own_);
  chain_ = "";
  EXPECT_EQ(judge({own}), contradicts);
  for (int i = 0; i < 40; ++i) chain_ += own_;
  EXPECT_EQ(judge({own}), contradicts);
}

}  // namespace
}  // namespace herold::crypto
