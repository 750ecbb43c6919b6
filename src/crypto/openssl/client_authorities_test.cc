// Certificates of clients: what is read from hostile ones, and who vouches for which (HOSTILE 51).
#include "crypto/client_authorities.h"

#include <gtest/gtest.h>

#include "crypto/openssl/test_certificates.h"

namespace herold::crypto {
namespace {

using namespace std::literals;
using Texts = std::vector<std::string>;

const WallTime now{Seconds(1795000000)};

class ClientAuthoritiesTest : public testing::Test {
 protected:
  std::string issue(const TestCertificate& wanted) {
    return issue_to_client(authority_, wanted, now);
  }
  Texts addresses(const TestCertificate& wanted) { return xmpp_addresses(issue(wanted)).value(); }

  SeededRandom random_{5};
  CertifiedKey authority_ = *make_authority("clients of test", now, random_);
};

TEST_F(ClientAuthoritiesTest, ReadsAddresses) {
  EXPECT_EQ(addresses({.others = {{"juliet@xmpp.test"}}}), Texts{"juliet@xmpp.test"});
  EXPECT_EQ(addresses({.others = {{"a@xmpp.test"}, {"b@xmpp.test"}}, .domains = {"xmpp.test"}}),
            (Texts{"a@xmpp.test", "b@xmpp.test"}));
}

TEST_F(ClientAuthoritiesTest, TakesNothingElseForAnAddress) {
  EXPECT_EQ(
      addresses({.others = {}, .domains = {"juliet@xmpp.test"}, .common_name = "juliet@xmpp.test"}),
      Texts{});
  EXPECT_EQ(addresses({.others = {{"juliet@xmpp.test", V_ASN1_IA5STRING},
                                  {"juliet@xmpp.test", V_ASN1_OCTET_STRING},
                                  {"juliet@xmpp.test", V_ASN1_UTF8STRING, "1.3.6.1.5.5.7.8.7"},
                                  {"juliet@xmpp.test", V_ASN1_UTF8STRING, "1.3.6.1.5.5.7.8"}}}),
            Texts{});
}

TEST_F(ClientAuthoritiesTest, KeepsEveryByteAndBoundsTheirNumber) {
  const std::string cut = "juliet@xmpp.test\0.evil.test"s;
  EXPECT_EQ(addresses({.others = {{cut}, {""}, {"\xff"}}}), (Texts{cut, "", "\xff"}));
  EXPECT_EQ(addresses({.others = std::vector<TestOtherName>(100, {"a@xmpp.test"})}).size(), 16u);
}

TEST_F(ClientAuthoritiesTest, RefusesBadText) {
  EXPECT_FALSE(xmpp_addresses(""));
  EXPECT_FALSE(xmpp_addresses("juliet@xmpp.test"));
  EXPECT_FALSE(parse_client_authorities(""));
  EXPECT_FALSE(parse_client_authorities(authority_.key_pem));
  EXPECT_FALSE(parse_client_authorities(authority_.chain_pem.substr(0, 300)));
  EXPECT_EQ(xmpp_addresses(authority_.chain_pem).value(), Texts{});
}

TEST_F(ClientAuthoritiesTest, VouchForTheirOwn) {
  const auto trusted = *parse_client_authorities(authority_.chain_pem);
  const std::string good = issue({.others = {{"juliet@xmpp.test"}}});
  EXPECT_TRUE(trusted->vouch(good, now));
  EXPECT_TRUE(trusted->vouch(good + authority_.chain_pem, now));
  // Several authorities in one file.
  const CertifiedKey other = *make_authority("others", now, random_);
  const auto both = *parse_client_authorities(other.chain_pem + authority_.chain_pem);
  EXPECT_TRUE(both->vouch(good, now));
  // What counts is the first: the one whose key the client has shown to have.
  const std::string foreign = issue_to_client(other, {.others = {{"juliet@xmpp.test"}}}, now);
  EXPECT_FALSE(trusted->vouch(foreign + good + authority_.chain_pem, now));
}

TEST_F(ClientAuthoritiesTest, DoNotVouchForWhatTheyRevoked) {
  const std::string lost = issue({.others = {{"juliet@xmpp.test"}}, .serial = 7});
  const std::string kept = issue({.others = {{"romeo@xmpp.test"}}, .serial = 8});
  const std::string list = revoke(authority_, 7, now);
  for (const std::string& file : {authority_.chain_pem + list, list + authority_.chain_pem}) {
    const auto trusted = *parse_client_authorities(file);
    EXPECT_EQ(trusted->vouch(lost, now).error().text, "certificate revoked");
    EXPECT_TRUE(trusted->vouch(kept, now));
  }
  // The list of one authority says nothing of another's certificates.
  const CertifiedKey other = *make_authority("others", now, random_);
  const auto both = *parse_client_authorities(authority_.chain_pem + list + other.chain_pem);
  EXPECT_TRUE(both->vouch(issue_to_client(other, {.others = {{"a@xmpp.test"}}}, now), now));
  EXPECT_FALSE(both->vouch(lost, now));
  // A list that is out of date, or that somebody else signed, is none.
  const auto late = *parse_client_authorities(authority_.chain_pem +
                                              revoke(authority_, 7, now - Seconds(2 * 86400)));
  EXPECT_EQ(late->vouch(kept, now).error().text, "CRL has expired");
  const CertifiedKey imposter = *make_authority("clients of test", now, random_);
  const auto forged = *parse_client_authorities(authority_.chain_pem + revoke(imposter, 7, now));
  EXPECT_EQ(forged->vouch(kept, now).error().text, "CRL signature failure");
  EXPECT_FALSE(parse_client_authorities(list)) << "a list without its authority";
}

TEST_F(ClientAuthoritiesTest, DoNotVouchForOthers) {
  const auto trusted = *parse_client_authorities(authority_.chain_pem);
  const auto refusal = [&](const std::string& pem, WallTime when) {
    const auto verdict = trusted->vouch(pem, when);
    return verdict ? "" : verdict.error().text;
  };
  // Of the same name, with another key.
  const CertifiedKey imposter = *make_authority("clients of test", now, random_);
  const std::string forged = issue_to_client(imposter, {.others = {{"juliet@xmpp.test"}}}, now);
  EXPECT_NE(refusal(forged, now), "");
  EXPECT_NE(refusal(forged + imposter.chain_pem, now), "");

  const std::string good = issue({.others = {{"juliet@xmpp.test"}}});
  EXPECT_EQ(refusal(good, now + Seconds(86401)), "certificate has expired");
  EXPECT_EQ(refusal(good, now - Seconds(3601)), "certificate is not yet valid");
  EXPECT_NE(refusal(issue({.others = {{"juliet@xmpp.test"}}, .usage = "serverAuth"}), now), "");
  EXPECT_NE(refusal(issue({.others = {{"juliet@xmpp.test"}}, .digest = EVP_sha1()}), now), "");
  EXPECT_NE(refusal("", now), "");

  // Whoever was certified may not certify: a client's certificate is no authority.
  const CertifiedKey server = *crypto::issue(authority_, Texts{"xmpp.test"}, now, random_);
  const std::string deeper = issue_to_client(server, {.others = {{"juliet@xmpp.test"}}}, now);
  EXPECT_NE(refusal(deeper + server.chain_pem, now), "");
}

}  // namespace
}  // namespace herold::crypto
