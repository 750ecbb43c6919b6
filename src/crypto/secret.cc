// Wiping and comparing secrets.
#include "crypto/secret.h"

#include <cstring>

namespace herold::crypto {

void wipe(void* bytes, std::size_t size) {
  if (size == 0) return;
  std::memset(bytes, 0, size);
  // The memory is an input of this empty statement: the store above cannot be dead.
  asm volatile("" : : "r"(bytes) : "memory");
}

void wipe(std::string& bytes) {
  wipe(bytes.data(), bytes.size());
  bytes.clear();
}

bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    // Keeps the loop from becoming a comparison with an early end.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace herold::crypto
