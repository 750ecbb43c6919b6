// PRECIS: the examples of RFC 8265 and RFC 8266, the contextual rules, and time on hostile text.
#include "xmpp/precis.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "xmpp/precis_rules.h"
#include "xmpp/unicode.h"

namespace herold::xmpp {
namespace {

std::string text_of(const Result<std::string>& result) { return result.value_or("refused"); }
std::string username(std::string_view text) { return text_of(username_case_mapped(text)); }
std::string opaque(std::string_view text) { return text_of(opaque_string(text)); }

TEST(PrecisTest, UsernamesOfRfc8265) {
  for (const char* const same :
       {"juliet@example.com", "fussball", "fu\u00dfball", "\u03c0", "\u03c3", "\u03c2"})
    EXPECT_EQ(username(same), same);
  EXPECT_EQ(username("\u03a3"), "\u03c3");
  for (const char* const refused : {"foo bar", "", "henry\u2163", "\u221e"})
    EXPECT_EQ(username(refused), "refused") << refused;
}

TEST(PrecisTest, PasswordsOfRfc8265) {
  EXPECT_EQ(opaque("correct horse battery staple"), "correct horse battery staple");
  EXPECT_EQ(opaque("Correct Horse Battery Staple"), "Correct Horse Battery Staple");
  EXPECT_EQ(opaque("\u03c0\u00df\u00e5"), "\u03c0\u00df\u00e5");
  EXPECT_EQ(opaque("Jack of \u2666s"), "Jack of \u2666s");
  EXPECT_EQ(opaque("foo\u1680bar"), "foo bar");
  EXPECT_EQ(opaque(""), "refused");
  EXPECT_EQ(opaque("my cat is a \tby"), "refused");
}

TEST(PrecisTest, NicknamesOfRfc8266) {
  EXPECT_EQ(text_of(nickname("  Foo  Bar ")), "Foo Bar");
  EXPECT_EQ(text_of(nickname_key("  Foo  Bar ")), "foo bar");
  EXPECT_EQ(text_of(nickname_key("\u03a3")), "\u03c3");
  EXPECT_EQ(text_of(nickname("Richard \u2163")), "Richard IV");
  EXPECT_EQ(text_of(nickname_key("Richard \u2163")), "richard iv");
  EXPECT_EQ(text_of(nickname_key("\u265a")), "\u265a");
  EXPECT_EQ(text_of(nickname("   ")), "refused");
  EXPECT_EQ(text_of(nickname("")), "refused");
}

TEST(PrecisTest, ContextsOfRfc5892) {
  EXPECT_EQ(username("l\u00b7l"), "l\u00b7l");
  EXPECT_EQ(username("a\u00b7l"), "refused");
  EXPECT_EQ(username("\u00b7"), "refused");
  EXPECT_EQ(username("\u0375\u03b1"), "\u0375\u03b1");
  EXPECT_EQ(username("\u0375a"), "refused");
  EXPECT_EQ(username("\u05d0\u05f3"), "\u05d0\u05f3");
  EXPECT_EQ(username("\u05f3"), "refused");
  EXPECT_EQ(username("\u30a2\u30fb\u30a4"), "\u30a2\u30fb\u30a4");
  EXPECT_EQ(username("a\u30fbb"), "refused");
  EXPECT_EQ(username("\u0627\u0661"), "\u0627\u0661");
  EXPECT_EQ(username("\u0627\u0661\u06f1"), "refused");
  EXPECT_EQ(username("\u0915\u094d\u200d"), "\u0915\u094d\u200d");
  EXPECT_EQ(username("\u0915\u200d"), "refused");
  EXPECT_EQ(username("\u0628\u200c\u0628"), "\u0628\u200c\u0628");
  EXPECT_EQ(username("\u0628\u064b\u200c\u064b\u0628"), "\u0628\u064b\u200c\u064b\u0628");
  EXPECT_EQ(username("a\u200cb"), "refused");
}

TEST(PrecisTest, BidiRuleOfRfc5893) {
  EXPECT_EQ(username("\u05d0\u05d1"), "\u05d0\u05d1");
  EXPECT_EQ(username("\u05d01"), "\u05d01");
  EXPECT_EQ(username("1\u05d0"), "refused");
  EXPECT_EQ(username("a\u05d0"), "refused");
  EXPECT_EQ(username("\u05d0a"), "refused");
  EXPECT_EQ(username("\u05d0-"), "refused");
  EXPECT_EQ(username("\u06271\u0661"), "refused");
}

TEST(PrecisTest, DerivedPropertiesOfRfc8264) {
  using precis::derive;
  using precis::Derived;
  EXPECT_EQ(derive('a'), Derived::valid);
  EXPECT_EQ(derive(' '), Derived::freeform_only);
  EXPECT_EQ(derive(0x7f), Derived::disallowed);
  EXPECT_EQ(derive(0xad), Derived::disallowed);
  EXPECT_EQ(derive(0xdf), Derived::valid);
  EXPECT_EQ(derive(0x378), Derived::unassigned);
  EXPECT_EQ(derive(0x640), Derived::disallowed);
  EXPECT_EQ(derive(0x1100), Derived::disallowed);
  EXPECT_EQ(derive(0x200c), Derived::context_joiner);
  EXPECT_EQ(derive(0x2028), Derived::disallowed);
  EXPECT_EQ(derive(0x212b), Derived::freeform_only);
  EXPECT_EQ(derive(0x1f600), Derived::freeform_only);
  EXPECT_EQ(derive(0xe000), Derived::disallowed);
  EXPECT_EQ(derive(0xfdd0), Derived::disallowed);
  EXPECT_EQ(derive(0x10ffff), Derived::disallowed);
}

TEST(PrecisTest, RefusesIllFormedUtf8) {
  for (const std::string_view bytes :
       {"\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xc3", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(unicode::decode_utf8(bytes));
    EXPECT_EQ(username(bytes), "refused");
    EXPECT_EQ(opaque(bytes), "refused");
    EXPECT_FALSE(nickname(bytes));
  }
  for (const char32_t c :
       {0x0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff}) {
    std::string bytes;
    unicode::append_utf8(bytes, c);
    EXPECT_EQ(unicode::decode_utf8(bytes), std::u32string(1, c));
  }
}

// Between letters, every code point of most scripts and a fifth of the others: enforcing again
// changes nothing.
TEST(PrecisTest, EveryCodePointIsIdempotent) {
  using Profile = Result<std::string> (*)(std::string_view);
  for (const Profile profile : {&username_case_mapped, &opaque_string, &nickname, &nickname_key}) {
    for (char32_t c = 1; c < 0x20000; c += c < 0x3400 ? 1 : 5) {
      if (c >= 0xd800 && c <= 0xdfff) continue;
      std::string text = "l";
      unicode::append_utf8(text, c);
      const auto once = profile(text + "l");
      if (once) ASSERT_EQ(text_of(profile(*once)), *once) << std::hex << unsigned(c);
    }
  }
}

}  // namespace
}  // namespace herold::xmpp
