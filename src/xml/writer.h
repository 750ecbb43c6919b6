// Writes XML canonically: double quotes, the five entities, no prefixes but xml: and stream:.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "xml/element.h"

namespace herold::xml {

// Appends `text` with & < > (and " in attributes) escaped, CR and in attributes TAB and LF as
// references, so that a parser gives back the same text.
void append_text(std::string& out, std::string_view text);
void append_attribute_value(std::string& out, std::string_view value);

// Appends to a string; open elements are closed by close() in order, empty ones as <a/>.
// An element whose namespace is its parent's is written without xmlns, else with xmlns="...".
class Writer {
 public:
  // `default_ns`: the namespace in force around what is written (the stream's own).
  Writer(std::string& out, std::string_view default_ns);

  // The namespace must outlive the Writer (literals and a Document's views do).
  Writer& open(std::string_view name, std::string_view ns);
  Writer& open(std::string_view name);  // in the namespace in force
  // Only directly after open(). Empty values are written; see optional_attribute().
  Writer& attribute(std::string_view name, std::string_view value);
  Writer& optional_attribute(std::string_view name, std::string_view value);  // not when empty
  Writer& text(std::string_view text);
  // <name>text</name> in the namespace in force.
  Writer& leaf(std::string_view name, std::string_view text);
  // An element with all below it, re-serialised.
  Writer& element(Element element);
  // Bytes that are canonical XML already, in a scope where `default_ns` is in force.
  Writer& raw(std::string_view xml);
  Writer& close();
  void close_all();

 private:
  struct Open {
    std::string_view name;
    std::string_view ns;  // the default namespace inside it
    bool is_xml;          // written with the prefix xml, which leaves the default as it was
    Element source;       // of element(): what is being written
  };
  std::string_view ns_in_force() const { return open_.empty() ? default_ns_ : open_.back().ns; }
  void finish_start_tag();
  void start(Element element);

  std::string& out_;
  std::vector<Open> open_;
  std::string_view default_ns_;
  bool in_start_tag_ = false;
};

// The whole element as text, written in a scope where `default_ns` is in force.
std::string to_string(Element element, std::string_view default_ns = {});

}  // namespace herold::xml
