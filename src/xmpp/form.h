// XEP-0004 Data Forms, with the FORM_TYPE of XEP-0068: declaring, filling in, checking.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view data_form = "jabber:x:data";
}

// Section 3.3. An unknown type is read as text_single, as the section asks.
enum class FieldType : std::uint8_t {
  boolean,
  fixed,
  hidden,
  jid_multi,
  jid_single,
  list_multi,
  list_single,
  text_multi,
  text_private,
  text_single,
};
inline constexpr std::string_view field_type_names[] = {
    "boolean",    "fixed",       "hidden",     "jid-multi",    "jid-single",
    "list-multi", "list-single", "text-multi", "text-private", "text-single"};
constexpr EnumNames names_of(FieldType) { return field_type_names; }

namespace detail {
template <>
const ValueType ValueOf<FieldType>::type;
}

struct FormOption {
  std::string label;
  std::string value;
  static constexpr ElementName element{"option", ns::data_form};
  static constexpr std::tuple fields{attribute("label", &FormOption::label),
                                     child_text("value", &FormOption::value, required)};
};

// XEP-0122: `open` where other values than the options may be given.
struct FormValidate {
  std::string datatype;
  bool open = false;
  static constexpr ElementName element{"validate", "http://jabber.org/protocol/xdata-validate"};
  static constexpr std::tuple fields{attribute("datatype", &FormValidate::datatype),
                                     flag("open", &FormValidate::open)};
};

struct FormField {
  std::string var;
  std::optional<FieldType> type;  // absent in most submissions
  std::string label;
  std::string description;
  bool required = false;
  std::vector<std::string> values;
  std::vector<FormOption> options;
  std::optional<FormValidate> validate;

  static constexpr ElementName element{"field", ns::data_form};
  static constexpr std::tuple fields{attribute("var", &FormField::var),
                                     attribute("type", &FormField::type),
                                     attribute("label", &FormField::label),
                                     child_text("desc", &FormField::description),
                                     flag("required", &FormField::required),
                                     child_text("value", &FormField::values),
                                     child(&FormField::options),
                                     child(&FormField::validate)};

  // The first value, "" where there is none.
  std::string_view value() const { return values.empty() ? std::string_view() : values[0]; }
};

// The heads and the rows of a table (section 3.4).
struct FormReported {
  std::vector<FormField> columns;
  static constexpr ElementName element{"reported", ns::data_form};
  static constexpr std::tuple fields{child(&FormReported::columns)};
};
struct FormItem {
  std::vector<FormField> cells;
  static constexpr ElementName element{"item", ns::data_form};
  static constexpr std::tuple fields{child(&FormItem::cells)};
};

enum class FormType : std::uint8_t { form, submit, cancel, result };
inline constexpr std::string_view form_type_names[] = {"form", "submit", "cancel", "result"};
constexpr EnumNames names_of(FormType) { return form_type_names; }

struct DataForm {
  FormType type = FormType::form;
  std::string title;
  std::vector<std::string> instructions;
  std::vector<FormField> questions;
  std::optional<FormReported> reported;
  std::vector<FormItem> items;

  static constexpr ElementName element{"x", ns::data_form};
  static constexpr std::tuple fields{attribute("type", &DataForm::type, required),
                                     child_text("title", &DataForm::title),
                                     child_text("instructions", &DataForm::instructions),
                                     child(&DataForm::questions),
                                     child(&DataForm::reported),
                                     child(&DataForm::items)};

  // A form that begins with its hidden FORM_TYPE.
  static DataForm of(FormType type, std::string_view form_type);

  const FormField* find(std::string_view var) const;  // nullptr where there is none
  std::string_view value(std::string_view var) const;
  std::string_view form_type() const { return value("FORM_TYPE"); }

  // Appends a field and returns it, for what else is to be said of it.
  FormField& add(FieldType type, std::string_view var, std::string_view label = {});
  FormField& add(FieldType type, std::string_view var, std::string_view label,
                 std::string_view value);
  // A table: first its columns, then rows with a value for each of them.
  void add_column(std::string_view var, std::string_view label = {});
  void add_row(std::vector<std::string> values);
};

// Judges what a peer filled in against the form that was declared. The answer holds every declared
// field with its declared type, absent ones with their declared values. bad-request: another kind
// of form or FORM_TYPE, unknown or repeated fields, several values where one is meant, values that
// are not of the type or not among the options; not-acceptable: a required field is missing.
Answer<DataForm> check_submission(const DataForm& submitted, const DataForm& declared);

// The value of a field of type boolean: "1" and "true" are true.
bool is_true(std::string_view value);

}  // namespace herold::xmpp
