// Feeds bytes into a stream machine: scanner, parser and the bytes that are not whole yet.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "xml/parser.h"
#include "xml/scanner.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

// What an element may cost before the login and after it (limits.h).
xml::Bounds preauth_bounds(const Limits& limits);
xml::Bounds stanza_bounds(const Limits& limits);

// For owners that keep unread bytes in memory: tests, tools, the client. Belongs to the stream's
// host, whose restart_input() and has_unread_input() it answers. `Stream` is one of the
// machines beside this and is not destroyed inside feed().
class StreamReader {
 public:
  explicit StreamReader(xml::Bounds bounds) : scanner_(bounds), bounds_(bounds) {}

  // Hands on every whole item for as long as the stream wants input; an empty `bytes` goes on
  // with what was left when it did not.
  template <class Stream>
  void feed(Stream& stream, std::string_view bytes) {
    unread_.append(bytes);
    if (std::exchange(is_feeding_, true)) return;  // the call below us goes on with it
    while (stream.wants_input() && has_unread()) {
      const std::string_view input = std::string_view(unread_).substr(position_);
      const xml::Scanner::Item item = scanner_.next(input);
      if (item.token == xml::Scanner::Token::need_more) break;
      // First, because has_unread_input() asks for what stands behind the item.
      position_ += item.size;
      dispatch(stream, item.token, input.substr(0, item.size));
    }
    unread_.erase(0, position_);
    position_ = 0;
    is_feeding_ = false;
  }

  void restart() { scanner_.restart(); }
  bool has_unread() const { return position_ < unread_.size(); }
  void set_bounds(xml::Bounds bounds) {
    bounds_ = bounds;
    scanner_.set_bounds(bounds);
  }

 private:
  template <class Stream>
  void dispatch(Stream& stream, xml::Scanner::Token token, std::string_view bytes) {
    switch (token) {
      case xml::Scanner::Token::whitespace:
        return stream.on_whitespace();
      case xml::Scanner::Token::footer:
        return stream.on_footer();
      case xml::Scanner::Token::header: {
        auto header = xml::parse_header(bytes, bounds_);
        if (!header) return stream.fail(condition_of(header.error()));
        scope_ = stanza_scope(header->scope);
        return stream.on_header(*header);
      }
      case xml::Scanner::Token::element: {
        auto element = xml::parse_element(bytes, scope_, bounds_);
        if (!element) return stream.fail(condition_of(element.error()));
        return stream.on_element(std::move(*element));
      }
      default:
        return stream.fail(condition_of(token));
    }
  }

  xml::Scanner scanner_;
  xml::Bounds bounds_;
  xml::NamespaceScope scope_;
  std::string unread_;
  std::size_t position_ = 0;  // of the next item in it
  bool is_feeding_ = false;
};

}  // namespace herold::xmpp
