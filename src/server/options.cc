// How option values are read, with the sentences for wrong ones, and printed as TOML.
#include "server/options.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "server/suggest.h"
#include "server/toml_text.h"
#include "xmpp/jid.h"

namespace herold::server {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The largest first: printing takes the first that divides.
constexpr Unit time_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
constexpr Unit short_time_units[] = {{"s", 1000}, {"ms", 1}};
constexpr Unit byte_units[] = {{"GiB", 1_GiB},  {"MiB", 1_MiB}, {"KiB", 1_KiB}, {"GB", 1000000000},
                               {"MB", 1000000}, {"KB", 1000},   {"kB", 1000},   {"B", 1}};

std::unexpected<Error> wrong(std::string_view wanted, const OptionValue& value) {
  return fail(Fault::invalid, "must be " + std::string(wanted) + ", not " + describe(value));
}

// "5m" -> 5 * 60; nothing where number, unit or product do not fit.
std::optional<std::uint64_t> read_text_quantity(std::string_view text, std::span<const Unit> units,
                                                std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end == text.data()) return std::nullopt;
  std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const Unit& unit : units)
    if (rest == unit.name)
      return number <= most / unit.factor ? std::optional(number * unit.factor) : std::nullopt;
  return std::nullopt;
}

std::optional<std::uint64_t> read_quantity(const OptionValue& value, std::span<const Unit> units,
                                           std::uint64_t most) {
  if (const auto* text = std::get_if<std::string>(&value))
    return read_text_quantity(*text, units, most);
  const auto* number = std::get_if<std::int64_t>(&value);
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > most) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::string print_quantity(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0 && unit.factor > 1)
      return '"' + std::to_string(value / unit.factor) + std::string(unit.name) + '"';
  return std::to_string(value);
}

}  // namespace

Result<bool> OptionCodec<bool>::read(const OptionValue& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth;
  return wrong("true or false", value);
}

Result<std::uint64_t> OptionCodec<std::uint64_t>::read(const OptionValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (!number) return wrong("a whole number", value);
  if (*number < 0) return wrong("0 or more", value);
  return static_cast<std::uint64_t>(*number);
}

Result<Seconds> OptionCodec<Seconds>::read(const OptionValue& value) {
  const auto seconds = read_quantity(value, time_units, bounds::longest_time);
  if (!seconds) return wrong("a duration such as \"30s\", \"5m\", \"1h\" or \"2d\"", value);
  return Seconds(*seconds);
}

std::string OptionCodec<Seconds>::print(Seconds value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  if (count % 60 != 0) return '"' + std::to_string(count) + "s\"";
  return print_quantity(count, time_units);
}

Result<Milliseconds> ShortTimeCodec::read(const OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto time =
      text ? read_text_quantity(*text, short_time_units, bounds::longest_time) : std::nullopt;
  if (!time) return wrong("a duration such as \"50ms\" or \"1s\"", value);
  return Milliseconds(*time);
}

std::string ShortTimeCodec::print(Milliseconds value) {
  return '"' + std::to_string(value.count()) + "ms\"";
}

Result<Bytes> ByteCodec::read(const OptionValue& value) {
  const auto size = read_quantity(value, byte_units, bounds::largest_size);
  if (!size) return wrong("a size such as \"64KiB\", \"5MB\" or 4096", value);
  return *size;
}

std::string ByteCodec::print(Bytes value) {
  return print_quantity(value, std::span(byte_units).first(6));
}

