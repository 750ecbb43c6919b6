// Reads DNS records as they come over the wire (RFC 1035 section 3, RFC 2782, RFC 3596, RFC 6698).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/resolver.h"

namespace herold::net {

// Whether it can be asked for: labels of letters, digits, "-" and "_", each 1 to 63 bytes, 253 in
// all, no dot at the end.
bool is_dns_name(std::string_view name);

// The data of one record each, with nothing behind it. Names are not compressed: RFC 2782 forbids
// it, and the resolver has undone it.
Result<std::string> read_dns_address(DnsType type, std::string_view data);  // A or AAAA
Result<DnsService> read_dns_service(std::string_view data);
Result<crypto::TlsaRecord> read_dns_tlsa(std::string_view data);

// All records of an answer. One that is malformed spoils it, and so do too many.
DnsAnswer read_dns_records(DnsType type, std::span<const std::string_view> records);

}  // namespace herold::net
