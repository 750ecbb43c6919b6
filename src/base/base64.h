// Base64 of RFC 4648: strict decoding (padding required, no white space, no stray bits).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace herold {

std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);  // section 5, unpadded

// Empty optional on any character outside the alphabet, wrong length or padding, or non-zero
// bits behind the last byte.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);  // lower case

}  // namespace herold
