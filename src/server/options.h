// Options declared once: from a struct's `options` tuple come parsing, checking, printing and docs.
//
//   struct Config {
//     Seconds idle{0};
//     static constexpr std::tuple options{option("idle", &Config::idle, "Ping after this long.")};
//   };
//
// Types: bool, std::uint64_t, Seconds, std::string, std::vector<std::string>; sizes by
// byte_option(); enumerations by a table of names. More by specialising OptionCodec.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"

namespace herold::server {

// A value as a configuration file can hold it, before its option gives it a type.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// How a type is read from a value, written as TOML, and called in the docs. read() fails with
// Fault::invalid and the rest of a sentence that begins with the option's name.
template <class T>
struct OptionCodec;

template <>
struct OptionCodec<bool> {
  static std::string type_text() { return "true | false"; }
  static Result<bool> read(const OptionValue& value);
  static std::string print(bool value) { return value ? "true" : "false"; }
};

template <>
struct OptionCodec<std::uint64_t> {
  static std::string type_text() { return "number"; }
  static Result<std::uint64_t> read(const OptionValue& value);
  static std::string print(std::uint64_t value) { return std::to_string(value); }
};

// "90s", "5m", "1h", "2d", or a plain number of seconds.
template <>
struct OptionCodec<Seconds> {
  static std::string type_text() { return "duration"; }
  static Result<Seconds> read(const OptionValue& value);
  static std::string print(Seconds value);
};

// "50ms" or "1s"; a plain number would be taken for seconds.
struct ShortTimeCodec {
  static Result<Milliseconds> read(const OptionValue& value);
  static std::string print(Milliseconds value);
};

// "256KiB", "5MB", "1GiB", or a plain number of bytes.
struct ByteCodec {
  static std::string type_text() { return "size"; }
  static Result<Bytes> read(const OptionValue& value);
  static std::string print(Bytes value);
};

template <>
struct OptionCodec<std::string> {
  static std::string type_text() { return "text"; }
  static Result<std::string> read(const OptionValue& value);
  static std::string print(const std::string& value);
};

template <>
struct OptionCodec<std::vector<std::string>> {
  static std::string type_text() { return "list of text"; }
  static Result<std::vector<std::string>> read(const OptionValue& value);
  static std::string print(const std::vector<std::string>& value);
};

// The domain that a module answers for (service.h), with "{domain}" for the one it belongs to.
struct ServiceName {
  std::string pattern;
  std::string for_domain(std::string_view domain) const;  // prepared as RFC 7622 wants it
  friend bool operator==(const ServiceName&, const ServiceName&) = default;
};
template <>
struct OptionCodec<ServiceName> {
  static std::string type_text() { return "domain name"; }
  static Result<ServiceName> read(const OptionValue& value);
  static std::string print(const ServiceName& value);
};

template <class C, class T, class Codec = OptionCodec<T>>
struct Option {
  using Type = T;
  std::string_view name;
  T C::* field;
  std::string_view help;

  std::string type_text() const { return Codec::type_text(); }
  Result<T> read(const OptionValue& value) const { return Codec::read(value); }
  std::string print(const T& value) const { return Codec::print(value); }
};

template <class E>
struct EnumName {
  std::string_view name;
  E value;
};

// The parts of EnumOption that do not depend on the enumeration.
Result<std::size_t> find_enum_name(std::span<const std::string_view> names, const OptionValue&);
std::string enum_type_text(std::span<const std::string_view> names);

template <class C, class E, std::size_t N>
struct EnumOption {
  using Type = E;
  std::string_view name;
  E C::* field;
  std::array<std::string_view, N> names;
  std::array<E, N> values;
  std::string_view help;

