// Fuzzes the parser: what it accepts expat accepts with the same tree, and it survives writing.
#include "base/check.h"
#include "xml/parser.h"
#include "xml/scanner.h"
#include "xml/testing/expat_tree.h"
#include "xml/writer.h"

using namespace herold::xml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)parse_header(bytes, {65536, 1000, 50, 20});
  const auto document = parse_fragment(bytes, "jabber:client", {65536, 1000, 50, 20});
  if (!document) return 0;
  CHECK(document->memory() <= 8 * size + 64);
  const std::string tree = testing::dump(document->root());
  const auto expat = testing::expat_dump(bytes, "<w xmlns='jabber:client'>");
  CHECK(expat ? *expat == tree : !testing::has_ascii_names(bytes));
  const std::string written = to_string(document->root(), "jabber:client");
  const auto again = parse_fragment(written, "jabber:client", {1 << 24, 1000, 50, 40});
  CHECK(again && testing::dump(again->root()) == tree);
  CHECK(to_string(again->root(), "jabber:client") == written);
  Scanner scanner({65536, 1000, 50, 20});
  CHECK(scanner.next("<s>").token == Scanner::Token::header);
  const auto [token, cut] = scanner.next(bytes);
  CHECK(cut == size && token == Scanner::Token::element);
  return 0;
}
