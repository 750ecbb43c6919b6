// For tests: one dump of a tree by expat, one by our parser, to be held side by side.
// other.
#pragma once

#include <expat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xml/element.h"

namespace herold::xml::testing {

// A tree as text: names as "namespace \1 local" (no namespace: just local), attributes sorted.
class Dump {
 public:
  using Attributes = std::vector<std::pair<std::string, std::string>>;

  void open(std::string_view name, Attributes attributes) {
    std::ranges::sort(attributes);
    out_.append("\n<").append(name);
    for (const auto& [key, value] : attributes)
      out_.append("\n @").append(key).append("=").append(value);
    in_text_ = false;
  }
  void text(std::string_view text) {
    if (text.empty()) return;
    if (!in_text_) out_ += "\n \"";
    out_ += text;
    in_text_ = true;
  }
  void close() {
    out_ += "\n>";
    in_text_ = false;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  bool in_text_ = false;
};

inline constexpr char separator = '\1';  // stands in no legal document

inline std::string expanded(std::string_view ns, std::string_view name) {
  return ns.empty() ? std::string(name) : std::string(ns).append(1, separator).append(name);
}

// Recursive, unlike the library: trees of tests are as deep as their bounds allow.
inline void dump_into(Dump& dump, Element element) {
  if (element.is_text()) return dump.text(element.first_text());
  Dump::Attributes attributes;
  for (const Attribute& attribute : element.attributes())
    attributes.emplace_back(expanded(attribute.ns, attribute.name), attribute.value);
  dump.open(expanded(element.ns(), element.name()), std::move(attributes));
  for (Element node : element.nodes()) dump_into(dump, node);
  dump.close();
}

inline std::string dump(Element element) {
  Dump out;
  dump_into(out, element);
  return out.take();
}

// What expat makes of `bytes` inside a root element with the start tag `wrapper` ("<w ...>"), the
// root left out; nothing when it refuses, or sees anything but one element, or what is restricted.
inline std::optional<std::string> expat_dump(std::string_view bytes, std::string_view wrapper) {
  struct State {
    Dump dump;
    int depth = 0;
    int elements = 0;         // directly inside the root
    bool has_others = false;  // text beside them; comments or processing instructions anywhere
  } state;
  const XML_Parser parser = XML_ParserCreateNS("UTF-8", separator);
  XML_SetUserData(parser, &state);
  XML_SetElementHandler(
      parser,
      [](void* data, const XML_Char* name, const XML_Char** attributes) {
        auto& own = *static_cast<State*>(data);
        if (own.depth++ == 0) return;
        own.elements += own.depth == 2 ? 1 : 0;
        Dump::Attributes all;
        for (; *attributes; attributes += 2) all.emplace_back(attributes[0], attributes[1]);
        own.dump.open(name, std::move(all));
      },
      [](void* data, const XML_Char*) {
        auto& own = *static_cast<State*>(data);
        if (--own.depth != 0) own.dump.close();
      });
  XML_SetCharacterDataHandler(parser, [](void* data, const XML_Char* text, int size) {
    auto& own = *static_cast<State*>(data);
    if (own.depth == 1) own.has_others = true;
    own.dump.text({text, static_cast<std::size_t>(size)});
  });
  XML_SetCommentHandler(
      parser, [](void* data, const XML_Char*) { static_cast<State*>(data)->has_others = true; });
  XML_SetProcessingInstructionHandler(parser, [](void* data, const XML_Char*, const XML_Char*) {
    static_cast<State*>(data)->has_others = true;
  });
  const auto feed = [parser](std::string_view piece, int last) {
    return XML_Parse(parser, piece.data(), static_cast<int>(piece.size()), last) == XML_STATUS_OK;
  };
  const bool accepted = feed(wrapper, 0) && feed(bytes, 0) && feed("</w>", 1);
  XML_ParserFree(parser);
  if (!accepted || state.elements != 1 || state.has_others) return std::nullopt;
  return state.dump.take();
}

// Whether every name of a well-formed text is ASCII. Expat has the names of the fourth edition of
// XML 1.0, we have those of the fifth: beyond ASCII its refusals prove nothing.
inline bool has_ascii_names(std::string_view bytes) {
  char quote = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (quote == 0) {  // in text: to the next tag, over CDATA
      i = bytes.find('<', i);
      if (i == std::string_view::npos) return true;
      if (bytes.substr(i).starts_with("<![CDATA[")) {
        i = bytes.find("]]>", i) + 2;
        continue;
      }
      quote = '>';
    } else if (quote != '>') {
      if (bytes[i] == quote) quote = '>';
    } else if (bytes[i] == '>') {
      quote = 0;
    } else if (bytes[i] == '"' || bytes[i] == '\'') {
      quote = bytes[i];
    } else if (static_cast<unsigned char>(bytes[i]) >= 0x80) {
      return false;
    }
  }
  return true;
}

}  // namespace herold::xml::testing
