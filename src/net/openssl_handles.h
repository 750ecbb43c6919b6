// Owners of OpenSSL's objects, and its error queue as text. Internal to net.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace herold::net {

template <auto free_object>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    free_object(object);
  }
};

using SslHandle = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, FreeWith<BIO_meth_free>>;
using CertificateHandle = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

struct FreeCertificates {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using ChainHandle = std::unique_ptr<STACK_OF(X509), FreeCertificates>;

// The reason of the first error in this thread's queue, which is emptied.
std::string take_openssl_error();

}  // namespace herold::net
