// The own authority: its certificates stand up to OpenSSL's verification, bad input does not.
#include "crypto/authority.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace herold::crypto {
namespace {

const WallTime now{Seconds(1795000000)};

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Deleter>;

Certificate parse(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return certificate;
}

class AuthorityTest : public testing::Test {
 protected:
  SeededRandom random_{1};
  CertifiedKey authority_ = *make_authority("Herold on test", now, random_);
};

int verify(const std::string& root, const std::string& leaf, int purpose, WallTime when) {
  const Certificate trusted = parse(root), checked = parse(leaf);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, trusted.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, checked.get(), nullptr);
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
  const auto seconds = std::chrono::floor<Seconds>(when).time_since_epoch().count();
  X509_STORE_CTX_set_time(context, 0, seconds);
  X509_verify_cert(context);
  const int result = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return result;
}

TEST_F(AuthorityTest, IssuesWhatVerifiesAsServerAndAsClient) {
  const std::vector<std::string> wanted = {"xmpp.test", "*.xmpp.test", "127.0.0.1", "::1"};
  const auto issued = issue(authority_, wanted, now, random_);
  ASSERT_TRUE(issued) << issued.error().text;
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT})
    EXPECT_EQ(verify(authority_.chain_pem, issued->chain_pem, purpose, now), X509_V_OK);
  const Certificate certificate = parse(issued->chain_pem);
  X509* x509 = certificate.get();
  EXPECT_EQ(X509_check_host(x509, "xmpp.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x509, "chat.xmpp.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x509, "xmpp.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(x509, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(x509, "::1", 0), 1);
  EXPECT_EQ(names(issued->chain_pem).value(), wanted);
}

TEST_F(AuthorityTest, CarriesTheNamesOfXmpp) {
  const std::vector<std::string> wanted = {"xmpp.test"};
  const auto issued = issue(authority_, wanted, now, random_);
  const Certificate certificate = parse(issued->chain_pem);
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  std::vector<std::string> others;
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_OTHERNAME) continue;
    char oid[40];
    OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1);
    const ASN1_STRING* text = name->d.otherName->value->value.asn1_string;
    others.push_back(std::string(oid) + " " + std::to_string(name->d.otherName->value->type) + " " +
                     std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text))));
  }
  GENERAL_NAMES_free(all);
  const std::vector<std::string> expected = {"1.3.6.1.5.5.7.8.5 12 xmpp.test",
                                             "1.3.6.1.5.5.7.8.7 22 _xmpp-client.xmpp.test",
                                             "1.3.6.1.5.5.7.8.7 22 _xmpp-server.xmpp.test"};
  EXPECT_EQ(others, expected);
}

TEST_F(AuthorityTest, ExpiresWhenItSaysSo) {
  const auto issued = issue(authority_, std::vector<std::string>{"xmpp.test"}, now, random_);
  const auto day = std::chrono::hours(24);
  const WallTime end = expires(issued->chain_pem).value();
  EXPECT_EQ(end, now - Seconds(3600) + 398 * day);
  const int purpose = X509_PURPOSE_SSL_SERVER;
  const std::string& root = authority_.chain_pem;
  EXPECT_EQ(verify(root, issued->chain_pem, purpose, end - Seconds(1)), X509_V_OK);
  EXPECT_EQ(verify(root, issued->chain_pem, purpose, end + Seconds(1)),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify(root, issued->chain_pem, purpose, now - Seconds(3601)),
            X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST_F(AuthorityTest, ACertificateOfTheAuthorityIsNoAuthority) {
  const auto issued = issue(authority_, std::vector<std::string>{"xmpp.test"}, now, random_);
  const auto deeper = issue(*issued, std::vector<std::string>{"evil.test"}, now, random_);
  ASSERT_TRUE(deeper);
  EXPECT_NE(verify(issued->chain_pem, deeper->chain_pem, X509_PURPOSE_SSL_SERVER, now), X509_V_OK);
}

TEST_F(AuthorityTest, TwoAuthoritiesDiffer) {
  const auto other = make_authority("Herold on test", now, random_);
  const auto a = fingerprint_sha256(authority_.chain_pem), b = fingerprint_sha256(other->chain_pem);
  EXPECT_EQ(a.value().size(), 95u);
  EXPECT_NE(a.value(), b.value());
  const auto issued = issue(*other, std::vector<std::string>{"xmpp.test"}, now, random_);
  EXPECT_NE(verify(authority_.chain_pem, issued->chain_pem, X509_PURPOSE_SSL_SERVER, now),
            X509_V_OK);
}

TEST_F(AuthorityTest, RefusesBadInput) {
  const auto try_names = [&](std::vector<std::string> list) {
    return issue(authority_, list, now, random_).has_value();
  };
  EXPECT_FALSE(try_names({}));
  EXPECT_FALSE(try_names({""}));
  EXPECT_FALSE(try_names({"a,DNS:evil.test"}));
  EXPECT_FALSE(try_names({std::string("a\0b", 3)}));
  EXPECT_FALSE(try_names({std::string(254, 'a')}));
  EXPECT_FALSE(
      try_names({"b\xc3\xbc"
                 "cher.test"}));
  EXPECT_FALSE(fingerprint_sha256("not PEM"));
  EXPECT_FALSE(expires(""));
  EXPECT_FALSE(names(authority_.key_pem));
  const CertifiedKey mixed{authority_.chain_pem, make_authority("x", now, random_)->key_pem};
  EXPECT_FALSE(issue(mixed, std::vector<std::string>{"a.test"}, now, random_));
}

}  // namespace
}  // namespace herold::crypto
