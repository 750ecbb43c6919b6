// SharedBytes: one block of memory, header first, bytes behind it.
#include "base/bytes.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace herold {

SharedBytes::SharedBytes(std::string_view bytes) {
  if (bytes.empty()) return;
  CHECK(bytes.size() <= UINT32_MAX);
  void* memory = std::malloc(sizeof(Block) + bytes.size());
  CHECK(memory != nullptr);
  block_ = new (memory) Block{1, static_cast<std::uint32_t>(bytes.size())};
  std::memcpy(block_ + 1, bytes.data(), bytes.size());
}

std::string_view SharedBytes::view() const {
  if (!block_) return {};
  return {reinterpret_cast<const char*>(block_ + 1), block_->size};
}

void SharedBytes::release() noexcept {
  if (!block_ || block_->count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~Block();
  std::free(block_);
  block_ = nullptr;
}

}  // namespace herold
