// For tests: payloads and elements from text.
#pragma once

#include <string_view>

#include "base/check.h"
#include "xml/parser.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

inline constexpr xml::Bounds test_bounds{
    .bytes = 65536, .elements = 1000, .depth = 50, .attributes = 50};

// The text must be well-formed; white space around it is dropped.
inline xml::Document parse_test(std::string_view text, std::string_view default_ns = ns::client) {
  const std::size_t start = text.find('<'), end = text.rfind('>');
  CHECK(start != std::string_view::npos);
  auto document = xml::parse_fragment(text.substr(start, end - start + 1), default_ns, test_bounds);
  CHECK(document.has_value());
  return *std::move(document);
}

template <class P>
Answer<P> read_text(std::string_view text, std::string_view default_ns = ns::client) {
  const xml::Document document = parse_test(text, default_ns);
  return read<P>(document.root());
}

}  // namespace herold::xmpp
