// Addresses: the tables of RFC 7622 section 3.5, hostile ones, and enforcement being idempotent.
#include "xmpp/jid.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "xmpp/idna.h"
#include "xmpp/unicode.h"

namespace herold::xmpp {
namespace {

std::string parsed(std::string_view text) {
  const Result<Jid> jid = Jid::parse(text);
  if (!jid) EXPECT_EQ(jid.error().fault, Fault::malformed);
  return jid ? jid->text() : "refused";
}

TEST(JidTest, AcceptsTheTableOfTheRfc) {
  const char* const valid[] = {
      "juliet@example.com",         "juliet@example.com/foo",      "juliet@example.com/foo bar",
      "juliet@example.com/foo@bar", "foo\\20bar@example.com",      "fussball@example.com",
      "fu\u00dfball@example.com",   "\u03c0@example.com",          "\u03c3@example.com/foo",
      "\u03c2@example.com/foo",     "king@example.com/\u265a",     "example.com",
      "example.com/foobar",         "a.example.com/b@example.net",
  };
  for (const char* const text : valid) EXPECT_EQ(parsed(text), text);
  EXPECT_EQ(parsed("\u03a3@example.com/foo"), "\u03c3@example.com/foo");
}

TEST(JidTest, RefusesTheTableOfTheRfc) {
  const char* const invalid[] = {
      "\"juliet\"@example.com",
      "foo bar@example.com",
      "juliet@example.com/",
      "@example.com/",
      "henry\u2163@example.com",
      "\u265a@example.com",
      "juliet@",
      "/foobar",
  };
  for (const char* const text : invalid) EXPECT_EQ(parsed(text), "refused") << text;
}

TEST(JidTest, SplitsAtTheFirstSlashAndTheFirstAt) {
  const Jid jid = *Jid::parse("Juliet@Example.COM/Bal/cony@x");
  EXPECT_EQ(jid.local(), "juliet");
  EXPECT_EQ(jid.domain(), "example.com");
  EXPECT_EQ(jid.resource(), "Bal/cony@x");
  EXPECT_EQ(jid.bare_text(), "juliet@example.com");
  EXPECT_TRUE(jid.is_full() && !jid.is_bare() && jid.has_local());
  EXPECT_EQ(jid.bare().text(), "juliet@example.com");
  EXPECT_TRUE(jid.bare().is_bare() && jid.same_bare(jid.bare()) && jid != jid.bare());
  EXPECT_EQ(jid.domain_only().text(), "example.com");
  EXPECT_TRUE(jid.domain_only().is_domain());
  EXPECT_EQ(jid.with_resource("new")->text(), "juliet@example.com/new");
  EXPECT_FALSE(jid.with_resource(""));
  EXPECT_FALSE(Jid().with_resource("new"));
}

TEST(JidTest, TrustedTextSplitsAlike) {
  for (const char* const text : {"a@b.c/d@e/f", "a@b.c", "b.c/d@e", "b.c", "[::1]/x"}) {
    const Jid enforced = *Jid::parse(text), trusted = Jid::trusted(text);
    EXPECT_EQ(enforced.local(), trusted.local());
    EXPECT_EQ(enforced.domain(), trusted.domain());
    EXPECT_EQ(enforced.resource(), trusted.resource());
    EXPECT_EQ(enforced, trusted);
  }
}

TEST(JidTest, TheEmptyAddressIsNone) {
  const Jid none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.is_bare() || none.is_full() || none.has_local() || none.is_domain());
  EXPECT_EQ(none.bare_text(), "");
  EXPECT_EQ(parsed(""), "refused");
}

TEST(JidTest, BoundsEveryPart) {
  const std::string full(1023, 'a'), more(1024, 'a');
  EXPECT_EQ(Jid::parse(full + "@b.c/" + full)->local().size(), 1023u);
  EXPECT_EQ(parsed(more + "@b.c"), "refused");
  EXPECT_EQ(parsed("b.c/" + more), "refused");
  // 341 fullwidth letters are 1023 bytes, and 341 when they are mapped.
  std::string wide;
  for (int i = 0; i < 1023; ++i) wide += "\uff41";
  EXPECT_EQ(parsed(wide + "@b.c"), full + "@b.c");
  EXPECT_EQ(parsed(wide + "a@b.c"), "refused");
  const std::string label(63, 'a');
  const std::string name = label + "." + label + "." + label + "." + label.substr(2);
  EXPECT_EQ(name.size(), 253u);
  EXPECT_EQ(parsed(name), name);
  EXPECT_EQ(parsed(name + "a"), "refused");
  EXPECT_EQ(parsed(label + "a.b"), "refused");
}

TEST(JidTest, RefusesHostileText) {
  const std::string_view invalid[] = {
      "a@b@c",        "@b.c",         "a@b.c/",       "a@/r",
      "a@b..c",       "a@.b",         "a@.",          "a@b.c..",
      "a@-b.c",       "a@b-.c",       "a@b c",        "a@b\tc",
      "a@b.c/\x01",   "a@b.c/\x7f",   "a\xff@b.c",    "a@b.c/\xc3",
      "a@\xc0\xaf",   "a@[::1",       "a@[]",         "a@[1::2::3]",
      "a@[::1]x",     "a@[12345::]",  "a@300.1.1.1",  "a@1.2.3",
      "a@01.2.3.4",   "a'b@c",        "a:b@c",        "a<b@c",
      "a&b@c",        "a\uff20b@c",   "\uff0f@c",     "a@b\uff0fc",
      "a@xn--\u00fc", "a@xn--a",      "a@\u2603.net", "a\u0378@b",
      "a\u200db@c",   "a\u0640@c",    "a\u05d0@c",    "a@b.c/\ufffe",
      "a@a\u200db",   "a@b.c/\u2028", "a@b.c/\ue000", "a@b\u3002\u3002c",
      {"a\0@b", 4},   {"a@b\0c", 5},  "a@b.c/\u1100", "a@b.c/\u200e"};
  for (const std::string_view text : invalid) EXPECT_EQ(parsed(text), "refused") << text;
}

TEST(JidTest, DifferentSpellingsAreOneAddress) {
  const std::pair<const char*, const char*> same[] = {
      {"ALICE@EXAMPLE.COM", "alice@example.com"},
      {"\uff21lice@example.com", "alice@example.com"},
      {"e\u0301@example.com", "\u00e9@example.com"},
      {"\u00c9@example.com", "\u00e9@example.com"},
      {"a@example.com.", "a@example.com"},
      {"a@B\u00dcCHER.example", "a@b\u00fccher.example"},
      {"a@xn--bcher-kva.example", "a@b\u00fccher.example"},
      {"a@XN--BCHER-KVA.EXAMPLE", "a@b\u00fccher.example"},
      {"a@example\u3002com", "a@example.com"},
      {"a@stra\u00dfe.example", "a@stra\u00dfe.example"},
      {"a@b.c/e\u0301", "a@b.c/\u00e9"},
      {"a@b.c/x\u00a0y", "a@b.c/x y"},
      {"a@[2001:DB8:0:0:0:0:0:1]", "a@[2001:db8::1]"},
      {"a@[::FFFF:127.0.0.1]", "a@[::ffff:7f00:1]"},
      {"[0:0:0:0:0:0:0:0]", "[::]"},
      {"[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]"},
      {"[1:0:2:3:4:5:6:7]", "[1:0:2:3:4:5:6:7]"},
      {"[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7:0]"},
      {"127.0.0.1", "127.0.0.1"},
      {"a@my_host.local", "a@my_host.local"},
      {"a@r3---sn.example", "a@r3---sn.example"},
      {"a@localhost", "a@localhost"},
      {"a@b\u00adc.d", "a@bc.d"},
  };
  for (const auto& [from, to] : same) EXPECT_EQ(parsed(from), to);
}

TEST(JidTest, DomainsHaveAnAsciiForm) {
  EXPECT_EQ(ascii_domain("b\u00fccher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(prepare_domain("xn--bcher-kva.example").value_or(""), "b\u00fccher.example");
  EXPECT_EQ(ascii_domain("example.com"), "example.com");
  EXPECT_EQ(ascii_domain("[::1]"), "[::1]");
}

TEST(JidTest, OrdersAndComparesByText) {
  const Jid a = *Jid::parse("a@x"), b = *Jid::parse("b@x");
  EXPECT_TRUE(a < b && a == *Jid::parse("A@x") && a != b);
}

// Characters that are mapped, combined, contextual or forbidden, to be thrown together.
constexpr char32_t pool[] = {
    'a',    'Z',    '.',     '@',     '/',     '-',     '_',      'l',    '1',    ' ',    0xb7,
    0xdf,   0x130,  0x131,   0x149,   0x1c5,   0x300,   0x301,    0x307,  0x345,  0x375,  0x3a3,
    0x3c2,  0x3f4,  0x587,   0x5d0,   0x5f3,   0x640,   0x660,    0x6f0,  0x915,  0x94d,  0xa0,
    0x1100, 0x1161, 0x1e9e,  0x1f80,  0x200c,  0x200d,  0x2126,   0x212a, 0x212b, 0x2163, 0x3000,
    0x3002, 0x302e, 0x30fb,  0x30a2,  0x3131,  0x4e00,  0xac00,   0xfb01, 0xfdfa, 0xff01, 0xff21,
    0xff9e, 0xffa0, 0x10400, 0x1d400, 0x1f600, 0xe0001, 0x10ffff, 0x13a0, 0xab70, 0x1c90, 0x2c2f};

TEST(JidTest, EnforcementIsIdempotent) {
  SeededRandom random(7622);
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(8) + 1; i > 0; --i) {
      const bool from_pool = random.below(4) != 0;
      char32_t c = from_pool ? pool[random.below(std::size(pool))]
                             : static_cast<char32_t>(random.below(0x3000));
      if (c >= 0xd800 && c <= 0xdfff) c = 'a';
      unicode::append_utf8(text, c);
    }
    for (const std::string& whole : {text, text + "@b.c", "a@b.c/" + text, "a@" + text}) {
      const Result<Jid> once = Jid::parse(whole);
      if (!once) continue;
      ++accepted;
      const Result<Jid> twice = Jid::parse(once->text());
      ASSERT_TRUE(twice) << whole << " -> " << once->text();
      ASSERT_EQ(*once, *twice) << whole;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(JidTest, LookAlikesHaveOneSkeleton) {
  EXPECT_EQ(unicode::skeleton("p\u0430ypal"), unicode::skeleton("paypal"));
  EXPECT_NE(unicode::skeleton("alice"), unicode::skeleton("alicf"));
  EXPECT_FALSE(unicode::is_plausible_script_mix("p\u0430ypal"));
  EXPECT_TRUE(unicode::is_plausible_script_mix("paypal"));
  EXPECT_TRUE(unicode::is_plausible_script_mix("\u0430\u043b\u0438\u0441\u0430"));
}

}  // namespace
}  // namespace herold::xmpp
