// Reading a Document: look-ups by name, text, and what its block costs.
#include "xml/element.h"

#include <cstdlib>

namespace herold::xml {

void Document::Free::operator()(Block* block) const { std::free(block); }

std::size_t Document::memory() const {
  if (!block_) return 0;
  return static_cast<std::size_t>(block_->text() - reinterpret_cast<const char*>(block_.get())) +
         block_->text_bytes;
}

std::optional<std::string_view> Element::find_attribute(std::string_view wanted,
                                                        std::string_view wanted_ns) const {
  for (const Attribute& attribute : attributes())
    if (attribute.name == wanted && attribute.ns == wanted_ns) return attribute.value;
  return std::nullopt;
}

std::string_view Element::attribute(std::string_view wanted, std::string_view wanted_ns) const {
  return find_attribute(wanted, wanted_ns).value_or(std::string_view());
}

Element Element::child(std::string_view wanted, std::string_view wanted_ns) const {
  for (Element element : children())
    if (element.is(wanted, wanted_ns)) return element;
  return {};
}

std::string Element::text() const {
  if (is_text()) return std::string(document_->block_->text_of(index_));
  std::string out;
  for (Element node : nodes())
    if (node.is_text()) out += document_->block_->text_of(node.index_);
  return out;
}

std::string_view Element::first_text() const {
  if (is_text()) return document_->block_->text_of(index_);
  for (Element node : nodes())
    if (node.is_text()) return document_->block_->text_of(node.index_);
  return {};
}

}  // namespace herold::xml
