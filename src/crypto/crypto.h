// The cryptographic primitives that everybody needs, as an interface without a library behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace herold::crypto {

enum class HashAlgorithm : std::uint8_t { sha1, sha256, sha384, sha512, sha3_256, sha3_512 };
inline constexpr std::size_t hash_algorithms = 6;

constexpr std::size_t digest_size(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return 20;
    case HashAlgorithm::sha256:
      return 32;
    case HashAlgorithm::sha384:
      return 48;
    case HashAlgorithm::sha512:
      return 64;
    case HashAlgorithm::sha3_256:
      return 32;
    case HashAlgorithm::sha3_512:
      return 64;
  }
  return 0;
}

// The output of a hash, a MAC or a key derivation: at most 64 bytes, without allocation, wiped at
// its end because it may be a key.
class Digest {
 public:
  static constexpr std::size_t max_size = 64;

  Digest() = default;
  explicit Digest(std::string_view bytes) : size_(bytes.size()) {
    if (size_ > max_size) size_ = max_size;
    if (size_ != 0) std::memcpy(bytes_, bytes.data(), size_);
  }
  Digest(const Digest&) = default;
  Digest& operator=(const Digest&) = default;
  ~Digest() { wipe(bytes_, size_); }

  std::string_view view() const { return {bytes_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  char& operator[](std::size_t i) { return bytes_[i]; }

 private:
  std::size_t size_ = 0;
  char bytes_[max_size] = {};
};

inline constexpr std::size_t aead_key_size = 32;
inline constexpr std::size_t aead_nonce_size = 12;
inline constexpr std::size_t aead_tag_size = 16;

// Thread-safe: one object serves every thread. Nothing here fails but open(): what can go wrong
// inside (out of memory, a library without its algorithms) is not an answer that a caller has.
class Crypto {
 public:
  virtual ~Crypto() = default;

  virtual Digest digest(HashAlgorithm algorithm, std::string_view bytes) const = 0;
  // RFC 2104.
  virtual Digest hmac(HashAlgorithm algorithm, std::string_view key,
                      std::string_view bytes) const = 0;
  // PBKDF2 with HMAC (RFC 8018 section 5.2), one block long: Hi() of RFC 5802 section 2.2. Costs
  // about 0.25 us an iteration: milliseconds, so not on a thread that serves others.
  virtual Digest pbkdf2(HashAlgorithm algorithm, std::string_view password, std::string_view salt,
                        std::uint32_t iterations) const = 0;

  // AES-256-GCM (NIST SP 800-38D). A nonce (96 bits) is never used twice with one key. The result
  // is the ciphertext followed by the tag of 16 bytes; `associated` is authenticated, not hidden.
  virtual std::string seal(std::string_view key, std::string_view nonce,
                           std::string_view associated, std::string_view plain) const = 0;
  // The reverse; empty when key, nonce, associated data or a byte are not what was sealed.
  virtual std::optional<SecretString> open(std::string_view key, std::string_view nonce,
                                           std::string_view associated,
                                           std::string_view sealed) const = 0;
};

}  // namespace herold::crypto
