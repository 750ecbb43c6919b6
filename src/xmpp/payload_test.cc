// Payloads: every kind of field read and written, and refused where it must be.
#include "xmpp/payload.h"

#include <gtest/gtest.h>

#include "xmpp/testing.h"

namespace herold::xmpp {
namespace {

enum class Colour : std::uint8_t { unset, red, blue };
inline constexpr std::string_view colour_names[] = {"", "red", "blue"};
constexpr EnumNames names_of(Colour) { return colour_names; }

struct Leaf {
  std::string id;
  static constexpr ElementName element{"leaf", "urn:test"};
  static constexpr std::tuple fields{attribute("id", &Leaf::id, required)};
};

struct Everything {
  std::string plain;
  std::optional<std::string> maybe;
  std::uint8_t small = 0;
  std::optional<std::int32_t> number;
  bool yes = false;
  std::optional<bool> perhaps;
  Jid jid;
  std::optional<WallTime> stamp;
  Colour colour = Colour::unset;
  std::string lang;
  std::string body;
  std::optional<std::string> note;
  std::vector<std::string> groups;
  bool there = false;
  std::optional<Leaf> leaf;
  std::optional<Colour> choice_of;
  static constexpr ElementName element{"all", "urn:test"};
  static constexpr std::tuple fields{attribute("plain", &Everything::plain),
                                     attribute("maybe", &Everything::maybe),
                                     attribute("small", &Everything::small),
                                     attribute("number", &Everything::number),
                                     attribute("yes", &Everything::yes),
                                     attribute("perhaps", &Everything::perhaps),
                                     attribute("jid", &Everything::jid),
                                     attribute("stamp", &Everything::stamp),
                                     attribute("colour", &Everything::colour),
                                     attribute("xml:lang", &Everything::lang),
                                     child_text("body", &Everything::body),
                                     child_text("note", &Everything::note, "urn:other"),
                                     child_text("group", &Everything::groups),
                                     flag("there", &Everything::there),
                                     child(&Everything::leaf),
                                     choice(&Everything::choice_of)};
};

struct Keeper {
  std::vector<Leaf> leaves;
  std::string rest;
  static constexpr ElementName element{"keep", "urn:test"};
  static constexpr std::tuple fields{child(&Keeper::leaves), raw(&Keeper::rest)};
};

struct Exact {
  Leaf leaf;
  int parity = 0;
  std::uint32_t even = 0;
  static constexpr ElementName element{"exact", "urn:test"};
  static constexpr std::tuple fields{child(&Exact::leaf), attribute("even", &Exact::even)};
  bool valid() const { return even % 2 == 0; }
};

Condition condition_of(const auto& answer) {
  return answer ? Condition::undefined_condition : answer.error().condition;
}

TEST(PayloadTest, ReadsAndWritesEveryKindOfField) {
  const std::string text =
      "<all xmlns=\"urn:test\" plain=\"p&lt;\" maybe=\"\" small=\"255\" number=\"-7\" yes=\"true\" "
      "perhaps=\"false\" jid=\"a@b.c\" stamp=\"2026-11-21T09:30:00Z\" colour=\"blue\" "
      "xml:lang=\"de\"><body>text</body><note xmlns=\"urn:other\"/><group>one</group>"
      "<group/><there/><leaf id=\"5\"/><red/></all>";
  const Answer<Everything> all = read_text<Everything>(text);
  ASSERT_TRUE(all) << all.error().text;
  EXPECT_EQ(all->plain, "p<");
  EXPECT_EQ(all->maybe, "");
  EXPECT_EQ(all->small, 255);
  EXPECT_EQ(all->number, -7);
  EXPECT_TRUE(all->yes && all->there && all->perhaps == false);
  EXPECT_EQ(all->jid.text(), "a@b.c");
  EXPECT_EQ(all->colour, Colour::blue);
  EXPECT_EQ(all->lang, "de");
  EXPECT_EQ(all->note, "");
  EXPECT_EQ(all->groups, (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(all->leaf->id, "5");
  EXPECT_EQ(all->choice_of, Colour::red);
  EXPECT_EQ(to_xml(*all), text);
}

TEST(PayloadTest, LeavesOutWhatIsAbsent) {
  EXPECT_EQ(to_xml(Everything{}), "<all xmlns=\"urn:test\" small=\"0\"/>");
  EXPECT_TRUE(read_text<Everything>("<all xmlns='urn:test'/>"));
  EXPECT_EQ(to_xml(Leaf{}, "urn:test"), "<leaf id=\"\"/>");
}

TEST(PayloadTest, RefusesWrongValues) {
  for (const char* const wrong :
       {"small='256'", "small='-1'", "small=''", "small='1x'", "small='1 1'", "number='2147483648'",
        "number='++1'", "number='+-1'", "yes='yes'", "jid='a@'", "jid=''", "stamp='yesterday'",
        "colour='green'", "colour=''"}) {
    const std::string text = "<all xmlns='urn:test' " + std::string(wrong) + "/>";
    EXPECT_EQ(condition_of(read_text<Everything>(text)), Condition::bad_request) << wrong;
  }
  for (const char* const wrong :
       {"<leaf/>", "<leaf id='1'/><leaf id='2'/>", "<body/><body/>", "<red/><blue/>"}) {
    const std::string text = "<all xmlns='urn:test'>" + std::string(wrong) + "</all>";
    EXPECT_EQ(condition_of(read_text<Everything>(text)), Condition::bad_request) << wrong;
  }
  EXPECT_EQ(condition_of(read_text<Leaf>("<leaf xmlns='urn:x' id='1'/>")), Condition::bad_request);
  EXPECT_EQ(condition_of(read<Leaf>(xml::Element())), Condition::bad_request);
}

// XML Schema part 2 section 4.3.6.
TEST(PayloadTest, IgnoresSpaceAroundNumbers) {
  const auto all = read_text<Everything>("<all xmlns='urn:test' small=' 1 ' yes=' true'/>");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->small, 1);
  EXPECT_TRUE(all->yes);
}

TEST(PayloadTest, IgnoresTheUnknown) {
  const auto all = read_text<Everything>(
      "<all xmlns='urn:test' x='1'>loose<what/><body xmlns='urn:x'>no</body><green/></all>");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->body, "");
  EXPECT_FALSE(all->choice_of);
}

TEST(PayloadTest, AsksForTheOneThatMustBeThereAndForSense) {
  EXPECT_EQ(condition_of(read_text<Exact>("<exact xmlns='urn:test'/>")), Condition::bad_request);
  const std::string leaf = "<leaf id='1'/></exact>";
  EXPECT_TRUE(read_text<Exact>("<exact xmlns='urn:test' even='4'>" + leaf));
  EXPECT_FALSE(read_text<Exact>("<exact xmlns='urn:test' even='5'>" + leaf));
}

TEST(PayloadTest, KeepsTheRestAsCanonicalText) {
  const auto kept = read_text<Keeper>(
      "<keep xmlns='urn:test'><leaf id='1'/><own a='1'><in/></own><p:far xmlns:p='urn:far'>"
      "&amp;</p:far></keep>");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->leaves.size(), 1u);
  EXPECT_EQ(kept->rest, "<own a=\"1\"><in/></own><far xmlns=\"urn:far\">&amp;</far>");
  EXPECT_EQ(to_xml(*kept, "jabber:client"),
            "<keep xmlns=\"urn:test\"><leaf id=\"1\"/>" + kept->rest + "</keep>");
}

TEST(PayloadTest, WritesIntoAWriterInPlace) {
  std::string out;
  xml::Writer writer(out, ns::client);
  writer.open("iq");
  write(writer, Leaf{.id = "\"'<&"});
  writer.close();
  EXPECT_EQ(out, "<iq><leaf xmlns=\"urn:test\" id=\"&quot;'&lt;&amp;\"/></iq>");
}

}  // namespace
}  // namespace herold::xmpp
