// Cuts a stream into stream header, whole top-level elements and footer, holding no memory.
//
// RFC 6120 section 11 subset. The scanner sees every byte once, counts what the bounds are about
// and finds the end of an element; names, namespaces and characters are judged by the parser.
#pragma once

#include <cstdint>
#include <string_view>

namespace herold::xml {

// What an element may cost. Checked while it arrives, before any memory is taken for it.
struct Bounds {
  std::uint32_t bytes;       // of one top-level element or the stream header
  std::uint32_t elements;    // inside one top-level element, itself counted
  std::uint32_t depth;       // the top-level element is 1
  std::uint32_t attributes;  // of one element, namespace declarations counted
};

class Scanner {
 public:
  enum class Token {
    need_more,   // the input ends inside something; call again with the same bytes and more
    header,      // the stream's start tag (an XML declaration before it is part of the bytes)
    element,     // one whole element at stream level
    footer,      // the stream's end tag
    whitespace,  // white space at stream level (keepalive); may be dropped
    text,        // other character data at stream level: bad-format
    malformed,   // cannot be XML: not-well-formed
    restricted,  // comment, processing instruction, DTD, ...: restricted-xml
    encoding,    // the stream begins as UTF-16 or UTF-32 would: unsupported-encoding
    too_large,   // a bound was passed: see skip_element()
  };

  // What was found at the front of the input, `size` bytes long (of need_more: already looked at).
  struct Item {
    Token token;
    std::size_t size;
  };

  explicit Scanner(Bounds bounds) : bounds_(bounds) {}

  // `input` begins where the last Item that was not need_more ended. After need_more it begins
  // with the same bytes again, which are not looked at a second time.
  Item next(std::string_view input);

  // After too_large: swallow the rest of this element. From here on next() answers need_more with
  // the count of bytes that the caller may forget at once, and in the end one Token::element
  // whose bytes are the last piece. `limit`: more bytes than this in all answer malformed.
  void skip_element(std::uint64_t limit);
  bool skipping() const;

  // A stream restart (after STARTTLS or SASL): the next thing must be a header.
  void restart();
  void set_bounds(Bounds bounds) { bounds_ = bounds; }

 private:
  enum class State : std::uint8_t {
    start,         // nothing seen since the start or a restart: a declaration may come
    prolog,        // something seen: only the header may come
    level,         // between elements
    angle,         // behind "<"
    declaration,   // behind "<?", up to "?>"
    bang,          // behind "<!", as much of "[CDATA[" as matched_ says
    cdata,         // behind "<![CDATA[", matched_ being the brackets just seen
    content,       // inside an element, outside of tags
    tag,           // inside a start tag
    single_quote,  // inside an attribute value
    double_quote,
    slash,  // behind "/" in a start tag: ">" must follow
    end_tag,
    failed,   // malformed, restricted or encoding, for good
    stopped,  // too_large, until skip_element()
  };
  struct Run;  // one call of next(): scanner.cc
  Item finish(Token token, std::size_t size);

  Bounds bounds_;
  std::uint64_t seen_ = 0;         // bytes of the item at hand that next() need not look at again
  std::uint64_t skip_limit_ = 0;   // not 0 while skipping: bytes that the element may have in all
  std::uint64_t skipped_ = 0;      // bytes of the element that the caller has forgotten
  std::uint64_t header_hash_ = 0;  // of the header's name, which the footer must repeat
  std::uint32_t header_size_ = 0;
  std::uint32_t header_at_ = 0;  // where the header's name begins, behind a declaration
  std::uint32_t elements_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t attributes_ = 0;
  std::uint8_t matched_ = 0;
  State state_ = State::start;
  State resume_ = State::start;  // while stopped: where to go on
  Token failure_ = Token::malformed;
  bool in_stream_ = false;  // whether the header has been seen
};
static_assert(sizeof(Scanner) <= 96);

}  // namespace herold::xml