Result<std::string> OptionCodec<std::string>::read(const OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return wrong("text in quotes", value);
  if (std::ranges::any_of(*text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return fail(Fault::invalid, "must not contain control characters");
  return *text;
}

std::string OptionCodec<std::string>::print(const std::string& value) { return toml_string(value); }

std::string ServiceName::for_domain(std::string_view domain) const {
  constexpr std::string_view mark = "{domain}";
  std::string name = pattern;
  if (const std::size_t place = name.find(mark); place != name.npos)
    name.replace(place, mark.size(), domain);
  const auto jid = xmpp::Jid::parse(name);
  return jid && jid->is_domain() ? jid->text() : std::string();
}

Result<ServiceName> OptionCodec<ServiceName>::read(const OptionValue& value) {
  ServiceName name{TRY(OptionCodec<std::string>::read(value))};
  if (name.for_domain("example.org").empty())
    return wrong("a domain name such as \"rooms.{domain}\"", value);
  return name;
}

std::string OptionCodec<ServiceName>::print(const ServiceName& value) {
  return toml_string(value.pattern);
}

Result<std::vector<std::string>> OptionCodec<std::vector<std::string>>::read(
    const OptionValue& value) {
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  if (!list) return wrong("a list of texts such as [\"a\", \"b\"]", value);
  for (const std::string& text : *list) TRY(OptionCodec<std::string>::read(text));
  return *list;
}

std::string OptionCodec<std::vector<std::string>>::print(const std::vector<std::string>& value) {
  std::string text = "[";
  for (const std::string& item : value) {
    if (text.size() > 1) text += ", ";
    text += toml_string(item);
  }
  return text + "]";
}

Result<std::size_t> find_enum_name(std::span<const std::string_view> names,
                                   const OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text) {
    const auto found = std::ranges::find(names, *text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  Error error = wrong("one of " + enum_type_text(names), value).error();
  if (text) error.text += did_you_mean(*text, names);
  return std::unexpected(std::move(error));
}

std::string enum_type_text(std::span<const std::string_view> names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text += " | ";
    text += toml_string(name);
  }
  return text;
}

const OptionRow* find_option(std::span<const OptionRow> rows, std::string_view name) {
  const auto found = std::ranges::find(rows, name, &OptionRow::name);
  return found == rows.end() ? nullptr : &*found;
}

void apply_settings(std::span<const OptionRow> rows, void* config, const ModuleSettings& settings) {
  for (const OptionSetting& setting : settings.options) {
    const OptionRow* row = find_option(rows, setting.name);
    CHECK(row != nullptr);
    CHECK(row->apply(config, setting.value).has_value());
  }
}

bool same_effect(const ModuleSettings& a, const ModuleSettings& b) {
  const auto is_in_a = [&](const OptionSetting& setting) {
    const auto found = std::ranges::find(a.options, setting.name, &OptionSetting::name);
    return found != a.options.end() && found->value == setting.value;
  };
  return a.enabled == b.enabled && a.options.size() == b.options.size() &&
         std::ranges::all_of(b.options, is_in_a);
}

std::string print_limit(LimitUnit unit, std::uint64_t value) {
  switch (unit) {
    case LimitUnit::bytes:
    case LimitUnit::bytes_per_second:
      return ByteCodec::print(value);
    case LimitUnit::seconds:
      return OptionCodec<Seconds>::print(Seconds(value));
    case LimitUnit::milliseconds:
      return ShortTimeCodec::print(Milliseconds(value));
    case LimitUnit::count:
    case LimitUnit::percent:
      break;
  }
  return std::to_string(value);
}

Result<std::uint64_t> read_limit(const LimitRow& row, const OptionValue& value) {
  std::uint64_t number = 0;
  switch (row.unit) {
    case LimitUnit::bytes:
    case LimitUnit::bytes_per_second:
      number = TRY(ByteCodec::read(value));
      break;
    case LimitUnit::seconds:
      number = static_cast<std::uint64_t>(TRY(OptionCodec<Seconds>::read(value)).count());
      break;
    case LimitUnit::milliseconds:
      number = static_cast<std::uint64_t>(TRY(ShortTimeCodec::read(value)).count());
      break;
    case LimitUnit::count:
    case LimitUnit::percent:
      number = TRY(OptionCodec<std::uint64_t>::read(value));
      break;
  }
  if (number < row.least) return wrong("at least " + print_limit(row.unit, row.least), value);
  if (row.unit == LimitUnit::percent && number > 100) return wrong("at most 100", value);
  return number;
}

}  // namespace herold::server
