// TLS on loopback: handshakes that succeed and that must not, names, bindings, moves, memory.
#include "net/tls.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/random.h"
#include "crypto/authority.h"
#include "crypto/openssl/test_certificates.h"
#include "crypto/peer_identity.h"
#include "net/loopback_test.h"
#include "net/openssl_peer.h"
#include "net/tls_context.h"

namespace herold::net {
namespace {

class TlsTest : public LoopbackTest {
 protected:
  TlsTest() {
    client_settings_.roots_pem = certificates_.authority.chain_pem;
    server_settings_.protocols = {"xmpp-client"};
  }
  ~TlsTest() override { forget_contexts(); }
  void forget_contexts() {
    client_.reset();
    server_.reset();
    server_context_.reset();
    client_context_.reset();
  }
  void make_contexts() {
    forget_contexts();
    server_context_ = *TlsServerContext::make(server_settings_, server_certificates_);
    client_context_ = *TlsClientContext::make(client_settings_);
  }
  void accept(std::unique_ptr<Transport> accepted) override {
    LoopbackTest::accept(std::move(accepted));
    if (server_context_) server_->transport().start_tls(*server_context_);
  }
  // Connects with TLS from the first byte and runs until both ends are secured or one has ended.
  void secure_pair(std::string_view name = "xmpp.test") {
    if (!server_context_) make_contexts();
    server_.reset();
    client_ = std::make_unique<TestPeer>(*loop_, *connect(listener_->address(), limits_));
    client_->transport().start_tls(*client_context_, name);
    run_until([this] { return server_ != nullptr; });
    run_until_secured();
  }
  void run_until_secured() {
    client_->on_secure = server_->on_secure = [this] { loop_->stop(); };
    client_->on_end = server_->on_end = [this] { loop_->stop(); };
    run_until([this] {
      return (client_->secured && server_->secured) || (client_->ended && server_->ended);
    });
    client_->on_end = server_->on_end = nullptr;
  }
  // Connects without TLS on the client's side, sends `bytes` and runs until the server ended it.
  void send_raw(std::string_view bytes) {
    make_contexts();
    pair();
    client_->send(bytes);
    run_until_end(*server_);
    server_->close();
    run_until_end(*client_);
  }
  void expect_failure(std::string_view client_detail, std::string_view server_detail) {
    EXPECT_EQ(client_->ended, Ending::tls_failed);
    EXPECT_EQ(client_->detail, client_detail);
    EXPECT_EQ(server_->ended, Ending::tls_failed);
    EXPECT_EQ(server_->detail, server_detail);
    EXPECT_FALSE(server_->transport().secured());
  }

