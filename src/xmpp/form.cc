// Data forms: looking up fields, and judging a submission field by field.
#include "xmpp/form.h"

#include <algorithm>

#include "base/check.h"

namespace herold::xmpp {
namespace {

std::unexpected<StanzaError> bad(const FormField& field, const char* why) {
  return fail(Condition::bad_request, "field '" + field.var + "' " + why);
}

bool has_many_values(FieldType type) {
  return type == FieldType::jid_multi || type == FieldType::list_multi ||
         type == FieldType::text_multi;
}

bool is_of_type(std::string_view value, const FormField& declared, FieldType type) {
  switch (type) {
    case FieldType::boolean:
      return value == "0" || value == "1" || value == "true" || value == "false";
    case FieldType::jid_single:
    case FieldType::jid_multi:
      return Jid::parse(value).has_value();
    case FieldType::list_single:
    case FieldType::list_multi:
      return std::ranges::any_of(declared.options,
                                 [&](const FormOption& option) { return option.value == value; });
    default:
      return true;
  }
}

// One answer against its question; an empty value counts as no answer where the type has none.
Answer<std::vector<std::string>> check_values(const FormField& given, const FormField& declared,
                                              FieldType type) {
  std::vector<std::string> values = given.values;
  const bool text = type == FieldType::text_single || type == FieldType::text_multi ||
                    type == FieldType::text_private || type == FieldType::hidden;
  if (!text) std::erase(values, "");
  if (values.size() > 1 && !has_many_values(type)) return bad(given, "has several values");
  for (const std::string& value : values)
    if (!is_of_type(value, declared, type)) return bad(given, "has a value that is not allowed");
  return values;
}

Answer<> check_names(const DataForm& submitted, const DataForm& declared) {
  std::vector<std::string_view> names;
  for (const FormField& field : submitted.questions) {
    if (field.type == FieldType::fixed && field.var.empty()) continue;
    const bool form_type = field.var == "FORM_TYPE";
    if (!form_type && !declared.find(field.var)) return bad(field, "is unknown");
    names.push_back(field.var);
  }
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end())
    return fail(Condition::bad_request, "a field is there twice");
  return {};
}

}  // namespace

template <>
const detail::ValueType detail::ValueOf<FieldType>::type{
    [](void* value, std::string_view text) {
      *static_cast<FieldType*>(value) = value_of<FieldType>(text).value_or(FieldType::text_single);
      return true;
    },
    [](const void* value, std::string& text) {
      text += name_of(*static_cast<const FieldType*>(value));
      return true;
    }};

DataForm DataForm::of(FormType type, std::string_view form_type) {
  DataForm form{.type = type};
  form.add(FieldType::hidden, "FORM_TYPE", {}, form_type);
  return form;
}

const FormField* DataForm::find(std::string_view var) const {
  const auto found = std::ranges::find(questions, var, &FormField::var);
  return found == questions.end() ? nullptr : &*found;
}

std::string_view DataForm::value(std::string_view var) const {
  const FormField* const field = find(var);
  return field ? field->value() : std::string_view();
}

FormField& DataForm::add(FieldType field_type, std::string_view var, std::string_view label) {
  questions.push_back({.var = std::string(var), .type = field_type, .label = std::string(label)});
  return questions.back();
}

FormField& DataForm::add(FieldType field_type, std::string_view var, std::string_view label,
                         std::string_view value) {
  FormField& field = add(field_type, var, label);
  field.values.emplace_back(value);
  return field;
}

void DataForm::add_column(std::string_view var, std::string_view label) {
  if (!reported) reported.emplace();
  reported->columns.push_back({.var = std::string(var), .label = std::string(label)});
}

void DataForm::add_row(std::vector<std::string> values) {
  CHECK(reported && values.size() == reported->columns.size());
  FormItem row;
  for (std::size_t i = 0; i < values.size(); ++i)
    row.cells.push_back({.var = reported->columns[i].var, .values = {std::move(values[i])}});
  items.push_back(std::move(row));
}

Answer<DataForm> check_submission(const DataForm& submitted, const DataForm& declared) {
  if (submitted.type != FormType::submit)
    return fail(Condition::bad_request, "the form is not a submission");
  if (submitted.find("FORM_TYPE") && submitted.form_type() != declared.form_type())
    return fail(Condition::bad_request, "the form is of another FORM_TYPE");
  TRY(check_names(submitted, declared));
  DataForm result{.type = FormType::submit};
  for (const FormField& question : declared.questions) {
    const FieldType type = question.type.value_or(FieldType::text_single);
    if (type == FieldType::fixed) continue;
    FormField answer{.var = question.var, .type = type, .values = question.values};
    if (const FormField* const given = submitted.find(question.var))
      answer.values = TRY(check_values(*given, question, type));
    if (question.required && answer.value().empty())
      return fail(Condition::not_acceptable, "field '" + question.var + "' is required");
    result.questions.push_back(std::move(answer));
  }
  return result;
}

bool is_true(std::string_view value) { return value == "1" || value == "true"; }

}  // namespace herold::xmpp
