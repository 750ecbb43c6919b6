// The parser held against expat: both accept with the same tree, or both refuse.
#include <gtest/gtest.h>

#include "base/random.h"
#include "xml/parser.h"
#include "xml/scanner.h"
#include "xml/testing/expat_tree.h"

namespace herold::xml {
namespace {

constexpr Bounds bounds{64 << 10, 1000, 50, 64};

constexpr std::string_view seeds[] = {
    "<message to='romeo@montague.example/orchard' id='m1' type='chat' "
    "xml:lang='en'><body>Wherefore "
    "art thou, Romeo? &amp; &#x1F339; \xc3\xa9</body><active xmlns='http://jabber.org/protocol/"
    "chatstates'/></message>",
    "<iq type='set' id='a'><query xmlns='jabber:iq:roster'><item jid='a@b' name='&quot;x&apos;'>"
    "<group>A</group></item></query></iq>",
    "<p:a xmlns:p='u' p:b='1' b='2'><q:c xmlns:q='u' q:d='3'/><p:e xmlns:p='v'/><s:f/></p:a>",
    "<a>x<![CDATA[<&]]>y<![CDATA[]]]]>z</a>",
    "<a b='1\r\n2\t3\r4'>x\r\ny\rz&#13;]]</a>",
    "<xml:a xml:b='c'><d xmlns=''><xml:e xmlns='w'/></d></xml:a>",
    "<a>1<b/>2<c>3</c>4<d x='' y=\"z\"/></a>",
    "<s:a s:b='' xmlns:t='stream' t:c=''/>",
};

constexpr std::string_view splices[] = {"<",
                                        ">",
                                        "/",
                                        "'",
                                        "\"",
                                        "=",
                                        ":",
                                        "&",
                                        ";",
                                        "]]>",
                                        "<![CDATA[",
                                        "&lt;",
                                        "&#65;",
                                        "&#x",
                                        " ",
                                        "\r",
                                        "\n",
                                        "\t",
                                        "xmlns",
                                        "xmlns:p=",
                                        " xmlns=''",
                                        "p:",
                                        "xml:",
                                        "<a/>",
                                        "</a>",
                                        "\xc3\xa9",
                                        "\xed\xa0\x80",
                                        "\xff",
                                        "<!--",
                                        "<?",
                                        "a",
                                        "1",
                                        "-",
                                        "xmlns:q='http://www.w3.org/XML/1998/namespace'"};

std::string mutate(std::string text, Random& random) {
  for (std::uint64_t count = 1 + random.below(3); count-- > 0;) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(4)) {
      case 0:
        text.erase(at, 1 + random.below(3));
        break;
      case 1:
        text.insert(at, splices[random.below(std::size(splices))]);
        break;
      case 2:
        text.insert(at, text, random.below(text.size() + 1), random.below(20));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
    }
  }
  return text;
}

// Both accept with the same tree, or both refuse. Answers whether they accept.
bool agrees(std::string_view bytes) {
  NamespaceScope scope;
  scope.declare("", "jabber:client");
  scope.declare("s", "stream");
  const auto document = parse_element(bytes, scope, bounds);
  const auto expat = testing::expat_dump(bytes, "<w xmlns='jabber:client' xmlns:s='stream'>");
  if (!document) {
    EXPECT_FALSE(expat) << bytes;
    return false;
  }
  if (expat) {
    EXPECT_EQ(testing::dump(document->root()), *expat) << bytes;
  } else {
    EXPECT_FALSE(testing::has_ascii_names(bytes)) << bytes;
  }
  Scanner scanner(bounds);
  scanner.next("<s>");
  const auto [token, size] = scanner.next(bytes);
  EXPECT_TRUE(token == Scanner::Token::element && size == bytes.size()) << bytes;
  return true;
}

TEST(Differential, SeedsAreAcceptedByBoth) {
  for (std::string_view seed : seeds) EXPECT_TRUE(agrees(seed)) << seed;
}

TEST(Differential, MutationsAreJudgedAsExpatDoes) {
  SeededRandom random(6120);
  int accepted = 0;
  for (int i = 0; i < 60000 && !::testing::Test::HasFailure(); ++i)
    if (agrees(mutate(std::string(seeds[random.below(std::size(seeds))]), random))) ++accepted;
  EXPECT_GT(accepted, 5000);
}

}  // namespace
}  // namespace herold::xml
