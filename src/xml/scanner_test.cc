// Scanner: every token, every bound, skipping, and the same result however the bytes arrive.
#include "xml/scanner.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "xml/testing/scan_log.h"

namespace herold::xml {
namespace {

using Token = Scanner::Token;
using testing::scan_log;
using testing::scan_whole;

constexpr Bounds bounds{300, 8, 5, 4};
constexpr std::uint64_t skip_limit = 600;

std::string repeat(std::string_view text, int count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

struct Case {
  const char* name;
  std::string stream;
  std::string tokens;  // as scan_log() tells them, behind the header's
};

const std::string xml_header = "<?xml version='1.0'?>\n<stream:stream to='a' x='>'>";

std::vector<Case> cases_in_stream() {
  return {
      {"element", "<a/>", "\nelement <a/>"},
      {"several in one piece", "<a/><b></b> <c/>",
       "\nelement <a/>\nelement <b></b>\nspace  \nelement <c/>"},
      {"greater-than in values", "<a b='>' c=\"/>'\"><d e='\"'/></a>",
       "\nelement <a b='>' c=\"/>'\"><d e='\"'/></a>"},
      {"CDATA", "<a><![CDATA[</a>]]x]>]]]></a>", "\nelement <a><![CDATA[</a>]]x]>]]]></a>"},
      {"slash before >", "<a b='/'></a>", "\nelement <a b='/'></a>"},
      {"names beyond ASCII", "<\xc3\xa9/>", "\nelement <\xc3\xa9/>"},
      {"footer", "<a/></stream:stream >", "\nelement <a/>\nfooter </stream:stream >"},
      {"text", "<a/>hello<b/>", "\nelement <a/>\ntext hello\nelement <b/>"},
      {"CDATA at stream level", "<![CDATA[x]]>", "\ntext <!\ntext [CDATA[x]]>"},
      {"second header", "<stream:stream a='b'>", "\nheader <stream:stream a='b'>"},
      {"no header", "<stream:streams/>", "\nelement <stream:streams/>"},
      {"unfinished", "<a><b/></", ""},
      {"three, the last broken", "<a/><b/><c d='<'/>",
       "\nelement <a/>\nelement <b/>\nmalformed <c d='<"},
      {"another footer", "</stream:strean>", "\nmalformed </stream:strean>"},
      {"shorter footer", "</stream>", "\nmalformed </stream>"},
      {"tag in tag", "<a <b/>", "\nmalformed <a <"},
      {"tag in end tag", "<a></a<", "\nmalformed <a></a<"},
      {"lonely slash", "<a / >", "\nmalformed <a / "},
      {"no name", "<a>< b/>", "\nmalformed <a><"},
      {"number as name", "<1/>", "\nmalformed <"},
      {"colon first", "<:a/>", "\nmalformed <"},
      {"comment", "<a><!-- x --></a>", "\nrestricted <a><!"},
      {"comment at stream level", "<!-- x -->", "\nrestricted <!"},
      {"DOCTYPE", "<!DOCTYPE x>", "\nrestricted <!"},
      {"marked section", "<a><![IGNORE[", "\nrestricted <a><!["},
      {"processing instruction", "<a><?b?></a>", "\nrestricted <a><"},
      {"declaration in the stream", "<?xml version='1.0'?>", "\nrestricted <"},
      {"too many elements", "<a>" + repeat("<b/>", 8) + "</a><c/>",
       "\ntoo_large <a>" + repeat("<b/>", 7) + "<\nelement 7\nelement <c/>"},
      {"as many as may be", "<a>" + repeat("<b/>", 7) + "</a>",
       "\nelement <a>" + repeat("<b/>", 7) + "</a>"},
      {"too deep", "<a><a><a><a><a><a/></a></a></a></a></a><c/>",
       "\ntoo_large <a><a><a><a><a><\nelement 23\nelement <c/>"},
      {"as deep as may be", "<a><a><a><a><a/></a></a></a></a>",
       "\nelement <a><a><a><a><a/></a></a></a></a>"},
      {"too many attributes", "<a b='' c='' d='' e='' f=''>x</a>",
       "\ntoo_large <a b='' c='' d='' e='' f=''\nelement 6"},
      {"as many attributes as may be", "<a b='' c='' d='' e=''/>",
       "\nelement <a b='' c='' d='' e=''/>"},
      {"as long as may be", "<a>" + repeat("x", 293) + "</a>",
       "\nelement <a>" + repeat("x", 293) + "</a>"},
      {"too long by one", "<a>" + repeat("x", 294) + "</a><b/>",
       "\ntoo_large <a>" + repeat("x", 294) + "</a\nelement 1\nelement <b/>"},
      {"as long as is skipped", "<a>" + repeat("x", 593) + "</a><b/>",
       "\ntoo_large <a>" + repeat("x", 297) + "\nelement 300\nelement <b/>"},
      {"too long to skip", "<a>" + repeat("x", 594) + "</a><b/>",
       "\ntoo_large <a>" + repeat("x", 297) + "\nmalformed 300"},
      {"comment while skipping", "<a>" + repeat("x", 300) + "<!--",
       "\ntoo_large <a>" + repeat("x", 297) + "\nrestricted 5"},
      {"skipped markup", "<a b='" + repeat("x", 294) + "/>'><c/><![CDATA[</a>]]></a><b/>",
       "\ntoo_large <a b='" + repeat("x", 294) + "\nelement 28\nelement <b/>"},
  };
}

std::vector<Case> cases_from_the_start() {
  return {
      {"plain header", "<s><a/></s>", "\nheader <s>\nelement <a/>\nfooter </s>"},
      {"space before", " \r\n<s>", "\nspace  \r\n\nheader <s>"},
      {"declaration", "<?xml?x ?>?>", "\nrestricted <?xml"},
      {"declaration with ?", "<?xml a?b?\?><s>", "\nheader <?xml a?b?\?><s>"},
      {"self-closing header", "<s/>", "\nmalformed <s/>"},
      {"HTTP", "GET / HTTP/1.1\r\n", "\nmalformed "},
      {"random bytes", "\x16\x03\x01", "\nmalformed "},
      {"byte order mark", "\xef\xbb\xbf<s>", "\nmalformed "},
      {"footer first", "</s>", "\nmalformed <"},
      {"late declaration", " <?xml version='1.0'?><s>", "\nspace  \nrestricted <"},
      {"two declarations", "<?xml a?><?xml a?><s>", "\nrestricted <?xml a?><"},
      {"DOCTYPE", "<?xml a?>\n<!DOCTYPE s>", "\nrestricted <?xml a?>\n<!"},
      {"CDATA", "<![CDATA[", "\nrestricted <!"},
      {"stylesheet", "<?xml-stylesheet?>", "\nrestricted <?xml"},
      {"long header", "<s a='" + repeat("x", 300) + "'>",
       "\ntoo_large <s a='" + repeat("x", 294) + "\nmalformed "},
  };
}

// Every way to cut once, byte by byte, and random pieces.
void expect_everywhere(const Case& test, const std::string& stream, const std::string& tokens) {
  SCOPED_TRACE(test.name);
  EXPECT_EQ(scan_whole(stream, bounds, skip_limit), tokens);
  for (std::size_t first = 1; first < stream.size(); ++first) {
    std::size_t piece = first;
    const auto pieces = [&] { return std::exchange(piece, stream.size()); };
    ASSERT_EQ(scan_log(stream, bounds, skip_limit, pieces), tokens) << "cut at " << first;
  }
  EXPECT_EQ(scan_log(stream, bounds, skip_limit, [] { return std::size_t{1}; }), tokens);
  SeededRandom random(7);
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(scan_log(stream, bounds, skip_limit, [&] { return 1 + random.below(40); }), tokens);
}

TEST(Scanner, FindsTheSameTokensHoweverTheBytesArrive) {
  for (const Case& test : cases_in_stream()) {
    std::string tokens = "\nheader " + xml_header + test.tokens;
    if (test.name == std::string("CDATA at stream level"))
      tokens = "\nheader " + xml_header + "\ntext <![CDATA[x]]>";
    expect_everywhere(test, xml_header + test.stream, tokens);
  }
  for (const Case& test : cases_from_the_start()) expect_everywhere(test, test.stream, test.tokens);
}

TEST(Scanner, LooksAtNoByteTwice) {
  Scanner scanner({1000, 10, 10, 10});
  ASSERT_EQ(scanner.next("<s>").token, Token::header);
  ASSERT_EQ(scanner.next("<a b='c'>text").size, 13U);
  // What was looked at may even change: nobody reads it again.
  const auto [token, size] = scanner.next("<<<<<<<<<<<<<</a>");
  EXPECT_EQ(token, Token::element);
  EXPECT_EQ(size, 17U);
}

TEST(Scanner, ForgetsWhileSkipping) {
  Scanner scanner({20, 10, 10, 10});
  ASSERT_EQ(scanner.next("<s>").token, Token::header);
  ASSERT_EQ(scanner.next("<a>0123456789012345678").token, Token::too_large);
  EXPECT_EQ(scanner.next("more").token, Token::too_large);  // until it is told to skip
  EXPECT_FALSE(scanner.skipping());
  scanner.skip_element(1000);
  EXPECT_TRUE(scanner.skipping());
  EXPECT_EQ(scanner.next("56789").size, 5U);
  EXPECT_EQ(scanner.next("<b>").size, 3U);
  EXPECT_EQ(scanner.next("</b><").size, 5U);
  const auto [token, size] = scanner.next("/a><c/>");
  EXPECT_EQ(token, Token::element);
  EXPECT_EQ(size, 3U);
  EXPECT_FALSE(scanner.skipping());
  EXPECT_EQ(scanner.next("<c/>").token, Token::element);
}

TEST(Scanner, RestartsWithAHeader) {
  Scanner scanner(bounds);
  ASSERT_EQ(scanner.next("<s>").token, Token::header);
  scanner.restart();
  ASSERT_EQ(scanner.next("<?xml version='1.0'?><t>").token, Token::header);
  EXPECT_EQ(scanner.next("</t>").token, Token::footer);
  scanner.restart();
  EXPECT_EQ(scanner.next("</t>").token, Token::malformed);
  EXPECT_EQ(scanner.next("<t>").token, Token::malformed);  // for good
}

// HOSTILE 6: with or without a byte order mark, in either order.
TEST(Scanner, KnowsWideCharactersAtTheStart) {
  using namespace std::string_view_literals;
  for (const std::string_view start :
       {"\xFF\xFE<\0"sv, "\xFE\xFF\0<"sv, "<\0?\0"sv, "\0<\0?"sv, "\0\0\0<"sv, "\0\0\xFE\xFF"sv}) {
    EXPECT_EQ(Scanner(bounds).next(start).token, Token::encoding);
    Scanner pieces(bounds);
    pieces.next(start.substr(0, 1));
    EXPECT_EQ(pieces.next(start).token, Token::encoding);
    EXPECT_EQ(pieces.next(start).token, Token::encoding);  // for good
  }
  Scanner later(bounds);
  ASSERT_EQ(later.next(" ").token, Token::whitespace);
  EXPECT_EQ(later.next("\0"sv).token, Token::malformed);
  Scanner inside(bounds);
  ASSERT_EQ(inside.next("<s>").token, Token::header);
  EXPECT_EQ(inside.next("<\0"sv).token, Token::malformed);
}

TEST(Scanner, IsSmall) { EXPECT_LE(sizeof(Scanner), 96U); }

}  // namespace
}  // namespace herold::xml
