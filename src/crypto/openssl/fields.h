// Fields of a certificate in our own types.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/openssl/openssl_handles.h"

namespace herold::crypto {

Result<WallTime> wall_time(const ASN1_TIME* time);
Result<std::string> fingerprint(const X509& certificate);  // SHA-256: "0A:1B:...", 95 characters
std::string bytes_of(const ASN1_STRING* text);
std::string address_text(const ASN1_STRING* address);  // of an iPAddress; "" when it is none

}  // namespace herold::crypto
