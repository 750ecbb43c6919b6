// Reads times, hashes and names out of OpenSSL 3's structures.
#include "crypto/openssl/fields.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <string_view>

namespace herold::crypto {

Result<WallTime> wall_time(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return library_error("time");
  using std::chrono::sys_days;
  const std::chrono::year_month_day day{
      std::chrono::year(broken_down.tm_year + 1900),
      std::chrono::month(static_cast<unsigned>(broken_down.tm_mon + 1)),
      std::chrono::day(static_cast<unsigned>(broken_down.tm_mday))};
  return WallTime(sys_days(day)) + std::chrono::hours(broken_down.tm_hour) +
         std::chrono::minutes(broken_down.tm_min) + Seconds(broken_down.tm_sec);
}

Result<std::string> fingerprint(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), hash.data(), &size) != 1)
    return library_error("fingerprint");
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 15];
  }
  return text;
}

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(const ASN1_STRING* address) {
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(),
              text.size());
  return text.data();
}

}  // namespace herold::crypto
