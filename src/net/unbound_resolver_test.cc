// The resolver against a real name server: found, missing, looped, endless, forged, silent.
#include "net/unbound_resolver.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "net/zone_server_test.h"

namespace herold::net {
namespace {

constexpr auto found = DnsAnswer::Status::found;
constexpr auto nothing = DnsAnswer::Status::nothing;
constexpr auto failed = DnsAnswer::Status::failed;

std::string zone_text() {
  std::string text =
      "_xmpp-server._tcp SRV 10 60 5269 one.xmpp.test.\n"
      "_xmpp-server._tcp SRV 20 0 5270 TWO.example.org.\n"
      "_xmpps-server._tcp SRV 0 0 0 .\n"
      "one A 192.0.2.1\none A 192.0.2.2\none AAAA 2001:db8::1\n"
      "_5269._tcp.one TLSA 3 1 1 0123456789abcdef\n"
      "alias CNAME one\nloop-a CNAME loop-b\nloop-b CNAME loop-a\n";
  for (int i = 0; i < 1000; ++i)
    text += "_xmpp-server._tcp.many SRV 1 1 5269 h" + std::to_string(i) + ".xmpp.test.\n";
  return text;
}

class UnboundResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("/usr/sbin/unbound")) GTEST_SKIP() << "skipped: unbound is not installed";
  }
  void serve(std::vector<ZoneServer::Zone> zones = {{"xmpp.test", zone_text()}}) {
    server_.emplace(folder_, std::move(zones));
    settings_.servers = {server_->address()};
  }
  DnsAnswer ask(std::string name, DnsType type) {
    if (!resolver_) resolver_ = *UnboundResolver::open(settings_, clock_, limits_);
    std::optional<DnsAnswer> got;
    resolver_->ask({std::move(name), type}, *loop_, [&](DnsAnswer answer) {
      got = std::move(answer);
      loop_->stop();
    });
    loop_->run();
    return got ? *got : DnsAnswer{.why = "the loop stopped without an answer"};
  }

  TestFolder folder_;
  SystemClock clock_;
  Limits limits_;
  std::unique_ptr<EpollLoop> loop_ = *EpollLoop::open(clock_, limits_);
  std::optional<ZoneServer> server_;
  ResolverSettings settings_;
  std::unique_ptr<UnboundResolver> resolver_;
};

