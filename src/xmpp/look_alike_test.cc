// Which names are taken for one another (UTS 39, HOSTILE 72).
#include "xmpp/look_alike.h"

#include <gtest/gtest.h>

namespace herold::xmpp {
namespace {

void expect_alike(std::string_view one, std::string_view other) {
  EXPECT_EQ(look_alike_key(one), look_alike_key(other)) << one << " " << other;
}

TEST(LookAlike, OfAscii) {
  expect_alike("paypal", "paypa1");
  expect_alike("modern", "modem");
  expect_alike("bob0", "bobo");
}

TEST(LookAlike, OfOtherScripts) {
  expect_alike("paypal", "p\xD0\xB0ypal");                            // Cyrillic a
  expect_alike("scope", "\xD1\x95\xD1\x81\xD0\xBE\xD1\x80\xD0\xB5");  // all Cyrillic
  expect_alike("\xCE\xBF\xCE\xBF", "oo");                             // Greek omicron
  expect_alike("jos\xC3\xA9", "jose\xCC\x81");                        // composed or not
}

TEST(LookAlike, IsNotWhatReadsOtherwise) {
  for (const std::string_view other : {"romeo2", "rome", "juliet", "r\xC3\xB6meo", ""})
    EXPECT_NE(look_alike_key("romeo"), look_alike_key(other)) << other;
  for (int i = 0; i < 10; ++i)
    for (int k = 0; k < i; ++k)
      EXPECT_NE(look_alike_key("user" + std::to_string(i)),
                look_alike_key("user" + std::to_string(k)));
}

TEST(LookAlike, HasAVersion) {
  EXPECT_NE(look_alike_version().find("unicode "), std::string::npos);
}

}  // namespace
}  // namespace herold::xmpp
