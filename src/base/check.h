// CHECK() for our own bugs: prints the place and aborts. Never for input.
#pragma once

namespace herold {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace herold

#define CHECK(condition) \
  ((condition) ? void(0) : ::herold::check_failed(#condition, __FILE__, __LINE__))
