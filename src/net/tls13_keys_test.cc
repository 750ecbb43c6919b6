// Keys and records against RFC 8448 section 3, and what must not open.
#include "net/tls13_keys.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/base64.h"

namespace herold::net {
namespace {

using Use = RecordCiphers::Use;

constexpr std::array every_suite{Tls13Suite::aes_128_gcm_sha256, Tls13Suite::aes_256_gcm_sha384,
                                 Tls13Suite::chacha20_poly1305_sha256};

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

TrafficSecret secret_of(std::string_view bytes) {
  TrafficSecret secret(bytes.size());
  std::copy_n(bytes.data(), bytes.size(), secret.data());
  return secret;
}

std::size_t hash_bytes(Tls13Suite suite) {
  return suite == Tls13Suite::aes_256_gcm_sha384 ? 48 : 32;
}

TrafficKeys keys(Tls13Suite suite) {
  return TrafficKeys(suite, secret_of(std::string(hash_bytes(suite), 's')));
}

struct End {
  TrafficKeys keys;
  RecordCiphers ciphers;

  std::string seal(std::string_view content, RecordType type = RecordType::application_data) {
    std::string record(content.size() + record_overhead_bytes, '\0');
    EXPECT_EQ(keys.seal(type, content, record, ciphers), record.size());
    return record;
  }
  // "TYPE CONTENT", or the alert.
  std::string open(std::string_view record) {
    std::string content(record.size(), '\0');
    const auto opened = keys.open(record, content.data(), ciphers);
    if (!opened) return "alert " + std::to_string(static_cast<int>(opened.error()));
    return std::to_string(static_cast<int>(opened->type)) + " " + content.substr(0, opened->size);
  }
};

constexpr std::string_view client_secret =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr std::string_view server_secret =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
constexpr std::string_view client_data =
    "17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab "
    "3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d "
    "ea e6 3a ee bb 21 69 49 15 e4";
constexpr std::string_view server_data =
    "17 03 03 00 43 2e 93 7e 11 ef 4a c7 40 e5 38 ad 36 00 5f c4 a4 69 32 fc 32 25 d0 5f 82 aa 1b "
    "36 e3 0e fa f9 7d 90 e6 df fc 60 2d cb 50 1a 59 a8 fc c4 9c 4b f2 e5 f0 a2 1c 00 47 c2 ab f3 "
    "32 54 0d d0 32 e1 67 c2 95 5d";
constexpr std::string_view client_alert =
    "17 03 03 00 13 c9 87 27 60 65 56 66 b7 4d 7f f1 15 3e fd 6d b6 d0 b0 e3";
constexpr std::string_view server_alert =
    "17 03 03 00 13 b5 8f d6 71 66 eb f5 99 d2 47 20 cf be 7e fa 7a 88 64 a9";

std::string fifty_bytes() {
  std::string bytes;
  for (char i = 0; i < 50; ++i) bytes += i;
  return bytes;
}

TEST(Tls13Keys, MakesAndOpensTheRecordsOfRfc8448) {
  const auto suite = Tls13Suite::aes_128_gcm_sha256;
  const std::string close("\x01\x00", 2);
  End sender{TrafficKeys(suite, secret_of(bytes_of(client_secret))), {}};
  EXPECT_EQ(hex_encode(sender.seal(fifty_bytes())), hex_encode(bytes_of(client_data)));
  EXPECT_EQ(hex_encode(sender.seal(close, RecordType::alert)), hex_encode(bytes_of(client_alert)));

  End receiver{TrafficKeys(suite, secret_of(bytes_of(client_secret))), {}};
  EXPECT_EQ(receiver.open(bytes_of(client_data)), "23 " + fifty_bytes());
  EXPECT_EQ(receiver.open(bytes_of(client_alert)), "21 " + close);

  // The server's first record was a ticket.
  End server{TrafficKeys(suite, secret_of(bytes_of(server_secret))), {}};
  server.seal("a ticket", RecordType::handshake);
  EXPECT_EQ(hex_encode(server.seal(fifty_bytes())), hex_encode(bytes_of(server_data)));
  EXPECT_EQ(hex_encode(server.seal(close, RecordType::alert)), hex_encode(bytes_of(server_alert)));
  EXPECT_EQ(server.keys.sequence(), 3u);
}

TEST(Tls13Keys, EverySuiteOpensWhatItSealed) {
  for (const Tls13Suite suite : every_suite) {
    End sender{keys(suite), {}}, receiver{keys(suite), {}};
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 1000u, 16384u}) {
      const std::string content(size, 'x');
      EXPECT_EQ(receiver.open(sender.seal(content)), "23 " + content) << name_of(suite);
    }
    sender.keys.update(sender.ciphers, Use::seal);
    EXPECT_EQ(sender.keys.sequence(), 0u);
    const std::string record = sender.seal("next");
    EXPECT_EQ(receiver.open(record), "alert 20");
    receiver.keys.update(receiver.ciphers, Use::open);
    EXPECT_EQ(receiver.open(record), "23 next");
  }
}

