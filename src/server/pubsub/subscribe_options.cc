// Options of subscriptions: the form, and what it says.
#include "server/pubsub/subscribe_options.h"

#include <algorithm>
#include <charconv>

#include "base/datetime.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server::pubsub {
namespace {

using xmpp::FormField;
using xmpp::Show;

constexpr std::string_view deliver_field = "pubsub#deliver";
constexpr std::string_view expire_field = "pubsub#expire";
constexpr std::string_view show_field = "pubsub#show-values";
constexpr std::string_view presence_value = "presence";

struct NamedShow {
  std::string_view name;
  std::string_view label;
  Show show;
};
constexpr NamedShow named_shows[] = {{"away", "Away", Show::away},
                                     {"chat", "Ready to chat", Show::chat},
                                     {"dnd", "Do not disturb", Show::dnd},
                                     {"online", "Online", Show::available},
                                     {"xa", "Away for long", Show::xa}};

// What others offer, with the only value that is as things are here.
struct FixedOption {
  std::string_view var;
  std::string_view value;
};
constexpr FixedOption fixed_options[] = {{"pubsub#digest", "false"},
                                         {"pubsub#include_body", "false"},
                                         {"pubsub#subscription_type", "items"},
                                         {"pubsub#subscription_depth", "1"}};

std::unexpected<xmpp::StanzaError> invalid(std::string_view why) {
  return xmpp::fail(xmpp::Condition::bad_request,
                    xmpp::ElementName{"invalid-options", xmpp::ns::pubsub_errors},
                    std::string(why));
}

xmpp::Answer<bool> read_boolean(const FormField& field) {
  const std::string_view value = field.value();
  if (field.values.size() == 1 && xmpp::is_true(value)) return true;
  if (field.values.size() == 1 && (value == "0" || value == "false")) return false;
  return invalid(field.var);
}

xmpp::Answer<> read_expiry(SubscribeOptions& options, const FormField& field, WallTime now) {
  const std::string_view value = field.value();
  if (field.values.size() > 1) return invalid(field.var);
  options.while_online = value == presence_value;
  options.expire.reset();
  if (options.while_online || value.empty()) return {};
  const auto time = parse_datetime(value);
  if (!time) return invalid(field.var);
  if (*time <= now) return invalid("The lease would have ended already");
  options.expire = *time;
  return {};
}

xmpp::Answer<Shows> read_shows(const FormField& field) {
  if (field.values.empty()) return Shows();
  Shows shows = Shows::none();
  for (const std::string& value : field.values) {
    const auto* const found = std::ranges::find(named_shows, value, &NamedShow::name);
    if (found == std::end(named_shows)) return invalid(field.var);
    shows.add(found->show);
  }
  return shows;
}

xmpp::Answer<> check_fixed(const FormField& field) {
  const auto* const fixed = std::ranges::find(fixed_options, field.var, &FixedOption::var);
  if (fixed == std::end(fixed_options) || field.value() == fixed->value) return {};
  if (fixed->value == "false" && !TRY(read_boolean(field))) return {};
  return invalid(std::string(field.var) + " is not offered");
}

}  // namespace

xmpp::DataForm SubscribeOptions::form(xmpp::FormType type) const {
  xmpp::DataForm form = xmpp::DataForm::of(type, subscribe_options_form);
  form.add(xmpp::FieldType::boolean, deliver_field, "Whether to be notified",
           deliver ? "true" : "false");
  FormField& until = form.add(xmpp::FieldType::text_single, expire_field,
                              "When the subscription ends; presence: with you");
  if (while_online) until.values.emplace_back(presence_value);
  if (expire) until.values.push_back(format_datetime(*expire));
  FormField& when = form.add(xmpp::FieldType::list_multi, show_field,
                             "The states of your presence in which to be notified");
  for (const NamedShow& one : named_shows) {
    if (shows.has(one.show)) when.values.emplace_back(one.name);
    if (type == xmpp::FormType::form)
      when.options.push_back({.label = std::string(one.label), .value = std::string(one.name)});
  }
  return form;
}

xmpp::Answer<SubscribeOptions> SubscribeOptions::read(const xmpp::DataForm& submitted,
                                                      WallTime now) const {
  if (submitted.type != xmpp::FormType::submit || submitted.form_type() != subscribe_options_form)
    return invalid("This is another form");
  SubscribeOptions options = *this;
  for (const FormField& field : submitted.questions) {
    if (field.var == deliver_field) {
      options.deliver = TRY(read_boolean(field));
    } else if (field.var == expire_field) {
      TRY(read_expiry(options, field, now));
    } else if (field.var == show_field) {
      options.shows = TRY(read_shows(field));
    } else {
      TRY(check_fixed(field));
    }
  }
  return options;
}

// Words, each only where it says something: "quiet online shows=3 1790000000000000".
std::string SubscribeOptions::text() const {
  std::string text = deliver ? "" : "quiet";
  if (while_online) text += " online";
  if (!shows.all()) text += " shows=" + std::to_string(shows.number());
  if (expire) text += ' ' + std::to_string(expire->time_since_epoch().count());
  return text;
}

SubscribeOptions SubscribeOptions::parse(std::string_view text) {
  SubscribeOptions options;
  const auto number = [](std::string_view digits) {
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (word == "quiet") {
      options.deliver = false;
    } else if (word == "online") {
      options.while_online = true;
    } else if (word.starts_with("shows=")) {
      options.shows = Shows::of(static_cast<unsigned>(number(word.substr(6))));
    } else {
      options.expire = WallTime(Microseconds(number(word)));
    }
  }
  return options;
}

}  // namespace herold::server::pubsub
