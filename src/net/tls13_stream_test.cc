// Our record layer on real sockets with OpenSSL at the other end: suites, new keys, what follows
// the handshake in the same flight, short writes, memory.
#include "net/tls13_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "crypto/openssl/pem.h"
#include "net/loopback_test.h"
#include "net/openssl_peer.h"
#include "net/tls.h"

namespace herold::net {
namespace {

class Tls13StreamTest : public LoopbackTest {
 protected:
  Tls13StreamTest() {
    limits_.tls_key_records = 16;
    loop_ = *EpollLoop::open(clock_, limits_);
  }
  ~Tls13StreamTest() override { forget(); }
  void forget() {
    peer_.reset();
    client_.reset();
    server_.reset();
  }
  void accept(std::unique_ptr<Transport> accepted) override {
    LoopbackTest::accept(std::move(accepted));
    if (server_is_ours_) server_->transport().start_tls(*server_context_);
  }
  void stop_on_change() {
    const auto stop = [this] { loop_->stop(); };
    peer_->on_change = stop;
    for (TestPeer* end : {client_.get(), server_.get()}) end->on_secure = end->on_end = stop;
    if (server_is_ours_)
      server_->on_bytes = stop;
    else
      client_->on_bytes = stop;
  }
  // An OpenSSL client of our server.
  void openssl_client(const char* suite, int version = TLS1_3_VERSION) {
    forget();
    server_context_ = *TlsServerContext::make({}, {shared_certificates().issue({"xmpp.test"})});
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_ciphersuites(context_.get(), suite);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    server_is_ours_ = true;
    pair();
    peer_ = std::make_unique<OpensslPeer>(*client_, *context_, false);
    stop_on_change();
  }
  // An OpenSSL server of our client; it sends tickets.
  void openssl_server(const char* suite) {
    forget();
    TlsClientSettings settings;
    settings.check = ServerCheck::none;
    client_context_ = *TlsClientContext::make(settings);
    const TlsCertificate own = shared_certificates().issue({"xmpp.test"});
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_ciphersuites(context_.get(), suite);
    const crypto::Certificate certificate = *crypto::read_certificate(own.chain_pem);
    const crypto::Key private_key = *crypto::read_key(own.key_pem);
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), private_key.get());
    server_is_ours_ = false;
    pair();
    peer_ = std::make_unique<OpensslPeer>(*server_, *context_, true);
    stop_on_change();
    client_->transport().start_tls(*client_context_, "xmpp.test");
  }
  TestPeer& ours() { return server_is_ours_ ? *server_ : *client_; }
  void run_until_both_received(std::string_view text) {
    run_until([&] {
      return (ours().received.size() >= text.size() && peer_->received.size() >= text.size()) ||
             ours().ended;
    });
    EXPECT_TRUE(ours().received == text);
    EXPECT_TRUE(peer_->received == text);
    EXPECT_EQ(ours().detail, "");
    ours().received.clear();
    peer_->received.clear();
  }
  void run_until_secured() {
    run_until([this] {
      return (ours().secured && SSL_is_init_finished(peer_->ssl()) == 1) || ours().ended;
    });
    ASSERT_TRUE(ours().secured);
  }

  std::unique_ptr<TlsServerContext> server_context_;
  std::unique_ptr<TlsClientContext> client_context_;
  SslContextHandle context_;
  std::unique_ptr<OpensslPeer> peer_;
  bool server_is_ours_ = true;
};

constexpr const char* every_suite[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                       "TLS_CHACHA20_POLY1305_SHA256"};

// More than 16 records each way, so that our side takes new keys on its own as well.
TEST_F(Tls13StreamTest, SpeaksEverySuiteAsServerAndAsClient) {
  const std::string text = numbered_bytes(1 << 20);
  for (const char* suite : every_suite)
    for (const bool as_server : {true, false}) {
      as_server ? openssl_client(suite) : openssl_server(suite);
      run_until_secured();
      EXPECT_EQ(ours().transport().tls_description(), std::string("TLSv1.3 ") + suite);
      peer_->write(text);
      ours().send(text);
      run_until_both_received(text);
    }
}

TEST_F(Tls13StreamTest, NewKeysInBothDirections) {
  for (const char* suite : every_suite)
    for (const bool as_server : {true, false}) {
      as_server ? openssl_client(suite) : openssl_server(suite);
      run_until_secured();
      for (const int type :
           {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
        peer_->send_key_update(type);
        peer_->write("after");
        ours().send("after");
        run_until_both_received("after");
      }
    }
}

TEST_F(Tls13StreamTest, WhatFollowsTheHandshakeInTheSameFlightIsNotLost) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION})
    for (const std::size_t size : {1ul, 3000ul, 100000ul}) {
      openssl_client("TLS_AES_128_GCM_SHA256", version);
      const std::string text = numbered_bytes(size);
      // The client's last flight leaves in one piece with its data, for TLS 1.2 as soon as it may.
      peer_->on_secured = [&] { peer_->write(text); };
      run_until([&] { return server_->received.size() >= size || server_->ended; });
      EXPECT_EQ(server_->received, text);
      EXPECT_EQ(server_->transport().tls_description().substr(0, 7),
                version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    }
}

