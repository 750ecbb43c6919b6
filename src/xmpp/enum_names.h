// The names that an enum's values have on the wire, declared once and used in both directions.
//
// An enum counts from 0 and has, beside it, an array and a function found by its argument:
//   inline constexpr std::string_view subscription_names[] = {"none", "to", "from", "both"};
//   constexpr EnumNames names_of(Subscription) { return subscription_names; }
// An empty name stands for a value that is not written (the default of an absent attribute).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace herold::xmpp {

using EnumNames = std::span<const std::string_view>;

// The position of `name`; nothing when it is empty or not among them.
std::optional<std::size_t> find_name(EnumNames names, std::string_view name);

template <class E>
concept NamedEnum = requires(E value) { EnumNames(names_of(value)); };

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return names_of(E{})[static_cast<std::size_t>(value)];
}

template <NamedEnum E>
std::optional<E> value_of(std::string_view name) {
  const auto position = find_name(names_of(E{}), name);
  if (!position) return std::nullopt;
  return static_cast<E>(*position);
}

}  // namespace herold::xmpp
