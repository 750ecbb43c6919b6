// For tests: OpenSSL itself as the other side of a connection, and certificates for both.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/authority.h"
#include "net/openssl_handles.h"
#include "net/test_peer.h"
#include "net/tls.h"

namespace herold::net {

// One authority for all tests: making keys takes time.
struct Certificates {
  SystemClock clock;
  SeededRandom random{3};
  crypto::CertifiedKey authority = *crypto::make_authority("test", clock.wall(), random);
  TlsCertificate issue(std::vector<std::string> names) {
    const auto made = *crypto::issue(authority, names, clock.wall(), random);
    return {.names = {}, .chain_pem = made.chain_pem, .key_pem = made.key_pem};
  }
};

inline Certificates& shared_certificates() {
  static Certificates certificates;
  return certificates;
}

// Speaks TLS by OpenSSL's rules through a TestPeer that is plain itself.
class OpensslPeer {
 public:
  OpensslPeer(TestPeer& wire, SSL_CTX& context, bool is_server)
      : wire_(wire), ssl_(SSL_new(&context)) {
    is_server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
    out_ = BIO_new(BIO_s_mem());
    in_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    wire_.on_bytes = [this] { go_on(); };
    go_on();
  }

  SSL* ssl() { return ssl_.get(); }
  void write(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
    send();
  }
  void send_key_update(int type) {
    EXPECT_EQ(SSL_key_update(ssl_.get(), type), 1);
    EXPECT_EQ(SSL_do_handshake(ssl_.get()), 1);
    send();
  }
  void close() {
    SSL_shutdown(ssl_.get());
    send();
  }
  // What would be sent.
  std::string take_output() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void send() {
    if (!held) wire_.send(take_output());
  }

  std::string received, error;
  bool held = false;  // nothing leaves
  std::function<void()> on_secured, on_change;

 private:
  void go_on() {
    BIO_write(in_, wire_.received.data(), static_cast<int>(wire_.received.size()));
    wire_.received.clear();
    ERR_clear_error();
    if (SSL_in_init(ssl_.get()) && SSL_do_handshake(ssl_.get()) == 1 && on_secured) on_secured();
    char buffer[20000];
    for (std::size_t got = 0; SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &got) == 1;)
      received.append(buffer, got);
    if (ERR_peek_error() != 0) error = crypto::take_library_error();
    send();
    if (on_change) on_change();
  }

  TestPeer& wire_;
  SslHandle ssl_;
  BIO* in_;  // both belong to ssl_
  BIO* out_;
};

}  // namespace herold::net
