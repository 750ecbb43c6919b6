// Capability strings: the parts are made as texts, sorted by octets and joined.
#include "xmpp/caps.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace herold::xmpp {
namespace {

using Parts = std::vector<std::string>;

std::string join(const Parts& parts) {
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

// Sorted by i;octet: std::string compares as unsigned bytes.
std::string join_sorted(Parts parts) {
  std::ranges::sort(parts);
  return join(parts);
}

bool has_repetition(Parts parts) {
  std::ranges::sort(parts);
  return std::ranges::adjacent_find(parts) != parts.end();
}

Parts with_end(const Parts& values, char end) {
  Parts out = values;
  for (std::string& value : out) value += end;
  return out;
}

// All text that goes into the string, to be searched for separators.
template <class Bad>
bool any_text(const DiscoInfo& info, Bad bad) {
  const auto in_field = [&](const FormField& field) {
    return bad(field.var) || std::ranges::any_of(field.values, bad);
  };
  return std::ranges::any_of(info.identities,
                             [&](const DiscoIdentity& identity) {
                               return bad(identity.category) || bad(identity.type) ||
                                      bad(identity.lang) || bad(identity.name);
                             }) ||
         std::ranges::any_of(info.features,
                             [&](const DiscoFeature& feature) { return bad(feature.var); }) ||
         std::ranges::any_of(info.forms, [&](const DataForm& form) {
           return std::ranges::any_of(form.questions, in_field);
         });
}

// XEP-0115 section 5.4, rule 3.6: others are left out.
bool counts(const DataForm& form) {
  const FormField* const type = form.find("FORM_TYPE");
  return type && type->type == FieldType::hidden && !type->values.empty();
}

// Rule 3.5: several equal values are one.
bool is_ambiguous(const DataForm& form) {
  const FormField& type = *form.find("FORM_TYPE");
  return std::ranges::any_of(type.values,
                             [&](const std::string& value) { return value != type.values[0]; });
}

// XEP-0115 sorts first and ends each part with "<" afterwards: "a" goes before "a#b".
std::string join_ended(Parts parts) {
  std::ranges::sort(parts);
  return join(with_end(parts, '<'));
}

std::string form_string(const DataForm& form) {
  std::vector<const FormField*> fields;
  for (const FormField& field : form.questions)
    if (field.var != "FORM_TYPE") fields.push_back(&field);
  std::ranges::sort(fields, {}, [](const FormField* f) { return std::tie(f->var, f->values); });
  std::string out = std::string(form.form_type()) + "<";
  for (const FormField* const field : fields) out += field->var + "<" + join_ended(field->values);
  return out;
}

// Of one field, then one form, of XEP-0390.
std::string form2_string(const DataForm& form) {
  Parts parts;
  for (const FormField& field : form.questions)
    parts.push_back(field.var + '\x1f' + join_sorted(with_end(field.values, '\x1f')) + '\x1e');
  return join_sorted(std::move(parts)) + '\x1d';
}

}  // namespace

std::optional<std::string> caps_string(const DiscoInfo& info) {
  if (any_text(info, [](const std::string& s) { return s.contains('<'); })) return std::nullopt;
  const auto order = [](const DiscoIdentity& i) {
    return std::tie(i.category, i.type, i.lang, i.name);
  };
  std::vector<DiscoIdentity> sorted = info.identities;
  std::ranges::sort(sorted, {}, order);
  Parts identities, features;
  for (const DiscoIdentity& i : sorted)
    identities.push_back(i.category + "/" + i.type + "/" + i.lang + "/" + i.name + "<");
  for (const DiscoFeature& feature : info.features) features.push_back(feature.var);
  std::map<std::string, std::string, std::less<>> forms;  // by FORM_TYPE
  for (const DataForm& form : info.forms) {
    if (!counts(form)) continue;
    if (is_ambiguous(form) || forms.contains(form.form_type())) return std::nullopt;
    forms.emplace(form.form_type(), form_string(form));
  }
  if (has_repetition(identities) || has_repetition(features)) return std::nullopt;
  std::string out = join(identities) + join_ended(std::move(features));
  for (const auto& [type, text] : forms) out += text;
  return out;
}

std::optional<std::string> caps2_string(const DiscoInfo& info, std::string_view lang) {
  constexpr std::string_view separators = "\x1c\x1d\x1e\x1f";
  const auto bad = [&](const std::string& s) {
    return s.find_first_of(separators) != std::string::npos;
  };
  if (any_text(info, bad)) return std::nullopt;
  Parts features, identities, forms;
  for (const DiscoFeature& feature : info.features) features.push_back(feature.var + '\x1f');
  for (const DiscoIdentity& i : info.identities) {
    const std::string language = i.lang.empty() ? std::string(lang) : i.lang;
    identities.push_back(i.category + '\x1f' + i.type + '\x1f' + language + '\x1f' + i.name +
                         '\x1f' + '\x1e');
  }
  for (const DataForm& form : info.forms) {
    if (form.reported || !form.items.empty() || form.form_type().empty()) return std::nullopt;
    forms.push_back(form2_string(form));
  }
  return join_sorted(std::move(features)) + '\x1c' + join_sorted(std::move(identities)) + '\x1c' +
         join_sorted(std::move(forms)) + '\x1c';
}

std::string caps2_node(std::string_view algorithm, std::string_view base64) {
  std::string node = "urn:xmpp:caps#";
  node += algorithm;
  node += '.';
  node += base64;
  return node;
}

}  // namespace herold::xmpp
