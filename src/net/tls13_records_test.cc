// What may come after a TLS 1.3 handshake, and what a peer must not do (RFC 8446 sections 4.6, 5,
// 6).
#include "net/tls13_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace herold::net {
namespace {

using Role = Tls13Records::Role;

constexpr auto suite = Tls13Suite::aes_128_gcm_sha256;
constexpr auto padding = static_cast<RecordType>(0);

TrafficKeys keys(char filler) {
  TrafficSecret secret(32);
  std::fill_n(secret.data(), 32, filler);
  return TrafficKeys(suite, std::move(secret));
}

std::string key_update(char request) { return std::string("\x18\0\0\1", 4) + request; }

class Tls13RecordsTest : public testing::Test {
 protected:
  Tls13RecordsTest() { become(Role::server); }
  void become(Role role) {
    ours_.emplace(role, keys('c'), keys('s'));
    peer_sends_.emplace(keys('c'));
    peer_reads_.emplace(keys('s'));
    data_.clear();
  }
  std::string sealed(std::string_view content, RecordType type = RecordType::application_data) {
    std::string record(content.size() + record_overhead_bytes, '\0');
    record.resize(peer_sends_->seal(type, content, record, peer_space_.ciphers));
    return record;
  }
  // Gives the bytes as a transport does: never more than is wanted for a buffer of `room` bytes.
  void come(std::string bytes, std::size_t room = 65536, std::size_t step = 65536) {
    std::string buffer(room, '\0');
    for (std::size_t at = 0; at < bytes.size() && !ours_->failed();) {
      const std::size_t count = std::min({ours_->wanted(room), step, bytes.size() - at});
      data_.append(buffer, 0, ours_->open({bytes.data() + at, count}, buffer, space_));
      at += count;
      while (ours_->has_data()) data_.append(buffer, 0, ours_->take_data(buffer));
    }
  }
  // The alert that ended the connection, by its name.
  std::string ending(const std::string& bytes, Role role = Role::server) {
    come(bytes);
    const std::string failure = ours_->failure();
    become(role);
    return failure;
  }
  std::string read_by_peer(std::string_view records, RecordType expected) {
    std::string all;
    while (!records.empty()) {
      const std::size_t size = 5 + (static_cast<unsigned char>(records[3]) << 8) +
                               static_cast<unsigned char>(records[4]);
      std::string content(size, '\0');
      const auto opened =
          peer_reads_->open(records.substr(0, size), content.data(), peer_space_.ciphers);
      EXPECT_TRUE(opened);
      if (!opened) return all;
      EXPECT_EQ(opened->type, expected);
      all.append(content, 0, opened->size);
      records.remove_prefix(size);
    }
    return all;
  }

  Limits limits_;
  TlsWorkspace space_{limits_}, peer_space_{limits_};
  std::optional<Tls13Records> ours_;
  std::optional<TrafficKeys> peer_sends_, peer_reads_;
  std::string data_;
};

TEST_F(Tls13RecordsTest, ReadsRecordsHoweverTheyAreCut) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += std::to_string(i) + ',';
  for (const std::size_t record : {1ul, 700ul, 16384ul})
    for (const std::size_t room : {1ul, 3ul, 100ul, 5000ul, 16405ul, 65536ul})
      for (const std::size_t step : {1ul, 4ul, 1000ul, 65536ul}) {
        become(Role::server);
        std::string bytes;
        for (std::size_t at = 0; at < text.size(); at += record)
          bytes += sealed(std::string_view(text).substr(at, record));
        come(bytes, room, step);
        ASSERT_EQ(data_, text) << record << ' ' << room << ' ' << step;
      }
}

TEST_F(Tls13RecordsTest, AsksForWhatARecordLacksWhereTheBufferIsSmall) {
  EXPECT_EQ(ours_->wanted(1), 5u);
  EXPECT_EQ(ours_->wanted(1000), 1000u);
  const std::string record = sealed(std::string(2000, 'x'));
  come(record.substr(0, 3), 1);
  EXPECT_EQ(ours_->wanted(1), 2u);
  come(record.substr(3, 2), 1);
  EXPECT_EQ(ours_->wanted(1), record.size() - 5);
  EXPECT_EQ(ours_->wanted(5000), 4995u);
}

TEST_F(Tls13RecordsTest, SealsInBatches) {
  std::string out(space_.output.size(), '\0');
  const std::string text(TlsWorkspace::batch_bytes, 'x');
  const std::size_t size = ours_->seal(text, out, space_);
  EXPECT_EQ(size, text.size() + 4 * record_overhead_bytes);
  EXPECT_EQ(read_by_peer({out.data(), size}, RecordType::application_data), text);
}

TEST_F(Tls13RecordsTest, DataBeforeAViolationIsDelivered) {
  std::string bytes = sealed("good") + sealed("bad");
  bytes.back() ^= 1;
  come(bytes);
  EXPECT_EQ(data_, "good");
  EXPECT_EQ(ours_->failure(), "bad record mac");
  EXPECT_EQ(ours_->alert(), TlsAlert::bad_record_mac);
}

