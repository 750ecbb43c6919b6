// Secrets in memory: bytes that are wiped when they die, and a comparison that takes constant time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace herold::crypto {

// Overwrites memory so that the compiler cannot drop it.
void wipe(void* bytes, std::size_t size);
void wipe(std::string& bytes);  // the content, then empties it

// Whether two byte strings are equal, in a time that depends on their lengths alone.
bool equal(std::string_view a, std::string_view b);

// A password or key. Move-only, so that no copy is made by accident; wiped at its end.
class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string_view bytes) : bytes_(bytes) {}
  SecretString(SecretString&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  SecretString& operator=(SecretString&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = other.bytes_;
    wipe(other.bytes_);
    return *this;
  }
  ~SecretString() { wipe(bytes_); }

  // Takes over a string that held the secret and wipes it.
  static SecretString take(std::string&& bytes) {
    SecretString secret{std::string_view(bytes)};
    wipe(bytes);
    return secret;
  }

  std::string_view view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string bytes_;
};

}  // namespace herold::crypto
