// Parser: what is accepted with which tree, and what is refused with which error.
#include "xml/parser.h"

#include <gtest/gtest.h>

#include "xml/writer.h"

namespace herold::xml {
namespace {

constexpr Bounds bounds{256 << 10, 5000, 100, 64};

std::string canonical(std::string_view bytes) {
  const auto document = parse_fragment(bytes, {}, bounds);
  if (!document) return "error " + std::to_string(static_cast<int>(document.error()));
  return to_string(document->root());
}

TEST(Parser, WritesBackWhatItRead) {
  EXPECT_EQ(canonical("<a/>"), "<a/>");
  EXPECT_EQ(canonical("<a xmlns='x'><p:b xmlns:p='y' p:c='d' e='f'>t<c/>u</p:b></a>"),
            "<a xmlns=\"x\"><b xmlns=\"y\" xmlns:ns1=\"y\" ns1:c=\"d\" e=\"f\">t<c xmlns=\"x\"/>u"
            "</b></a>");
}

}  // namespace
}  // namespace herold::xml
