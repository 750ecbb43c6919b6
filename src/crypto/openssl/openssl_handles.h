// Owners of OpenSSL's objects, and its error queue as text or as an error. For what is implemented
// by OpenSSL: crypto/openssl and net's TLS.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::crypto {

template <auto release>
struct Free {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
// What OpenSSL frees by macros, or in one go with what it holds.
struct FreeNames {
  void operator()(GENERAL_NAMES* all) const { GENERAL_NAMES_free(all); }
};
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
struct FreeItems {
  void operator()(STACK_OF(X509_INFO) * all) const { sk_X509_INFO_pop_free(all, X509_INFO_free); }
};

using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreeNames>;
using Object = std::unique_ptr<ASN1_OBJECT, Free<ASN1_OBJECT_free>>;
using Chain = std::unique_ptr<STACK_OF(X509), FreeChain>;
using PemItems = std::unique_ptr<STACK_OF(X509_INFO), FreeItems>;  // certificates, lists, keys

// The reason of the first error in this thread's queue, which is emptied.
inline std::string take_library_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  if (reason) return reason;
  char text[120];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

inline std::unexpected<Error> library_error(std::string_view what) {
  return fail(Fault::invalid, std::string(what) + ": " + take_library_error());
}

}  // namespace herold::crypto
