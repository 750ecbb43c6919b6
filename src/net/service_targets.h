// Where a domain's XMPP server is, by its SRV records (RFC 2782, RFC 6120 section 3.2, XEP-0368).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "net/resolver.h"

namespace herold::net {

enum class TlsBegin : std::uint8_t { by_starttls, at_once };  // at once: "direct TLS"

inline constexpr std::uint16_t server_port = 5269;

struct ServiceTarget {
  std::string host;
  std::uint16_t port = server_port;
  TlsBegin tls = TlsBegin::by_starttls;
  bool is_secure = false;  // DNSSEC stands behind it (RFC 7673 section 3.1)

  bool operator==(const ServiceTarget&) const = default;
};

// The names to ask for.
DnsQuestion direct_tls_question(std::string_view domain);  // _xmpps-server._tcp
DnsQuestion starttls_question(std::string_view domain);    // _xmpp-server._tcp

// All hosts in the order in which they are to be tried, at most bounds::dial_targets: both services
// merged by priority, and by chance according to the weights. The domain itself where it has no SRV
// record. Fault::not_found: it says that it has no server. Fault::unavailable: what it has cannot
// be learned now.
Result<std::vector<ServiceTarget>> choose_targets(std::string_view domain, const DnsAnswer& direct,
                                                  const DnsAnswer& starttls, Random& random);

}  // namespace herold::net
