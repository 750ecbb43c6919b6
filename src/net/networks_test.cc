// Special networks at both of their edges, in every disguise.
#include "net/networks.h"

#include <gtest/gtest.h>

namespace herold::net {
namespace {

const std::vector<std::string> none;

bool permits(const AddressPolicy& policy, std::string_view address, std::uint16_t port = 5269) {
  const auto parsed = IpAddress::parse(address);
  EXPECT_TRUE(parsed) << address;
  return parsed && policy.permit(*parsed, port).has_value();
}

TEST(Networks, SpecialOnesAreRefusedUpToTheirEdges) {
  const AddressPolicy policy = *AddressPolicy::make(none, none);
  struct Edges {
    const char *before, *first, *last, *behind;  // null: refused as well
  };
  const Edges all[] = {
      {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
      {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
      {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
      {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
      {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
      {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
      {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
      {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
      {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
      {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
      {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
      {"223.255.255.255", "224.0.0.0", "255.255.255.255", nullptr},
      {nullptr, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
      {"2000:ffff::", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
      {"2001:db7:ffff::", "2001:db8::", "2001:db8:ffff::", "2001:db9::"},
      {"2001:ffff::", "2002::", "2002:ffff:ffff::", "2003::"},
      {"3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::"},
      {"3fff:ffff::", "4000::", "ffff::", nullptr},
  };
  for (const Edges& edges : all) {
    if (edges.before) EXPECT_TRUE(permits(policy, edges.before)) << edges.before;
    EXPECT_FALSE(permits(policy, edges.first)) << edges.first;
    EXPECT_FALSE(permits(policy, edges.last)) << edges.last;
    if (edges.behind) EXPECT_TRUE(permits(policy, edges.behind)) << edges.behind;
  }
}

TEST(Networks, DisguisesAreSeenThrough) {
  const AddressPolicy policy = *AddressPolicy::make(none, none);
  for (const char* address : {"::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::127.0.0.1",
                              "::ffff:0:127.0.0.1",
                              "64:ff9b::127.0.0.1",
                              "64:ff9b::10.1.2.3",
                              "64:ff9b::169.254.169.254",
                              "64:ff9b:1::8.8.8.8",
                              "2002:7f00:1::",
                              "2002:a00:1::1",
                              "2001:0:7f00:1::",
                              "fe80::1",
                              "fec0::1",
                              "fd00::1",
                              "fc00::1",
                              "ff02::1",
                              "100::1",
                              "::1",
                              "::",
                              "5f00::1"})
    EXPECT_FALSE(permits(policy, address)) << address;
  EXPECT_TRUE(permits(policy, "64:ff9b::8.8.8.8"));
  EXPECT_TRUE(permits(policy, "::ffff:8.8.8.8"));
  EXPECT_TRUE(permits(policy, "2a01:4f8::1"));
}

TEST(Networks, WhatIsAllowedIsServedInEveryDisguise) {
  const std::vector<std::string> allowed{"10.1.0.0/16", "fd00::/8", "127.0.0.0/8"};
  const AddressPolicy policy = *AddressPolicy::make(allowed, none);
  for (const char* address :
       {"10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "127.0.0.7"})
    EXPECT_TRUE(permits(policy, address)) << address;
  for (const char* address : {"10.2.0.1", "fc00::1", "::1", "169.254.0.1"})
    EXPECT_FALSE(permits(policy, address)) << address;
}

TEST(Networks, WeOurselvesAreRefusedAlwaysAndByPort) {
  const std::vector<std::string> allowed{"127.0.0.0/8", "::1"};
  const std::vector<std::string> own{"127.0.0.1:5269", "[::1]:5269", "unix:/tmp/x"};
  const AddressPolicy policy = *AddressPolicy::make(allowed, own);
  EXPECT_FALSE(permits(policy, "127.0.0.1", 5269));
  EXPECT_FALSE(permits(policy, "::ffff:127.0.0.1", 5269));
  EXPECT_FALSE(permits(policy, "64:ff9b::127.0.0.1", 5269));
  EXPECT_FALSE(permits(policy, "::1", 5269));
  EXPECT_TRUE(permits(policy, "127.0.0.1", 5270));
  EXPECT_TRUE(permits(policy, "127.0.0.2", 5269));
  EXPECT_FALSE(policy.permit_listed(*IpAddress::parse("127.0.0.1"), 5269));
  EXPECT_TRUE(policy.permit_listed(*IpAddress::parse("10.0.0.1"), 5269));
}

TEST(Networks, AWildcardIsEveryAddressOfTheMachine) {
  const std::vector<std::string> allowed{"127.0.0.0/8"};
  for (const std::string any : {"0.0.0.0:5269", "[::]:5269"}) {
    const AddressPolicy policy = *AddressPolicy::make(allowed, std::vector{any});
    EXPECT_FALSE(permits(policy, "127.0.0.1", 5269)) << any;
    EXPECT_TRUE(permits(policy, "127.0.0.1", 5270)) << any;
  }
}

TEST(Networks, ReadsAndWrites) {
  EXPECT_EQ(IpAddress::parse("[2001:DB8::1]")->text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(socket_text(*IpAddress::parse("::1"), 5269), "[::1]:5269");
  EXPECT_EQ(socket_text(*IpAddress::parse("192.0.2.1"), 1), "192.0.2.1:1");
  using namespace std::string_literals;
  for (const std::string& bad : {""s, "1.2.3"s, "1.2.3.4.5"s, "0x7f000001"s, "127.1"s, "[1.2.3.4]"s,
                                 "fe80::1%lo"s, "::1\0"s, "1.2.3.4\0x"s, "[::1"s, "xmpp.test"s})
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  for (const std::string& bad : {"10.0.0.0/33"s, "10.0.0.1/8"s, "::/129"s, "10.0.0.0/"s, "/8"s,
                                 "10.0.0.0/-1"s, "10.0.0.0/8x"s, "10.0.0.0/ 8"s, "fd00::1/8"s})
    EXPECT_FALSE(Network::parse(bad)) << bad;
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("2a01::1")));
  EXPECT_TRUE(Network::parse("::/0")->contains(*IpAddress::parse("2a01::1")));
}

}  // namespace
}  // namespace herold::net