  Certificates& certificates_ = shared_certificates();
  TlsServerSettings server_settings_;
  std::vector<TlsCertificate> server_certificates_ = {certificates_.issue({"xmpp.test"})};
  TlsClientSettings client_settings_;
  std::unique_ptr<TlsServerContext> server_context_;
  std::unique_ptr<TlsClientContext> client_context_;
};

std::string shown_names(TestPeer& client) {
  const auto shown = client.transport().peer_certificate();
  const auto names = crypto::names(shown ? shown->chain_pem : "");
  return names && !names->empty() ? names->front() : "none";
}

TEST_F(TlsTest, SecuresAndEchoes) {
  client_settings_.protocols = {"xmpp-server", "xmpp-client"};
  secure_pair();
  ASSERT_TRUE(client_->transport().secured());
  client_->send("hello");
  run_until_received(*server_, 5);
  server_->send(server_->received);
  run_until_received(*client_, 5);
  EXPECT_EQ(client_->received, "hello");
  EXPECT_EQ(server_->transport().tls_server_name(), "xmpp.test");
  EXPECT_EQ(server_->transport().tls_description(), "TLSv1.3 TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(server_->transport().tls_protocol(), "xmpp-client");
  EXPECT_EQ(client_->transport().tls_protocol(), "xmpp-client");
  EXPECT_EQ(server_->secured, 1);
}

TEST_F(TlsTest, StartsOnAPlainStream) {
  pair();
  server_context_ = *TlsServerContext::make(server_settings_, server_certificates_);
  client_context_ = *TlsClientContext::make(client_settings_);
  std::string plain;
  server_->on_bytes = [&] {
    plain = std::exchange(server_->received, "");
    server_->send("<proceed/>");
    server_->transport().start_tls(*server_context_);
  };
  client_->on_bytes = [&] {
    client_->received.clear();
    client_->transport().start_tls(*client_context_, "xmpp.test");
  };
  client_->send("<starttls/>");
  run_until_secured();
  EXPECT_EQ(plain, "<starttls/>");
  ASSERT_TRUE(server_->transport().secured());
  client_->on_bytes = server_->on_bytes = nullptr;
  client_->send("inside");
  run_until_received(*server_, 6);
  EXPECT_EQ(server_->received, "inside");
}

TEST_F(TlsTest, WhatIsWrittenBeforeTheHandshakeFollowsIt) {
  make_contexts();
  client_ = std::make_unique<TestPeer>(*loop_, *connect(listener_->address(), limits_));
  client_->transport().start_tls(*client_context_, "xmpp.test");
  client_->send("early");
  loop_->run();
  run_until_received(*server_, 5);
  EXPECT_EQ(server_->received, "early");
}

TEST_F(TlsTest, TellsCloseNotifyAndACutApart) {
  secure_pair();
  client_->send("bye");
  client_->transport().shutdown();
  run_until_end(*server_);
  EXPECT_EQ(server_->received, "bye");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  EXPECT_EQ(server_->detail, "close_notify");
  server_->send("and you");  // TLS 1.3 closes each direction on its own
  server_->transport().shutdown();
  run_until_end(*client_);
  EXPECT_EQ(client_->received, "and you");

  secure_pair();
  client_->send("cut");
  client_->close();
  run_until_end(*server_);
  EXPECT_EQ(server_->received, "cut");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  EXPECT_EQ(server_->detail, "");
}

TEST_F(TlsTest, LargeTransfersBothWaysWithShortWrites) {
  secure_pair();
  const std::string text = numbered_bytes(6 << 20);
  client_->send(text);
  server_->send(text);
  EXPECT_GT(client_->unsent(), 0u);
  server_->read_size = 100;  // smaller than a record: the rest waits inside OpenSSL
  run_until_received(*server_, text.size());
  run_until_received(*client_, text.size());
  EXPECT_TRUE(server_->received == text);
  EXPECT_TRUE(client_->received == text);
}

TEST_F(TlsTest, MovesBetweenLoopsUnderLoadWithoutLosingAByte) {
  secure_pair();
  move_under_load(12 << 20, 10);
}

// A handler that reads 5 bytes and moves while the rest of the record is inside OpenSSL.
TEST_F(TlsTest, BytesInsideOpenSslMoveToo) {
  struct Sipping final : Transport::Handler {
    Transport* transport = nullptr;
    Loop* loop = nullptr;
    std::string received;
    void on_readable() override {
      char five[5];
      received.append(five, transport->read(five));
      transport->detach();
      loop->post([this] {
        if (received.size() == 23) return loop->stop();
        transport->attach(*loop, *this);
      });
    }
    void on_writable() override {}
    void on_secured() override {}
    void on_ended(Ending, std::string_view) override { loop->stop(); }
  } sipping;
  secure_pair();
  sipping.transport = &server_->transport();
  sipping.loop = loop_.get();
  server_->transport().detach();
  client_->send("one record of 23 bytes.");
  server_->transport().attach(*loop_, sipping);
  loop_->run();
  EXPECT_EQ(sipping.received, "one record of 23 bytes.");
}

TEST_F(TlsTest, ChoosesTheCertificateByName) {
  server_certificates_ = {certificates_.issue({"first.test"}),
                          certificates_.issue({"*.second.test"}),
                          certificates_.issue({"exact.second.test"})};
  server_certificates_.back().names = {"EXACT.second.test"};
  make_contexts();
  for (const auto& [asked, shown] : {std::pair{"first.test", "first.test"},
                                     {"chat.second.test", "*.second.test"},
                                     {"exact.second.test", "exact.second.test"},
                                     {"Chat.Second.TEST", "*.second.test"}}) {
    secure_pair(asked);
    EXPECT_TRUE(client_->secured) << asked << ": " << client_->detail;
    EXPECT_EQ(shown_names(*client_), shown);
  }
  // One label only, and not the bare name.
  for (const char* asked : {"a.b.second.test", "second.test", "unknown.test"}) {
    secure_pair(asked);
    EXPECT_EQ(client_->detail, "certificate verify failed: hostname mismatch") << asked;
  }
}

TEST_F(TlsTest, RefusesUnknownNamesWhereToldTo) {
  server_settings_.unknown_name = UnknownName::is_refused;
  secure_pair("unknown.test");
  expect_failure("tlsv1 unrecognized name", "callback failed");
  secure_pair("xmpp.test");
  EXPECT_TRUE(client_->secured);
}

TEST_F(TlsTest, IpLiteralsAreCheckedAndNotSentAsName) {
  server_certificates_ = {certificates_.issue({"127.0.0.1", "::1"})};
  for (const char* name : {"127.0.0.1", "::1"}) {
    secure_pair(name);
    EXPECT_TRUE(client_->secured) << client_->detail;
    EXPECT_EQ(server_->transport().tls_server_name(), "");
  }
  secure_pair("127.0.0.2");
  EXPECT_EQ(client_->detail, "certificate verify failed: IP address mismatch");
}

TEST_F(TlsTest, ReloadsWhileConnectionsLive) {
  secure_pair();
  const std::string before = client_->transport().peer_certificate()->chain_pem;
  auto old_client = std::move(client_);
  auto old_server = std::move(server_);
  ASSERT_TRUE(server_context_->reload({certificates_.issue({"xmpp.test"})}));
  secure_pair();
  EXPECT_NE(client_->transport().peer_certificate()->chain_pem, before);
  old_client->send("still here");
  run_until_received(*old_server, 10);
  EXPECT_EQ(old_server->received, "still here");

  // A bad set changes nothing.
  TlsCertificate bad = certificates_.issue({"xmpp.test"});
  bad.key_pem = certificates_.issue({"other.test"}).key_pem;
  const auto result = server_context_->reload({bad});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "certificate and key: private key mismatch");
  EXPECT_FALSE(server_context_->reload({}));
  secure_pair();
  EXPECT_TRUE(client_->secured);
}

TEST_F(TlsTest, BadPemIsAnErrorThatSaysWhat) {
  const TlsCertificate good = server_certificates_.front();
  const auto text = [&](std::string chain, std::string key) {
    const auto made = TlsServerContext::make({}, {{{}, std::move(chain), std::move(key)}});
    return made ? "" : made.error().text;
  };
  EXPECT_EQ(text(good.chain_pem, good.key_pem), "");
  EXPECT_EQ(text("", good.key_pem), "certificate: there is none");
  EXPECT_EQ(text(good.chain_pem, "x"), "key: unsupported");
  EXPECT_NE(text(good.chain_pem.substr(0, 300), good.key_pem), "");
  EXPECT_FALSE(read_certificate("/nonexistent/chain.pem", "/nonexistent/key.pem"));
  server_settings_.protocols = {std::string(256, 'x')};
  EXPECT_FALSE(TlsServerContext::make(server_settings_, {good}));
}

// HOSTILE.md 33.
TEST_F(TlsTest, RefusesAWrongProtocol) {
  client_settings_.protocols = {"h2", "xmpp-server"};
  secure_pair();
  expect_failure("tlsv1 alert no application protocol", "no application protocol");
}

std::string client_hello(int version) {
  const SslContextHandle context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_cipher_list(context.get(), "ALL");
  const SslHandle ssl(SSL_new(context.get()));
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

TEST_F(TlsTest, RefusesOldVersions) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    send_raw(client_hello(version));
    EXPECT_EQ(server_->ended, Ending::tls_failed);
    EXPECT_EQ(server_->detail, "unsupported protocol");
    // A fatal alert, protocol_version (RFC 8446 section 6.2).
    ASSERT_EQ(client_->received.size(), 7u);
    EXPECT_EQ(hex_encode(client_->received.substr(0, 1)), "15");
    EXPECT_EQ(hex_encode(client_->received.substr(5)), "0246");
  }
}

TEST_F(TlsTest, RefusesGarbageInsteadOfAHandshake) {
  const std::string hello = client_hello(TLS1_3_VERSION);
  std::string flipped = hello;
  flipped[5] = 2;  // a ServerHello from a client
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\nHost: xmpp.test\r\n\r\n"),
        std::string("<?xml version='1.0'?><stream:stream>"), std::string(100, '\0'),
        std::string("\x16\x03\x01\xff\xff", 5), std::string(20000, '\x16'), flipped}) {
    send_raw(garbage);
    EXPECT_EQ(server_->ended, Ending::tls_failed) << hex_encode(garbage.substr(0, 8));
    EXPECT_NE(server_->detail, "no reason given");
    EXPECT_EQ(server_->secured, 0);
  }
}

