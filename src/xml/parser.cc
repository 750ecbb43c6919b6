// The three ways in: a stream's elements, its header, and elements that stand alone.
#include "xml/parser.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/result.h"
#include "xml/characters.h"
#include "xml/tree_builder.h"

namespace herold::xml {
namespace {

constexpr auto not_well_formed = std::unexpected(ParseError::not_well_formed);

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower_ascii, lower_ascii);
}

std::string_view without_space(std::string_view text) {
  text.remove_prefix(std::ranges::find_if_not(text, is_space) - text.begin());
  return text;
}

// The ` name = "value"` that a text begins with, and what follows it.
struct PseudoAttribute {
  std::string_view name;
  std::string_view value;
  std::string_view rest;
};
std::optional<PseudoAttribute> first_attribute(std::string_view text) {
  if (text.empty() || !is_space(text[0])) return std::nullopt;
  text = without_space(text);
  const auto name_end = std::ranges::find_if(text, [](char c) { return c < 'a' || c > 'z'; });
  const std::string_view name(text.begin(), name_end);
  text = without_space(text.substr(name.size()));
  if (name.empty() || !text.starts_with('=')) return std::nullopt;
  text = without_space(text.substr(1));
  if (!text.starts_with('"') && !text.starts_with('\'')) return std::nullopt;
  const std::size_t end = text.find(text[0], 1);
  if (end == std::string_view::npos) return std::nullopt;
  return PseudoAttribute{name, text.substr(1, end - 1), text.substr(end + 1)};
}

bool is_encoding_name(std::string_view name) {  // production [81] EncName
  return !name.empty() && has_class(name[0], name_start_class) && name[0] != '_' &&
         std::ranges::all_of(name, [](char c) { return has_class(c, name_class); });
}

// Judges what stands between "<?xml" and "?>" (production [23] XMLDecl).
std::expected<void, ParseError> check_declaration(std::string_view inside) {
  auto next = first_attribute(inside);
  if (!next || next->name != "version" || next->value != "1.0") return not_well_formed;
  inside = next->rest;
  next = first_attribute(inside);
  if (next && next->name == "encoding") {
    if (!is_encoding_name(next->value)) return not_well_formed;
    if (!equals_ignoring_case(next->value, "utf-8"))
      return std::unexpected(ParseError::unsupported_encoding);
    inside = next->rest;
    next = first_attribute(inside);
  }
  if (next && next->name == "standalone" && (next->value == "yes" || next->value == "no"))
    inside = next->rest;
  if (!without_space(inside).empty()) return not_well_formed;
  return {};
}

// The start tag that a text begins with; all of it when that tag has no end.
std::string_view first_tag(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    } else if (text[i] == '>') {
      return text.substr(0, i + 1);
    }
  }
  return text;
}

std::expected<Document, ParseError> build(std::string_view bytes, const NamespaceScope& scope,
                                          Bounds bounds, TreeBuilder::Extent extent) {
  const std::string* default_ns = scope.find({});
  TreeBuilder builder(bytes, &scope, default_ns ? *default_ns : std::string_view(), bounds);
  TRY(builder.build(extent));
  return builder.take();
}

}  // namespace

void NamespaceScope::declare(std::string prefix, std::string ns) {
  for (auto& [known, value] : declared_)
    if (known == prefix) {
      value = std::move(ns);
      return;
    }
  declared_.emplace_back(std::move(prefix), std::move(ns));
}

const std::string* NamespaceScope::find(std::string_view prefix) const {
  for (const auto& [known, ns] : declared_)
    if (known == prefix) return &ns;
  return nullptr;
}

void NamespaceScope::read_default_as(std::string ns) {
  if (const std::string* name = find({})) outer_name_ = *name;
  for (auto& [prefix, value] : declared_)
    if (value == outer_name_) value = ns;
  declare({}, std::move(ns));
}

std::expected<Document, ParseError> parse_element(std::string_view bytes,
                                                  const NamespaceScope& scope, Bounds bounds) {
  return build(bytes, scope, bounds, TreeBuilder::Extent::element);
}

std::expected<Document, ParseError> parse_start_tag(std::string_view bytes,
                                                    const NamespaceScope& scope, Bounds bounds) {
  return build(first_tag(bytes), scope, bounds, TreeBuilder::Extent::start_tag);
}

std::expected<StreamHeader, ParseError> parse_header(std::string_view bytes, Bounds bounds) {
  if (bytes.size() > bounds.bytes) return std::unexpected(ParseError::too_large);
  constexpr std::string_view declaration = "<?xml";
  if (bytes.starts_with(declaration)) {
    const std::size_t end = bytes.find("?>");
    if (end == std::string_view::npos) return not_well_formed;
    TRY(check_declaration(bytes.substr(declaration.size(), end - declaration.size())));
    bytes.remove_prefix(end + 2);
  }
  TreeBuilder builder(without_space(bytes), nullptr, {}, bounds);
  TRY(builder.build(TreeBuilder::Extent::header));
  NamespaceScope scope = builder.declared();
  return StreamHeader{builder.take(), std::move(scope)};
}

std::expected<Document, ParseError> parse_fragment(std::string_view bytes,
                                                   std::string_view default_ns, Bounds bounds) {
  TreeBuilder builder(bytes, nullptr, default_ns, bounds);
  TRY(builder.build(TreeBuilder::Extent::element));
  return builder.take();
}

}  // namespace herold::xml
