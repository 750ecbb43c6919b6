// Reads and writes payloads by their tables: see payload.h for what the rules are.
#include "xmpp/payload.h"

#include <charconv>
#include <concepts>

#include "base/datetime.h"
#include "xml/characters.h"

namespace herold::xmpp::detail {
namespace {

std::unexpected<StanzaError> wrong(std::string_view name, const char* why) {
  return fail(Condition::bad_request, std::string(name) + ": " + why);
}

constexpr std::string_view xml_prefix = "xml:";

std::optional<std::string_view> find_attribute(xml::Element element, ElementName name) {
  if (name.name.starts_with(xml_prefix))
    return element.find_attribute(name.name.substr(xml_prefix.size()), ns::xml);
  return element.find_attribute(name.name, name.ns);
}

// A child without a namespace of its own is in that of the element around it.
std::string_view ns_of(const Field& field, xml::Element element) {
  return field.name.ns.empty() ? element.ns() : field.name.ns;
}

bool claims(const Field& field, xml::Element child, xml::Element element) {
  switch (field.kind) {
    case FieldKind::leaf:
    case FieldKind::flag:
      return child.is(field.name.name, ns_of(field, element));
    case FieldKind::nested:
      return child.is(field.name.name, field.name.ns);
    case FieldKind::choice:
      return child.ns() == ns_of(field, element) && find_name(field.value->names, child.name());
    default:
      return false;
  }
}

// Reads `child`, the one with number `before` of its kind, into `member`.
Answer<> read_child(const Field& field, xml::Element child, void* member, std::size_t before) {
  switch (field.kind) {
    case FieldKind::flag:
      *static_cast<bool*>(member) = true;
      return {};
    case FieldKind::choice:
      if (before != 0 || !field.value->read(member, child.name()))
        return wrong(child.name(), "contradicts another choice");
      return {};
    default:
      break;
  }
  void* const place = field.container->add(member, before);
  if (!place) return wrong(child.name(), "is there twice");
  if (field.kind == FieldKind::nested) return read_payload(*field.payload, child, place);
  if (!field.value->read(place, child.text())) return wrong(child.name(), "is not valid");
  return {};
}

Answer<> read_text(const Field& field, xml::Element element, void* member) {
  if (field.kind == FieldKind::attribute) {
    const auto text = find_attribute(element, field.name);
    if (!text && field.required) return wrong(field.name.name, "is missing");
    if (text && !field.value->read(member, *text)) return wrong(field.name.name, "is not valid");
    return {};
  }
  const std::string text = element.text();
  if (text.empty() && field.required) return wrong(element.name(), "is empty");
  if (!text.empty() && !field.value->read(member, text))
    return wrong(element.name(), "is not valid");
  return {};
}

// The field that a child belongs to; the one that keeps unclaimed children where there is one.
const Field* find_field(const PayloadType& type, xml::Element child, xml::Element element) {
  const Field* rest = nullptr;
  for (const Field& field : type.fields) {
    if (claims(field, child, element)) return &field;
    if (field.kind == FieldKind::raw) rest = &field;
  }
  return rest;
}

bool is_child(FieldKind kind) {
  return kind != FieldKind::attribute && kind != FieldKind::content && kind != FieldKind::raw;
}

Answer<> read_children(const PayloadType& type, xml::Element element, void* payload) {
  std::array<std::size_t, max_fields> counts{};
  for (const xml::Element child : element.children()) {
    const Field* const field = find_field(type, child, element);
    if (!field) continue;
    void* const member = field->locate(payload);
    if (field->kind == FieldKind::raw)
      xml::Writer(*static_cast<std::string*>(member), type.element.ns).element(child);
    else
      TRY(read_child(*field, child, member, counts[field - type.fields.data()]++));
  }
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const Field& field = type.fields[i];
    if (field.required && is_child(field.kind) && counts[i] == 0)
      return wrong(field.name.name.empty() ? element.name() : field.name.name, "is missing");
  }
  return {};
}

void write_leaf(const Field& field, xml::Writer& writer, const void* value, std::string_view ns) {
  std::string text;
  const bool counted = field.container->least == 0;  // what a container holds is there, if empty
  if (!field.value->write(value, text) && !counted && !field.required) return;
  writer.open(field.name.name, ns).text(text).close();
}

void write_attribute(const Field& field, xml::Writer& writer, const void* member) {
  std::string text;
  if (field.value->write(member, text) || field.required) writer.attribute(field.name.name, text);
}

void write_inside(const Field& field, xml::Writer& writer, const void* member,
                  std::string_view outer_ns) {
  const std::string_view ns = field.name.ns.empty() ? outer_ns : field.name.ns;
  std::string text;
  switch (field.kind) {
    case FieldKind::attribute:
      return;
    case FieldKind::content:
      if (field.value->write(member, text)) writer.text(text);
      return;
    case FieldKind::flag:
      if (*static_cast<const bool*>(member)) writer.open(field.name.name, ns).close();
      return;
    case FieldKind::choice:
      if (field.value->write(member, text)) {
        const auto position = find_name(field.value->names, text);
        if (position) writer.open(field.value->names[*position], ns).close();
      }
      return;
    case FieldKind::raw:
      if (const auto& kept = *static_cast<const std::string*>(member); !kept.empty())
        writer.raw(kept);
      return;
    case FieldKind::leaf:
    case FieldKind::nested:
      break;
  }
  const std::size_t size = field.container->size(member);
  for (std::size_t i = 0; i < size; ++i) {
    const void* const value = field.container->at(member, i);
    if (field.kind == FieldKind::nested)
      write_payload(*field.payload, writer, value);
    else
      write_leaf(field, writer, value, ns);
  }
}

bool read_string(void* value, std::string_view text) {
  *static_cast<std::string*>(value) = text;
  return true;
}
bool write_string(const void* value, std::string& text) {
  text += *static_cast<const std::string*>(value);
  return !text.empty();
}

// What XML Schema part 2 section 4.3.6 has for all but text: white space around it says nothing.
std::string_view without_space(std::string_view text) {
  while (!text.empty() && xml::is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && xml::is_space(text.back())) text.remove_suffix(1);
  return text;
}

// xs:boolean.
bool read_bool(void* value, std::string_view text) {
  text = without_space(text);
  const bool yes = text == "true" || text == "1";
  *static_cast<bool*>(value) = yes;
  return yes || text == "false" || text == "0";
}
bool write_bool(const void* value, std::string& text) {
  const bool yes = *static_cast<const bool*>(value);
  text += yes ? "true" : "false";
  return yes;
}

// Decimal, in the range of the type, an optional sign as xs:integer has it.
template <std::integral T>
bool read_integer(void* value, std::string_view text) {
  text = without_space(text);
  const bool signs = text.starts_with('+');
  if (signs) text.remove_prefix(1);
  if (text.starts_with('-') && signs) return false;
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *static_cast<T*>(value) = number;
  return true;
}
template <std::integral T>
bool write_integer(const void* value, std::string& text) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, *static_cast<const T*>(value)).ptr;
  text.append(digits, end);
  return true;
}