TEST_F(TlsTest, APeerThatLeavesDuringTheHandshakeIsAFailedHandshake) {
  make_contexts();
  pair();
  client_->send(client_hello(TLS1_3_VERSION).substr(0, 50));
  client_->close();
  run_until_end(*server_);
  EXPECT_EQ(server_->ended, Ending::tls_failed);
  EXPECT_EQ(server_->detail, "closed by the peer");
}

TEST_F(TlsTest, AStalledHandshakeIsLeftToTheOwnersTimer) {
  make_contexts();
  pair();
  client_->send(client_hello(TLS1_3_VERSION).substr(0, 50));
  Timer timer;
  timer.start(*loop_, Milliseconds(5), [&] {
    EXPECT_FALSE(server_->ended);
    server_.reset();
  });
  run_until_end(*client_);
  EXPECT_NE(client_->ended, std::nullopt);
}

TEST_F(TlsTest, AClientRefusesAnotherNameAndAnotherAuthority) {
  secure_pair("other.test");
  EXPECT_EQ(client_->ended, Ending::tls_failed);
  EXPECT_EQ(client_->detail, "certificate verify failed: hostname mismatch");

  Certificates others;
  forget_contexts();
  client_settings_.roots_pem = others.authority.chain_pem;
  secure_pair();
  EXPECT_EQ(client_->ended, Ending::tls_failed);
  EXPECT_EQ(client_->secured, 0);

  forget_contexts();
  client_settings_.check = ServerCheck::none;
  secure_pair("other.test");
  EXPECT_TRUE(client_->secured);
}

