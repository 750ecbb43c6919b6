// Owners of OpenSSL's objects, and its error queue as an error. Internal to crypto/openssl.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
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
struct FreeNames {
  void operator()(GENERAL_NAMES* all) const { GENERAL_NAMES_free(all); }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreeNames>;
using Object = std::unique_ptr<ASN1_OBJECT, Free<ASN1_OBJECT_free>>;

// The reason of the first error in this thread's queue, which is emptied.
inline std::unexpected<Error> library_error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return fail(Fault::invalid, std::string(what) + ": " + (reason ? reason : "no reason given"));
}

}  // namespace herold::crypto
