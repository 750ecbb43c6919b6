// The second pass over an element: structure and text, one loop and no recursion.
#include "xml/tree_builder.h"

#include <cstring>
#include <span>

#include "base/result.h"
#include "xml/characters.h"
#include "xml/find.h"

namespace herold::xml {
namespace {

constexpr std::string_view cdata_begin = "<![CDATA[";
constexpr auto not_well_formed = std::unexpected(ParseError::not_well_formed);
constexpr auto too_large = std::unexpected(ParseError::too_large);

}  // namespace

TreeBuilder::Status TreeBuilder::build(Extent extent) {
  if (input_.size() > bounds_.bytes || input_.size() >= detail::text_mark) return too_large;
  if (input_.size() < 3 || input_[0] != '<') return not_well_formed;
  if (check_characters(input_) == Characters::illegal) return not_well_formed;
  TRY(measure(extent));
  if (shape_.elements == 0) return not_well_formed;
  allocate();
  TRY(start_tag());
  if (extent == Extent::element) {
    TRY(content());
  } else if (depth_ == 0 && extent == Extent::header) {
    return not_well_formed;  // a stream that ends where it begins
  }
  return at_ == end_ ? Status() : not_well_formed;
}

NamespaceScope TreeBuilder::declared() const {
  NamespaceScope scope;
  if (tag_has_default_) scope.declare({}, std::string(ns_text(default_)));
  for (const Binding& binding : std::span(bindings_, binding_count_))
    if (binding.ns != detail::xml_namespace)
      scope.declare({binding.prefix, binding.prefix_size}, std::string(ns_text(binding.ns)));
  return scope;
}

// Everything behind the outermost start tag, to its end tag.
TreeBuilder::Status TreeBuilder::content() {
  while (depth_ != 0) {
    TRY(text_run());
    if (at_[1] == '/') {
      TRY(end_tag());
    } else {
      TRY(start_tag());
    }
  }
  return {};
}

// Character data up to the next tag: references, CDATA and line ends all make one run.
TreeBuilder::Status TreeBuilder::text_run() {
  const auto stops = [](auto c) { return (c == '<') | (c == '&') | (c == ']') | (c == '\r'); };
  const char* const start = at_;
  char* write = at_;
  while (true) {
    write = move_chunk(write, find(at_, end_, stops));
    if (at_ == end_) return not_well_formed;
    if (*at_ == '<') {
      if (at_[1] != '!') break;
      write = TRY(cdata(write));
    } else if (*at_ == '&') {
      write = TRY(reference(write));
    } else if (*at_ == '\r') {  // section 2.11
      at_ += at_[1] == '\n' ? 2 : 1;
      *write++ = '\n';
    } else {
      if (at_[1] == ']' && at_[2] == '>') return not_well_formed;
      *write++ = *at_++;
    }
  }
  return write == start ? Status() : add_text(piece(start, write));
}

std::expected<char*, ParseError> TreeBuilder::cdata(char* write) {
  if (std::string_view(at_, end_).substr(0, cdata_begin.size()) != cdata_begin)
    return std::unexpected(ParseError::restricted_xml);
  at_ += cdata_begin.size();
  while (true) {
    write = move_chunk(write, find(at_, end_, [](auto c) { return (c == ']') | (c == '\r'); }));
    if (at_ == end_) return not_well_formed;
    if (*at_ == '\r') {
      at_ += at_[1] == '\n' ? 2 : 1;
      *write++ = '\n';
    } else if (at_[1] == ']' && at_[2] == '>') {
      at_ += 3;
      return write;
    } else {
      *write++ = *at_++;
    }
  }
}

TreeBuilder::Status TreeBuilder::start_tag() {
  ++at_;
  if (depth_ >= bounds_.depth) return too_large;
  const Name name = TRY(qualified_name());
  detail::ElementNode& element = node(TRY(add_element(name)));
  const TagEnd end = TRY(attributes(element));
  TRY(resolve(name, element));
  if (end == TagEnd::empty) close_element();
  return {};
}

TreeBuilder::Status TreeBuilder::end_tag() {
  at_ += 2;
  // The name as it stood in the start tag, prefix included, is still in the text.
  const char* const local = text_ + node(open_).name_offset;
  const char* name = local;
  while (name[-1] != '<') --name;
  const std::size_t size = static_cast<std::size_t>(local - name) + node(open_).name_size;
  if (static_cast<std::size_t>(end_ - at_) < size || std::memcmp(at_, name, size) != 0)
    return not_well_formed;
  at_ += size;
  skip_space();
  if (*at_ != '>') return not_well_formed;
  ++at_;
  close_element();
  return {};
}

std::expected<std::uint32_t, ParseError> TreeBuilder::add_element(const Name& name) {
  const std::uint32_t index = word_count_;
  if (document_.block_->words - index < detail::element_words) return not_well_formed;
  word_count_ += detail::element_words;
  if (depth_ != 0) link(index);
  node(index) = {.name_offset = piece(name.local, name.local).offset,
                 .next = open_,
                 .attributes = attribute_count_,
                 .name_size = name.local_size,
                 .ns = detail::no_namespace,
                 .attribute_count = 0,
                 .has_children = 0,
                 .outer_default = default_};
  open_ = index;
  last_ = 0;
  ++depth_;
  return index;
}

void TreeBuilder::close_element() {
  detail::ElementNode& element = node(open_);
  while (binding_count_ != 0 && bindings_[binding_count_ - 1].depth == depth_) --binding_count_;
  default_ = element.outer_default;
  element.outer_default = detail::no_namespace;
  last_ = open_;
  open_ = element.next;
  element.next = 0;
  --depth_;
}

TreeBuilder::Status TreeBuilder::add_text(Piece text) {
  const std::uint32_t index = word_count_;
  if (document_.block_->words - index < detail::text_words) return not_well_formed;
  word_count_ += detail::text_words;
  link(index);
  words_[index] = text.offset | detail::text_mark;
  words_[index + 1] = text.size | detail::last_mark;
  last_ = index;
  return {};
}

// Hangs a new child of open_ behind its last one.
void TreeBuilder::link(std::uint32_t index) {
  if (last_ == 0) {
    node(open_).has_children = 1;
  } else if ((words_[last_] & detail::text_mark) != 0) {
    words_[last_ + 1] &= ~detail::last_mark;
  } else {
    node(last_).next = index;
  }
}

}  // namespace herold::xml
