// Patterns of stanzas.
#include "server/testing/pattern.h"

#include "base/check.h"
#include "xml/parser.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace herold::server {
namespace {

bool fits(std::string_view wanted, std::string_view value) {
  return wanted == "{any}" || wanted == value;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool has_such_child(xml::Element pattern, xml::Element parent) {
  for (const xml::Element child : parent.children())
    if (mismatch(pattern, child).empty()) return true;
  return false;
}

// The reason of a single candidate tells more than that none fits.
std::string child_missing(xml::Element pattern, xml::Element parent) {
  const xml::Element candidate = parent.child(pattern.name(), pattern.ns());
  if (candidate) return mismatch(pattern, candidate);
  return "there is no " + xml::to_string(pattern) + " in <" + std::string(parent.name()) + "/>";
}

std::string child_mismatch(xml::Element wanted, xml::Element actual) {
  if (wanted.name() != "ABSENT")
    return has_such_child(wanted, actual) ? std::string() : child_missing(wanted, actual);
  for (const xml::Element unwanted : wanted.children())
    if (has_such_child(unwanted, actual)) return "there is a " + xml::to_string(unwanted);
  return {};
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \n") == text.npos; }

}  // namespace

std::string mismatch(xml::Element pattern, xml::Element actual) {
  if (!actual.is(pattern.name(), pattern.ns()))
    return "it is a <" + std::string(actual.name()) + " xmlns=" + quoted(actual.ns()) + "/>";
  for (const xml::Attribute& wanted : pattern.attributes()) {
    const auto value = actual.find_attribute(wanted.name, wanted.ns);
    if (!value) return "it has no " + std::string(wanted.name);
    if (!fits(wanted.value, *value))
      return "its " + std::string(wanted.name) + " is " + quoted(*value);
  }
  const std::string text = pattern.text();
  if (!is_blank(text) && !fits(text, actual.text()))
    return "the text of <" + std::string(actual.name()) + "/> is " + quoted(actual.text());
  for (const xml::Element wanted : pattern.children())
    if (std::string why = child_mismatch(wanted, actual); !why.empty()) return why;
  return {};
}

xml::Document parse_pattern(std::string_view text) {
  constexpr xml::Bounds bounds{.bytes = 1 << 20, .elements = 20000, .depth = 50, .attributes = 50};
  const std::size_t start = text.find('<'), end = text.rfind('>');
  CHECK(start != std::string_view::npos);
  auto document =
      xml::parse_fragment(text.substr(start, end - start + 1), xmpp::ns::client, bounds);
  CHECK(document.has_value());  // the test has written no XML
  return *std::move(document);
}

}  // namespace herold::server
