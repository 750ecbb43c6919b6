// Fuzzes the scanner: a stream gives the same tokens in random pieces as in one.
#include "base/check.h"
#include "base/random.h"
#include "xml/testing/scan_log.h"

using namespace herold::xml;

// The first byte chooses the pieces, the rest is the stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  const Bounds bounds{200, 8, 5, 4};
  herold::SeededRandom random(data[0]);
  const std::string whole = testing::scan_whole(stream, bounds, 400);
  const std::string pieces =
      testing::scan_log(stream, bounds, 400, [&] { return 1 + random.below(1 + data[0] / 8u); });
  CHECK(whole == pieces);
  return 0;
}
