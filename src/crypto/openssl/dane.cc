// Matches TLSA records against a chain by OpenSSL 3.
#include "crypto/dane.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.h"
#include "crypto/openssl/openssl_handles.h"
#include "crypto/openssl/pem.h"
#include "crypto/peer_identity.h"

namespace herold::crypto {
namespace {

// RFC 7218's names.
enum Usage : std::uint8_t { pkix_ta, pkix_ee, dane_ta, dane_ee };
enum Selector : std::uint8_t { whole_certificate, public_key };
enum Matching : std::uint8_t { as_it_is, sha256, sha512 };
constexpr int security_level = 2;  // as TLS has it: no SHA-1, no RSA below 2,048 bits

using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

bool is_usable(const TlsaRecord& record) {
  if (record.usage > dane_ee || record.selector > public_key || record.matching > sha512)
    return false;
  const std::size_t size = record.matching == sha256 ? 32 : record.matching == sha512 ? 64 : 0;
  return size == 0 ? !record.data.empty() : record.data.size() == size;
}

std::string hash(const EVP_MD* algorithm, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> value;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), value.data(), &size, algorithm, nullptr) != 1)
    return {};
  return {reinterpret_cast<const char*>(value.data()), size};
}

std::string encode(const X509* certificate, std::uint8_t selector) {
  unsigned char* bytes = nullptr;
  const int size = selector == public_key
                       ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes)
                       : i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

bool matches(const TlsaRecord& record, const X509* certificate) {
  const std::string selected = encode(certificate, record.selector);
  if (selected.empty()) return false;
  if (record.matching == as_it_is) return selected == record.data;
  return hash(record.matching == sha256 ? EVP_sha256() : EVP_sha512(), selected) == record.data;
}

// Whether `anchor` stands behind the first of the chain: signatures, dates, constraints.
bool leads_to(STACK_OF(X509) * chain, X509* anchor, WallTime now) {
  const Store store(X509_STORE_new());
  const Verification verification(X509_STORE_CTX_new());
  X509_STORE_CTX* context = verification.get();
  if (!store || !context || X509_STORE_add_cert(store.get(), anchor) != 1 ||
      X509_STORE_CTX_init(context, store.get(), sk_X509_value(chain, 0), chain) != 1)
    return false;
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(rules, std::chrono::floor<Seconds>(now).time_since_epoch().count());
  X509_VERIFY_PARAM_set_auth_level(rules, security_level);
  return X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
         X509_STORE_CTX_set_purpose(context, X509_PURPOSE_ANY) == 1 &&
         X509_verify_cert(context) == 1;
}

Certificate parse(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  return Certificate(d2i_X509(nullptr, &at, static_cast<long>(bytes.size())));
}

// An authority that the record means stands behind the chain, wherever it was sent.
bool has_anchor(const TlsaRecord& record, STACK_OF(X509) * chain, WallTime now) {
  for (int i = 1; i < sk_X509_num(chain); ++i)
    if (X509* one = sk_X509_value(chain, i); matches(record, one) && leads_to(chain, one, now))
      return true;
  if (record.usage != dane_ta || record.selector != whole_certificate ||
      record.matching != as_it_is)
    return false;
  const Certificate anchor = parse(record.data);
  if (anchor && X509_cmp(anchor.get(), sk_X509_value(chain, 0)) == 0) return false;
  return anchor && leads_to(chain, anchor.get(), now);
}

bool has_name(const DaneCase& the_case) {
  const auto identity = read_peer_identity(the_case.chain_pem);
  return identity && std::ranges::any_of(the_case.names, [&](const std::string& name) {
           return identity->is_for(name);
         });
}

bool confirms(const TlsaRecord& record, STACK_OF(X509) * chain, const DaneCase& the_case) {
  const X509* own = sk_X509_value(chain, 0);
  switch (record.usage) {
    case dane_ee:
      return matches(record, own);  // RFC 7671 section 5.1: neither names nor dates count
    case dane_ta:
      return has_anchor(record, chain, the_case.now) && has_name(the_case);
    case pkix_ee:
      return the_case.problem.empty() && matches(record, own) && has_name(the_case);
    case pkix_ta:
      return the_case.problem.empty() && has_anchor(record, chain, the_case.now) &&
             has_name(the_case);
  }
  return false;
}

}  // namespace

DaneVerdict judge_by_dane(const DaneCase& the_case) {
  if (std::ranges::none_of(the_case.records, is_usable)) return DaneVerdict::says_nothing;
  const auto chain = read_chain(the_case.chain_pem);
  if (!chain || sk_X509_num(chain->get()) > static_cast<int>(bounds::peer_chain))
    return DaneVerdict::contradicts;
  std::size_t looked_at = 0;
  for (const TlsaRecord& record : the_case.records) {
    if (!is_usable(record) || ++looked_at > bounds::dns_records) continue;
    const bool is_confirmed = confirms(record, chain->get(), the_case);
    ERR_clear_error();
    if (is_confirmed) return DaneVerdict::confirms;
  }
  return DaneVerdict::contradicts;
}

}  // namespace herold::crypto
