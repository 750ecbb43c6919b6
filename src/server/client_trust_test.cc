// Which accounts a certificate speaks for: only prepared ones, each by its domain's authority.
#include "server/client_trust.h"

#include <gtest/gtest.h>

#include "crypto/openssl/test_certificates.h"

namespace herold::server {
namespace {

using namespace std::literals;

const WallTime now{Seconds(1795000000)};

class ClientTrustTest : public testing::Test {
 protected:
  ClientTrustTest() {
    ClientTrust::Authorities all;
    all.emplace("capulet.test", *crypto::parse_client_authorities(capulet_.chain_pem));
    all.emplace("montague.test", *crypto::parse_client_authorities(montague_.chain_pem));
    trust_.set(std::move(all));
  }
  // The accounts, each behind a space, then what the problem is said to be.
  std::string judge(const crypto::CertifiedKey& by, std::vector<crypto::TestOtherName> names) {
    const auto found =
        trust_.accounts(crypto::issue_to_client(by, {.others = std::move(names)}, now), now);
    std::string text;
    for (const xmpp::Jid& jid : found.jids) text += ' ' + jid.text();
    return found.problem.empty() ? text : text + " (" + found.problem + ')';
  }

  SeededRandom random_{6};
  crypto::CertifiedKey capulet_ = *crypto::make_authority("capulet", now, random_);
  crypto::CertifiedKey montague_ = *crypto::make_authority("montague", now, random_);
  ClientTrust trust_;
};

constexpr std::string_view unknown_issuer = " (unable to get local issuer certificate)";

TEST_F(ClientTrustTest, AnAuthoritySpeaksForItsOwnDomainOnly) {
  EXPECT_EQ(judge(capulet_, {{"juliet@capulet.test"}}), " juliet@capulet.test");
  EXPECT_EQ(judge(capulet_, {{"romeo@montague.test"}}), unknown_issuer);
  EXPECT_EQ(judge(montague_, {{"romeo@montague.test"}, {"juliet@capulet.test"}}),
            " romeo@montague.test" + std::string(unknown_issuer));
  EXPECT_EQ(judge(capulet_, {{"juliet@elsewhere.test"}}), "");
}

TEST_F(ClientTrustTest, AddressesArePreparedAndCountOnce) {
  EXPECT_EQ(
      judge(capulet_, {{"Juliet@Capulet.TEST"}, {"juliet@capulet.test"}, {"nurse@capulet.test"}}),
      " juliet@capulet.test nurse@capulet.test");
}

TEST_F(ClientTrustTest, WhatIsNoAccountCountsForNothing) {
  EXPECT_EQ(judge(capulet_, {{"capulet.test"},
                             {"juliet@capulet.test/balcony"},
                             {"juliet@capulet.test\0"s},
                             {"juliet\0@capulet.test"s},
                             {"juliet@capulet.test\0.evil.test"s},
                             {""},
                             {"@capulet.test"},
                             {"\xff@capulet.test"},
                             {"juliet @capulet.test"},
                             {std::string(2000, 'a') + "@capulet.test"}}),
            "");
}

TEST_F(ClientTrustTest, BadTextAndNoAuthorities) {
  EXPECT_TRUE(trust_.accounts("nonsense", now).jids.empty());
  EXPECT_NE(trust_.accounts("nonsense", now).problem, "");
  trust_.set({});
  EXPECT_EQ(judge(capulet_, {{"juliet@capulet.test"}}), "");
  EXPECT_TRUE(ClientTrust().accounts("nonsense", now).problem.empty());
}

}  // namespace
}  // namespace herold::server
