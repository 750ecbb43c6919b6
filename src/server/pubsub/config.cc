// One table of fields: the form, what is read from one, and what is stored come from it.
#include "server/pubsub/config.h"

#include <algorithm>
#include <charconv>

#include "server/own_xml.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server::pubsub {
namespace {

using xmpp::FieldType;
using xmpp::FormField;
using Values = std::vector<std::string>;

struct Field {
  std::string_view var;
  FieldType type;
  std::string_view label;
  xmpp::EnumNames options;
  bool (*read)(NodeConfig& config, const Values& values);  // false: not one of its values
  Values (*write)(const NodeConfig& config);
};

std::string_view first(const Values& values) {
  return values.empty() ? std::string_view() : values.front();
}

template <auto member>
constexpr Field text(std::string_view var, std::string_view label) {
  return {var,
          FieldType::text_single,
          label,
          {},
          [](NodeConfig& config, const Values& values) {
            config.*member = first(values);
            return values.size() <= 1;
          },
          [](const NodeConfig& config) { return Values{config.*member}; }};
}

template <auto member>
constexpr Field boolean(std::string_view var, std::string_view label) {
  return {var,
          FieldType::boolean,
          label,
          {},
          [](NodeConfig& config, const Values& values) {
            const std::string_view value = first(values);
            config.*member = xmpp::is_true(value);
            return values.size() == 1 && (config.*member || value == "0" || value == "false");
          },
          [](const NodeConfig& config) { return Values{config.*member ? "true" : "false"}; }};
}

template <auto member, class E>
constexpr Field choice(std::string_view var, std::string_view label, E) {
  return {
      var,
      FieldType::list_single,
      label,
      names_of(E{}),
      [](NodeConfig& config, const Values& values) {
        const auto value = xmpp::value_of<E>(first(values));
        if (value) config.*member = *value;
        return value && values.size() == 1;
      },
      [](const NodeConfig& config) { return Values{std::string(xmpp::name_of(config.*member))}; }};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size())
    return UINT64_MAX;
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Section 12.22: a number, or "max" for what the server allows, as nothing and zero.
template <auto member>
constexpr Field number_or_max(std::string_view var, std::string_view label) {
  return {var,
          FieldType::text_single,
          label,
          {},
          [](NodeConfig& config, const Values& values) {
            const std::string_view value = first(values);
            const auto number = parse_number(value);
            config.*member = number == 0 ? std::nullopt : number;
            return values.size() <= 1 && (number || value == "max" || value.empty());
          },
          [](const NodeConfig& config) {
            return Values{config.*member ? std::to_string(*(config.*member)) : "max"};
          }};
}

constexpr Field contacts{"pubsub#contact",
                         FieldType::jid_multi,
                         "Whom to ask about the node",
                         {},
                         [](NodeConfig& config, const Values& values) {
                           config.contacts.clear();
                           for (const std::string& value : values) {
                             auto jid = Jid::parse(value);
                             if (!jid) return false;
                             config.contacts.push_back(*std::move(jid));
                           }
                           return true;
                         },
                         [](const NodeConfig& config) {
                           Values values;
                           for (const Jid& jid : config.contacts) values.push_back(jid.text());
                           return values;
                         }};

constexpr Field roster_groups{"pubsub#roster_groups_allowed",
                              FieldType::list_multi,
                              "Groups of the owner's contacts that may subscribe and read",
                              {},
                              [](NodeConfig& config, const Values& values) {
                                config.roster_groups = values;
                                return true;
                              },
                              [](const NodeConfig& config) { return config.roster_groups; }};

// Collections (XEP-0248) are not spoken.
constexpr std::string_view node_types[] = {"leaf"};
constexpr Field node_type{"pubsub#node_type",
                          FieldType::list_single,
                          "What the node is",
                          node_types,
                          [](NodeConfig&, const Values& values) { return first(values) == "leaf"; },
                          [](const NodeConfig&) { return Values{"leaf"}; }};

using C = NodeConfig;
constexpr Field fields[] = {
    text<&C::title>("pubsub#title", "A friendly name for the node"),
    text<&C::description>("pubsub#description", "A description of the node"),
    text<&C::language>("pubsub#language", "The usual language of the node"),
    text<&C::type>("pubsub#type", "What the payloads mean"),
    contacts,
    node_type,
    choice<&C::access_model>("pubsub#access_model", "Who may subscribe and read", AccessModel{}),
    roster_groups,
    choice<&C::publish_model>("pubsub#publish_model", "Who may publish", PublishModel{}),
    boolean<&C::subscribe>("pubsub#subscribe", "Whether to allow subscriptions"),
    boolean<&C::deliver_notifications>("pubsub#deliver_notifications",
                                       "Whether to deliver notifications"),
    boolean<&C::deliver_payloads>("pubsub#deliver_payloads",
                                  "Whether to deliver payloads with notifications"),
    boolean<&C::notify_config>("pubsub#notify_config",
                               "Notify subscribers when the configuration changes"),
    boolean<&C::notify_delete>("pubsub#notify_delete",
                               "Notify subscribers when the node is deleted"),
    boolean<&C::notify_retract>("pubsub#notify_retract",
                                "Notify subscribers when items are removed"),
    boolean<&C::notify_sub>("pubsub#notify_sub", "Notify owners about subscribers who come and go"),
    boolean<&C::persist_items>("pubsub#persist_items", "Whether to keep items"),
    boolean<&C::purge_offline>("pubsub#purge_offline",
                               "Remove items when their publisher goes offline"),
    boolean<&C::tempsub>("pubsub#tempsub", "End subscriptions when their subscribers go offline"),
    number_or_max<&C::max_items>("pubsub#max_items", "How many items to keep, or max"),
    number_or_max<&C::item_expire>("pubsub#item_expire",
                                   "Seconds after which items go, or max for never"),
    number_or_max<&C::max_payload_size>("pubsub#max_payload_size", "Largest payload in bytes"),
    choice<&C::node_full>("pubsub#publish_node_full", "What happens when the node is full",
                          NodeFull{}),
    choice<&C::send_last>("pubsub#send_last_published_item", "When to send the last item",
                          SendLast{}),
    boolean<&C::presence_based_delivery>("pubsub#presence_based_delivery",
                                         "Notify only who is online"),
    choice<&C::notification_type>("pubsub#notification_type", "The type of notifications",
                                  NotificationType{}),
    choice<&C::item_reply>("pubsub#itemreply", "Whose address stands beside items", ItemReply{}),
};

const Field* find_field(std::string_view var) {
  const auto found = std::ranges::find(fields, var, &Field::var);
  return found == std::end(fields) ? nullptr : &*found;
}

// Only where rosters are known.
bool is_personal(const Field& field) { return field.var == roster_groups.var; }

void offer_options(FormField& question, const Field& field, const ConfigOffer& offer) {
  for (const std::string_view option : field.options) {
    const bool by_roster = option == "presence" || option == "roster";
    if (field.var == "pubsub#access_model" && by_roster && !offer.personal) continue;
    question.options.push_back({.value = std::string(option)});
  }
  if (field.var == roster_groups.var)
    for (const std::string& group : offer.roster_groups)
      question.options.push_back({.value = group});
}

enum class Unknown : std::uint8_t { ignored, refused };

std::unexpected<xmpp::StanzaError> refuse(const Field& field) {
  if (field.var == "pubsub#access_model")
    return xmpp::fail(Condition::not_acceptable,
                      xmpp::ElementName{"unsupported-access-model", xmpp::ns::pubsub_errors});
  return xmpp::fail(Condition::not_acceptable, std::string(field.var) + " cannot have that value");
}

// Over what the server allows is as much as it allows.
void clamp(std::optional<std::uint64_t>& number, std::uint64_t most) {
  if (number && *number >= most) number.reset();
}

Answer<NodeConfig> read_fields(NodeConfig config, const DataForm& submitted,
                               std::string_view form_type, Unknown unknown, const Limits& limits) {
  if (submitted.type != FormType::submit)
    return xmpp::fail(Condition::bad_request, "The form is not a submission");
  if (submitted.form_type() != form_type)
    return xmpp::fail(Condition::bad_request, "The form is of another FORM_TYPE");
  std::vector<std::string_view> seen;
  for (const FormField& given : submitted.questions) {
    if (std::ranges::find(seen, given.var) != seen.end())
      return xmpp::fail(Condition::bad_request, "A field is there twice");
    seen.push_back(given.var);
    if (given.var == "FORM_TYPE") continue;
    const Field* field = find_field(given.var);
    if (field == nullptr && unknown == Unknown::ignored) continue;
    if (field == nullptr)
      return xmpp::fail(Condition::conflict,
                        xmpp::ElementName{"precondition-not-met", xmpp::ns::pubsub_errors},
                        given.var + " is unknown");
    if (!field->read(config, given.values)) return refuse(*field);
  }
  clamp(config.max_items, limits.pubsub_items);
  clamp(config.max_payload_size, limits.stanza_bytes);
  return config;
}

// Ours, which is not in forms.
constexpr std::string_view redirect_field = "redirect";

}  // namespace