TEST(Tls13Keys, OneSetOfCiphersServesManyConnections) {
  RecordCiphers ciphers;
  std::vector<TrafficKeys> sealing, opening;
  for (const Tls13Suite suite : every_suite)
    for (const char c : {'a', 'b'})
      for (auto* ends : {&sealing, &opening})
        ends->emplace_back(suite, secret_of(std::string(hash_bytes(suite), c)));
  for (int round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < sealing.size(); ++i) {
      std::array<char, 100> record, content;
      const std::size_t size =
          sealing[i].seal(RecordType::application_data, "text", record, ciphers);
      const auto opened = opening[i].open({record.data(), size}, content.data(), ciphers);
      ASSERT_TRUE(opened);
      EXPECT_EQ(std::string_view(content.data(), opened->size), "text");
      // It may go at any time; the next record brings its key again.
      if (round == 1) opening[i].forget_in(ciphers, Use::open);
    }
}

TEST(Tls13Keys, OpensInItsOwnPlace) {
  End sender{keys(Tls13Suite::aes_128_gcm_sha256), {}}, receiver{keys(sender.keys.suite()), {}};
  std::string record = sender.seal("in place");
  const auto opened = receiver.keys.open(record, record.data() + 5, receiver.ciphers);
  ASSERT_TRUE(opened);
  EXPECT_EQ(record.substr(5, opened->size), "in place");
}

TEST(Tls13Keys, EveryByteOfARecordIsProtected) {
  for (const Tls13Suite suite : every_suite) {
    End sender{keys(suite), {}};
    const std::string record = sender.seal("text");
    for (std::size_t i = 0; i < record.size(); ++i) {
      End receiver{keys(suite), {}};
      std::string changed = record;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_EQ(receiver.open(changed), "alert 20") << name_of(suite) << " byte " << i;
    }
    End receiver{keys(suite), {}};
    EXPECT_EQ(receiver.open(record), "23 text");
    EXPECT_EQ(receiver.open(record), "alert 20");  // again, under another number
  }
}

TEST(Tls13Keys, RemovesPaddingAndRefusesWhatIsNothingElse) {
  End sender{keys(Tls13Suite::chacha20_poly1305_sha256), {}},
      receiver{keys(sender.keys.suite()), {}};
  // A content type of zero is one more byte of padding.
  constexpr auto padding = static_cast<RecordType>(0);
  EXPECT_EQ(receiver.open(sender.seal(std::string("data\x17\0\0\0", 8), padding)), "23 data");
  EXPECT_EQ(receiver.open(sender.seal(std::string("\x17\0", 2), padding)), "23 ");
  EXPECT_EQ(receiver.open(sender.seal(std::string(100, '\0'), padding)), "alert 10");
  EXPECT_EQ(receiver.open(sender.seal("", padding)), "alert 10");
  // Types that are empty, or that no protected record has.
  EXPECT_EQ(receiver.open(sender.seal("", RecordType::handshake)), "alert 10");
  EXPECT_EQ(receiver.open(sender.seal("", RecordType::alert)), "alert 10");
  EXPECT_EQ(receiver.open(sender.seal("\1", static_cast<RecordType>(20))), "alert 10");
  EXPECT_EQ(receiver.open(sender.seal("x", static_cast<RecordType>(99))), "alert 10");
}

TEST(Tls13Keys, RefusesRecordsThatAreTooShortOrHoldTooMuch) {
  End receiver{keys(Tls13Suite::aes_256_gcm_sha384), {}};
  for (const std::size_t size : {0u, 1u, 16u})
    EXPECT_EQ(receiver.open("\x17\x03\x03" + std::string(2 + size, '\0')), "alert 20");
  EXPECT_EQ(receiver.open(std::string(5 + 16385 + 16, '\0')), "alert 20");
  EXPECT_EQ(receiver.open(std::string(5 + 16386 + 16, '\0')), "alert 22");
}

TEST(Tls13Keys, SecretsAreWipedWhereTheyWereMovedFrom) {
  TrafficSecret secret = secret_of(std::string(32, 's'));
  const TrafficSecret moved = std::move(secret);
  EXPECT_EQ(moved.size(), 32u);
  EXPECT_EQ(moved.data()[31], 's');
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): that it is wiped is the point
  EXPECT_EQ(secret.data()[31], 0);
}

}  // namespace
}  // namespace herold::net
