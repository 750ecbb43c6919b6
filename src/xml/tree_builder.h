// Builds a Document from one element: a pass that counts, one allocation, a pass that fills it.
//
// The block holds a copy of the input; names stay where they are in it, text and attribute values
// are decoded in place. Namespaces inherited from the stream are copied behind it, each once and
// only if used.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "xml/element.h"
#include "xml/parser.h"

namespace herold::xml {

class TreeBuilder {
 public:
  using Status = std::expected<void, ParseError>;
  enum class Extent {
    element,    // a whole element and nothing behind it
    header,     // one start tag that leaves the element open, and nothing behind it
    start_tag,  // one start tag and nothing behind it
  };

  // Most prefixes in force at once, those used of the stream's included; beyond it too_large.
  // They stand on the C stack while parsing, and a look-up walks them: this keeps it linear.
  static constexpr std::uint32_t most_prefixes = 256;

  // `default_ns` is in force around the element; `scope`, which may be null, has the prefixes.
  TreeBuilder(std::string_view input, const NamespaceScope* scope, std::string_view default_ns,
              Bounds bounds)
      : input_(input), scope_(scope), default_ns_(default_ns), bounds_(bounds) {}

  Status build(Extent extent);
  Document take() { return std::move(document_); }
  // After build(Extent::header), before take(): what the start tag declared.
  NamespaceScope declared() const;

 private:
  struct Shape {
    std::uint32_t elements = 0;
    std::uint32_t texts = 0;
    std::uint32_t attributes = 0;
    std::uint32_t namespaces = 0;
    std::size_t inherited_bytes = 0;  // of the scope's namespaces that are used
  };
  struct Binding {  // without initialisers: an array of them stays untouched until used
    const char* prefix;
    std::uint32_t prefix_size;
    std::uint32_t depth;  // of the element that declares it, 0 when the scope does
    std::uint16_t ns;
  };
  struct Name {
    const char* prefix;
    std::uint32_t prefix_size;
    const char* local;
    std::uint16_t local_size;
  };
  struct Piece {
    std::uint32_t offset;
    std::uint32_t size;
  };
  enum class TagEnd { open, empty };

  // tree_measure.cc
  Status measure(Extent extent);
  const char* measure_tag(const char* at);
  Status use_prefix(std::string_view prefix);
  void allocate();
  void add_inherited(char* at);

  // tree_builder.cc
  Status content();
  Status text_run();
  std::expected<char*, ParseError> cdata(char* write);
  Status start_tag();
  Status end_tag();
  std::expected<std::uint32_t, ParseError> add_element(const Name& name);
  void close_element();
  Status add_text(Piece piece);
  void link(std::uint32_t index);

  // tree_tag.cc
  std::expected<Name, ParseError> qualified_name();
  std::expected<TagEnd, ParseError> attributes(detail::ElementNode& node);
  Status attribute(detail::ElementNode& node);
  Status declare_default(Piece value);
  Status declare_prefix(std::string_view prefix, Piece value);
  std::expected<Piece, ParseError> value();
  std::expected<char*, ParseError> reference(char* write);
  Status resolve(const Name& name, detail::ElementNode& node);
  std::expected<std::uint16_t, ParseError> namespace_of(std::string_view prefix) const;
  std::expected<std::uint16_t, ParseError> add_namespace(Piece piece);
  bool is_content(std::string_view ns) const;

  void skip_space();
  char* move_chunk(char* write, const char* stop);
  Piece piece(const char* from, const char* to) const;
  std::string_view text_of(Piece piece) const { return {text_ + piece.offset, piece.size}; }
  std::string_view ns_text(std::uint16_t ns) const;
  detail::ElementNode& node(std::uint32_t index) const {
    return *reinterpret_cast<detail::ElementNode*>(words_ + index);
  }

  std::string_view input_;
  const NamespaceScope* scope_;
  std::string_view default_ns_;
  Bounds bounds_;
  Shape shape_;
  Status fault_;  // of measure_tag()
  Document document_;

  // The block's parts, and how much of each is filled.
  std::uint32_t* words_ = nullptr;
  detail::AttributeNode* attributes_ = nullptr;
  detail::NamespaceNode* namespaces_ = nullptr;
  char* text_ = nullptr;
  std::uint32_t word_count_ = 0;
  std::uint32_t attribute_count_ = 0;
  std::uint32_t namespace_count_ = 0;

  char* at_ = nullptr;  // where parsing stands in text_; the NUL at end_ stops every loop
  char* end_ = nullptr;
  std::uint32_t open_ = 0;  // the innermost open element
  std::uint32_t last_ = 0;  // the last child closed inside it, 0 when there is none
  std::uint32_t depth_ = 0;
  std::uint32_t tag_attributes_ = 0;  // of the tag at hand, declarations counted
  bool tag_has_default_ = false;      // whether the tag at hand declares the default namespace
  std::uint16_t default_ = detail::no_namespace;

  std::uint32_t binding_count_ = 0;
  Binding bindings_[most_prefixes];
};

}  // namespace herold::xml