TEST_F(Tls13StreamTest, ASlowSenderIsServed) {
  openssl_client("TLS_AES_128_GCM_SHA256");
  run_until_secured();
  peer_->held = true;
  peer_->write("one byte after the other");
  std::string bytes = peer_->take_output();
  // Each byte goes when the one before it has been read.
  std::function<void()> next = [&] {
    if (bytes.empty()) return;
    client_->send(bytes.substr(0, 1));
    bytes.erase(0, 1);
    loop_->post([&] { next(); });
  };
  next();
  run_until([&] { return server_->received.size() == 24; });
  EXPECT_EQ(server_->received, "one byte after the other");
}

TEST_F(Tls13StreamTest, ClosesEachDirectionOnItsOwn) {
  openssl_client("TLS_AES_128_GCM_SHA256");
  run_until_secured();
  server_->send("last words");
  server_->transport().shutdown();
  run_until([&] { return SSL_get_shutdown(peer_->ssl()) == SSL_RECEIVED_SHUTDOWN; });
  EXPECT_EQ(peer_->received, "last words");
  peer_->write("mine too");
  peer_->close();
  run_until([&] { return server_->ended.has_value(); });
  EXPECT_EQ(server_->received, "mine too");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  EXPECT_EQ(server_->detail, "close_notify");
}

TEST_F(Tls13StreamTest, ABrokenRecordIsAnsweredWithAnAlert) {
  openssl_client("TLS_AES_128_GCM_SHA256");
  run_until_secured();
  peer_->held = true;
  peer_->write("text");
  std::string bytes = peer_->take_output();
  bytes.back() ^= 1;
  client_->send(bytes + std::string(5000, 'x'));  // what is not read must not take the alert away
  run_until([&] { return server_->ended.has_value(); });
  EXPECT_EQ(server_->ended, Ending::tls_failed);
  EXPECT_EQ(server_->detail, "bad record mac");
  EXPECT_EQ(server_->transport().write("x"), 0u);
  server_->close();
  run_until([&] { return !peer_->error.empty() || client_->ended; });
  EXPECT_EQ(peer_->error, "sslv3 alert bad record mac");
}

// The socket is full, so our answer waits and goes before what follows.
TEST_F(Tls13StreamTest, ShortWritesLoseNothingWhileKeysChange) {
  openssl_client("TLS_CHACHA20_POLY1305_SHA256");
  run_until_secured();
  client_->transport().set_reading(false);
  const std::string text = numbered_bytes(8 << 20);
  server_->send(text);
  ASSERT_GT(server_->unsent(), 0u);
  peer_->send_key_update(SSL_KEY_UPDATE_REQUESTED);
  peer_->write("ping");
  run_until([&] { return server_->received.size() == 4; });
  client_->transport().set_reading(true);
  server_->send("end");
  run_until([&] { return peer_->received.size() >= text.size() + 3 || !peer_->error.empty(); });
  EXPECT_TRUE(peer_->received == text + "end");
  EXPECT_EQ(peer_->error, "");
}

TEST_F(Tls13StreamTest, KeepsLittleOnceTheHandshakeIsForgotten) {
  openssl_client("TLS_AES_128_GCM_SHA256");
  run_until_secured();
  EXPECT_TRUE(server_->transport().channel_binding("tls-exporter"));
  const std::size_t before = ::mallinfo2().uordblks;
  server_->transport().forget_handshake();
  const std::size_t freed = before - ::mallinfo2().uordblks;
  if (before == 0) GTEST_SKIP() << "the sanitizer's allocator does not count";
  EXPECT_GT(freed, 8000u);
  EXPECT_EQ(server_->transport().channel_binding("tls-exporter"), std::nullopt);
  EXPECT_EQ(server_->transport().tls_server_name(), "");
  EXPECT_EQ(server_->transport().tls_protocol(), "");
  EXPECT_FALSE(server_->transport().peer_certificate());
  EXPECT_EQ(server_->transport().tls_description(), "TLSv1.3 TLS_AES_128_GCM_SHA256");

  const std::string text = numbered_bytes(100000);
  const std::size_t idle = ::mallinfo2().uordblks;
  server_->transport().forget_handshake();  // again: nothing
  EXPECT_EQ(::mallinfo2().uordblks, idle);
  peer_->write(text);
  server_->send(text);
  run_until_both_received(text);

  // TLS 1.2 needs OpenSSL to the end.
  openssl_client("TLS_AES_128_GCM_SHA256", TLS1_2_VERSION);
  run_until_secured();
  server_->transport().forget_handshake();
  peer_->write(text);
  server_->send(text);
  run_until_both_received(text);
}

TEST(Tls13Stream, IsSmall) {
  EXPECT_LE(sizeof(Tls13Records), 320u);
  EXPECT_LE(sizeof(Tls13Stream), 448u);
}

}  // namespace
}  // namespace herold::net
