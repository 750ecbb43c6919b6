// XEP-0357 Push Notifications: where an account's clients want to be woken.
#pragma once

#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view push = "urn:xmpp:push:0";
inline constexpr std::string_view push_summary = "urn:xmpp:push:summary";
inline constexpr std::string_view publish_options =
    "http://jabber.org/protocol/pubsub#publish-options";
}  // namespace ns

// Section 5. The options go with every notification as they are.
struct PushEnable {
  Jid jid;
  std::string node;
  std::optional<DataForm> options;
  static constexpr ElementName element{"enable", ns::push};
  static constexpr std::tuple fields{attribute("jid", &PushEnable::jid, required),
                                     attribute("node", &PushEnable::node),
                                     child(&PushEnable::options)};
  bool valid() const { return !options || options->form_type() == ns::publish_options; }
};

// Section 6. Without a node: all of that service.
struct PushDisable {
  Jid jid;
  std::optional<std::string> node;
  static constexpr ElementName element{"disable", ns::push};
  static constexpr std::tuple fields{attribute("jid", &PushDisable::jid, required),
                                     attribute("node", &PushDisable::node)};
};

// Section 7.
struct PushNotification {
  std::optional<DataForm> summary;
  static constexpr ElementName element{"notification", ns::push};
  static constexpr std::tuple fields{child(&PushNotification::summary)};
};

}  // namespace herold::xmpp
