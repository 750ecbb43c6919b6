// The tables behind payload.h: a payload's fields with their types erased, for payload.cc.
//
// Only the few lines that know a member's type are templates; reading and writing itself is one
// function each, so that a payload costs little to compile.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/enum_names.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

namespace herold::xmpp::detail {

enum class FieldKind : std::uint8_t { attribute, content, leaf, flag, choice, nested, raw };

// How a value of one type stands as text. `read` answers false for a wrong text, `write` for a
// value that is absent.
struct ValueType {
  bool (*read)(void* value, std::string_view text);
  bool (*write)(const void* value, std::string& text);
  EnumNames names = {};  // of enums
};

// How a member holds children: `add` makes room for one more, nullptr when there is none.
struct Container {
  void* (*add)(void* container, std::size_t count_before);
  std::size_t (*size)(const void* container);
  const void* (*at)(const void* container, std::size_t index);
  std::size_t least;  // children that must be there
};

struct PayloadType;

inline constexpr std::size_t max_fields = 32;  // of one payload

struct Field {
  FieldKind kind;
  bool required = false;
  ElementName name;
  const ValueType* value = nullptr;          // all but nested and raw
  const Container* container = nullptr;      // of leaf and nested
  const PayloadType* payload = nullptr;      // of nested
  void* (*locate)(void* payload) = nullptr;  // the member in its payload
};

struct PayloadType {
  ElementName element;
  std::span<const Field> fields;
  bool (*valid)(const void* payload);  // nullptr: always
};

// `payload` points to a default-constructed value of the type.
Answer<> read_payload(const PayloadType& type, xml::Element element, void* payload);
void write_payload(const PayloadType& type, xml::Writer& writer, const void* payload);

// The types with values of their own, defined in payload.cc; enums and std::optional below.
template <class T>
struct ValueOf {
  static const ValueType type;
};
template <>
const ValueType ValueOf<std::string>::type;
template <>
const ValueType ValueOf<bool>::type;
template <>
const ValueType ValueOf<std::uint8_t>::type;
template <>
const ValueType ValueOf<std::uint16_t>::type;
template <>
const ValueType ValueOf<std::uint32_t>::type;
template <>
const ValueType ValueOf<std::uint64_t>::type;
template <>
const ValueType ValueOf<std::int8_t>::type;
template <>
const ValueType ValueOf<std::int32_t>::type;
template <>
const ValueType ValueOf<std::int64_t>::type;
template <>
const ValueType ValueOf<Jid>::type;
template <>
const ValueType ValueOf<WallTime>::type;

template <NamedEnum E>
struct ValueOf<E> {
  static bool read(void* value, std::string_view text) {
    const std::optional<E> found = value_of<E>(text);
    if (found) *static_cast<E*>(value) = *found;
    return found.has_value();
  }
  static bool write(const void* value, std::string& text) {
    text += name_of(*static_cast<const E*>(value));
    return !text.empty();
  }
  static constexpr ValueType type{&read, &write, names_of(E{})};
};

template <class T>
struct ValueOf<std::optional<T>> {
  static bool read(void* value, std::string_view text) {
    return ValueOf<T>::type.read(&static_cast<std::optional<T>*>(value)->emplace(), text);
  }
  static bool write(const void* value, std::string& text) {
    const auto& held = *static_cast<const std::optional<T>*>(value);
    if (held) ValueOf<T>::type.write(&*held, text);
    return held.has_value();
  }
  static constexpr EnumNames names() {
    if constexpr (NamedEnum<T>) return names_of(T{});
    return {};
  }
  static constexpr ValueType type{&read, &write, names()};
};

// One value held directly: text values say themselves whether they are absent.
template <class T>
struct ContainerOf {
  using Inner = T;
  static void* add(void* c, std::size_t before) { return before == 0 ? c : nullptr; }
  static std::size_t size(const void*) { return 1; }
  static const void* at(const void* c, std::size_t) { return c; }
  static constexpr Container type{&add, &size, &at, 1};
};

template <class T>
struct ContainerOf<std::optional<T>> {
  using Inner = T;
  using Holder = std::optional<T>;
  static void* add(void* c, std::size_t before) {
    return before == 0 ? &static_cast<Holder*>(c)->emplace() : nullptr;
  }
  static std::size_t size(const void* c) { return static_cast<const Holder*>(c)->has_value(); }
  static const void* at(const void* c, std::size_t) { return &**static_cast<const Holder*>(c); }
  static constexpr Container type{&add, &size, &at, 0};
};

template <class T>
struct ContainerOf<std::vector<T>> {
  using Inner = T;
  using Holder = std::vector<T>;
  static void* add(void* c, std::size_t) { return &static_cast<Holder*>(c)->emplace_back(); }
  static std::size_t size(const void* c) { return static_cast<const Holder*>(c)->size(); }
  static const void* at(const void* c, std::size_t i) {
    return &(*static_cast<const Holder*>(c))[i];
  }
  static constexpr Container type{&add, &size, &at, 0};
};

template <class P>
struct PayloadOf;

template <class M>
constexpr Field value_row(FieldKind kind, ElementName name) {
  return Field{.kind = kind, .name = name, .value = &ValueOf<M>::type};
}

template <class M>
constexpr Field leaf_row(ElementName name) {
  return Field{.kind = FieldKind::leaf,
               .name = name,
               .value = &ValueOf<typename ContainerOf<M>::Inner>::type,
               .container = &ContainerOf<M>::type};
}

template <class M>
constexpr Field nested_row() {
  using Inner = typename ContainerOf<M>::Inner;
  return Field{.kind = FieldKind::nested,
               .required = ContainerOf<M>::type.least != 0,
               .name = Inner::element,
               .container = &ContainerOf<M>::type,
               .payload = &PayloadOf<Inner>::type};
}

// What the functions of payload.h return: a row of the table and the member that it is about.
template <class P, class M>
struct FieldOf {
  M P::* member;
  Field row;
  constexpr FieldOf as_required() const {
    FieldOf field = *this;
    field.row.required = true;
    return field;
  }
};

template <class P>
struct PayloadOf {
  static constexpr std::size_t field_count() {
    if constexpr (requires { P::fields; })
      return std::tuple_size_v<std::remove_const_t<decltype(P::fields)>>;
    else
      return 0;
  }
  template <std::size_t I>
  static void* locate(void* payload) {
    return &(static_cast<P*>(payload)->*(std::get<I>(P::fields).member));
  }
  template <std::size_t I>
  static constexpr Field row() {
    Field row = std::get<I>(P::fields).row;
    row.locate = &locate<I>;
    return row;
  }
  template <std::size_t... I>
  static constexpr std::array<Field, sizeof...(I)> make_rows(std::index_sequence<I...>) {
    return {row<I>()...};
  }
  static bool valid(const void* payload) {
    if constexpr (requires(const P& p) { p.valid(); })
      return static_cast<const P*>(payload)->valid();
    else
      return true;
  }
  static_assert(field_count() <= max_fields);
  static constexpr std::array<Field, field_count()> rows =
      make_rows(std::make_index_sequence<field_count()>());
  static constexpr PayloadType type{P::element, rows, &valid};
};

template <class P>
inline constexpr const PayloadType& payload_type = PayloadOf<P>::type;

}  // namespace herold::xmpp::detail
