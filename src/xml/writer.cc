// The canonical writer: escaping, namespaces, and whole trees without recursion.
#include "xml/writer.h"

#include <algorithm>

#include "base/check.h"
#include "xml/find.h"

namespace herold::xml {
namespace {

std::string_view reference_for(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\t':
      return "&#x9;";
    case '\n':
      return "&#xA;";
    default:
      return "&#xD;";
  }
}

// Appends `text` with references in place of the characters that `special` takes.
template <class Special>
void append_escaped(std::string& out, std::string_view text, Special special) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const char* const stop = find(at, end, special);
    out.append(at, stop);
    if (stop == end) return;
    out += reference_for(*stop);
    at = stop + 1;
  }
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_attribute_value(out, value);
  out += '"';
}

// Prefixes for the attributes of one element: ns1 for the first namespace that needs one, ...
class Prefixes {
 public:
  // xml:NAME, or nsN:NAME with the declaration where it is first needed.
  void append(std::string& out, const Attribute& attribute) {
    std::string name = "xml";
    if (attribute.ns != xml_ns) {
      // Inside one element of a Document equal namespaces are the same piece of its memory.
      const auto known = std::ranges::find(seen_, attribute.ns.data());
      name = "ns" + std::to_string(known - seen_.begin() + 1);
      if (known == seen_.end()) {
        append_attribute(out, "xmlns:" + name, attribute.ns);
        seen_.push_back(attribute.ns.data());
      }
    }
    append_attribute(out, name.append(":").append(attribute.name), attribute.value);
  }

 private:
  std::vector<const char*> seen_;
};

}  // namespace

void append_text(std::string& out, std::string_view text) {
  append_escaped(out, text,
                 [](auto c) { return (c == '&') | ((c | 2) == '>') | (c == '\r'); });  // or "<"
}

void append_attribute_value(std::string& out, std::string_view value) {
  append_escaped(out, value, [](auto c) {
    return (c == '&') | ((c | 2) == '>') | (c == '"') | (c == '\r') | (c == '\t') | (c == '\n');
  });
}

Writer::Writer(std::string& out, std::string_view default_ns) : out_(out), default_ns_(default_ns) {
  open_.reserve(8);
}

Writer& Writer::open(std::string_view name, std::string_view ns) {
  finish_start_tag();
  const std::string_view around = ns_in_force();
  const bool is_xml = ns == xml_ns;
  out_ += is_xml ? "<xml:" : "<";
  out_ += name;
  if (!is_xml && ns != around) append_attribute(out_, "xmlns", ns);
  open_.push_back({name, is_xml ? around : ns, is_xml, {}});
  in_start_tag_ = true;
  return *this;
}

Writer& Writer::open(std::string_view name) { return open(name, ns_in_force()); }

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  CHECK(in_start_tag_);
  append_attribute(out_, name, value);
  return *this;
}

Writer& Writer::optional_attribute(std::string_view name, std::string_view value) {
  return value.empty() ? *this : attribute(name, value);
}

Writer& Writer::text(std::string_view text) {
  if (text.empty()) return *this;
  finish_start_tag();
  append_text(out_, text);
  return *this;
}

Writer& Writer::leaf(std::string_view name, std::string_view content) {
  return open(name).text(content).close();
}

// Start tag with attributes; element() does the rest.
void Writer::start(Element element) {
  open(element.name(), element.ns());
  open_.back().source = element;
  Prefixes prefixes;
  for (const Attribute& attribute : element.attributes()) {
    if (attribute.ns.empty()) {
      append_attribute(out_, attribute.name, attribute.value);
    } else {
      prefixes.append(out_, attribute);
    }
  }
}

Writer& Writer::element(Element element) {
  if (element.is_text()) return text(element.first_text());
  const std::size_t around = open_.size();
  Element at = element;
  while (at) {
    Element next;
    if (at.is_text()) {
      text(at.first_text());
      next = at.next_sibling();
    } else {
      start(at);
      next = at.first_node();
    }
    // Nothing follows here: close upwards until something follows.
    while (!next && open_.size() > around) {
      const Element done = open_.back().source;
      close();
      if (open_.size() > around) next = done.next_sibling();
    }
    at = next;
  }
  return *this;
}

Writer& Writer::raw(std::string_view xml) {
  if (xml.empty()) return *this;
  finish_start_tag();
  out_ += xml;
  return *this;
}

Writer& Writer::close() {
  CHECK(!open_.empty());
  const Open& last = open_.back();
  if (in_start_tag_) {
    out_ += "/>";
    in_start_tag_ = false;
  } else {
    out_ += last.is_xml ? "</xml:" : "</";
    out_ += last.name;
    out_ += '>';
  }
  open_.pop_back();
  return *this;
}

void Writer::close_all() {
  while (!open_.empty()) close();
}

void Writer::finish_start_tag() {
  if (!in_start_tag_) return;
  out_ += '>';
  in_start_tag_ = false;
}

std::string to_string(Element element, std::string_view default_ns) {
  std::string out;
  Writer(out, default_ns).element(element);
  return out;
}

}  // namespace herold::xml
