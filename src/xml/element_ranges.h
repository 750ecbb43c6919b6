// The inline part of element.h: the layout of a Document's block, and iteration over it.
#pragma once

#include <cstddef>
#include <iterator>

#include "xml/element.h"

namespace herold::xml {

inline constexpr std::string_view xml_ns = "http://www.w3.org/XML/1998/namespace";

struct Document::Block {
  std::uint32_t words;  // of elements and text runs
  std::uint32_t attributes;
  std::uint32_t namespaces;
  std::uint32_t text_bytes;

  std::uint32_t* word() { return reinterpret_cast<std::uint32_t*>(this + 1); }
  const std::uint32_t* word() const { return reinterpret_cast<const std::uint32_t*>(this + 1); }
  const detail::AttributeNode* attribute() const {
    return reinterpret_cast<const detail::AttributeNode*>(word() + words);
  }
  const detail::NamespaceNode* ns() const {
    return reinterpret_cast<const detail::NamespaceNode*>(attribute() + attributes);
  }
  const char* text() const { return reinterpret_cast<const char*>(ns() + namespaces); }

  const detail::ElementNode& element(std::uint32_t index) const {
    return *reinterpret_cast<const detail::ElementNode*>(word() + index);
  }
  const detail::TextNode& run(std::uint32_t index) const {
    return *reinterpret_cast<const detail::TextNode*>(word() + index);
  }
  bool is_text(std::uint32_t index) const { return (word()[index] & detail::text_mark) != 0; }
  std::string_view text_of(std::uint32_t index) const {
    const detail::TextNode& node = run(index);
    return {text() + (node.offset & ~detail::text_mark), node.size & ~detail::last_mark};
  }
  std::string_view ns_name(std::uint16_t index) const {
    if (index == detail::no_namespace) return {};
    if (index == detail::xml_namespace) return xml_ns;
    const detail::NamespaceNode& node = ns()[index - detail::first_namespace];
    return {text() + node.offset, node.size};
  }
};

namespace detail {
inline constexpr std::uint32_t element_words = sizeof(ElementNode) / sizeof(std::uint32_t);
inline constexpr std::uint32_t text_words = sizeof(TextNode) / sizeof(std::uint32_t);
static_assert(sizeof(ElementNode) == 20 && sizeof(TextNode) == 8 && sizeof(AttributeNode) == 16);
}  // namespace detail

inline const detail::ElementNode& Element::node() const {
  return document_->block_->element(index_);
}

inline bool Element::is_text() const { return document_ && document_->block_->is_text(index_); }

inline std::string_view Element::name() const {
  if (!document_ || is_text()) return {};
  return {document_->block_->text() + node().name_offset, node().name_size};
}

inline std::string_view Element::ns() const {
  if (!document_ || is_text()) return {};
  return document_->block_->ns_name(node().ns);
}

inline bool Element::is(std::string_view wanted, std::string_view wanted_ns) const {
  return name() == wanted && document_ && !is_text() && ns() == wanted_ns;
}

inline Element Element::next_sibling() const {
  if (is_text()) {
    const bool last = (document_->block_->run(index_).size & detail::last_mark) != 0;
    return last ? Element() : Element(document_, index_ + detail::text_words);
  }
  const std::uint32_t next = node().next;
  return next == 0 ? Element() : Element(document_, next);
}

inline Element Element::first_node() const {
  if (!document_ || is_text() || !node().has_children) return {};
  return {document_, index_ + detail::element_words};
}

class Element::Iterator {
 public:
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  enum class Kind : std::uint8_t { elements_only, all };

  Iterator() = default;
  Iterator(Element at, Kind kind) : at_(at), kind_(kind) { skip_text(); }
  Element operator*() const { return at_; }
  Iterator& operator++() {
    at_ = at_.next_sibling();
    skip_text();
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator& other) const {
    return at_.document_ == other.at_.document_ && at_.index_ == other.at_.index_;
  }

 private:
  void skip_text() {
    if (kind_ == Kind::all) return;
    while (at_ && at_.is_text()) at_ = at_.next_sibling();
  }
  Element at_;
  Kind kind_ = Kind::all;
};

class Element::Range {
 public:
  explicit Range(Iterator begin) : begin_(begin) {}
  Iterator begin() const { return begin_; }
  Iterator end() const { return {}; }
  bool empty() const { return begin_ == Iterator(); }

 private:
  Iterator begin_;
};

class Element::AttributeIterator {
 public:
  using value_type = Attribute;
  using difference_type = std::ptrdiff_t;

  AttributeIterator() = default;
  AttributeIterator(const Document* document, const detail::AttributeNode* at)
      : document_(document), at_(at) {}
  Attribute operator*() const {
    const Document::Block& block = *document_->block_;
    return {{block.text() + at_->name_offset, at_->name_size},
            block.ns_name(at_->ns),
            {block.text() + at_->value_offset, at_->value_size}};
  }
  AttributeIterator& operator++() {
    ++at_;
    return *this;
  }
  AttributeIterator operator++(int) { return {document_, at_++}; }
  bool operator==(const AttributeIterator& other) const { return at_ == other.at_; }

 private:
  const Document* document_ = nullptr;
  const detail::AttributeNode* at_ = nullptr;
};

class Element::AttributeRange {
 public:
  AttributeRange() = default;
  AttributeRange(AttributeIterator begin, AttributeIterator end) : begin_(begin), end_(end) {}
  AttributeIterator begin() const { return begin_; }
  AttributeIterator end() const { return end_; }
  bool empty() const { return begin_ == end_; }

 private:
  AttributeIterator begin_, end_;
};

inline Element::Range Element::children() const {
  return Range({first_node(), Iterator::Kind::elements_only});
}

inline Element::Range Element::nodes() const { return Range({first_node(), Iterator::Kind::all}); }

inline Element Element::first_child() const { return *children().begin(); }

inline Element::AttributeRange Element::attributes() const {
  if (!document_ || is_text()) return {};
  const detail::AttributeNode* first = document_->block_->attribute() + node().attributes;
  return {{document_, first}, {document_, first + node().attribute_count}};
}

}  // namespace herold::xml