TEST_F(Tls13RecordsTest, CloseNotifyIsTheEnd) {
  come(sealed("bye") + sealed(std::string("\1\0", 2), RecordType::alert) + sealed("ignored"));
  EXPECT_EQ(data_, "bye");
  EXPECT_TRUE(ours_->closed());
  EXPECT_FALSE(ours_->failed());
}

TEST_F(Tls13RecordsTest, OtherAlertsAreFailuresWithTheirName) {
  const auto alert = [&](std::string_view bytes) { return sealed(bytes, RecordType::alert); };
  EXPECT_EQ(ending(alert("\2\x2a")), "the peer's alert: bad certificate");
  EXPECT_EQ(ending(alert("\1\x28")), "the peer's alert: handshake failure");  // no level counts
  EXPECT_EQ(ending(alert("\2\xff")), "the peer's alert: unknown");
  EXPECT_EQ(ending(alert("\2")), "decode error");
  EXPECT_EQ(ending(alert(std::string("\1\0\1\0", 4))), "decode error");
  come(alert("\2\x2a"));
  EXPECT_EQ(ours_->alert(), std::nullopt);  // an alert is not answered with one
  become(Role::server);
  come(alert("\1\x5a") + sealed("x"));  // user_canceled: close_notify will follow
  EXPECT_EQ(data_, "x");
}

TEST_F(Tls13RecordsTest, RefusesRecordsWithoutProtection) {
  for (const char type : {'\x14', '\x15', '\x16', '\x18', '\x00', 'G'})
    EXPECT_EQ(ending(std::string(1, type) + std::string("\3\3\0\1\1", 5)), "unexpected message");
  EXPECT_EQ(ending(std::string("\x17\3\3\0\5hello", 10)), "bad record mac");
  EXPECT_EQ(ending(std::string("\x17\3\3\0\x20", 5) + std::string(32, 'x')), "bad record mac");
  EXPECT_EQ(ending(std::string("\x17\3\3\0\0", 5)), "bad record mac");
}

TEST_F(Tls13RecordsTest, RefusesALongRecordByItsHeader) {
  come(std::string("\x17\3\3\x41\0", 5));
  EXPECT_EQ(ours_->failure(), "");
  become(Role::server);
  EXPECT_EQ(ending(std::string("\x17\3\3\x41\1", 5)), "record overflow");
  EXPECT_EQ(ending(std::string("\x17\3\3\xff\xff", 5)), "record overflow");
}

TEST_F(Tls13RecordsTest, RefusesOnlyPaddingAndForbiddenTypes) {
  EXPECT_EQ(ending(sealed(std::string(50, '\0'), padding)), "unexpected message");
  EXPECT_EQ(ending(sealed("\1", static_cast<RecordType>(20))), "unexpected message");
  EXPECT_EQ(ending(sealed("", RecordType::alert)), "unexpected message");
  come(sealed(std::string("padded\x17", 7) + std::string(300, '\0'), padding));
  EXPECT_EQ(data_, "padded");
}

TEST_F(Tls13RecordsTest, FollowsANewKeyAndAnswersOnce) {
  std::string bytes;
  for (const char request : {'\0', '\1', '\1'}) {
    bytes += sealed(key_update(request), RecordType::handshake);
    peer_sends_->update(peer_space_.ciphers, RecordCiphers::Use::seal);
    bytes += sealed("data");
  }
  come(bytes);
  EXPECT_EQ(data_, "datadatadata");
  EXPECT_TRUE(ours_->owes_key());

  std::string out(200, '\0');
  std::size_t size = ours_->seal_key_update(out, space_);
  EXPECT_FALSE(ours_->owes_key());
  EXPECT_EQ(read_by_peer({out.data(), size}, RecordType::handshake), key_update(0));
  size = ours_->seal("still", out, space_);
  peer_reads_->update(peer_space_.ciphers, RecordCiphers::Use::open);
  EXPECT_EQ(read_by_peer({out.data(), size}, RecordType::application_data), "still");
}

TEST_F(Tls13RecordsTest, AKeyThatWasAskedForGoesBeforeTheNextData) {
  come(sealed(key_update(1), RecordType::handshake));
  std::string out(200, '\0');
  const std::size_t size = ours_->seal("data", out, space_);
  const std::size_t first = 5 + record_overhead_bytes;
  EXPECT_EQ(read_by_peer(std::string_view(out).substr(0, first), RecordType::handshake),
            key_update(0));
  peer_reads_->update(peer_space_.ciphers, RecordCiphers::Use::open);
  EXPECT_EQ(
      read_by_peer(std::string_view(out).substr(first, size - first), RecordType::application_data),
      "data");
}

