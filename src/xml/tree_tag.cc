// Start tags: names, attribute values, references, and Namespaces in XML 1.0.
#include <algorithm>
#include <cstring>
#include <span>

#include "base/result.h"
#include "xml/characters.h"
#include "xml/find.h"
#include "xml/tree_builder.h"

namespace herold::xml {
namespace {

constexpr std::string_view xmlns_ns = "http://www.w3.org/2000/xmlns/";
constexpr std::uint32_t most_attributes = 0x7fff;  // what ElementNode can count
constexpr std::uint32_t most_namespaces = 0xff00;  // what ElementNode::ns can number
constexpr std::uint32_t longest_name = 0xffff;     // what ElementNode::name_size can hold
constexpr auto not_well_formed = std::unexpected(ParseError::not_well_formed);
constexpr auto too_large = std::unexpected(ParseError::too_large);

struct Entity {
  std::string_view name;
  char value;
};
constexpr Entity entities[] = {
    {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

int digit_value(char c, int base) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return base == 16 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void TreeBuilder::skip_space() {
  while (is_space(*at_)) ++at_;
}

// Moves what is read up to `stop` to `write`, which is never behind it; answers the new `write`.
char* TreeBuilder::move_chunk(char* write, const char* stop) {
  const auto size = static_cast<std::size_t>(stop - at_);
  if (write != at_) std::memmove(write, at_, size);
  at_ += size;
  return write + size;
}

TreeBuilder::Piece TreeBuilder::piece(const char* from, const char* to) const {
  return {static_cast<std::uint32_t>(from - text_), static_cast<std::uint32_t>(to - from)};
}

std::string_view TreeBuilder::ns_text(std::uint16_t ns) const {
  return document_.block_->ns_name(ns);
}

std::expected<TreeBuilder::Name, ParseError> TreeBuilder::qualified_name() {
  const char* const first = at_;
  const std::size_t first_size = name_length(first);
  if (first_size == 0) return not_well_formed;
  if (first_size > longest_name) return too_large;
  at_ += first_size;
  if (*at_ != ':') return Name{first, 0, first, static_cast<std::uint16_t>(first_size)};
  const char* const local = ++at_;
  const std::size_t local_size = name_length(local);
  if (local_size == 0) return not_well_formed;
  if (local_size > longest_name) return too_large;
  at_ += local_size;
  return Name{first, static_cast<std::uint32_t>(first_size), local,
              static_cast<std::uint16_t>(local_size)};
}

std::expected<TreeBuilder::TagEnd, ParseError> TreeBuilder::attributes(detail::ElementNode& node) {
  tag_attributes_ = 0;
  tag_has_default_ = false;
  while (true) {
    const bool spaced = is_space(*at_);
    skip_space();
    if (*at_ == '>') {
      ++at_;
      return TagEnd::open;
    }
    if (*at_ == '/' && at_[1] == '>') {
      at_ += 2;
      return TagEnd::empty;
    }
    if (!spaced) return not_well_formed;
    TRY(attribute(node));
  }
}

TreeBuilder::Status TreeBuilder::attribute(detail::ElementNode& node) {
  if (++tag_attributes_ > std::min(bounds_.attributes, most_attributes)) return too_large;
  const Name name = TRY(qualified_name());
  skip_space();
  if (*at_ != '=') return not_well_formed;
  ++at_;
  skip_space();
  const Piece text = TRY(value());
  const std::string_view prefix(name.prefix, name.prefix_size);
  const std::string_view local(name.local, name.local_size);
  if (prefix == "xmlns") return declare_prefix(local, text);
  if (prefix.empty() && local == "xmlns") return declare_default(text);
  if (attribute_count_ == document_.block_->attributes) return not_well_formed;
  attributes_[attribute_count_++] = {piece(name.local, name.local).offset, text.offset, text.size,
                                     name.local_size, static_cast<std::uint16_t>(prefix.size())};
  ++node.attribute_count;
  return {};
}

TreeBuilder::Status TreeBuilder::declare_default(Piece value) {
  const std::string_view ns = text_of(value);
  if (tag_has_default_ || ns == xml_ns || ns == xmlns_ns) return not_well_formed;
  tag_has_default_ = true;
  if (ns.empty()) {
    default_ = detail::no_namespace;
  } else if (is_content(ns)) {
    default_ = detail::first_namespace;
  } else {
    default_ = TRY(add_namespace(value));
  }
  return {};
}

// Whether a declaration on the element at hand means the stream's own namespace by its outer name
// (NamespaceScope::read_default_as); that is the first one of the table.
bool TreeBuilder::is_content(std::string_view ns) const {
  if (scope_ == nullptr || ns != scope_->outer_name() || ns.empty()) return false;
  return depth_ == 1 || node(node(open_).next).ns == detail::first_namespace;
}

TreeBuilder::Status TreeBuilder::declare_prefix(std::string_view prefix, Piece value) {
  const std::string_view ns = text_of(value);
  if (ns.empty() || ns == xmlns_ns || prefix == "xmlns") return not_well_formed;
  if ((prefix == "xml") != (ns == xml_ns)) return not_well_formed;
  const bool is_outer = is_content(ns);
  const std::string_view wanted = is_outer ? ns_text(detail::first_namespace) : ns;
  std::uint16_t known = ns == xml_ns ? detail::xml_namespace : detail::no_namespace;
  for (const Binding& binding : std::span(bindings_, binding_count_)) {
    if (binding.depth == depth_ && prefix == std::string_view(binding.prefix, binding.prefix_size))
      return not_well_formed;
    if (ns_text(binding.ns) == wanted) known = binding.ns;
  }
  if (binding_count_ == most_prefixes) return too_large;
  // Equal namespaces in force have one number: duplicate attributes are told by numbers.
  if (known == detail::no_namespace)
    known = is_outer ? detail::first_namespace : TRY(add_namespace(value));
  bindings_[binding_count_++] = {prefix.data(), static_cast<std::uint32_t>(prefix.size()), depth_,
                                 known};
  return {};
}

std::expected<std::uint16_t, ParseError> TreeBuilder::add_namespace(Piece piece) {
  if (namespace_count_ == document_.block_->namespaces) return not_well_formed;
  if (namespace_count_ == most_namespaces) return too_large;
  namespaces_[namespace_count_] = {piece.offset, piece.size};
  return static_cast<std::uint16_t>(detail::first_namespace + namespace_count_++);
}

// An attribute value with its quotes, normalised as section 3.3.3 says.
std::expected<TreeBuilder::Piece, ParseError> TreeBuilder::value() {
  const auto quote = static_cast<unsigned char>(*at_);
  if (quote != '"' && quote != '\'') return not_well_formed;
  const auto stops = [quote](auto c) {
    return (c == quote) | (c == '<') | (c == '&') | (c < 0x20);
  };
  const char* const start = ++at_;
  char* write = at_;
  while (true) {
    write = move_chunk(write, find(at_, end_, stops));
    if (at_ == end_ || *at_ == '<') return not_well_formed;
    if (static_cast<unsigned char>(*at_) == quote) {
      ++at_;
      return piece(start, write);
    }
    if (*at_ == '&') {
      write = TRY(reference(write));
    } else {
      at_ += *at_ == '\r' && at_[1] == '\n' ? 2 : 1;
      *write++ = ' ';
    }
  }
}

// At "&": one of the five entities or a character reference.
std::expected<char*, ParseError> TreeBuilder::reference(char* write) {
  ++at_;
  if (*at_ == '#') {
    const int base = at_[1] == 'x' ? 16 : 10;
    at_ += base == 16 ? 2 : 1;
    std::uint32_t code = 0;
    const char* const digits = at_;
    for (int digit; (digit = digit_value(*at_, base)) >= 0; ++at_) {
      code = code * base + static_cast<std::uint32_t>(digit);
      if (code > 0x10ffff) return not_well_formed;
    }
    if (at_ == digits || *at_++ != ';' || !is_character(code)) return not_well_formed;
    return put_utf8(write, code);
  }
  const std::size_t size = name_length(at_);
  if (size == 0 || at_[size] != ';') return not_well_formed;
  const std::string_view name(at_, size);
  at_ += size + 1;
  for (const Entity& entity : entities) {
    if (entity.name != name) continue;
    *write++ = entity.value;
    return write;
  }
  return std::unexpected(ParseError::restricted_xml);
}

// At the end of a start tag, when all its declarations are known.
TreeBuilder::Status TreeBuilder::resolve(const Name& name, detail::ElementNode& node) {
  const std::string_view prefix(name.prefix, name.prefix_size);
  node.ns = prefix.empty() ? default_ : TRY(namespace_of(prefix));
  const std::span all(attributes_ + node.attributes, node.attribute_count);
  for (detail::AttributeNode& attribute : all) {
    if (attribute.ns == 0) continue;  // no prefix, no namespace
    const char* const local = text_ + attribute.name_offset;
    attribute.ns = TRY(namespace_of({local - 1 - attribute.ns, attribute.ns}));
  }
  const auto equal = [this](const detail::AttributeNode& a, const detail::AttributeNode& b) {
    return a.name_size == b.name_size && a.ns == b.ns &&
           std::memcmp(text_ + a.name_offset, text_ + b.name_offset, a.name_size) == 0;
  };
  for (std::size_t i = 1; i < all.size(); ++i)
    for (std::size_t earlier = 0; earlier < i; ++earlier)
      if (equal(all[i], all[earlier])) return not_well_formed;
  return {};
}

std::expected<std::uint16_t, ParseError> TreeBuilder::namespace_of(std::string_view prefix) const {
  if (prefix == "xml") return detail::xml_namespace;
  for (std::uint32_t i = binding_count_; i-- != 0;)
    if (prefix == std::string_view(bindings_[i].prefix, bindings_[i].prefix_size))
      return bindings_[i].ns;
  return not_well_formed;
}

}  // namespace herold::xml
