// What a domain's TLSA records say about a certificate (DANE: RFC 6698, RFC 7671, RFC 7673).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "crypto/tlsa.h"

namespace herold::crypto {

enum class DaneVerdict {
  says_nothing,  // there is no record that we understand: judge as without DANE
  confirms,      // it is the domain's, whatever else there is to say against it
  contradicts,   // the domain uses other ones
};

struct DaneCase {
  std::span<const TlsaRecord> records;  // from an answer that DNSSEC secures, like the way to it
  std::string_view chain_pem;           // as Transport::peer_certificate() has it, with `problem`
  std::string_view problem;
  // In A-labels, of which the certificate must have one, where the usage asks for names: the domain
  // and the host to which its SRV record leads (RFC 7673 section 4.1).
  std::span<const std::string> names;
  WallTime now;
};

// Implemented by openssl/dane.cc.
DaneVerdict judge_by_dane(const DaneCase& the_case);

}  // namespace herold::crypto
