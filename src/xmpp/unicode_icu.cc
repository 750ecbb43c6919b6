// The Unicode interface by ICU 72 or newer.
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include <memory>
#include <vector>

#include "base/check.h"
#include "xmpp/unicode.h"

namespace herold::xmpp::unicode {
namespace {

std::u16string to_utf16(std::string_view text) {
  std::u16string out(text.size(), u'\0');
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t size = 0;
  u_strFromUTF8WithSub(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
                       static_cast<std::int32_t>(text.size()), 0xfffd, nullptr, &error);
  CHECK(U_SUCCESS(error));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string to_utf8(std::u16string_view text) {
  std::string out(text.size() * 3, '\0');
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t size = 0;
  u_strToUTF8WithSub(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
                     static_cast<std::int32_t>(text.size()), 0xfffd, nullptr, &error);
  CHECK(U_SUCCESS(error));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// Calls ICU's `convert(buffer, capacity, error)`, once more if the first buffer was too small.
template <class Convert>
std::u16string with_buffer(std::size_t guess, Convert convert) {
  std::u16string out(guess, u'\0');
  for (int round = 0; round < 2; ++round) {
    UErrorCode error = U_ZERO_ERROR;
    const std::int32_t size = convert(out.data(), static_cast<std::int32_t>(out.size()), &error);
    CHECK(error == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(error));
    out.resize(static_cast<std::size_t>(size));
    if (error != U_BUFFER_OVERFLOW_ERROR) break;
  }
  return out;
}

std::string normalize(const UNormalizer2* form, std::string_view text) {
  const std::u16string in = to_utf16(text);
  return to_utf8(
      with_buffer(in.size() + 16, [&](char16_t* out, std::int32_t capacity, UErrorCode* error) {
        return unorm2_normalize(form, in.data(), static_cast<std::int32_t>(in.size()), out,
                                capacity, error);
      }));
}

Category category_of(char32_t c) {
  const std::uint32_t mask = U_MASK(u_charType(static_cast<UChar32>(c)));
  constexpr std::uint32_t letter_digit = U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK |
                                         U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
  if (mask & letter_digit) return Category::letter_or_digit;
  if (mask & (U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK))
    return Category::other_letter_or_digit;
  if (mask & U_GC_ZS_MASK) return Category::space;
  if (mask & U_GC_S_MASK) return Category::symbol;
  if (mask & U_GC_P_MASK) return Category::punctuation;
  if (mask & U_GC_CC_MASK) return Category::control;
  if (mask & U_GC_CN_MASK &&
      !u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_NONCHARACTER_CODE_POINT))
    return Category::unassigned;
  return Category::other;
}

Bidi bidi_of(char32_t c) {
  switch (u_charDirection(static_cast<UChar32>(c))) {
    case U_LEFT_TO_RIGHT:
      return Bidi::l;
    case U_RIGHT_TO_LEFT:
      return Bidi::r;
    case U_RIGHT_TO_LEFT_ARABIC:
      return Bidi::al;
    case U_ARABIC_NUMBER:
      return Bidi::an;
    case U_EUROPEAN_NUMBER:
      return Bidi::en;
    case U_EUROPEAN_NUMBER_SEPARATOR:
      return Bidi::es;
    case U_COMMON_NUMBER_SEPARATOR:
      return Bidi::cs;
    case U_EUROPEAN_NUMBER_TERMINATOR:
      return Bidi::et;
    case U_OTHER_NEUTRAL:
      return Bidi::on;
    case U_BOUNDARY_NEUTRAL:
      return Bidi::bn;
    case U_DIR_NON_SPACING_MARK:
      return Bidi::nsm;
    default:
      return Bidi::other;
  }
}

Script script_of(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  switch (uscript_getScript(static_cast<UChar32>(c), &error)) {
    case USCRIPT_GREEK:
      return Script::greek;
    case USCRIPT_HEBREW:
      return Script::hebrew;
    case USCRIPT_HIRAGANA:
      return Script::hiragana;
    case USCRIPT_KATAKANA:
      return Script::katakana;
    case USCRIPT_HAN:
      return Script::han;
    default:
      return Script::other;
  }
}

Joining joining_of(char32_t c) {
  switch (u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_JOINING_TYPE)) {
    case U_JT_LEFT_JOINING:
      return Joining::left;
    case U_JT_DUAL_JOINING:
      return Joining::dual;
    case U_JT_RIGHT_JOINING:
      return Joining::right;
    case U_JT_TRANSPARENT:
      return Joining::transparent;
    default:
      return Joining::other;
  }
}

const UNormalizer2* nfc() {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* form = unorm2_getNFCInstance(&error);
  CHECK(U_SUCCESS(error));
  return form;
}

const UNormalizer2* nfkc() {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* form = unorm2_getNFKCInstance(&error);
  CHECK(U_SUCCESS(error));
  return form;
}

struct CloseIdna {
  void operator()(UIDNA* idna) const { uidna_close(idna); }
};

// Immutable and thread-safe as ICU documents it; made once, because making it is dear.
const UIDNA* idna() {
  static const std::unique_ptr<UIDNA, CloseIdna> instance([] {
    UErrorCode error = U_ZERO_ERROR;
    UIDNA* made =
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO |
                            UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                        &error);
    CHECK(U_SUCCESS(error));
    return made;
  }());
  return instance.get();
}

// `convert` is uidna_nameToASCII or uidna_nameToUnicode.
template <class Convert>
std::optional<std::string> convert_domain(std::string_view name, Convert convert) {
  const std::u16string in = to_utf16(name);
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  const std::u16string out = with_buffer(
      in.size() * 2 + 64, [&](char16_t* buffer, std::int32_t capacity, UErrorCode* error) {
        info = UIDNA_INFO_INITIALIZER;
        return convert(idna(), in.data(), static_cast<std::int32_t>(in.size()), buffer, capacity,
                       &info, error);
      });
  // Names such as "r3---sn" are in use; what matters of "xn--" has an error of its own.
  constexpr std::uint32_t harmless = UIDNA_ERROR_HYPHEN_3_4;
  if (info.errors & ~harmless) return std::nullopt;
  return to_utf8(out);
}

struct CloseSpoof {
  void operator()(USpoofChecker* checker) const { uspoof_close(checker); }
};
using Spoof = std::unique_ptr<USpoofChecker, CloseSpoof>;

Spoof open_spoof() {
  UErrorCode error = U_ZERO_ERROR;
  Spoof checker(uspoof_open(&error));
  CHECK(U_SUCCESS(error));
  return checker;
}

}  // namespace

