// The tree of one stanza: a Document owns one block of memory, an Element is a place in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace herold::xml {

class Document;
class Element;

// An attribute with its namespace resolved; unprefixed attributes have none.
struct Attribute {
  std::string_view name;
  std::string_view ns;
  std::string_view value;
};

namespace detail {

// 20 bytes an element or text run, 16 an attribute, in document order: at most 8 bytes of memory
// for one byte of input. Offsets point into the Document's own copy of the text.
struct Node {
  std::uint32_t offset;      // of the local name, or of the text
  std::uint32_t size;        // of the same
  std::uint32_t next;        // index of the next sibling, 0 at the last
  std::uint32_t attributes;  // index of the first attribute; unused in text
  std::uint16_t ns;          // index into the table of namespaces; text_node marks a text run
  std::uint16_t attribute_count : 15;
  std::uint16_t has_children : 1;
};

struct AttributeNode {
  std::uint32_t name_offset;
  std::uint32_t value_offset;
  std::uint32_t value_size;
  std::uint16_t name_size;
  std::uint16_t ns;
};

inline constexpr std::uint16_t text_node = 0xffff;

}  // namespace detail

// A node of a Document, which must outlive it; false when there is none. Cheap to copy.
class Element {
 public:
  // Iterates over siblings; `elements_only` skips text runs.
  class Iterator;
  class Range;
  class AttributeIterator;
  class AttributeRange;

  Element() = default;
  explicit operator bool() const { return document_ != nullptr; }
  bool is_text() const;

  std::string_view name() const;  // local name; empty for text
  std::string_view ns() const;    // namespace name
  bool is(std::string_view name, std::string_view ns) const;

  // The value of an attribute without namespace (or of `ns`); nothing when it is absent.
  std::optional<std::string_view> find_attribute(std::string_view name,
                                                 std::string_view ns = {}) const;
  // The same, "" when absent.
  std::string_view attribute(std::string_view name, std::string_view ns = {}) const;
  AttributeRange attributes() const;

  Range children() const;  // child elements, in order
  Range nodes() const;     // child elements and text runs, in order
  Element child(std::string_view name, std::string_view ns) const;  // the first such child
  Element first_child() const;                                      // the first child element

  // Character data directly inside, runs concatenated. For a text run: itself.
  std::string text() const;
  // The same without a copy; a well-formed element with at most one run has it in one piece, and
  // the parser joins adjacent runs (CDATA, references), so only mixed content yields less.
  std::string_view first_text() const;

  const Document* document() const { return document_; }

 private:
  friend class Document;
  Element(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  const detail::Node& node() const;
  Element next_sibling() const;
  Element first_node() const;

  const Document* document_ = nullptr;
  std::uint32_t index_ = 0;
};

// One parsed element with everything below it: immutable, movable, one allocation.
class Document {
 public:
  Document() = default;
  Document(Document&&) noexcept = default;
  Document& operator=(Document&&) noexcept = default;

  explicit operator bool() const { return block_ != nullptr; }
  Element root() const { return block_ ? Element(this, 0) : Element(); }
  std::size_t memory() const;  // bytes allocated

 private:
  friend class Element;
  friend class TreeBuilder;  // parser.cc
  struct Block;              // element.cc: counts, then nodes, attributes, namespaces, text
  struct Free {
    void operator()(Block* block) const;
  };
  std::unique_ptr<Block, Free> block_;
};

}  // namespace herold::xml

#include "xml/element_ranges.h"
