// Derived properties (RFC 8264 section 8), contextual rules (RFC 5892 appendix A), the bidi rule.
#include "xmpp/precis_rules.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "xmpp/unicode.h"

namespace herold::xmpp::precis {
namespace {

using unicode::Bidi;
using unicode::Category;
using unicode::Joining;
using unicode::properties;
using unicode::Properties;
using unicode::Script;

bool is_arabic_digit(char32_t c) { return c >= 0x660 && c <= 0x669; }
bool is_extended_arabic_digit(char32_t c) { return c >= 0x6f0 && c <= 0x6f9; }

// Section 9.11.
bool is_ascii7(char32_t c) { return c >= 0x21 && c <= 0x7e; }

// Section 9.6.
std::optional<Derived> exception(char32_t c) {
  switch (c) {
    case 0xdf:
    case 0x3c2:
    case 0x6fd:
    case 0x6fe:
    case 0xf0b:
    case 0x3007:
      return Derived::valid;
    case 0xb7:
    case 0x375:
    case 0x5f3:
    case 0x5f4:
    case 0x30fb:
      return Derived::context_other;
    case 0x640:
    case 0x7fa:
    case 0x302e:
    case 0x302f:
    case 0x303b:
      return Derived::disallowed;
    default:
      break;
  }
  if (is_arabic_digit(c) || is_extended_arabic_digit(c)) return Derived::context_other;
  if (c >= 0x3031 && c <= 0x3035) return Derived::disallowed;
  return std::nullopt;
}

// Appendix A.1: between a letter that joins to the right and one that joins to the left.
bool joins_around(std::u32string_view text, std::size_t index) {
  std::size_t left = index;
  do {
    if (left == 0) return false;
    --left;
  } while (properties(text[left]).joining == Joining::transparent);
  std::size_t right = index;
  do {
    if (++right == text.size()) return false;
  } while (properties(text[right]).joining == Joining::transparent);
  const Joining before = properties(text[left]).joining;
  const Joining after = properties(text[right]).joining;
  return (before == Joining::left || before == Joining::dual) &&
         (after == Joining::right || after == Joining::dual);
}

bool meets_joiner_rule(std::u32string_view text, std::size_t index) {
  if (index > 0 && properties(text[index - 1]).virama) return true;
  return text[index] == 0x200c && joins_around(text, index);
}

// What the rules that look at a whole text ask about it, gathered once.
struct Whole {
  bool japanese = false;
  bool arabic_digits = false;
  bool extended_arabic_digits = false;
};

void look_at(char32_t c, const Properties& p, Whole& whole) {
  whole.japanese |=
      p.script == Script::hiragana || p.script == Script::katakana || p.script == Script::han;
  whole.arabic_digits |= is_arabic_digit(c);
  whole.extended_arabic_digits |= is_extended_arabic_digit(c);
}

// Appendix A.3 to A.9.
bool meets_other_rule(std::u32string_view text, std::size_t index, const Whole& whole) {
  const char32_t before = index > 0 ? text[index - 1] : 0;
  const char32_t after = index + 1 < text.size() ? text[index + 1] : 0;
  switch (text[index]) {
    case 0xb7:
      return before == 'l' && after == 'l';
    case 0x375:
      return properties(after).script == Script::greek;
    case 0x5f3:
    case 0x5f4:
      return properties(before).script == Script::hebrew;
    case 0x30fb:
      return whole.japanese;
    default:
      return !(whole.arabic_digits && whole.extended_arabic_digits);
  }
}

Derived derive(char32_t c, const Properties& p) {
  if (const auto special = exception(c)) return *special;
  if (is_ascii7(c)) return Derived::valid;
  if (p.category == Category::unassigned) return Derived::unassigned;
  if (p.join_control) return Derived::context_joiner;
  if (p.old_hangul_jamo || p.ignorable || p.category == Category::control)
    return Derived::disallowed;
  if (p.has_compat) return Derived::freeform_only;
  switch (p.category) {
    case Category::letter_or_digit:
      return Derived::valid;
    case Category::other_letter_or_digit:
    case Category::space:
    case Category::symbol:
    case Category::punctuation:
      return Derived::freeform_only;
    default:
      return Derived::disallowed;
  }
}

bool is_right_to_left(Bidi bidi) { return bidi == Bidi::r || bidi == Bidi::al || bidi == Bidi::an; }

constexpr unsigned set_of(auto... classes) { return ((1u << unsigned(classes)) | ...); }
constexpr unsigned neutral =
    set_of(Bidi::en, Bidi::es, Bidi::cs, Bidi::et, Bidi::on, Bidi::bn, Bidi::nsm);

}  // namespace

Derived derive(char32_t c) { return derive(c, properties(c)); }

bool may_stand(Derived derived, StringClass in) {
  switch (derived) {
    case Derived::valid:
    case Derived::context_joiner:
    case Derived::context_other:
      return true;
    case Derived::freeform_only:
      return in == StringClass::freeform;
    default:
      return false;
  }
}

bool conforms(std::u32string_view text, StringClass in) {
  Whole whole;
  std::vector<std::size_t> joiners, others;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_ascii7(text[i])) continue;
    const Properties p = properties(text[i]);
    const Derived derived = derive(text[i], p);
    if (!may_stand(derived, in)) return false;
    if (derived == Derived::context_joiner) joiners.push_back(i);
    if (derived == Derived::context_other) others.push_back(i);
    look_at(text[i], p, whole);
  }
  return std::ranges::all_of(joiners, [&](std::size_t i) { return meets_joiner_rule(text, i); }) &&
         std::ranges::all_of(others,
                             [&](std::size_t i) { return meets_other_rule(text, i, whole); });
}

bool follows_bidi_rule(std::u32string_view text) {
  constexpr char32_t first_right_to_left = 0x590;  // the Hebrew block; nothing below
  if (std::ranges::all_of(text, [](char32_t c) { return c < first_right_to_left; })) return true;
  unsigned seen = 0;
  Bidi last = Bidi::nsm;  // of what is not a mark
  for (const char32_t c : text) {
    const Bidi bidi = properties(c).bidi;
    seen |= set_of(bidi);
    if (bidi != Bidi::nsm) last = bidi;
  }
  if (!(seen & set_of(Bidi::r, Bidi::al, Bidi::an))) return true;
  // A text with anything from right to left must be so as a whole, and an LTR one have none.
  const Bidi first = properties(text[0]).bidi;
  if (first != Bidi::r && first != Bidi::al) return false;
  if (seen & ~(neutral | set_of(Bidi::r, Bidi::al, Bidi::an))) return false;
  if ((seen & set_of(Bidi::en)) && (seen & set_of(Bidi::an))) return false;
  return is_right_to_left(last) || last == Bidi::en;
}

}  // namespace herold::xmpp::precis
