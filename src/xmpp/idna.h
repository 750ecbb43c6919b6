// Domain parts of addresses (RFC 7622 section 3.2): IDNA names and IP literals in one spelling
// each.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::xmpp {

// U-labels in lower case without the final dot; IPv6 as "[2001:db8::1]" by RFC 5952. Host names are
// letters, digits and hyphens (RFC 5890 NR-LDH) and, as intranets have them, underscores.
// Fault::malformed for anything else, and for a label over 63 or a name over 253 bytes in ASCII.
Result<std::string> prepare_domain(std::string_view text);

// What DNS and TLS (SNI, certificates) call a domain that prepare_domain() returned: A-labels.
std::string ascii_domain(std::string_view prepared);

}  // namespace herold::xmpp
