// The scanner's state machine: one step a piece of markup, sixteen bytes at a time in between.
#include "xml/scanner.h"

#include <algorithm>

#include "base/check.h"
#include "xml/characters.h"
#include "xml/find.h"

namespace herold::xml {
namespace {

constexpr std::string_view cdata_open = "[CDATA[";
constexpr std::string_view declaration_open = "xml";
constexpr std::uint8_t declaration_named = 4;   // behind "<?xml" and white space
constexpr std::uint8_t declaration_ending = 5;  // behind a "?" in it

std::uint64_t hash_of(std::string_view name) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// How streams in UTF-16 and UTF-32 begin: with a byte order mark or half a "<" (XML, appendix F).
bool begins_wide_character(char c) { return c == '\xFF' || c == '\xFE' || c == '\0'; }

bool ends_name(char c) { return is_space(c) || c == '>' || c == '/'; }

bool may_begin_name(char c) {
  return has_class(c, name_start_class) || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

// What one call of next() works on. A step looks at one or more bytes at `at`, which is before
// `end`, and answers need_more to go on. Steps that usually follow each other call the next one
// directly, which saves a quarter of the time.
struct Scanner::Run {
  Scanner& scanner;
  const char* const begin;
  const char* at;
  const char* const end;

  Token run();
  Token step();
  Token outside();
  Token angle();
  Token declaration();
  Token bang();
  Token cdata();
  Token content();
  Token tag();
  Token tag_end();
  Token quoted(unsigned char quote);
  Token slash();
  Token end_tag();
  Token header();
  Token footer();
  Token begin_element();

  bool skipping() const { return scanner.skip_limit_ != 0; }
  std::size_t size() const { return static_cast<std::size_t>(at - begin); }
  Token go(State state) const {
    scanner.state_ = state;
    return Token::need_more;
  }
  Token too_large(State resume) const {
    scanner.state_ = resume;
    return Token::too_large;
  }
};

Scanner::Item Scanner::next(std::string_view input) {
  if (state_ == State::failed) return {failure_, 0};
  if (state_ == State::stopped) return {Token::too_large, 0};
  const std::uint64_t allowed =
      skip_limit_ == 0 ? bounds_.bytes : skip_limit_ - std::min(skip_limit_, skipped_);
  const bool cut = input.size() > allowed;
  const char* const begin = input.data();
  Run run{*this, begin, begin + seen_, begin + (cut ? allowed : input.size())};
  Token token = run.at < run.end ? run.run() : Token::need_more;
  if (token == Token::need_more && cut)
    token = skip_limit_ == 0 ? Token::too_large : Token::malformed;
  return finish(token, run.size());
}

// Brings the state to what the caller does next with an item of `size` bytes.
Scanner::Item Scanner::finish(Token token, std::size_t size) {
  if (skip_limit_ != 0 && token != Token::need_more && token != Token::element &&
      token != Token::restricted)
    token = Token::malformed;
  seen_ = 0;
  if (token == Token::need_more) {
    if (skip_limit_ == 0) {
      seen_ = size;
    } else {
      skipped_ += size;
    }
  } else if (token == Token::malformed || token == Token::restricted || token == Token::encoding) {
    failure_ = token;
    state_ = State::failed;
  } else if (token == Token::too_large) {
    resume_ = state_;
    state_ = State::stopped;
    skipped_ = size;
  } else {
    state_ = in_stream_ ? State::level : State::prolog;
    elements_ = depth_ = 0;
    skip_limit_ = skipped_ = 0;
  }
  return {token, size};
}

void Scanner::skip_element(std::uint64_t limit) {
  CHECK(state_ == State::stopped);
  state_ = in_stream_ ? resume_ : State::failed;  // a header cannot be skipped
  failure_ = Token::malformed;
  skip_limit_ = std::max<std::uint64_t>(limit, 1);
}

bool Scanner::skipping() const { return skip_limit_ != 0 && state_ != State::failed; }

void Scanner::restart() { *this = Scanner(bounds_); }

Scanner::Token Scanner::Run::run() {
  do {
    if (const Token token = step(); token != Token::need_more) return token;
  } while (at != end);
  return Token::need_more;
}

inline Scanner::Token Scanner::Run::step() {
  switch (scanner.state_) {
    case State::content:
      return content();
    case State::angle:
      return angle();
    case State::tag:
      return tag();
    case State::double_quote:
      return quoted('"');
    case State::single_quote:
      return quoted('\'');
    case State::end_tag:
      return end_tag();
    case State::slash:
      return slash();
    case State::cdata:
      return cdata();
    case State::bang:
      return bang();
    case State::declaration:
      return declaration();
    default:
      return outside();
  }
}

// Between the elements of the stream, or before its header.
Scanner::Token Scanner::Run::outside() {
  if (*at == '<') {
    scanner.matched_ = scanner.state_ == State::start ? 1 : 0;  // may this be a declaration?
    ++at;
    return go(State::angle);
  }
  const bool starts_item = at == begin;
  if (is_space(*at)) {
    at = std::find_if_not(at, end, is_space);
    return starts_item ? Token::whitespace : Token::need_more;
  }
  if (scanner.state_ == State::start && begins_wide_character(*at)) return Token::encoding;
  if (!scanner.in_stream_) return Token::malformed;
  at = find(at, end, [](auto c) { return c == '<'; });
  return Token::text;
}

inline Scanner::Token Scanner::Run::angle() {
  if (*at == '/') {
    if (!scanner.in_stream_) return Token::malformed;
    ++at;
    return go(State::end_tag);
  }
  if (may_begin_name(*at)) return begin_element();
  if (*at == '?') {
    if (scanner.in_stream_ || scanner.matched_ == 0) return Token::restricted;
    ++at;
    scanner.matched_ = 0;
    return go(State::declaration);
  }
  if (*at != '!') return *at == '\0' && scanner.matched_ != 0 ? Token::encoding : Token::malformed;
  ++at;
  scanner.matched_ = 0;
  return go(State::bang);
}

inline Scanner::Token Scanner::Run::begin_element() {
  scanner.attributes_ = 0;
  ++scanner.elements_;
  if (!scanner.in_stream_) scanner.header_at_ = static_cast<std::uint32_t>(size());
  if (!skipping() && (scanner.elements_ > scanner.bounds_.elements ||
                      scanner.depth_ >= scanner.bounds_.depth)) [[unlikely]]
    return too_large(State::tag);
  go(State::tag);
  return tag();
}

// "<?" was the first thing: "xml", white space, anything, "?>".
Scanner::Token Scanner::Run::declaration() {
  std::uint8_t& matched = scanner.matched_;
  if (matched < declaration_named) {
    const bool right =
        matched < declaration_open.size() ? *at == declaration_open[matched] : is_space(*at);
    if (!right) return Token::restricted;
    ++matched;
    ++at;
    return Token::need_more;
  }
  if (matched == declaration_ending && *at == '>') {
    ++at;
    return go(State::prolog);
  }
  matched = declaration_named;
  at = find(at, end, [](auto c) { return c == '?'; });
  if (at != end) {
    ++at;
    matched = declaration_ending;
  }
  return Token::need_more;
}

Scanner::Token Scanner::Run::bang() {
  if (*at != cdata_open[scanner.matched_]) return Token::restricted;
  if (scanner.depth_ == 0) return scanner.in_stream_ ? Token::text : Token::restricted;
  ++at;
  if (++scanner.matched_ != cdata_open.size()) return Token::need_more;
  scanner.matched_ = 0;
  return go(State::cdata);
}

Scanner::Token Scanner::Run::cdata() {
  std::uint8_t& brackets = scanner.matched_;
  if (brackets == 0) at = find(at, end, [](auto c) { return c == ']'; });
  if (at == end) return Token::need_more;
  const char c = *at++;
  if (c == '>' && brackets == 2) return go(State::content);
  brackets = c != ']' ? 0 : brackets == 2 ? 2 : static_cast<std::uint8_t>(brackets + 1);
  return Token::need_more;
}

inline Scanner::Token Scanner::Run::content() {
  at = find(at, end, [](auto c) { return c == '<'; });
  if (at == end) return Token::need_more;
  ++at;
  go(State::angle);
  return at == end ? Token::need_more : angle();
}

inline Scanner::Token Scanner::Run::tag() {
  at = find(at, end, [](auto c) {
    return (c == '"') | (c == '\'') | (c == '/') | ((c | 2) == '>');  // or "<"
  });
  if (at == end) return Token::need_more;
  switch (*at++) {
    case '"':
      return go(State::double_quote);
    case '\'':
      return go(State::single_quote);
    case '/':
      return go(State::slash);
    case '>':
      return tag_end();
    default:
      return Token::malformed;
  }
}

// Behind the ">" of a start tag.
inline Scanner::Token Scanner::Run::tag_end() {
  if (!scanner.in_stream_) return header();
  if (scanner.depth_ == 0 && !skipping()) {
    const std::size_t name_end = 1 + scanner.header_size_;
    if (size() > name_end && ends_name(begin[name_end]) &&
        hash_of({begin + 1, scanner.header_size_}) == scanner.header_hash_)
      return Token::header;  // a second one, which is the caller's to refuse
  }
  ++scanner.depth_;
  return go(State::content);
}

inline Scanner::Token Scanner::Run::quoted(unsigned char quote) {
  at = find(at, end, [quote](auto c) { return (c == quote) | (c == '<'); });
  if (at == end) return Token::need_more;
  if (*at++ == '<') return Token::malformed;
  if (++scanner.attributes_ > scanner.bounds_.attributes && !skipping()) [[unlikely]]
    return too_large(State::tag);
  return go(State::tag);
}

inline Scanner::Token Scanner::Run::slash() {
  if (*at++ != '>' || !scanner.in_stream_) return Token::malformed;
  return scanner.depth_ == 0 ? Token::element : go(State::content);
}

inline Scanner::Token Scanner::Run::end_tag() {
  at = find(at, end, [](auto c) { return (c | 2) == '>'; });
  if (at == end) return Token::need_more;
  if (*at++ == '<') return Token::malformed;
  if (scanner.depth_ == 0) return footer();
  return --scanner.depth_ == 0 ? Token::element : go(State::content);
}

Scanner::Token Scanner::Run::header() {
  const char* const name = begin + scanner.header_at_;
  const char* const name_end = std::find_if(name, at, ends_name);
  scanner.header_size_ = static_cast<std::uint32_t>(name_end - name);
  scanner.header_hash_ = hash_of({name, name_end});
  scanner.in_stream_ = true;
  return Token::header;
}

// "</", the header's name, white space, ">".
Scanner::Token Scanner::Run::footer() {
  if (skipping()) return Token::malformed;
  const char* const name = begin + 2;
  const char* const name_end = std::find_if(name, at, ends_name);
  const bool same = hash_of({name, name_end}) == scanner.header_hash_ &&
                    name_end - name == static_cast<std::ptrdiff_t>(scanner.header_size_);
  return same && std::all_of(name_end, at - 1, is_space) ? Token::footer : Token::malformed;
}

}  // namespace herold::xml
