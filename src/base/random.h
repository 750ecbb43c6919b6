// Random numbers: one interface; the machine's is cryptographically strong, a test's is seeded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace herold {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  std::uint64_t number();                  // 64 random bits
  std::uint64_t below(std::uint64_t end);  // uniform in [0, end), end > 0
  // `bytes` random bytes as unpadded base64url text: 16 give 22 characters and 128 bits.
  std::string token(std::size_t bytes = 16);
};

// The kernel's generator (getrandom), buffered a few hundred bytes at a time. One a thread.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint8_t pool_[256];
  std::size_t left_ = 0;
};

// Deterministic (SplitMix64) for simulations and tests. Never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint64_t state_;
};

}  // namespace herold