std::uint64_t NodeConfig::most_items(const Limits& limits) const {
  return max_items.value_or(limits.pubsub_items);
}

Bytes NodeConfig::most_payload(const Limits& limits) const {
  return max_payload_size.value_or(limits.stanza_bytes);
}

bool operator==(const NodeConfig& a, const NodeConfig& b) {
  return settings_text(a) == settings_text(b);
}

DataForm config_form(const NodeConfig& config, FormType type, const ConfigOffer& offer) {
  DataForm form = DataForm::of(type, node_config_form);
  for (const Field& field : fields) {
    if (is_personal(field) && !offer.personal) continue;
    FormField& question = form.add(field.type, field.var, field.label);
    question.values = field.write(config);
    if (question.values.size() == 1 && question.values.front().empty()) question.values.clear();
    if (type == FormType::form) offer_options(question, field, offer);
  }
  return form;
}

Answer<NodeConfig> read_config(NodeConfig base, const DataForm& submitted, const Limits& limits) {
  return read_fields(std::move(base), submitted, node_config_form, Unknown::ignored, limits);
}

Answer<NodeConfig> read_options(NodeConfig base, const DataForm& submitted, const Limits& limits) {
  return read_fields(std::move(base), submitted, publish_options_form, Unknown::refused, limits);
}

std::string settings_text(const NodeConfig& config) {
  const NodeConfig usual;
  DataForm form{.type = FormType::submit};
  for (const Field& field : fields) {
    Values values = field.write(config);
    if (values == field.write(usual)) continue;
    form.questions.push_back({.var = std::string(field.var), .values = std::move(values)});
  }
  if (!config.redirect.empty())
    form.questions.push_back({.var = std::string(redirect_field), .values = {config.redirect}});
  return form.questions.empty() ? std::string() : xmpp::to_xml(form);
}

NodeConfig parse_settings(std::string_view text) {
  NodeConfig config;
  if (text.empty()) return config;
  const auto form = read_own<DataForm>(text);
  if (!form) {  // damaged: then nobody but its owner may read it
    config.access_model = AccessModel::whitelist;
    return config;
  }
  for (const FormField& given : form->questions) {
    if (given.var == redirect_field) config.redirect = given.value();
    const Field* field = find_field(given.var);
    if (field != nullptr) field->read(config, given.values);
  }
  return config;
}

}  // namespace herold::server::pubsub