Properties properties(char32_t c) {
  const auto code = static_cast<UChar32>(c);
  const std::int32_t hangul = u_getIntPropertyValue(code, UCHAR_HANGUL_SYLLABLE_TYPE);
  Properties found;
  found.category = category_of(c);
  found.bidi = bidi_of(c);
  found.script = script_of(c);
  found.joining = joining_of(c);
  found.join_control = u_hasBinaryProperty(code, UCHAR_JOIN_CONTROL);
  found.old_hangul_jamo =
      hangul == U_HST_LEADING_JAMO || hangul == U_HST_VOWEL_JAMO || hangul == U_HST_TRAILING_JAMO;
  found.ignorable = u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
                    u_hasBinaryProperty(code, UCHAR_NONCHARACTER_CODE_POINT);
  found.has_compat = u_getIntPropertyValue(code, UCHAR_NFKC_QUICK_CHECK) == UNORM_NO;
  found.virama = u_getCombiningClass(code) == 9;
  return found;
}

std::string to_nfc(std::string_view text) { return normalize(nfc(), text); }
std::string to_nfkc(std::string_view text) { return normalize(nfkc(), text); }

std::string to_lower(std::string_view text) {
  const std::u16string in = to_utf16(text);
  return to_utf8(with_buffer(in.size() + 16, [&](char16_t* out, std::int32_t capacity,
                                                 UErrorCode* error) {
    return u_strToLower(out, capacity, in.data(), static_cast<std::int32_t>(in.size()), "", error);
  }));
}

std::string map_width(std::string_view text) {
  std::u16string out;
  for (const std::u16string in = to_utf16(text); const char16_t unit : in) {
    // Every wide or narrow code point is in the basic plane and maps to one unit there.
    char16_t mapped[4];
    const std::int32_t type = u_getIntPropertyValue(unit, UCHAR_DECOMPOSITION_TYPE);
    if (type != U_DT_WIDE && type != U_DT_NARROW) {
      out += unit;
      continue;
    }
    UErrorCode error = U_ZERO_ERROR;
    const std::int32_t size = unorm2_getRawDecomposition(nfkc(), unit, mapped, 4, &error);
    CHECK(U_SUCCESS(error) && size > 0);
    out.append(mapped, static_cast<std::size_t>(size));
  }
  return to_utf8(out);
}

std::optional<std::string> domain_to_ascii(std::string_view name) {
  return convert_domain(name, uidna_nameToASCII);
}

std::optional<std::string> domain_to_unicode(std::string_view name) {
  if (!domain_to_ascii(name)) return std::nullopt;  // this one knows of lengths
  return convert_domain(name, uidna_nameToUnicode);
}

std::string skeleton(std::string_view text) {
  // Opening one takes longer than using it; asking it is thread-safe while nobody changes it.
  static const Spoof checker = open_spoof();
  const std::u16string in = to_utf16(text);
  return to_utf8(
      with_buffer(in.size() * 2 + 16, [&](char16_t* out, std::int32_t capacity, UErrorCode* error) {
        return uspoof_getSkeleton(checker.get(), 0, in.data(), static_cast<std::int32_t>(in.size()),
                                  out, capacity, error);
      }));
}

std::string_view version() { return U_UNICODE_VERSION; }

bool is_plausible_script_mix(std::string_view text) {
  const Spoof checker = open_spoof();
  uspoof_setRestrictionLevel(checker.get(), USPOOF_HIGHLY_RESTRICTIVE);
  UErrorCode error = U_ZERO_ERROR;
  uspoof_setChecks(checker.get(), USPOOF_RESTRICTION_LEVEL, &error);
  const std::u16string in = to_utf16(text);
  const std::int32_t found =
      uspoof_check(checker.get(), in.data(), static_cast<std::int32_t>(in.size()), nullptr, &error);
  CHECK(U_SUCCESS(error));
  return found == 0;
}

}  // namespace herold::xmpp::unicode