TEST_F(UnboundResolverTest, FindsRecordsOfEveryKind) {
  serve();
  DnsAnswer answer = ask("_xmpp-server._tcp.xmpp.test", DnsType::srv);
  ASSERT_EQ(answer.status, found) << answer.why;
  EXPECT_FALSE(answer.secure);
  std::ranges::sort(answer.services, {}, &DnsService::priority);
  EXPECT_EQ(answer.services, (std::vector<DnsService>{{10, 60, 5269, "one.xmpp.test"},
                                                      {20, 0, 5270, "two.example.org"}}));
  answer = ask("one.xmpp.test", DnsType::a);
  std::ranges::sort(answer.addresses);
  EXPECT_EQ(answer.addresses, (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(ask("ONE.xmpp.test", DnsType::aaaa).addresses, std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(ask("alias.xmpp.test", DnsType::aaaa).addresses.size(), 1u);
  const crypto::TlsaRecord tlsa{3, 1, 1, "\x01\x23\x45\x67\x89\xab\xcd\xef"};
  EXPECT_EQ(ask("_5269._tcp.one.xmpp.test", DnsType::tlsa).tlsa,
            std::vector<crypto::TlsaRecord>{tlsa});
}

TEST_F(UnboundResolverTest, TellsThatThereIsNothing) {
  serve();
  EXPECT_EQ(ask("nobody.xmpp.test", DnsType::a).status, nothing);
  EXPECT_EQ(ask("one.xmpp.test", DnsType::srv).status, nothing);
  const DnsAnswer none = ask("_xmpps-server._tcp.xmpp.test", DnsType::srv);
  EXPECT_EQ(none.services, (std::vector<DnsService>{{0, 0, 0, ""}}));
}

TEST_F(UnboundResolverTest, HostileZonesFail) {
  serve();
  EXPECT_EQ(ask("loop-a.xmpp.test", DnsType::a).status, failed);
  const DnsAnswer many = ask("_xmpp-server._tcp.many.xmpp.test", DnsType::srv);
  EXPECT_EQ(many.status, failed);
  EXPECT_EQ(many.why, "more than 64 records");
  EXPECT_TRUE(many.services.empty());
}

TEST_F(UnboundResolverTest, WhatIsNoNameIsNotAsked) {
  settings_.servers = {"127.0.0.1@1"};
  for (const std::string name : {"", ".", "a..b", "a.", "b\u00fccher.test", "a b", "192.0.2.1:5"})
    EXPECT_EQ(ask(name, DnsType::a).why, "not a name") << name;
  EXPECT_EQ(ask(std::string("xmpp.test\0.org", 14), DnsType::a).why, "not a name");
  EXPECT_EQ(ask(std::string(64, 'a') + ".test", DnsType::a).why, "not a name");
}

TEST_F(UnboundResolverTest, SilenceEndsInTime) {
  const FileHandle mute(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  settings_.servers = {"127.0.0.1@" + std::to_string(local_address(mute.get()).port())};
  settings_.patience = Milliseconds(50);
  const DnsAnswer answer = ask("one.xmpp.test", DnsType::a);
  EXPECT_EQ(answer.status, failed);
  EXPECT_EQ(answer.why, "no answer in time");
}

TEST_F(UnboundResolverTest, EndsWithQuestionsOpen) {
  const FileHandle mute(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  settings_.servers = {"127.0.0.1@" + std::to_string(local_address(mute.get()).port())};
  resolver_ = *UnboundResolver::open(settings_, clock_, limits_);
  const auto ticket = std::make_shared<int>(1);
  for (int i = 0; i < 100; ++i)
    resolver_->ask({"h" + std::to_string(i) + ".xmpp.test", DnsType::a}, *loop_,
                   [ticket](const DnsAnswer&) { FAIL(); });
  resolver_.reset();
  EXPECT_EQ(ticket.use_count(), 1);
}

TEST_F(UnboundResolverTest, SettingsThatCannotBeAreRefused) {
  settings_.servers = {"not an address"};
  EXPECT_FALSE(UnboundResolver::open(settings_, clock_, limits_));
  settings_.servers = {"127.0.0.1"};
  settings_.trust_anchors = folder_.file("missing");
  EXPECT_FALSE(UnboundResolver::open(settings_, clock_, limits_));
  folder_.write("bad", "example.org. IN DS twelve 8 2 00\n");
  settings_.trust_anchors = folder_.file("bad");
  EXPECT_FALSE(UnboundResolver::open(settings_, clock_, limits_));
}

// A zone with a key of its own, of which one record is changed behind its signature.
class SignedZoneTest : public UnboundResolverTest {
 protected:
  void SetUp() override {
    UnboundResolverTest::SetUp();
    if (!has_program("/usr/bin/ldns-signzone")) GTEST_SKIP() << "skipped: no ldnsutils here";
    if (IsSkipped()) return;
    folder_.write("plain", ZoneServer::head("xmpp.test") +
                               "one A 192.0.2.1\nforged A 192.0.2.77\nloop-a CNAME loop-a\n"
                               "_5269._tcp.one TLSA 3 1 1 0123456789abcdef\n");
    const std::string in_folder = "sh -c 'cd " + folder_.path() + " && ";
    key_ = TestProgram(in_folder + "ldns-keygen -k -a ECDSAP256SHA256 xmpp.test'").all();
    key_ = key_.substr(0, key_.find('\n'));
    const std::string said =
        TestProgram(in_folder + "ldns-signzone -o xmpp.test -f signed plain " + key_ + "'").all();
    std::string text = folder_.read("signed");
    ASSERT_FALSE(text.empty()) << said;
    const std::size_t at = text.find("192.0.2.77");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 10, "192.0.2.78");
    folder_.write("xmpp.test", text);
    serve({{"xmpp.test", ""}});
    settings_.trust_anchors = folder_.file(key_ + ".ds");
  }
  std::string key_;
};

TEST_F(SignedZoneTest, SaysWhatIsSecure) {
  EXPECT_TRUE(ask("one.xmpp.test", DnsType::a).secure);
  const DnsAnswer tlsa = ask("_5269._tcp.one.xmpp.test", DnsType::tlsa);
  EXPECT_TRUE(tlsa.secure);
  EXPECT_EQ(tlsa.tlsa.size(), 1u);
  const DnsAnswer missing = ask("_5270._tcp.one.xmpp.test", DnsType::tlsa);
  EXPECT_EQ(missing.status, nothing) << missing.why;
  EXPECT_TRUE(missing.secure);
}

TEST_F(SignedZoneTest, ForgeriesFail) {
  const DnsAnswer forged = ask("forged.xmpp.test", DnsType::a);
  EXPECT_EQ(forged.status, failed);
  EXPECT_TRUE(forged.why.starts_with("forged, or signed badly: ")) << forged.why;
  EXPECT_FALSE(forged.secure);
  EXPECT_TRUE(forged.addresses.empty());
}

TEST_F(SignedZoneTest, AreUnsignedWhereTheSettingsSaySo) {
  settings_.unsigned_domains = {"forged.xmpp.test"};
  const DnsAnswer forged = ask("forged.xmpp.test", DnsType::a);
  EXPECT_EQ(forged.addresses, std::vector<std::string>{"192.0.2.78"});
  EXPECT_FALSE(forged.secure);
}

}  // namespace
}  // namespace herold::net
