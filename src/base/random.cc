// Random numbers of the kernel and of a seed.
#include "base/random.h"

#include <cstring>

#include "base/base64.h"
#include "base/check.h"

#ifdef __wasi__
#include <unistd.h>
#else
#include <sys/random.h>
#endif

namespace herold {
namespace {

void read_kernel(std::uint8_t* to, std::size_t size) {
  while (size > 0) {
#ifdef __wasi__
    const std::size_t step = size < 256 ? size : 256;
    CHECK(getentropy(to, step) == 0);
#else
    const ssize_t got = getrandom(to, size, 0);
    if (got < 0) continue;  // interrupted by a signal
    const auto step = static_cast<std::size_t>(got);
#endif
    to += step;
    size -= step;
  }
}

}  // namespace

std::uint64_t Random::number() {
  std::uint8_t bytes[8];
  fill(bytes);
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint64_t Random::below(std::uint64_t end) {
  CHECK(end > 0);
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % end;  // rejects the uneven tail
  std::uint64_t value = number();
  while (value >= limit) value = number();
  return value % end;
}

std::string Random::token(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill({reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()});
  return base64url_encode(raw);
}

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  if (bytes.size() > sizeof pool_) return read_kernel(bytes.data(), bytes.size());
  if (left_ < bytes.size()) {
    read_kernel(pool_, sizeof pool_);
    left_ = sizeof pool_;
  }
  std::uint8_t* from = pool_ + sizeof pool_ - left_;
  std::memcpy(bytes.data(), from, bytes.size());
  std::memset(from, 0, bytes.size());  // a number is handed out once
  left_ -= bytes.size();
}

void SeededRandom::fill(std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    byte = static_cast<std::uint8_t>(z ^ (z >> 31));
  }
}

}  // namespace herold