TEST_F(TlsTest, AClientWithoutANameFails) {
  secure_pair("");
  EXPECT_EQ(client_->ended, Ending::tls_failed);
}

TEST_F(TlsTest, BothEndsAgreeOnChannelBindings) {
  secure_pair();
  for (const char* type : {"tls-exporter", "tls-server-end-point"}) {
    const auto ours = server_->transport().channel_binding(type);
    ASSERT_TRUE(ours);
    EXPECT_EQ(ours->size(), 32u);
    EXPECT_EQ(client_->transport().channel_binding(type), ours);
  }
  // For clients that know nothing newer, over TLS 1.3 as well.
  const auto unique = server_->transport().channel_binding("tls-unique");
  ASSERT_TRUE(unique);
  EXPECT_EQ(client_->transport().channel_binding("tls-unique"), unique);
  EXPECT_EQ(server_->transport().channel_binding("tls-secret"), std::nullopt);
  const auto first = server_->transport().channel_binding("tls-exporter");
  const auto certificate = server_->transport().channel_binding("tls-server-end-point");
  secure_pair();
  EXPECT_NE(server_->transport().channel_binding("tls-exporter"), first);
  EXPECT_EQ(server_->transport().channel_binding("tls-server-end-point"), certificate);
}

TEST_F(TlsTest, ShowsAClientsCertificateAndWhatItIsWorth) {
  secure_pair();
  EXPECT_FALSE(server_->transport().peer_certificate());

  server_settings_.client_certificate = ClientCertificate::requested;
  server_settings_.client_roots_pem = certificates_.authority.chain_pem;
  forget_contexts();
  secure_pair();  // a client that has none is served all the same
  EXPECT_TRUE(server_->secured);
  EXPECT_FALSE(server_->transport().peer_certificate());

  const TlsCertificate own = certificates_.issue({"client.test"});
  client_settings_.chain_pem = own.chain_pem;
  client_settings_.key_pem = own.key_pem;
  forget_contexts();
  secure_pair();
  const auto shown = server_->transport().peer_certificate();
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->chain_pem, own.chain_pem);
  EXPECT_EQ(shown->problem, "");

  server_context_->ask_clients(ClientCertificate::ignored);
  secure_pair();
  EXPECT_TRUE(server_->secured);
  EXPECT_FALSE(server_->transport().peer_certificate());
  server_context_->ask_clients(ClientCertificate::requested);
  secure_pair();
  EXPECT_TRUE(server_->transport().peer_certificate());

  Certificates others;
  const TlsCertificate foreign = others.issue({"client.test"});
  client_settings_.chain_pem = foreign.chain_pem;
  client_settings_.key_pem = foreign.key_pem;
  forget_contexts();
  secure_pair();
  ASSERT_TRUE(server_->transport().peer_certificate());
  EXPECT_NE(server_->transport().peer_certificate()->problem, "");
}

