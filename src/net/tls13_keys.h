// TLS 1.3 record protection: traffic secrets to keys, content to records and back; no I/O.
// RFC 8446 sections 5.2 to 5.5, 7.2 and 7.3. Internal to net.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/secret.h"
#include "net/openssl_handles.h"

namespace herold::net {

enum class RecordType : std::uint8_t { alert = 21, handshake = 22, application_data = 23 };

// RFC 8446 section 6, as far as the record layer tells them itself.
enum class TlsAlert : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  illegal_parameter = 47,
  decode_error = 50,
  user_canceled = 90,
};

enum class Tls13Suite : std::uint16_t {
  aes_128_gcm_sha256 = 0x1301,
  aes_256_gcm_sha384 = 0x1302,
  chacha20_poly1305_sha256 = 0x1303,
};

std::string_view name_of(Tls13Suite suite);  // "TLS_AES_128_GCM_SHA256"

inline constexpr std::size_t record_header_bytes = 5;
inline constexpr std::size_t record_tag_bytes = 16;
inline constexpr std::size_t record_content_bytes = 1 << 14;
inline constexpr std::size_t record_payload_bytes = record_content_bytes + 256;  // sealed
// What a record is longer than its content: header, content type, tag.
inline constexpr std::size_t record_overhead_bytes = record_header_bytes + 1 + record_tag_bytes;

// Secret bytes of a bounded length. Move-only; wiped at the end and where they were moved from.
template <std::size_t most>
class SecretBytes {
 public:
  static constexpr std::size_t most_bytes = most;

  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : size_(static_cast<std::uint8_t>(size)) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(other.bytes_), size_(other.size_) {
    other.wipe();
  }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    size_ = other.size_;
    other.wipe();
    return *this;
  }
  ~SecretBytes() { wipe(); }

  void wipe() {
    crypto::wipe(bytes_.data(), bytes_.size());
    size_ = 0;
  }
  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<unsigned char> span() { return {bytes_.data(), size_}; }

 private:
  std::array<unsigned char, most> bytes_{};
  std::uint8_t size_ = 0;
};

using TrafficSecret = SecretBytes<48>;
using RecordKey = SecretBytes<32>;

// The cipher objects of one thread, for all its connections: an object of its own would cost each
// connection hundreds of bytes. The one that worked last stays keyed, so that a burst of records
// does not pay for its key again.
class RecordCiphers {
 public:
  enum class Use : std::uint8_t { seal, open };

  // Ready for one record with `key` and `nonce`.
  EVP_CIPHER_CTX& prepare(Tls13Suite suite, Use use, const RecordKey& key,
                          std::span<const unsigned char, 12> nonce);
  // No trace of `key` remains.
  void forget(Tls13Suite suite, Use use, const RecordKey& key);

 private:
  struct Cipher {
    std::unique_ptr<EVP_CIPHER_CTX, crypto::Free<EVP_CIPHER_CTX_free>> context;
    RecordKey key;  // empty: none
  };
  Cipher& cipher(Tls13Suite suite, Use use);

  std::array<Cipher, 6> ciphers_;
};

// What protects one direction: the whole of it is the suite, the secret and a number.
class TrafficKeys {
 public:
  // `secret` has the length of the suite's hash.
  TrafficKeys(Tls13Suite suite, TrafficSecret secret);

  Tls13Suite suite() const { return suite_; }
  std::uint64_t sequence() const { return sequence_; }  // records since the key is used

  // Makes one record of at most record_content_bytes at the front of `out`; returns its size.
  std::size_t seal(RecordType type, std::string_view content, std::span<char> out,
                   RecordCiphers& ciphers);

  struct Opened {
    RecordType type;
    std::size_t size;  // of the content
  };
  // Writes the content of a whole record to `out`, which has room for what the record is longer
  // than its header and tag, or is the record's own bytes behind the header.
  std::expected<Opened, TlsAlert> open(std::string_view record, char* out, RecordCiphers& ciphers);

  // The next generation (section 7.2); the old one is wiped, in `ciphers` too.
  void update(RecordCiphers& ciphers, RecordCiphers::Use use);
  void forget_in(RecordCiphers& ciphers, RecordCiphers::Use use) const {
    ciphers.forget(suite_, use, key_);
  }

 private:
  void derive();
  std::array<unsigned char, 12> next_nonce();

  std::uint64_t sequence_ = 0;
  TrafficSecret secret_;
  RecordKey key_;
  SecretBytes<12> iv_;
  Tls13Suite suite_;
};

}  // namespace herold::net
