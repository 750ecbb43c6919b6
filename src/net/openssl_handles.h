// Owners of what OpenSSL has for TLS. Internal to net.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "crypto/openssl/openssl_handles.h"

namespace herold::net {

using SslHandle = std::unique_ptr<SSL, crypto::Free<SSL_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, crypto::Free<SSL_CTX_free>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, crypto::Free<BIO_meth_free>>;

}  // namespace herold::net
