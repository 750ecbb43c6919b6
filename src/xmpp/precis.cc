// PRECIS string classes and profiles: RFC 8264 sections 4, 8 and 9, RFC 8265, RFC 8266.
#include "xmpp/precis.h"

#include <algorithm>

#include "xmpp/precis_rules.h"
#include "xmpp/unicode.h"

namespace herold::xmpp {
namespace {

// RFC 8264 section 7 asks for a few repetitions where one pass of the rules is not yet stable.
constexpr int max_rounds = 4;

bool is_ascii_between(std::string_view text, char first, char last) {
  return std::ranges::all_of(text, [=](char c) { return c >= first && c <= last; });
}

std::unexpected<Error> malformed(const char* why) { return fail(Fault::malformed, why); }

Result<> check_class(std::string_view text, StringClass in) {
  const auto points = unicode::decode_utf8(text);
  if (!points) return malformed("not valid UTF-8");
  if (!precis::conforms(*points, in)) return malformed("a character is not allowed");
  return {};
}

// Applies `pass` until the text stays the same.
template <class Pass>
Result<std::string> settle(std::string_view text, Pass pass) {
  std::string now = TRY(pass(text));
  for (int round = 1; round < max_rounds; ++round) {
    std::string next = TRY(pass(now));
    if (next == now) return now;
    now = std::move(next);
  }
  return malformed("the text has no stable form");
}

Result<std::string> username_pass(std::string_view text) {
  if (!unicode::decode_utf8(text)) return malformed("not valid UTF-8");
  const std::string narrow = unicode::map_width(text);
  TRY(check_class(narrow, StringClass::identifier));
  std::string mapped = unicode::to_nfc(unicode::to_lower(narrow));
  TRY(check_class(mapped, StringClass::identifier));
  if (!precis::follows_bidi_rule(*unicode::decode_utf8(mapped)))
    return malformed("right-to-left text is mixed up");
  return mapped;
}

// RFC 8265 section 4.2.2 rule 2 and RFC 8266 section 2.1 rule 2a.
std::string with_ascii_spaces(std::string_view text) {
  std::string out;
  const std::u32string points = *unicode::decode_utf8(text);
  for (const char32_t c : points) {
    const bool space = unicode::properties(c).category == unicode::Category::space;
    unicode::append_utf8(out, space ? U' ' : c);
  }
  return out;
}

Result<std::string> opaque_pass(std::string_view text) {
  TRY(check_class(text, StringClass::freeform));
  std::string mapped = unicode::to_nfc(with_ascii_spaces(text));
  TRY(check_class(mapped, StringClass::freeform));
  return mapped;
}

// RFC 8266 section 2.1 rules 2b and 2c.
std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

enum class NicknameUse { show, compare };

Result<std::string> nickname_pass(std::string_view text, NicknameUse use) {
  TRY(check_class(text, StringClass::freeform));
  std::string mapped = with_single_spaces(with_ascii_spaces(text));
  if (use == NicknameUse::compare) mapped = unicode::to_lower(mapped);
  mapped = unicode::to_nfkc(mapped);
  TRY(check_class(mapped, StringClass::freeform));
  if (mapped.empty()) return malformed("empty");
  return mapped;
}

}  // namespace

bool is_allowed(char32_t code_point, StringClass in) {
  return precis::may_stand(precis::derive(code_point), in);
}

Result<std::string> username_case_mapped(std::string_view text) {
  if (text.empty()) return malformed("empty");
  if (!is_ascii_between(text, '!', '~')) return settle(text, username_pass);
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

Result<std::string> opaque_string(std::string_view text) {
  if (text.empty()) return malformed("empty");
  if (is_ascii_between(text, ' ', '~')) return std::string(text);
  return settle(text, opaque_pass);
}

Result<std::string> nickname(std::string_view text) {
  return settle(text, [](std::string_view t) { return nickname_pass(t, NicknameUse::show); });
}

Result<std::string> nickname_key(std::string_view text) {
  return settle(text, [](std::string_view t) { return nickname_pass(t, NicknameUse::compare); });
}

}  // namespace herold::xmpp
