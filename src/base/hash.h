// SipHash-2-4: the keyed hash behind every table whose keys a stranger may choose.
//
// OpenSSL's EVP_MAC offers it too, at about 1 us and two allocations a call; an address is hashed
// several times a stanza, so these forty lines stand here, held against the reference vectors.
#pragma once

#include <cstdint>
#include <string_view>

namespace herold {

class Random;

struct HashKey {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  static HashKey make(Random& random);
};

std::uint64_t siphash(HashKey key, std::string_view bytes);

}  // namespace herold
