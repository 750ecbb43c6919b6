// Data forms: the way through XML, and submissions that are judged.
#include "xmpp/form.h"

#include <gtest/gtest.h>

#include "xmpp/testing.h"

namespace herold::xmpp {
namespace {

DataForm question() {
  DataForm form = DataForm::of(FormType::form, "urn:test:form");
  form.title = "A form";
  form.instructions = {"Fill it in."};
  form.add(FieldType::fixed, "", "", "A heading");
  form.add(FieldType::text_single, "name", "Your name").required = true;
  form.add(FieldType::boolean, "public", "Visible?", "1");
  form.add(FieldType::jid_multi, "admins", "Who may change it");
  form.add(FieldType::list_single, "size", "Size", "small").options = {{"Small", "small"},
                                                                       {"Large", "large"}};
  return form;
}

DataForm answer(std::initializer_list<std::pair<const char*, const char*>> values) {
  DataForm form = DataForm::of(FormType::submit, "urn:test:form");
  for (const auto& [var, value] : values) form.questions.push_back({.var = var, .values = {value}});
  return form;
}

std::string verdict(const DataForm& submitted) {
  const auto checked = check_submission(submitted, question());
  return checked ? "accepted" : std::string(name_of(checked.error().condition));
}

TEST(FormTest, GoesThroughXmlAndBack) {
  const std::string text = to_xml(question());
  const auto again = read_text<DataForm>(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_xml(*again), text);
  EXPECT_EQ(again->form_type(), "urn:test:form");
  EXPECT_TRUE(again->find("name")->required);
  EXPECT_EQ(again->find("size")->options.size(), 2u);
  EXPECT_NE(text.find("<field var=\"name\" type=\"text-single\" label=\"Your name\"><required/>"),
            std::string::npos);
}

TEST(FormTest, ReadsTablesAndUnknownTypes) {
  const auto form = read_text<DataForm>(
      "<x xmlns='jabber:x:data' type='result'><reported><field var='a' type='new'/></reported>"
      "<item><field var='a'><value>1</value></field></item></x>");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->reported->columns[0].type, FieldType::text_single);
  EXPECT_EQ(form->items[0].cells[0].value(), "1");
  EXPECT_FALSE(read_text<DataForm>("<x xmlns='jabber:x:data'/>"));
  EXPECT_FALSE(read_text<DataForm>("<x xmlns='jabber:x:data' type='other'/>"));
}

TEST(FormTest, FillsInWhatWasLeftOut) {
  const auto checked = check_submission(answer({{"name", "n"}}), question());
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->value("name"), "n");
  EXPECT_TRUE(is_true(checked->value("public")));
  EXPECT_EQ(checked->value("size"), "small");
  EXPECT_EQ(checked->find("admins")->type, FieldType::jid_multi);
}

TEST(FormTest, RefusesWhatWasNotAsked) {
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"public", "false"}, {"size", "large"}})), "accepted");
  EXPECT_EQ(verdict(answer({})), "not-acceptable");
  EXPECT_EQ(verdict(answer({{"name", ""}})), "not-acceptable");
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"other", "x"}})), "bad-request");
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"name", "m"}})), "bad-request");
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"public", "maybe"}})), "bad-request");
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"admins", "@"}})), "bad-request");
  EXPECT_EQ(verdict(answer({{"name", "n"}, {"size", "huge"}})), "bad-request");
  DataForm twice = answer({{"name", "n"}});
  twice.questions.back().values.push_back("m");
  EXPECT_EQ(verdict(twice), "bad-request");
  DataForm kind = answer({{"name", "n"}});
  kind.type = FormType::result;
  EXPECT_EQ(verdict(kind), "bad-request");
  DataForm stranger = DataForm::of(FormType::submit, "urn:other");
  EXPECT_EQ(verdict(stranger), "bad-request");
}

}  // namespace
}  // namespace herold::xmpp
