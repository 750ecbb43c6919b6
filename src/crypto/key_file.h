// The key file beside the data: AES-256-GCM keys under which stored credentials are sealed.
//
// A text file, so that it can be kept with a backup and read by a person:
//   herold-keys 1
//   key 1 <base64 of 32 bytes>
//   key 2 <base64 of 32 bytes>
//   current 2
// The last line also tells a whole file from a truncated one. This layer does no I/O: the caller
// brings the bytes and the file's mode, and writes what text() gives (mode 0600, then renamed).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/crypto.h"

namespace herold {
class Random;
}

namespace herold::crypto {

class KeyFile {
 public:
  // The first key file of an installation. Only for a first start: see load_key_file().
  static KeyFile create(Random& random);
  static Result<KeyFile> parse(std::string_view text);

  SecretString text() const;
  std::uint32_t current() const { return current_; }
  std::size_t size() const { return keys_.size(); }

  // Adds a new current key; what was sealed under older ones stays readable.
  void rotate(Random& random);
  // Forgets the old keys, once nothing is sealed under them any more.
  void keep_current();

  // `context` says what the plain bytes belong to (table, account, column): a value moved to
  // another row does not open. Shape: key id (4 bytes, big-endian), nonce (12), ciphertext, tag.
  // The nonce is random: safe for 2^32 values a key (SP 800-38D section 8.3).
  std::string seal(const Crypto& crypto, Random& random, std::string_view context,
                   std::string_view plain) const;
  // Fault::not_found: the key is not in this file. Fault::malformed: damaged or not ours.
  Result<SecretString> open(const Crypto& crypto, std::string_view context,
                            std::string_view sealed) const;
  // The key that a value is sealed under, for a job that re-seals; 0 when it is too short.
  static std::uint32_t key_of(std::string_view sealed);

 private:
  struct Key {
    std::uint32_t id;
    SecretString bytes;
  };
  const Key* find(std::uint32_t id) const;

  std::vector<Key> keys_;
  std::uint32_t current_ = 0;
};

// What the caller found where the key file should be.
struct FoundKeyFile {
  std::optional<SecretString> text;  // empty: there is no such file
  std::uint32_t mode = 0;            // of the file, as stat() gives it
};
enum class StoredData { none, exists };

// Judges a start: a file that others may read or write is refused, and so is data without its
// file. A first start (no data, no file) answers Fault::not_found, and the caller calls create().
Result<KeyFile> load_key_file(const FoundKeyFile& found, StoredData data);

}  // namespace herold::crypto
