// CRC32C (Castagnoli, RFC 3720 section 12.1): by the processor's instruction, else by a table.
#pragma once

#include <cstdint>
#include <string_view>

namespace herold::store {

// Continues `crc` (0 at the start) over `bytes`.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

// The table alone; for the test that holds the two against each other.
std::uint32_t crc32c_by_table(std::uint32_t crc, std::string_view bytes);

}  // namespace herold::store
