// Finds bytes sixteen at a time; the compiler makes of it what the machine has (SSE2, NEON, ...).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace herold::xml {

typedef unsigned char Chunk __attribute__((vector_size(16)));

// Bit i is set where byte i of a comparison's result is true.
inline std::uint32_t mask_of(Chunk matches) {
  typedef bool Bits __attribute__((ext_vector_type(16)));
  return __builtin_bit_cast(std::uint16_t, __builtin_convertvector(matches, Bits));
}

// The first byte in [at, end) that `match` takes, or `end`. `match` is called with one unsigned
// char or with a Chunk of them: a generic lambda of == and |.
template <class Match>
inline const char* find(const char* at, const char* end, Match match) {
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof(Chunk))) {
    Chunk chunk;
    std::memcpy(&chunk, at, sizeof chunk);
    if (const std::uint32_t bits = mask_of(Chunk(match(chunk)))) return at + std::countr_zero(bits);
    at += sizeof chunk;
  }
  while (at != end && !match(static_cast<unsigned char>(*at))) ++at;
  return at;
}

}  // namespace herold::xml
