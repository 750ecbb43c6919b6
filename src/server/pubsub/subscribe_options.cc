// Options of subscriptions: the form, and what it says.
#include "server/pubsub/subscribe_options.h"

#include <charconv>

#include "base/datetime.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server::pubsub {
namespace {

constexpr std::string_view deliver_field = "pubsub#deliver";
constexpr std::string_view expire_field = "pubsub#expire";

std::unexpected<xmpp::StanzaError> invalid() {
  return xmpp::fail(xmpp::Condition::bad_request,
                    xmpp::ElementName{"invalid-options", xmpp::ns::pubsub_errors});
}

}  // namespace

xmpp::DataForm SubscribeOptions::form(xmpp::FormType type) const {
  xmpp::DataForm form = xmpp::DataForm::of(type, subscribe_options_form);
  form.add(xmpp::FieldType::boolean, deliver_field, "Whether to be notified",
           deliver ? "true" : "false");
  xmpp::FormField& until =
      form.add(xmpp::FieldType::text_single, expire_field, "When the subscription ends");
  if (expire) until.values.push_back(format_datetime(*expire));
  return form;
}

xmpp::Answer<SubscribeOptions> SubscribeOptions::read(const xmpp::DataForm& submitted) const {
  if (submitted.type != xmpp::FormType::submit || submitted.form_type() != subscribe_options_form)
    return invalid();
  SubscribeOptions options = *this;
  for (const xmpp::FormField& field : submitted.questions) {
    if (field.values.size() > 1 && (field.var == deliver_field || field.var == expire_field))
      return invalid();
    const std::string_view value = field.value();
    if (field.var == deliver_field) {
      options.deliver = xmpp::is_true(value);
      if (!options.deliver && value != "0" && value != "false") return invalid();
    } else if (field.var == expire_field) {
      const auto time = parse_datetime(value);
      if (!time && !value.empty()) return invalid();
      options.expire = time ? std::optional(*time) : std::nullopt;
    }
  }
  return options;
}

std::string SubscribeOptions::text() const {
  std::string text = deliver ? "" : "quiet";
  if (expire) text += ' ' + std::to_string(expire->time_since_epoch().count());
  return text;
}

SubscribeOptions SubscribeOptions::parse(std::string_view text) {
  SubscribeOptions options{.deliver = !text.starts_with("quiet")};
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return options;
  std::int64_t number = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), number);
  options.expire = WallTime(Microseconds(number));
  return options;
}

}  // namespace herold::server::pubsub
