// Certificates of servers: honest ones, and those that claim what they may not (HOSTILE 146, 147).
#include "crypto/peer_identity.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/openssl/test_certificates.h"

namespace herold::crypto {
namespace {

using namespace std::literals;
using Texts = std::vector<std::string>;

const WallTime now{Seconds(1795000000)};
constexpr const char* srv_name = "1.3.6.1.5.5.7.8.7";

class PeerIdentityTest : public testing::Test {
 protected:
  PeerIdentity read(TestCertificate wanted) {
    wanted.usage = "serverAuth";
    return read_peer_identity(issue_to_client(authority_, wanted, now)).value();
  }
  PeerIdentity with_domains(Texts domains) {
    return read({.others = {}, .domains = std::move(domains)});
  }
  PeerIdentity with_services(Texts names) {
    TestCertificate wanted;
    for (std::string& name : names)
      wanted.others.push_back({std::move(name), V_ASN1_IA5STRING, srv_name});
    return read(wanted);
  }

  SeededRandom random_{5};
  CertifiedKey authority_ = *make_authority("servers of test", now, random_);
};

TEST_F(PeerIdentityTest, DomainsWithoutRegardToCase) {
  const PeerIdentity peer = with_domains({"Example.ORG", "xn--bcher-kva.example"});
  EXPECT_TRUE(peer.is_for("example.org"));
  EXPECT_TRUE(peer.is_for("EXAMPLE.org"));
  EXPECT_TRUE(peer.is_for("xn--bcher-kva.example"));
  for (const char* other : {"example.com", "a.example.org", "org", "example.org.", ".example.org",
                            "xexample.org", "example.or", ""})
    EXPECT_FALSE(peer.is_for(other)) << other;
  EXPECT_FALSE(peer.is_for("b\u00fccher.example", "b\u00fccher.example"));
}

TEST_F(PeerIdentityTest, AWildcardIsOneWholeLabel) {
  const PeerIdentity peer = with_domains({"*.example.org"});
  EXPECT_TRUE(peer.is_for("conference.example.org"));
  EXPECT_TRUE(peer.is_for("xn--bcher-kva.example.org"));
  for (const char* other :
       {"example.org", "a.b.example.org", ".example.org", "*.example.org", "a.example.com"})
    EXPECT_FALSE(peer.is_for(other)) << other;
}

TEST_F(PeerIdentityTest, OtherWildcardsAreNone) {
  const PeerIdentity peer =
      with_domains({"*", "*.", "*.com", "*.*.org", "a*.example.org", "*a.example.org", "a.*.org",
                    "*.example.*", "**.a.org", "*.0.0.1", "xn--*.example.org"});
  EXPECT_EQ(peer.domains, Texts{});
  for (const char* other :
       {"com", "example.com", "a.example.org", "ab.example.org", "a.b.org", "127.0.0.1", "*"})
    EXPECT_FALSE(peer.is_for(other)) << other;
}

TEST_F(PeerIdentityTest, NamesThatAreNoneAreLeftOut) {
  const PeerIdentity peer =
      with_domains({"example.org\0.evil.test"s, "\0"s, "", ".", "example.org.", ".example.org",
                    "a..example.org", "example.org ", " example.org", "example.org\n",
                    "b\xc3\xbc"
                    "cher.example",
                    "127.0.0.1", "[::1]", std::string(64, 'a') + ".org", std::string(300, 'a'),
                    "a@example.org", "a/b"});
  EXPECT_EQ(peer.domains, Texts{});
  EXPECT_FALSE(peer.is_for("example.org"));
  EXPECT_FALSE(peer.is_for("127.0.0.1"));
  EXPECT_FALSE(peer.is_for(""));
}

TEST_F(PeerIdentityTest, TheCommonNameCountsForNothing) {
  EXPECT_FALSE(
      read({.others = {}, .domains = {}, .common_name = "example.org"}).is_for("example.org"));
}

TEST_F(PeerIdentityTest, ServicesAreThoseOfServers) {
  const PeerIdentity peer =
      with_services({"_XMPP-Server.Example.org", "_xmpp-client.client.test", "_xmpp-server.*.test",
                     "_xmpp-server.*.a.test", "_xmpp-server.", "_xmpp-server", "plain.test",
                     "_xmpps-server.direct.test", "_xmpp-server.a.test\0.b"s});
  EXPECT_EQ(peer.services, Texts{"example.org"});
  EXPECT_TRUE(peer.is_for("example.org"));
  EXPECT_FALSE(peer.is_for("client.test"));
  EXPECT_FALSE(peer.is_for("_xmpp-server.example.org"));
  EXPECT_EQ(read({.others = {{"_xmpp-server.a.test", V_ASN1_UTF8STRING, srv_name}}}).services,
            Texts{});
}

TEST_F(PeerIdentityTest, AddressesAreDomainsAlone) {
  const PeerIdentity peer = read({.others = {{"Example.org"},
                                             {"b\xc3\xbc"
                                              "cher.example"},
                                             {"juliet@user.test"},
                                             {"resource.test/x"},
                                             {"*.wild.test"},
                                             {"zero.test\0.b"s},
                                             {"other.test", V_ASN1_IA5STRING}}});
  EXPECT_EQ(peer.addresses, (Texts{"example.org", "b\u00fccher.example"}));
  EXPECT_TRUE(peer.is_for("example.org", "example.org"));
  EXPECT_TRUE(peer.is_for("xn--bcher-kva.example", "b\u00fccher.example"));
  EXPECT_FALSE(peer.is_for("xn--bcher-kva.example"));
  for (const char* other : {"user.test", "resource.test", "a.wild.test", "zero.test", "other.test"})
    EXPECT_FALSE(peer.is_for(other, other)) << other;
}

TEST_F(PeerIdentityTest, Hosts) {
  TestCertificate wanted;
  wanted.hosts = {"\xc0\0\x02\x01"s, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s, "\x01\x02"s};
  const PeerIdentity peer = read(wanted);
  EXPECT_TRUE(peer.is_for("192.0.2.1"));
  EXPECT_TRUE(peer.is_for("[2001:db8::1]"));
  EXPECT_FALSE(peer.is_for("192.0.2.2"));
  EXPECT_FALSE(peer.is_for("[]"));
}

TEST_F(PeerIdentityTest, ManyNamesAreReadUpToTheBound) {
  Texts names;
  for (std::size_t i = 0; i <= bounds::peer_names; ++i)
    names.push_back("h" + std::to_string(i) + ".test");
  const PeerIdentity peer = with_domains(names);
  EXPECT_EQ(peer.domains.size(), bounds::peer_names);
  EXPECT_TRUE(peer.is_for(names[bounds::peer_names - 1]));
  EXPECT_FALSE(peer.is_for(names[bounds::peer_names]));
}

TEST_F(PeerIdentityTest, DatesAndFingerprint) {
  const std::string pem =
      issue_to_client(authority_, {.others = {}, .domains = {"a.test"}, .usage = nullptr}, now);
  const PeerIdentity peer = *read_peer_identity(pem);
  EXPECT_EQ(peer.begins, now - Seconds(3600));
  EXPECT_EQ(peer.ends, now + Seconds(86400));
  EXPECT_TRUE(peer.is_valid_at(now));
  EXPECT_TRUE(peer.is_valid_at(peer.ends));
  EXPECT_FALSE(peer.is_valid_at(peer.ends + Seconds(1)));
  EXPECT_FALSE(peer.is_valid_at(peer.begins - Seconds(1)));
  EXPECT_EQ(peer.fingerprint, fingerprint_sha256(pem).value());
}

TEST_F(PeerIdentityTest, AnyUsageOfTlsWillDoAndNoOther) {
  const auto is_read = [&](const char* usage) {
    return read_peer_identity(issue_to_client(authority_,
                                              {.others = {}, .domains = {"a.test"}, .usage = usage},
                                              now))
        .has_value();
  };
  for (const char* usage : {"serverAuth", "clientAuth", "serverAuth,clientAuth",
                            "anyExtendedKeyUsage", "codeSigning,serverAuth"})
    EXPECT_TRUE(is_read(usage)) << usage;
  EXPECT_TRUE(is_read(nullptr));
  for (const char* usage : {"codeSigning", "emailProtection", "OCSPSigning,timeStamping"})
    EXPECT_FALSE(is_read(usage)) << usage;
  // An authority for something else behind it.
  const std::string good = issue_to_client(
      authority_, {.others = {}, .domains = {"a.test"}, .usage = "serverAuth"}, now);
  const std::string other =
      issue_to_client(authority_, {.others = {}, .usage = "codeSigning"}, now);
  EXPECT_FALSE(read_peer_identity(good + other));
}

TEST_F(PeerIdentityTest, LongChainsAndGarbageAreRefused) {
  const std::string one = issue_to_client(authority_, {.others = {}, .domains = {"a.test"}}, now);
  std::string chain;
  for (std::size_t i = 0; i < bounds::peer_chain; ++i) chain += one;
  EXPECT_TRUE(read_peer_identity(chain));
  EXPECT_FALSE(read_peer_identity(chain + one));
  EXPECT_FALSE(read_peer_identity(""));
  EXPECT_FALSE(
      read_peer_identity("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace herold::crypto
