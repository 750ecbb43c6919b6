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

// 20 bytes an element, 8 a text run, 16 an attribute, in document order, and the text itself once:
// at most 8 bytes of memory for one byte of input. Elements and text runs stand in one array of
// words, an index being that of the first word; offsets point into the Document's own text.
struct ElementNode {
  std::uint32_t name_offset;  // of the local name
  std::uint32_t next;         // index of the next sibling, 0 at the last (while building: parent)
  std::uint32_t attributes;   // index of the first attribute
  std::uint16_t name_size;
  std::uint16_t ns;
  std::uint16_t attribute_count : 15;
  std::uint16_t has_children : 1;
  std::uint16_t outer_default;  // while building: the default namespace around the element
};

// The next sibling of a text run stands directly behind it.
struct TextNode {
  std::uint32_t offset;  // and text_mark
  std::uint32_t size;    // and last_mark when no sibling follows
};

struct AttributeNode {
  std::uint32_t name_offset;
  std::uint32_t value_offset;
  std::uint32_t value_size;
  std::uint16_t name_size;
  std::uint16_t ns;  // while building: the length of the prefix
};

struct NamespaceNode {
  std::uint32_t offset;
  std::uint32_t size;
};

inline constexpr std::uint32_t text_mark = 0x8000'0000;
inline constexpr std::uint32_t last_mark = 0x8000'0000;
inline constexpr std::uint16_t no_namespace = 0;
inline constexpr std::uint16_t xml_namespace = 1;  // of xml:lang; not in the table
inline constexpr std::uint16_t first_namespace = 2;

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
  friend class Writer;
  Element(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  const detail::ElementNode& node() const;
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
  struct Block;              // element_ranges.h: counts, then nodes, attributes, ..., text
  struct Free {
    void operator()(Block* block) const;
  };
  std::unique_ptr<Block, Free> block_;
};

}  // namespace herold::xml

#include "xml/element_ranges.h"