  std::string type_text() const { return enum_type_text(names); }
  Result<E> read(const OptionValue& value) const {
    return values[TRY(find_enum_name(names, value))];
  }
  std::string print(E value) const {
    for (std::size_t i = 0; i < N; ++i)
      if (values[i] == value) return OptionCodec<std::string>::print(std::string(names[i]));
    check_failed("every enumerator has a name", __FILE__, __LINE__);
  }
};

template <class C, class T>
consteval auto option(std::string_view name, T C::* field, std::string_view help) {
  return Option<C, T>{name, field, help};
}

template <class C>
consteval auto byte_option(std::string_view name, Bytes C::* field, std::string_view help) {
  return Option<C, Bytes, ByteCodec>{name, field, help};
}

// option("mode", &Config::mode, {{"open", Mode::open}, {"closed", Mode::closed}}, "Who may ...")
template <class C, class E, std::size_t N>
  requires std::is_enum_v<E>
consteval auto option(std::string_view name, E C::* field,
                      const EnumName<std::type_identity_t<E>> (&table)[N], std::string_view help) {
  EnumOption<C, E, N> made{name, field, {}, {}, help};
  for (std::size_t i = 0; i < N; ++i) {
    made.names[i] = table[i].name;
    made.values[i] = table[i].value;
  }
  return made;
}

// One option with its types erased, so that configuration and docs need no templates.
struct OptionRow {
  std::string_view name;
  std::string_view help;
  std::string (*type_text)();
  std::string (*default_text)();                              // as TOML
  Result<> (*apply)(void* config, const OptionValue& value);  // leaves it alone on failure
  std::string (*print)(const void* config);                   // as TOML
  Result<std::string> (*check)(const OptionValue& value);     // the value in canonical TOML
};

namespace detail {

template <class C, std::size_t I>
Result<> apply_option(void* config, const OptionValue& value) {
  constexpr const auto& option = std::get<I>(C::options);
  static_cast<C*>(config)->*option.field = TRY(option.read(value));
  return {};
}

template <class C, std::size_t I>
std::string print_option(const void* config) {
  constexpr const auto& option = std::get<I>(C::options);
  return option.print(static_cast<const C*>(config)->*option.field);
}

template <class C, std::size_t I>
std::string default_of_option() {
  const C defaults{};
  return print_option<C, I>(&defaults);
}

template <class C, std::size_t I>
std::string type_of_option() {
  return std::get<I>(C::options).type_text();
}

template <class C, std::size_t I>
Result<std::string> check_option(const OptionValue& value) {
  constexpr const auto& option = std::get<I>(C::options);
  return option.print(TRY(option.read(value)));
}

template <class C, std::size_t I>
consteval OptionRow option_row() {
  return {.name = std::get<I>(C::options).name,
          .help = std::get<I>(C::options).help,
          .type_text = type_of_option<C, I>,
          .default_text = default_of_option<C, I>,
          .apply = apply_option<C, I>,
          .print = print_option<C, I>,
          .check = check_option<C, I>};
}

template <class C>
struct OptionTable {
  static constexpr auto rows = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<OptionRow, sizeof...(I)>{option_row<C, I>()...};
  }(std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(C::options)>>>{});
};

}  // namespace detail

// The table of a struct's options; empty for a struct that declares none.
template <class C>
constexpr std::span<const OptionRow> option_rows() {
  if constexpr (requires { C::options; })
    return detail::OptionTable<C>::rows;
  else
    return {};
}

const OptionRow* find_option(std::span<const OptionRow> rows, std::string_view name);

// A limit is an option whose type follows from its unit.
Result<std::uint64_t> read_limit(const LimitRow& row, const OptionValue& value);
std::string print_limit(LimitUnit unit, std::uint64_t value);  // as TOML

// One line of a module's table in the configuration; checked against its option already.
struct OptionSetting {
  std::string name;
  OptionValue value;
  std::uint32_t line = 0;  // of the file it stands in
};

// What the configuration says of one module on one domain.
struct ModuleSettings {
  bool enabled = true;
  std::uint32_t enabled_line = 0;  // 0: the module's own default
  std::vector<OptionSetting> options;
};

// Whether both have the same effect, wherever in the file they stand.
bool same_effect(const ModuleSettings& a, const ModuleSettings& b);

// Puts checked settings into a config of the type that the table was made of.
void apply_settings(std::span<const OptionRow> rows, void* config, const ModuleSettings& settings);

// A module's own Config: its defaults, then what the file says.
template <class C>
C read_options(const ModuleSettings& settings) {
  C config{};
  apply_settings(option_rows<C>(), &config, settings);
  return config;
}

// A document that a module implements.
struct Specification {
  enum class Series { xep, rfc };
  Series series = Series::xep;
  unsigned number = 0;
  std::string_view version;              // of the XEP as it was implemented; "" for an RFC
  std::string_view status = "complete";  // complete | partial, as DOAP files say it
};

// What configuration and docs know of a module.
struct ModuleDescription {
  std::string_view name;  // as in [module.NAME]
  std::string_view title;
  std::span<const Specification> specifications;
  std::span<const OptionRow> options;
  bool enabled_by_default = true;
  // The domain that it answers for beside `domain`; nullptr for most modules.
  std::string (*service)(const ModuleSettings& settings, std::string_view domain) = nullptr;
};

}  // namespace herold::server
