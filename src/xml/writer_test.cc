// Writer: canonical text, and trees that come back the same.
#include "xml/writer.h"

#include <gtest/gtest.h>

#include "xml/parser.h"
#include "xml/testing/expat_tree.h"

namespace herold::xml {
namespace {

constexpr Bounds bounds{256 << 10, 5000, 100, 64};

TEST(Writer, WritesElementsWithNamespacesWhereTheyChange) {
  std::string out;
  Writer(out, "jabber:client")
      .open("iq", "jabber:client")
      .attribute("id", "a\"b")
      .optional_attribute("to", "")
      .open("query", "jabber:iq:roster")
      .open("item")
      .attribute("name", "")
      .leaf("group", "x&y")
      .close()
      .close()
      .open("error")
      .close_all();
  EXPECT_EQ(out,
            "<iq id=\"a&quot;b\"><query xmlns=\"jabber:iq:roster\"><item name=\"\">"
            "<group>x&amp;y</group></item></query><error/></iq>");
}

TEST(Writer, EscapesWhatAParserWouldChange) {
  std::string text = "kept:";
  append_text(text, "<>&\"'\r\n\t]]>");
  EXPECT_EQ(text, "kept:&lt;&gt;&amp;\"'&#xD;\n\t]]&gt;");
  std::string value;
  append_attribute_value(value, "<>&\"'\r\n\t");
  EXPECT_EQ(value, "&lt;&gt;&amp;&quot;'&#xD;&#xA;&#x9;");
}

TEST(Writer, TakesRawXmlAndEmptyText) {
  std::string out;
  Writer(out, {}).open("a").text("").close();
  Writer(out, {}).open("a").raw("").raw("<b/>").text("c").close();
  EXPECT_EQ(out, "<a/><a><b/>c</a>");
}

TEST(Writer, WritesTreesInsideOtherElements) {
  const auto document = parse_fragment("<a xmlns='x'>1<b><c/></b>2</a>", {}, bounds);
  ASSERT_TRUE(document);
  std::string out;
  Writer writer(out, "y");
  writer.open("w").element(document->root().first_child()).element(document->root()).text("3");
  for (Element node : document->root().nodes()) writer.element(node);
  writer.close();
  EXPECT_EQ(
      out,
      "<w><b xmlns=\"x\"><c/></b><a xmlns=\"x\">1<b><c/></b>2</a>31<b xmlns=\"x\"><c/></b>2</w>");
}

TEST(Writer, GivesBackTheSameTree) {
  for (const char* bytes :
       {"<a b='&#13;&#10;&#9; &lt;&gt;&amp;&quot;&apos;'>&#13;\n\t]]&gt;<![CDATA[<&]]></a>",
        "<a xmlns='x' xmlns:p='y' xmlns:q='z' p:b='' q:b='' p:c='' xml:lang='en'><p:d q:e=''/></a>",
        "<xml:a xmlns='x'><b/><xml:c><d xmlns=''/></xml:c></xml:a>",
        "<a xmlns='x'><b xmlns=''><c xmlns='x'/></b></a>"}) {
    const auto first = parse_fragment(bytes, "jabber:client", bounds);
    ASSERT_TRUE(first) << bytes;
    const std::string written = to_string(first->root(), "jabber:client");
    const auto second = parse_fragment(written, "jabber:client", bounds);
    ASSERT_TRUE(second) << written;
    EXPECT_EQ(testing::dump(first->root()), testing::dump(second->root()));
    EXPECT_EQ(to_string(second->root(), "jabber:client"), written);
  }
}

}  // namespace
}  // namespace herold::xml
