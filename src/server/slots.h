// What modules keep beside somebody else's object: one value a type, made when it is asked for.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace herold::server {

class Slots {
 public:
  template <class T>
  T& get() {
    static constexpr char key = 0;
    for (auto& [owner, slot] : slots_)
      if (owner == &key) return static_cast<Slot<T>&>(*slot).value;
    slots_.emplace_back(&key, std::make_unique<Slot<T>>());
    return static_cast<Slot<T>&>(*slots_.back().second).value;
  }

 private:
  struct AnySlot {
    virtual ~AnySlot() = default;
  };
  template <class T>
  struct Slot final : AnySlot {
    T value{};
  };

  std::vector<std::pair<const void*, std::unique_ptr<AnySlot>>> slots_;
};

}  // namespace herold::server
