// A TLSA record: what a domain's signed zone says about the certificates of its servers (RFC 6698).
#pragma once

#include <cstdint>
#include <string>

namespace herold::crypto {

struct TlsaRecord {
  std::uint8_t usage = 0;     // 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  std::uint8_t selector = 0;  // 0 the whole certificate, 1 its public key
  std::uint8_t matching = 0;  // 0 as it is, 1 its SHA-256, 2 its SHA-512
  std::string data;

  bool operator==(const TlsaRecord&) const = default;
};

}  // namespace herold::crypto
