// The first pass over an element: counts what the tree will hold, then takes the memory at once.
//
// It only looks at what separates things; whatever it lets pass is judged by the second pass,
// which never writes beyond these counts.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"
#include "xml/characters.h"
#include "xml/find.h"
#include "xml/tree_builder.h"

namespace herold::xml {
namespace {

constexpr std::string_view cdata_begin = "<![CDATA[";

auto equals(char wanted) {
  return [wanted](auto c) { return c == static_cast<unsigned char>(wanted); };
}

bool declares_namespace(const char* name, const char* quote) {
  return quote - name > 5 && std::memcmp(name, "xmlns", 5) == 0 &&
         (name[5] == ':' || name[5] == '=' || is_space(name[5]));
}

}  // namespace

TreeBuilder::Status TreeBuilder::measure(Extent extent) {
  const char* at = input_.data();
  const char* const end = at + input_.size();
  bool in_text = false;
  while (at != end) {
    const char* tag = find(at, end, equals('<'));
    in_text |= tag != at;
    if (end - tag < 2) break;
    if (tag[1] == '!' && std::string_view(tag, end).starts_with(cdata_begin)) {
      const char* body = tag + cdata_begin.size();
      const std::size_t close = std::string_view(body, end).find("]]>");
      if (close == std::string_view::npos) break;
      in_text |= close != 0;
      at = body + close + 3;
      continue;
    }
    if (tag[1] == '!' || tag[1] == '?') return std::unexpected(ParseError::restricted_xml);
    shape_.texts += in_text ? 1 : 0;
    in_text = false;
    if (tag[1] == '/') {
      at = find(tag, end, equals('>'));
      continue;
    }
    if (++shape_.elements > bounds_.elements) return std::unexpected(ParseError::too_large);
    at = measure_tag(tag + 1);
    if (!fault_ || extent != Extent::element) break;
  }
  return fault_;
}

// From behind "<" to behind ">".
const char* TreeBuilder::measure_tag(const char* at) {
  const char* const end = input_.data() + input_.size();
  const char* name = at;
  bool in_name = true;
  for (; at != end; ++at) {
    const char c = *at;
    if (c == '>') return at + 1;
    if (c == '"' || c == '\'') {
      ++(declares_namespace(name, at) ? shape_.namespaces : shape_.attributes);
      at = find(at + 1, end, equals(c));
      if (at == end) break;
      in_name = false;
    } else if (is_space(c) || c == '=') {
      in_name = false;
    } else if (!in_name) {
      name = at;
      in_name = true;
    } else if (c == ':' && fault_) {
      fault_ = use_prefix({name, at});
    }
  }
  return at;
}

// Makes a prefix of the stream known, the first time that it turns up.
TreeBuilder::Status TreeBuilder::use_prefix(std::string_view prefix) {
  if (!scope_ || prefix == "xmlns" || prefix == "xml" || prefix.empty()) return {};
  for (const Binding& known : std::span(bindings_, binding_count_))
    if (prefix == std::string_view(known.prefix, known.prefix_size)) return {};
  const std::string* ns = scope_->find(prefix);
  if (!ns) return {};
  if (binding_count_ == most_prefixes) return std::unexpected(ParseError::too_large);
  bindings_[binding_count_++] = {prefix.data(), static_cast<std::uint32_t>(prefix.size()), 0,
                                 detail::no_namespace};
  ++shape_.namespaces;
  shape_.inherited_bytes += ns->size();
  return {};
}

void TreeBuilder::allocate() {
  if (!default_ns_.empty()) {
    ++shape_.namespaces;
    shape_.inherited_bytes += default_ns_.size();
  }
  using Block = Document::Block;
  const std::uint64_t words = std::uint64_t{shape_.elements} * detail::element_words +
                              std::uint64_t{shape_.texts} * detail::text_words;
  const std::uint64_t text = input_.size() + 1 + shape_.inherited_bytes;
  const std::uint64_t bytes = sizeof(Block) + words * sizeof(std::uint32_t) +
                              shape_.attributes * sizeof(detail::AttributeNode) +
                              shape_.namespaces * sizeof(detail::NamespaceNode) + text;
  const auto size = static_cast<std::size_t>(bytes);
  CHECK(size == bytes && words <= UINT32_MAX && text <= UINT32_MAX);
  void* memory = std::malloc(size);
  CHECK(memory != nullptr);
  document_.block_.reset(std::construct_at(static_cast<Block*>(memory),
                                           static_cast<std::uint32_t>(words), shape_.attributes,
                                           shape_.namespaces, static_cast<std::uint32_t>(text)));
  Block& block = *document_.block_;
  words_ = block.word();
  attributes_ = const_cast<detail::AttributeNode*>(block.attribute());
  namespaces_ = const_cast<detail::NamespaceNode*>(block.ns());
  text_ = const_cast<char*>(block.text());
  std::memcpy(text_, input_.data(), input_.size());
  at_ = text_;
  end_ = text_ + input_.size();
  *end_ = '\0';
  add_inherited(end_ + 1);
}

// Copies the stream's namespaces to `at`, equal ones with one number.
void TreeBuilder::add_inherited(char* at) {
  const auto add = [&](std::string_view ns) {
    std::memcpy(at, ns.data(), ns.size());
    namespaces_[namespace_count_] = {piece(at, at + ns.size()).offset,
                                     static_cast<std::uint32_t>(ns.size())};
    at += ns.size();
    return static_cast<std::uint16_t>(detail::first_namespace + namespace_count_++);
  };
  if (!default_ns_.empty()) default_ = add(default_ns_);
  for (std::uint32_t i = 0; i < binding_count_; ++i) {
    const std::string& ns = *scope_->find({bindings_[i].prefix, bindings_[i].prefix_size});
    bindings_[i].ns = add(ns);
    for (std::uint32_t earlier = 0; earlier < i; ++earlier)
      if (ns_text(bindings_[earlier].ns) == ns) bindings_[i].ns = bindings_[earlier].ns;
  }
}

}  // namespace herold::xml
