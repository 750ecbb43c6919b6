// Fuzzes base64: what is decoded has one spelling, and every byte string survives both ways.
#include "base/base64.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = herold::base64_decode(text)) {
    CHECK(herold::base64_encode(*bytes) == text);
  }
  CHECK(herold::base64_decode(herold::base64_encode(text)) == text);
  return 0;
}