TEST_F(Tls13RecordsTest, ReplacesItsOwnKeyWhenItHasSealedEnough) {
  limits_.tls_key_records = 16;
  TlsWorkspace space(limits_);
  std::string out(200, '\0');
  for (int i = 0; i < 16; ++i) EXPECT_EQ(ours_->seal("x", out, space), 1 + record_overhead_bytes);
  EXPECT_EQ(ours_->seal("x", out, space), 1 + 5 + 2 * record_overhead_bytes);
  EXPECT_EQ(ours_->seal("x", out, space), 1 + record_overhead_bytes);
}

TEST_F(Tls13RecordsTest, HandshakeMessagesMayComeInParts) {
  const std::string message = key_update(1);
  std::string bytes;
  for (const char byte : message) bytes += sealed(std::string(1, byte), RecordType::handshake);
  come(bytes);
  peer_sends_->update(peer_space_.ciphers, RecordCiphers::Use::seal);
  come(sealed("data"));
  EXPECT_EQ(data_, "data");
  become(Role::server);
  EXPECT_EQ(ending(sealed(message.substr(0, 2), RecordType::handshake) + sealed("between")),
            "unexpected message");
  EXPECT_EQ(ending(sealed(message.substr(0, 4), RecordType::handshake) +
                   sealed(std::string("\1\0", 2), RecordType::alert)),
            "unexpected message");
}

TEST_F(Tls13RecordsTest, RefusesBadKeyUpdates) {
  const auto handshake = [&](std::string_view bytes) {
    return sealed(bytes, RecordType::handshake);
  };
  EXPECT_EQ(ending(handshake(key_update(2))), "illegal parameter");
  EXPECT_EQ(ending(handshake(std::string("\x18\0\0\0", 4))), "decode error");
  EXPECT_EQ(ending(handshake(std::string("\x18\0\0\2\0\0", 6))), "decode error");
  EXPECT_EQ(ending(handshake(std::string("\x18\1\0\1\0", 5))), "decode error");
  // The new key begins with the next record, so nothing follows in this one.
  EXPECT_EQ(ending(handshake(key_update(0) + key_update(0))), "unexpected message");
  // Old keys are not taken any more.
  EXPECT_EQ(ending(handshake(key_update(0)) + sealed("old key")), "bad record mac");
}

TEST_F(Tls13RecordsTest, AServerRefusesEveryOtherHandshakeMessage) {
  for (int type = 0; type < 256; ++type) {
    if (type == 24) continue;
    const std::string message = std::string(1, static_cast<char>(type)) + std::string(3, '\0');
    EXPECT_EQ(ending(sealed(message, RecordType::handshake)), "unexpected message") << type;
  }
}

TEST_F(Tls13RecordsTest, AClientSkipsTicketsAndRefusesToShowACertificate) {
  become(Role::client);
  const std::string ticket = std::string("\x04\0\x4e\x20", 4) + std::string(20000, 't');
  come(sealed(ticket.substr(0, 2), RecordType::handshake) +
       sealed(ticket.substr(2, 10000), RecordType::handshake) +
       sealed(ticket.substr(10002) + ticket.substr(0, 4), RecordType::handshake) +
       sealed(ticket.substr(4, 10000), RecordType::handshake) +
       sealed(ticket.substr(10004) + key_update(1), RecordType::handshake));
  peer_sends_->update(peer_space_.ciphers, RecordCiphers::Use::seal);
  come(sealed("data"));
  EXPECT_EQ(data_, "data");
  EXPECT_TRUE(ours_->owes_key());
  become(Role::client);
  EXPECT_EQ(ending(sealed(std::string("\x0d\0\0\0", 4), RecordType::handshake), Role::client),
            "unexpected message");
  // One ticket may not be for ever.
  std::string endless = sealed(std::string("\x04\xff\xff\xff", 4), RecordType::handshake);
  for (int i = 0; i < 40; ++i) endless += sealed("t", RecordType::handshake);
  EXPECT_EQ(ending(endless), "unexpected message");
}

TEST_F(Tls13RecordsTest, AFloodOfRecordsWithoutDataEndsTheConnection) {
  const auto empty = [&](std::uint64_t count) {
    std::string bytes;
    for (; count > 0; --count) bytes += sealed("");
    return bytes;
  };
  come(empty(limits_.tls_idle_records) + sealed("x") + empty(limits_.tls_idle_records));
  EXPECT_EQ(ours_->failure(), "");
  come(empty(1));
  EXPECT_EQ(ours_->failure(), "unexpected message");

  become(Role::server);
  for (std::uint64_t i = 0; i <= limits_.tls_idle_records; ++i) {
    EXPECT_FALSE(ours_->failed());
    come(sealed(key_update(1), RecordType::handshake));
    peer_sends_->update(peer_space_.ciphers, RecordCiphers::Use::seal);
  }
  EXPECT_EQ(ours_->failure(), "unexpected message");
}

}  // namespace
}  // namespace herold::net