// What two servers do: both show a certificate, neither ends the handshake for what it is shown.
class TlsPeersTest : public TlsTest {
 protected:
  TlsPeersTest() {
    server_settings_.protocols = {"xmpp-server"};
    server_settings_.client_certificate = ClientCertificate::requested;
    server_settings_.client_roots_pem = certificates_.authority.chain_pem;
    client_settings_.protocols = {"xmpp-server"};
    client_settings_.check = ServerCheck::reported;
    show_here({.others = {}, .domains = {"here.test"}, .usage = "serverAuth"});
    show_there({.others = {}, .domains = {"xmpp.test"}, .usage = "serverAuth"});
  }
  crypto::CertifiedKey issue(const crypto::TestCertificate& wanted, Seconds ago = Seconds(0)) {
    return crypto::issue_with_key(certificates_.authority, wanted,
                                  certificates_.clock.wall() - ago);
  }
  void show_here(const crypto::TestCertificate& wanted, Seconds ago = Seconds(0)) {
    const crypto::CertifiedKey own = issue(wanted, ago);
    client_settings_.chain_pem = own.chain_pem;
    client_settings_.key_pem = own.key_pem;
  }
  void show_there(const crypto::TestCertificate& wanted, Seconds ago = Seconds(0)) {
    const crypto::CertifiedKey own = issue(wanted, ago);
    server_certificates_ = {{.names = {}, .chain_pem = own.chain_pem, .key_pem = own.key_pem}};
  }
  // What each says of the other.
  std::string problems() {
    forget_contexts();
    secure_pair();
    if (!client_->secured || !server_->secured) return "no handshake";
    const auto of_client = server_->transport().peer_certificate();
    const auto of_server = client_->transport().peer_certificate();
    return (of_client ? of_client->problem : "none") + "|" +
           (of_server ? of_server->problem : "none");
  }
};

TEST_F(TlsPeersTest, CertificatesThatAreForServersServeInBothRoles) {
  EXPECT_EQ(problems(), "|");
  EXPECT_EQ(client_->transport().tls_protocol(), "xmpp-server");
  EXPECT_EQ(server_->transport().tls_server_name(), "xmpp.test");
  const auto of_client = server_->transport().peer_certificate();
  EXPECT_TRUE(crypto::read_peer_identity(of_client->chain_pem)->is_for("here.test"));
  EXPECT_EQ(shown_names(*client_), "xmpp.test");
  // The authority was not sent, but it is known what it is.
  EXPECT_TRUE(of_client->chain_pem.ends_with(certificates_.authority.chain_pem));
  show_here({.others = {}, .domains = {"here.test"}, .usage = "clientAuth"});
  show_there({.others = {}, .domains = {"xmpp.test"}, .usage = "clientAuth"});
  EXPECT_EQ(problems(), "|");
}

TEST_F(TlsPeersTest, WhatIsWrongIsReportedAndEndsNothing) {
  show_here({.others = {}, .domains = {"here.test"}, .usage = "serverAuth"}, Seconds(3 * 86400));
  EXPECT_EQ(problems(), "certificate has expired|");
  show_there({.others = {}, .domains = {"xmpp.test"}}, Seconds(3 * 86400));
  EXPECT_EQ(problems(), "certificate has expired|certificate has expired");
  const TlsCertificate foreign = Certificates().issue({"xmpp.test"});
  server_certificates_ = {foreign};
  show_here({.others = {}, .domains = {"here.test"}});
  EXPECT_TRUE(problems().starts_with("|self-signed certificate"));
  EXPECT_EQ(client_->transport().peer_certificate()->chain_pem, foreign.chain_pem);
}

TEST_F(TlsPeersTest, NamesAreNotTheirBusiness) {
  show_there({.others = {}, .domains = {"other.test"}, .usage = "serverAuth"});
  EXPECT_EQ(problems(), "|");
}

TEST_F(TlsPeersTest, WhoShowsNothingIsServed) {
  client_settings_.chain_pem.clear();
  EXPECT_EQ(problems(), "none|");
}

TEST_F(TlsPeersTest, TheSystemsAuthoritiesMayStandBesideOurs) {
  client_settings_.roots = server_settings_.client_roots = Roots::given_and_system;
  EXPECT_EQ(problems(), "|");
}

}  // namespace
}  // namespace herold::net
