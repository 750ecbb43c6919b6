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
    if (T* known = find<T>()) return *known;
    slots_.emplace_back(&key<T>, std::make_unique<Slot<T>>());
    return static_cast<Slot<T>&>(*slots_.back().second).value;
  }
  // nullptr when nobody has asked for it yet.
  template <class T>
  T* find() const {
    for (const auto& [owner, slot] : slots_)
      if (owner == &key<T>) return &static_cast<Slot<T>&>(*slot).value;
    return nullptr;
  }

 private:
  template <class T>
  static constexpr char key = 0;

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
