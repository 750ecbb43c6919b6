// What address preparation needs to know of Unicode: a link seam, not a library of its own.
//
// The functions are declared here and defined by whoever builds the program: natively by
// unicode_icu.cc, in the browser by its host. Text is valid UTF-8; an empty optional or a wrong
// answer from an ill-formed string is the caller's bug, see decode_utf8().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herold::xmpp::unicode {

// General categories as RFC 8264 section 9 groups them.
enum class Category : std::uint8_t {
  letter_or_digit,        // Ll Lu Lo Nd Lm Mn Mc (9.1)
  other_letter_or_digit,  // Lt Nl No Me (9.18)
  space,                  // Zs (9.14)
  symbol,                 // Sm Sc Sk So (9.15)
  punctuation,            // Pc Pd Ps Pe Pi Pf Po (9.16)
  control,                // Cc (9.12)
  unassigned,             // Cn, noncharacters apart (9.10)
  other,
};

// Bidi classes that RFC 5893 tells apart.
enum class Bidi : std::uint8_t { l, r, al, an, en, es, cs, et, on, bn, nsm, other };

// Scripts that the contextual rules of RFC 5892 appendix A name.
enum class Script : std::uint8_t { greek, hebrew, hiragana, katakana, han, other };

enum class Joining : std::uint8_t { left, dual, right, transparent, other };

struct Properties {
  Category category = Category::other;
  Bidi bidi = Bidi::other;
  Script script = Script::other;
  Joining joining = Joining::other;
  bool join_control : 1 = false;
  bool old_hangul_jamo : 1 = false;
  bool ignorable : 1 = false;   // Default_Ignorable_Code_Point or Noncharacter_Code_Point
  bool has_compat : 1 = false;  // NFKC changes it
  bool virama : 1 = false;      // Canonical_Combining_Class 9
};
Properties properties(char32_t code_point);

std::string to_nfc(std::string_view text);
std::string to_nfkc(std::string_view text);
// toLowerCase() of the Unicode standard, in no language.
std::string to_lower(std::string_view text);
// Fullwidth and halfwidth code points by their decomposition mappings, one step.
std::string map_width(std::string_view text);

// UTS 46, nontransitional, every label as a U-label in lower case; with the rules for hyphens, bidi
// text and context. Nothing when the name breaks one, or its ASCII form the lengths of DNS.
std::optional<std::string> domain_to_unicode(std::string_view name);
// The same name with A-labels ("xn--..."), as DNS and TLS want it.
std::optional<std::string> domain_to_ascii(std::string_view name);

// UTS 39: texts that look alike have the same skeleton. It is for comparing, never for showing.
std::string skeleton(std::string_view text);
// Of the Unicode data behind all this.
std::string_view version();
// Whether the text keeps to one script, or a mixture that is in use ("highly restrictive").
bool is_plausible_script_mix(std::string_view text);

// Portable, in utf8.cc: strict, as RFC 3629 says; nothing for anything else.
std::optional<std::u32string> decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code_point);

}  // namespace herold::xmpp::unicode
