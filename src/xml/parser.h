// Parses one element that the Scanner cut, into a Document, with namespaces resolved.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xml/element.h"
#include "xml/scanner.h"

namespace herold::xml {

// Why bytes were refused: RFC 6120 section 4.9.3 has a stream error for each.
enum class ParseError {
  not_well_formed,       // also namespace faults: unbound prefix, duplicate attribute, ...
  restricted_xml,        // comment, processing instruction, DTD, entity
  unsupported_encoding,  // a declaration names something else than UTF-8
  too_large,  // a bound of Bounds, or of what a Document can number (TreeBuilder::most_prefixes)
};

// The namespaces that a stream header declared: inherited by every element of the stream.
class NamespaceScope {
 public:
  // The prefix is "" for the default namespace. Later declarations win.
  void declare(std::string prefix, std::string ns);
  // nullptr when the prefix is not declared.
  const std::string* find(std::string_view prefix) const;

  // The default namespace has the name `ns` inside, not empty, and is read as that where an element
  // declares it anew by its name on the stream, unless that stands inside an element of another
  // namespace: what others carry is theirs.
  void read_default_as(std::string ns);
  const std::string& outer_name() const { return outer_name_; }  // on the stream; empty: the same

 private:
  std::string outer_name_;
  std::vector<std::pair<std::string, std::string>> declared_;
};

// `bytes` is exactly one element (Scanner::Token::element).
std::expected<Document, ParseError> parse_element(std::string_view bytes,
                                                  const NamespaceScope& scope, Bounds bounds);

// The start tag at the front of `bytes`, as an element without children; what follows it is not
// looked at. For answering an element that the scanner found too large.
std::expected<Document, ParseError> parse_start_tag(std::string_view bytes,
                                                    const NamespaceScope& scope, Bounds bounds);

// The start tag of a stream: its element (without children) and the namespaces that it declares.
struct StreamHeader {
  Document element;
  NamespaceScope scope;
};
std::expected<StreamHeader, ParseError> parse_header(std::string_view bytes, Bounds bounds);

// For stored or received text that is one whole element with its own declarations. `default_ns`
// is the namespace of unprefixed elements that declare none.
std::expected<Document, ParseError> parse_fragment(std::string_view bytes,
                                                   std::string_view default_ns, Bounds bounds);

}  // namespace herold::xml
