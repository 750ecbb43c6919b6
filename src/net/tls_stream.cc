// From OpenSSL's hands into ours.
#include "net/tls_stream.h"

namespace herold::net {

TlsStream::Progress TlsStream::handshake() {
  const Progress progress = openssl_->handshake();
  if (progress != Progress::done) return progress;
  secured_ = true;
  if (auto records = openssl_->take_records())
    records_.emplace(std::move(*records), socket_, openssl_->take_ahead());
  return progress;
}

std::string TlsStream::description() const {
  return records_ ? "TLSv1.3 " + std::string(name_of(records_->suite())) : openssl_->description();
}

}  // namespace herold::net
