// Records byte by byte: what is read, and what must not be.
#include "net/dns_records.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace herold::net {
namespace {

using namespace std::string_literals;

const std::string service = "\0\x0a\0\x3c\x14\x95"s;  // 10 60 5269

TEST(DnsRecords, Addresses) {
  EXPECT_EQ(*read_dns_address(DnsType::a, "\xc0\0\x02\x01"s), "192.0.2.1");
  EXPECT_EQ(*read_dns_address(DnsType::aaaa, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s),
            "2001:db8::1");
  for (const std::string& bad : {""s, "\xc0\0\x02"s, "\xc0\0\x02\x01\0"s})
    EXPECT_FALSE(read_dns_address(DnsType::a, bad));
  EXPECT_FALSE(read_dns_address(DnsType::aaaa, "\xc0\0\x02\x01"s));
}

TEST(DnsRecords, Services) {
  const DnsService one = *read_dns_service(service + "\x04XmPp\x07" + "example\x03org\0"s);
  EXPECT_EQ(one, (DnsService{10, 60, 5269, "xmpp.example.org"}));
  EXPECT_EQ(read_dns_service(service + "\0"s)->target, "");
}

TEST(DnsRecords, ServicesThatAreCutOverlongOrStrange) {
  const std::string label = "\x3f" + std::string(63, 'a');
  for (const std::string& target : {
           ""s,  // no name at all
           "\x04xmp"s,
           "\x04xmpp"s,     // cut in a label, and behind it
           "\x04xmpp\0x"s,  // something behind it
           "\xc0\x0c"s,
           "\x04xmpp\xc0\x0c"s,                    // pointers
           "\x40" + std::string(64, 'a') + "\0"s,  // a label of 64
           label + label + label + label + "\0"s,  // 256 in all
           "\x03"
           "a.b\0"s,
           "\x03"
           "a\0b\0"s,
           "\x03"
           "a b\0"s,
           "\x02\xc3\xbc\0"s,
           "\x01*\0"s,
       })
    EXPECT_FALSE(read_dns_service(service + target)) << testing::PrintToString(target);
  EXPECT_FALSE(read_dns_service(service.substr(1) + "\0"s));
  EXPECT_TRUE(read_dns_service(service + label + label + label + "\0"s));
}

TEST(DnsRecords, Tlsa) {
  EXPECT_EQ(*read_dns_tlsa("\x03\x01\x01xyz"s), (crypto::TlsaRecord{3, 1, 1, "xyz"}));
  EXPECT_FALSE(read_dns_tlsa("\x03\x01\x01"s));
  EXPECT_FALSE(read_dns_tlsa(""));
}

TEST(DnsRecords, OneBadRecordOrTooManySpoilTheAnswer) {
  const std::string good = "\xc0\0\x02\x01"s;
  std::vector<std::string_view> records(bounds::dns_records, good);
  EXPECT_EQ(read_dns_records(DnsType::a, records).addresses.size(), records.size());
  records.back() = "x";
  const DnsAnswer bad = read_dns_records(DnsType::a, records);
  EXPECT_EQ(bad.status, DnsAnswer::Status::failed);
  EXPECT_TRUE(bad.addresses.empty());
  records.back() = good;
  records.push_back(good);
  EXPECT_EQ(read_dns_records(DnsType::a, records).why, "more than 64 records");
  EXPECT_EQ(read_dns_records(DnsType::a, {}).status, DnsAnswer::Status::nothing);
}

TEST(DnsRecords, Names) {
  const std::string label(63, 'a');
  for (const std::string& good : {"a"s, "xmpp.test"s, "_xmpp-server._tcp.xn--bcher-kva.example"s,
                                  label + "." + label + "." + label + "." + label.substr(2)})
    EXPECT_TRUE(is_dns_name(good)) << good;
  for (const std::string& bad :
       {""s, "."s, ".a"s, "a."s, "a..b"s, "*.a"s, "a\0b"s, "[::1]"s, label + "a.test",
        label + "." + label + "." + label + "." + label.substr(1)})
    EXPECT_FALSE(is_dns_name(bad)) << bad;
}

}  // namespace
}  // namespace herold::net