bool read_jid(void* value, std::string_view text) {
  Result<Jid> jid = Jid::parse(text);
  if (jid) *static_cast<Jid*>(value) = *std::move(jid);
  return jid.has_value();
}
bool write_jid(const void* value, std::string& text) {
  text += static_cast<const Jid*>(value)->text();
  return !text.empty();
}

bool read_time(void* value, std::string_view text) {
  const auto time = parse_datetime(text);
  if (time) *static_cast<WallTime*>(value) = *time;
  return time.has_value();
}
bool write_time(const void* value, std::string& text) {
  text += format_datetime(*static_cast<const WallTime*>(value));
  return true;
}

}  // namespace

template <>
const ValueType ValueOf<std::string>::type{&read_string, &write_string};
template <>
const ValueType ValueOf<bool>::type{&read_bool, &write_bool};
template <>
const ValueType ValueOf<std::uint8_t>::type{&read_integer<std::uint8_t>,
                                            &write_integer<std::uint8_t>};
template <>
const ValueType ValueOf<std::uint16_t>::type{&read_integer<std::uint16_t>,
                                             &write_integer<std::uint16_t>};
template <>
const ValueType ValueOf<std::uint32_t>::type{&read_integer<std::uint32_t>,
                                             &write_integer<std::uint32_t>};
template <>
const ValueType ValueOf<std::uint64_t>::type{&read_integer<std::uint64_t>,
                                             &write_integer<std::uint64_t>};
template <>
const ValueType ValueOf<std::int8_t>::type{&read_integer<std::int8_t>, &write_integer<std::int8_t>};
template <>
const ValueType ValueOf<std::int32_t>::type{&read_integer<std::int32_t>,
                                            &write_integer<std::int32_t>};
template <>
const ValueType ValueOf<std::int64_t>::type{&read_integer<std::int64_t>,
                                            &write_integer<std::int64_t>};
template <>
const ValueType ValueOf<Jid>::type{&read_jid, &write_jid};
template <>
const ValueType ValueOf<WallTime>::type{&read_time, &write_time};

Answer<> read_payload(const PayloadType& type, xml::Element element, void* payload) {
  if (!element || !element.is(type.element.name, type.element.ns))
    return wrong(type.element.name, "is missing");
  for (const Field& field : type.fields)
    if (field.kind == FieldKind::attribute || field.kind == FieldKind::content)
      TRY(read_text(field, element, field.locate(payload)));
  TRY(read_children(type, element, payload));
  if (!type.valid(payload)) return wrong(type.element.name, "contradicts itself");
  return {};
}

void write_payload(const PayloadType& type, xml::Writer& writer, const void* payload) {
  // locate() only computes an address; nothing is written through it here.
  const auto member = [payload](const Field& field) -> const void* {
    return field.locate(const_cast<void*>(payload));
  };
  writer.open(type.element.name, type.element.ns);
  for (const Field& field : type.fields)
    if (field.kind == FieldKind::attribute) write_attribute(field, writer, member(field));
  for (const Field& field : type.fields)
    write_inside(field, writer, member(field), type.element.ns);
  writer.close();
}

}  // namespace herold::xmpp::detail
