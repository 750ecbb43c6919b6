// The patterns of tests must also say no.
#include "server/testing/pattern.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

std::string check(std::string_view pattern, std::string_view actual) {
  return mismatch(parse_pattern(pattern).root(), parse_pattern(actual).root());
}

constexpr auto message =
    "<message type='chat' to='a'><body>hi</body><x xmlns='urn:x' id='1'/>"
    "<x xmlns='urn:x' id='2'/></message>";

TEST(Pattern, WhatIsNamedMustBeThereAndMoreMay) {
  EXPECT_EQ(check("<message/>", message), "");
  EXPECT_EQ(check("<message to='a'><body>hi</body></message>", message), "");
  EXPECT_EQ(check("<message to='{any}'><body>{any}</body></message>", message), "");
  EXPECT_EQ(check("<message>\n  <x xmlns='urn:x' id='2'/>\n</message>", message), "");
}

TEST(Pattern, SaysWhatIsMissing) {
  EXPECT_NE(check("<iq/>", message), "");
  EXPECT_NE(check("<message xmlns='urn:x'/>", message), "");
  EXPECT_EQ(check("<message from='{any}'/>", message), "it has no from");
  EXPECT_EQ(check("<message to='b'/>", message), "its to is 'a'");
  EXPECT_EQ(check("<message><body>ho</body></message>", message), "the text of <body/> is 'hi'");
  EXPECT_NE(check("<message><subject/></message>", message), "");
  EXPECT_NE(check("<message><body xmlns='urn:x'/></message>", message), "");
  EXPECT_NE(check("<message><x xmlns='urn:x' id='3'/></message>", message), "");
}

TEST(Pattern, SaysWhatShouldNotBeThere) {
  EXPECT_EQ(check("<message><ABSENT><subject/></ABSENT></message>", message), "");
  EXPECT_EQ(check("<message><ABSENT><x xmlns='urn:x' id='3'/></ABSENT></message>", message), "");
  EXPECT_NE(check("<message><ABSENT><body/></ABSENT></message>", message), "");
  EXPECT_NE(check("<message><ABSENT><subject/><x xmlns='urn:x'/></ABSENT></message>", message), "");
}

}  // namespace
}  // namespace herold::server
