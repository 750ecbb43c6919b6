// Parser: what is accepted with which tree, and what is refused with which error.
#include "xml/parser.h"

#include <gtest/gtest.h>

#include "xml/writer.h"

namespace herold::xml {
namespace {

constexpr Bounds bounds{256 << 10, 5000, 100, 64};

std::string outcome(const std::expected<Document, ParseError>& document) {
  if (document) return to_string(document->root());
  switch (document.error()) {
    case ParseError::not_well_formed:
      return "not-well-formed";
    case ParseError::restricted_xml:
      return "restricted-xml";
    case ParseError::unsupported_encoding:
      return "unsupported-encoding";
    case ParseError::too_large:
      return "too-large";
  }
  return "?";
}

std::string outcome(std::string_view bytes) { return outcome(parse_fragment(bytes, {}, bounds)); }

struct Accepted {
  std::string_view bytes;
  std::string_view canonical;
};

constexpr Accepted accepted[] = {
    {"<a/>", "<a/>"},
    {"<a></a >", "<a/>"},
    {"<a\n b = 'c'\td=\"e\" />", R"(<a b="c" d="e"/>)"},
    {"<_a-b.c9/>", "<_a-b.c9/>"},
    {"<\xc3\xa9\xf0\x90\x80\x80\xc2\xb7/>", "<\xc3\xa9\xf0\x90\x80\x80\xc2\xb7/>"},
    // Text, references, CDATA, line ends.
    {"<a>&amp;&lt;&gt;&quot;&apos;</a>", "<a>&amp;&lt;&gt;\"'</a>"},
    {"<a>&#65;&#x42;&#x1F600;&#xe9;</a>", "<a>AB\xf0\x9f\x98\x80\xc3\xa9</a>"},
    {"<a>&#0000065;</a>", "<a>A</a>"},
    {"<a>x<![CDATA[<y>&amp;]]>z<![CDATA[]]]]><![CDATA[>]]></a>",
     "<a>x&lt;y&gt;&amp;amp;z]]&gt;</a>"},
    {"<a><![CDATA[]]></a>", "<a/>"},
    {"<a>]]&gt;]] ></a>", "<a>]]&gt;]] &gt;</a>"},
    {"<a>1\r\n2\r3\n4&#13;5\r<![CDATA[\n6\r\n]]></a>", "<a>1\n2\n3\n4&#xD;5\n\n6\n</a>"},
    {"<a>\x7f\xc2\x85\xef\xbf\xbd\xf4\x8f\xbf\xbf</a>",
     "<a>\x7f\xc2\x85\xef\xbf\xbd\xf4\x8f\xbf\xbf</a>"},
    {"<a b='1\r\n2\t3\r4\n5&#9;&#10;&#13;\"&apos;>'/>",
     "<a b=\"1 2 3 4 5&#x9;&#xA;&#xD;&quot;'&gt;\"/>"},
    {"<a>1<b/>2<c>3</c>4</a>", "<a>1<b/>2<c>3</c>4</a>"},
    // Namespaces.
    {"<a xmlns='x'><b/><c xmlns=''><d/></c><e/></a>",
     R"(<a xmlns="x"><b/><c xmlns=""><d/></c><e/></a>)"},
    {"<p:a xmlns:p='x'><p:b/><c/></p:a>", R"(<a xmlns="x"><b/><c xmlns=""/></a>)"},
    {"<a xmlns:p='x' xmlns:q='y' p:b='1' q:b='2' b='3'/>",
     R"(<a xmlns:ns1="x" ns1:b="1" xmlns:ns2="y" ns2:b="2" b="3"/>)"},
    {"<p:a p:b='c' xmlns:p='x'/>", R"(<a xmlns="x" xmlns:ns1="x" ns1:b="c"/>)"},
    {"<p:a xmlns:p='x'><p:b xmlns:p='y'/><p:c/></p:a>", R"(<a xmlns="x"><b xmlns="y"/><c/></a>)"},
    {"<a xml:lang='en'/>", R"(<a xml:lang="en"/>)"},
    {"<xml:a><xml:b/></xml:a>", "<xml:a><xml:b/></xml:a>"},
    {"<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<a/>"},
    // The separator that other parsers glue names with is a character like any other (17).
    {"<p:a xmlns:p='x|y b'/>", R"(<a xmlns="x|y b"/>)"},
    {"<xmlnsx xmlnsx='1'/>", R"(<xmlnsx xmlnsx="1"/>)"},
    // Foreign payload keeps its namespace (27).
    {"<m xmlns='jabber:client'><s:error xmlns:s='http://etherx.jabber.org/streams'/></m>",
     R"(<m xmlns="jabber:client"><error xmlns="http://etherx.jabber.org/streams"/></m>)"},
};

TEST(Parser, AcceptsWithItsTree) {
  for (const auto& [bytes, canonical] : accepted) EXPECT_EQ(outcome(bytes), canonical) << bytes;
}

constexpr std::string_view not_well_formed[] = {
    "",
    "a",
    "<",
    "<a",
    "<a>",
    "<a/",
    "<a/ >",
    "</a>",
    "<a></b>",
    "<a></aa>",
    "<aa></a>",
    "<a/><b/>",
    "<a/> ",
    " <a/>",
    "<a/>x",
    "<a><b></a></b>",
    "<a><b></a>",
    "<1a/>",
    "<-a/>",
    "<a=''/>",
    "< a/>",
    "<a b/>",
    "<a b=c/>",
    "<a b='c/>",
    "<a b='c\"/>",
    "<a b=''c=''/>",
    "<a b='<'/>",
    "<a b='&'/>",
    "<a/ b=''>",
    "<a></a b=''>",
    "<a></a/>",
    "<\xc2\xb7/>",
    "<a>\xc3\x97</\xc3\x97>",
    // Text.
    "<a>]]></a>",
    "<a>x]]]></a>",
    "<a>&</a>",
    "<a>&amp</a>",
    "<a>& amp;</a>",
    "<a>&;</a>",
    "<a>&#;</a>",
    "<a>&#x;</a>",
    "<a>&#xg;</a>",
    "<a>&#X41;</a>",
    "<a>&#65</a>",
    "<a>&#-1;</a>",
    "<a><![CDATA[x]]</a>",
    "<a><![CDATA[x</a>",
    "<![CDATA[x]]>",
    // Illegal characters, raw and by reference (4).
    "<a>&#0;</a>",
    "<a>&#1;</a>",
    "<a>&#xD800;</a>",
    "<a>&#xDFFF;</a>",
    "<a>&#xFFFE;</a>",
    "<a>&#xFFFF;</a>",
    "<a>&#x110000;</a>",
    "<a>&#99999999999999999999;</a>",
    std::string_view("<a>\0</a>", 8),
    "<a>\x01</a>",
    "<a>\x1b</a>",
    "<a>\x0b</a>",
    std::string_view("<a b='\0'/>", 10),
    // UTF-8 (5): overlong, surrogates, beyond the end, truncated, stray, also before " and <.
    "<a>\xc0\xaf</a>",
    "<a>\xc1\xbf</a>",
    "<a>\xe0\x80\xaf</a>",
    "<a>\xf0\x80\x80\xaf</a>",
    "<a>\xed\xa0\x80</a>",
    "<a>\xed\xbf\xbf</a>",
    "<a>\xf4\x90\x80\x80</a>",
    "<a>\xf5\x80\x80\x80</a>",
    "<a>\xff</a>",
    "<a>\x80</a>",
    "<a>\xc3</a>",
    "<a>\xe2\x82</a>",
    "<a>\xf0\x9f\x98</a>",
    "<a b=\"\xc3\"/>",
    "<a b='\xe2\x82'/>",
    "<a>\xef\xbf\xbe</a>",
    "<a>\xef\xbf\xbf</a>",
    "<a\xc3/>",
    "<a><![CDATA[\xc3]]></a>",
    // Namespaces (16).
    "<p:a/>",
    "<a p:b=''/>",
    "<a><b xmlns:p='x'/><p:c/></a>",
    "<:a/>",
    "<a:/>",
    "<a:b:c xmlns:a='x'/>",
    "<a xmlns:='x'/>",
    "<a xmlns:p=''/>",
    "<a b='1' b='2'/>",
    "<a xmlns='x' xmlns='x'/>",
    "<a xmlns:p='x' xmlns:p='y'/>",
    "<a xmlns:p='x' xmlns:q='x' p:b='' q:b=''/>",
    "<a xmlns:p='x'><b xmlns:q='x' p:b='' q:b=''/></a>",
    "<a xmlns:p='&#120;' xmlns:q='x' p:b='' q:b=''/>",
    "<a xml:lang='' xml:lang=''/>",
    "<xmlns:a/>",
    "<a xmlns:xmlns='x'/>",
    "<a xmlns:xml='x'/>",
    "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
    "<p:a xmlns:p='x'></a>",
    "<p:a xmlns:p='x' xmlns:q='x'></q:a>",
};

TEST(Parser, RefusesWhatIsNotWellFormed) {
  for (std::string_view bytes : not_well_formed)
    EXPECT_EQ(outcome(bytes), "not-well-formed") << bytes;
}

TEST(Parser, RefusesWhatIsRestricted) {
  for (std::string_view bytes :
       {"<a><!-- x --></a>", "<a><!----></a>", "<a><?b c?></a>", "<a><?xml version='1.0'?></a>",
        "<?xml version='1.0'?><a/>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a>&nbsp;</a>", "<a b='&eacute;'/>", "<a>&AMP;</a>", "<a/><!-- x -->", "<a><!b></a>"})
    EXPECT_EQ(outcome(bytes), "restricted-xml") << bytes;
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

std::string nested(int depth) { return repeat("<a>", depth) + repeat("</a>", depth); }

TEST(Parser, KeepsItsBounds) {
  EXPECT_EQ(outcome(nested(101)), "too-large");
  EXPECT_NE(outcome(nested(100)), "too-large");
  EXPECT_EQ(outcome("<a>" + repeat("<b/>", 5000) + "</a>"), "too-large");
  EXPECT_NE(outcome("<a>" + repeat("<b/>", 4999) + "</a>"), "too-large");
  std::string attributes;
  for (int i = 0; i < 64; ++i) attributes += " a" + std::to_string(i) + "=''";
  EXPECT_NE(outcome("<a" + attributes + "/>"), "too-large");
  EXPECT_EQ(outcome("<a" + attributes + " xmlns='x'/>"), "too-large");
  EXPECT_EQ(outcome("<a>" + repeat("x", 256 << 10) + "</a>"), "too-large");
  EXPECT_EQ(outcome("<" + repeat("a", 65535) + "/>").size(), 65538U);
  EXPECT_EQ(outcome("<" + repeat("a", 65536) + "/>"), "too-large");
}

TEST(Parser, KeepsItsStackWhateverTheDepth) {
  constexpr Bounds deep{8 << 20, 1 << 20, 1 << 20, 64};
  const std::string bytes = nested(1 << 19);
  const auto document = parse_fragment(bytes, {}, deep);
  ASSERT_TRUE(document);
  EXPECT_EQ(to_string(document->root()).size(), bytes.size() - 3);  // the innermost is <a/>
}

// Prefixes declared one inside the other, up to TreeBuilder::most_prefixes in force.
std::string nested_prefixes(int count) {
  std::string open;
  std::string close;
  for (int i = 0; i < count; ++i) {
    if (i % 10 == 0) {
      open += i == 0 ? "<a" : "><a";
      close += "</a>";
    }
    open += " xmlns:p" + std::to_string(i) + "='x'";
  }
  return open + ">" + close;
}

TEST(Parser, BoundsThePrefixesInForce) {
  EXPECT_NE(outcome(nested_prefixes(256)), "too-large");
  EXPECT_EQ(outcome(nested_prefixes(257)), "too-large");
}

// HOSTILE: at most eight bytes of memory for one of input, whatever the shape.
TEST(Parser, TakesAtMostEightBytesForOne) {
  std::string attributes = "<a>";
  for (int i = 0; i < 60; ++i) {
    attributes += "<a";
    for (char c = 'a'; c <= 'z'; ++c) attributes.append(" ").append(1, c).append("=''");
    attributes += "/>";
  }
  attributes += "</a>";
  for (const std::string& bytes :
       {"<a>" + repeat("<a/>", 4000) + "</a>", "<a>" + repeat("<a/>x", 4000) + "</a>",
        "<a>" + repeat("<a></a>", 4000) + "</a>", "<a>" + repeat("<a>x</a>", 4000) + "</a>",
        attributes, "<a>" + repeat("<a xmlns=''/>", 4000) + "</a>",
        "<a>" + repeat("<a xmlns='x'/>", 4000) + "</a>",
        "<a>" + repeat("<![CDATA[x]]>", 4000) + "</a>", repeat("<a>", 99) + repeat("</a>", 99)}) {
    const auto document = parse_fragment(bytes, {}, bounds);
    ASSERT_TRUE(document) << bytes.substr(0, 30);
    EXPECT_LE(document->memory(), 8 * bytes.size()) << bytes.substr(0, 30);
  }
}

TEST(Parser, InheritsTheStreamsNamespaces) {
  const auto header = parse_header(
      "<?xml version='1.0' encoding='utf-8'?>\n<stream:stream to='a' xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='u' xmlns:y='u'>",
      bounds);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->element.root().is("stream", "http://etherx.jabber.org/streams"));
  EXPECT_EQ(header->element.root().attribute("to"), "a");
  const auto parse = [&](std::string_view bytes) {
    return outcome(parse_element(bytes, header->scope, bounds));
  };
  EXPECT_EQ(parse("<a/>"), R"(<a xmlns="jabber:client"/>)");
  EXPECT_EQ(parse("<stream:a stream:b=''/>"),
            R"(<a xmlns="http://etherx.jabber.org/streams" )"
            R"(xmlns:ns1="http://etherx.jabber.org/streams" ns1:b=""/>)");
  EXPECT_EQ(parse("<x:a xmlns:x='v'><y:b/></x:a>"), R"(<a xmlns="v"><b xmlns="u"/></a>)");
  EXPECT_EQ(parse("<a x:b='' y:b=''/>"), "not-well-formed");
  EXPECT_EQ(parse("<a xmlns:z='u' x:b='' z:b=''/>"), "not-well-formed");
  EXPECT_EQ(parse("<z:a/>"), "not-well-formed");
}

// A stream between servers, whose stanzas are in jabber:client inside (RFC 6120 section 4.8.2).
TEST(Parser, ReadsTheStreamsOwnNamespaceByItsInnerName) {
  auto header =
      parse_header("<s xmlns='jabber:server' xmlns:h='jabber:server' xmlns:d='d'>", bounds);
  ASSERT_TRUE(header);
  NamespaceScope scope = header->scope;
  scope.read_default_as("jabber:client");
  EXPECT_EQ(scope.outer_name(), "jabber:server");
  const auto parse = [&](std::string_view bytes) {
    return outcome(parse_element(bytes, scope, bounds));
  };
  const std::string_view plain = R"(<m xmlns="jabber:client"><b>1</b></m>)";
  EXPECT_EQ(parse("<m><b>1</b></m>"), plain);
  EXPECT_EQ(parse("<m xmlns='jabber:server'><b>1</b></m>"), plain);
  EXPECT_EQ(parse("<m><b xmlns='jabber:server'>1</b></m>"), plain);
  EXPECT_EQ(parse("<m xmlns='jabber:client'><b xmlns='jabber:client'>1</b></m>"), plain);
  EXPECT_EQ(parse("<s:m xmlns:s='jabber:server'><s:b>1</s:b></s:m>"), plain);
  EXPECT_EQ(parse("<h:m><b>1</b></h:m>"), plain);
  EXPECT_EQ(parse("<m><x xmlns='u'/><b xmlns='jabber:server'/></m>"),
            R"(<m xmlns="jabber:client"><x xmlns="u"/><b/></m>)");
  // What stands inside another namespace is somebody else's, and stays as it was written.
  EXPECT_EQ(parse("<m><x xmlns='u'><m xmlns='jabber:server'><b/></m></x></m>"),
            R"(<m xmlns="jabber:client"><x xmlns="u"><m xmlns="jabber:server"><b/></m></x></m>)");
  EXPECT_EQ(parse("<d:x><m xmlns='jabber:server'/></d:x>"),
            R"(<x xmlns="d"><m xmlns="jabber:server"/></x>)");
  // Whatever it is called, no attribute stands there twice.
  for (const std::string_view bytes :
       {"<m xmlns:p='jabber:server' xmlns:q='jabber:client' p:a='' q:a=''/>",
        "<m xmlns:q='jabber:client' xmlns:p='jabber:server' p:a='' q:a=''/>",
        "<m xmlns:p='jabber:server' h:a='' p:a=''/>", "<m xmlns:q='jabber:client' h:a='' q:a=''/>"})
    EXPECT_EQ(parse(bytes), "not-well-formed") << bytes;
}

TEST(Parser, CopiesInheritedNamespacesOnceAndIfUsed) {
  NamespaceScope scope;
  scope.declare("p", std::string(10000, 'x'));
  EXPECT_LT(parse_element("<a/>", scope, bounds)->memory(), 100U);
  EXPECT_LT(parse_element("<p:a><p:b/><p:c/></p:a>", scope, bounds)->memory(), 10300U);
}

TEST(Parser, JudgesTheDeclaration) {
  const auto judge = [](std::string declaration) {
    const auto header = parse_header("<?xml" + declaration + "?><s>", bounds);
    if (header) return std::string("fine");
    return outcome(std::unexpected(header.error()));
  };
  for (const char* good :
       {" version='1.0'", " version=\"1.0\" ", " version = '1.0' encoding='UTF-8'",
        " version='1.0' encoding='Utf-8' standalone='yes'", "\nversion='1.0'\tstandalone=\"no\"\n"})
    EXPECT_EQ(judge(good), "fine") << good;
  for (const char* bad : {"", " ", " version='1.1'", " version='2.0'", " version=''", " version",
                          " encoding='UTF-8'", " version='1.0'encoding='UTF-8'",
                          " version='1.0' encoding=''", " version='1.0' encoding='-'",
                          " encoding='UTF-8' version='1.0'", " version='1.0' standalone='maybe'",
                          " version='1.0' x", " version='1.0' standalone='no' encoding='UTF-8'",
                          " version='1.0' x='y'", " Version='1.0'"})
    EXPECT_EQ(judge(bad), "not-well-formed") << bad;
  for (const char* other : {"ISO-8859-1", "UTF-16", "US-ASCII", "utf8"})
    EXPECT_EQ(judge(std::string(" version='1.0' encoding='") + other + "'"),
              "unsupported-encoding");
}

TEST(Parser, JudgesHeaders) {
  for (const char* bad : {"<s/>", "<s></s>", "<s><a/>", "<s", "", "<p:s>", "<s> ", "<s a='' a=''>"})
    EXPECT_FALSE(parse_header(bad, bounds)) << bad;
  EXPECT_TRUE(parse_header("<s>", bounds));
  EXPECT_EQ(parse_header("<s a='bcdefghij'>", {10, 1, 1, 9}).error(), ParseError::too_large);
}

TEST(Parser, ReadsTheStartTagOfWhatIsTooLarge) {
  NamespaceScope scope;
  scope.declare("", "jabber:client");
  const auto tag = parse_start_tag("<message id='1>' to=\"a'\"><body>xxxx", scope, bounds);
  EXPECT_EQ(outcome(tag), R"(<message xmlns="jabber:client" id="1&gt;" to="a'"/>)");
  EXPECT_EQ(outcome(parse_start_tag("<iq/><b", scope, bounds)), R"(<iq xmlns="jabber:client"/>)");
  EXPECT_EQ(outcome(parse_start_tag("<iq a='", scope, bounds)), "not-well-formed");
}

TEST(Element, IsReadByNameAndInOrder) {
  const auto document = parse_fragment(
      "<a xmlns='x' xml:lang='en' b='1'>one<b/>two<c xmlns='y' d=''>three</c><b>four</b></a>", {},
      bounds);
  ASSERT_TRUE(document);
  const Element root = document->root();
  EXPECT_TRUE(root.is("a", "x"));
  EXPECT_FALSE(root.is("a", ""));
  EXPECT_EQ(root.attribute("b"), "1");
  EXPECT_EQ(root.attribute("lang"), "");
  EXPECT_EQ(root.attribute("lang", xml_ns), "en");
  EXPECT_FALSE(root.find_attribute("c"));
  EXPECT_EQ(root.child("c", "y").find_attribute("d"), "");
  EXPECT_EQ(root.text(), "onetwo");
  EXPECT_EQ(root.first_text(), "one");
  EXPECT_EQ(root.first_child().name(), "b");
  EXPECT_EQ(root.child("b", "x").text(), "");
  EXPECT_FALSE(root.child("b", "y"));
  std::string order;
  for (Element node : root.nodes())
    order += node.is_text() ? node.text() : "<" + std::string(node.name()) + ">";
  EXPECT_EQ(order, "one<b>two<c><b>");
  order.clear();
  for (Element child : root.children()) order += child.name();
  EXPECT_EQ(order, "bcb");
  EXPECT_FALSE(Element());
  EXPECT_TRUE(Element().name().empty() && Element().children().empty() && Element().text().empty());
  EXPECT_FALSE(Element().is("", ""));
  EXPECT_TRUE(Element().attributes().empty() && !Document().root() && Document().memory() == 0);
}

}  // namespace
}  // namespace herold::xml
