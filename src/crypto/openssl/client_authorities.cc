// Checks certificates of clients by OpenSSL 3, and reads the addresses in them.
#include "crypto/client_authorities.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "crypto/openssl/openssl_handles.h"
#include "crypto/openssl/pem.h"

namespace herold::crypto {
namespace {

constexpr int security_level = 2;  // as TLS has it: no SHA-1, no RSA below 2,048 bits

using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

// An authority that issues no revocation lists revokes nothing; the list of one that does must be
// of today.
int judge(int is_good, X509_STORE_CTX* context) {
  return is_good || X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL;
}

class OpensslAuthorities final : public ClientAuthorities {
 public:
  explicit OpensslAuthorities(Store store) : store_(std::move(store)) {}

  Result<> vouch(std::string_view chain_pem, WallTime now) const override {
    const Chain chain = TRY(read_chain(chain_pem));
    const Verification verification(X509_STORE_CTX_new());
    X509_STORE_CTX* context = verification.get();
    if (!context ||
        X509_STORE_CTX_init(context, store_.get(), sk_X509_value(chain.get(), 0), chain.get()) != 1)
      return library_error("certificate");
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
    const std::time_t seconds = std::chrono::floor<Seconds>(now).time_since_epoch().count();
    X509_VERIFY_PARAM_set_time(rules, seconds);
    X509_VERIFY_PARAM_set_auth_level(rules, security_level);
    // An authority below a root that is not in the file is meant as much as a root.
    constexpr unsigned long flags =
        X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    if (X509_VERIFY_PARAM_set_flags(rules, flags) != 1 ||
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) != 1)
      return library_error("certificate");
    X509_STORE_CTX_set_verify_cb(context, judge);
    const bool is_good = X509_verify_cert(context) == 1;
    const int problem = X509_STORE_CTX_get_error(context);
    ERR_clear_error();
    if (is_good) return {};
    return fail(Fault::refused, X509_verify_cert_error_string(problem));
  }

 private:
  Store store_;  // counts its users by itself, under a lock
};

}  // namespace

Result<std::unique_ptr<ClientAuthorities>> parse_client_authorities(std::string_view pem) {
  const PemItems all = TRY(read_items(pem));
  Store store(X509_STORE_new());
  if (!store) return library_error("authorities");
  int authorities = 0;
  for (int i = 0; i < sk_X509_INFO_num(all.get()); ++i) {
    const X509_INFO& item = *sk_X509_INFO_value(all.get(), i);
    if (item.x509 && X509_STORE_add_cert(store.get(), item.x509) != 1)
      return library_error("authorities");
    if (item.crl && X509_STORE_add_crl(store.get(), item.crl) != 1)
      return library_error("revocation list");
    if (item.x509) ++authorities;
  }
  if (authorities == 0) return fail(Fault::invalid, "authorities: there is none");
  return std::make_unique<OpensslAuthorities>(std::move(store));
}

Result<std::vector<std::string>> xmpp_addresses(std::string_view pem) {
  const Chain chain = TRY(read_chain(pem));
  const Object wanted(OBJ_txt2obj("1.3.6.1.5.5.7.8.5", 1));
  if (!wanted) return library_error("certificate");
  // Nothing as well where the extension stands there twice or cannot be parsed.
  const Names all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(sk_X509_value(chain.get(), 0), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_OTHERNAME || found.size() == bounds::certificate_addresses) continue;
    const OTHERNAME& other = *name->d.otherName;
    if (OBJ_cmp(other.type_id, wanted.get()) != 0) continue;
    if (ASN1_TYPE_get(other.value) != V_ASN1_UTF8STRING) continue;
    const ASN1_UTF8STRING* text = other.value->value.utf8string;
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  ERR_clear_error();
  return found;
}

}  // namespace herold::crypto
