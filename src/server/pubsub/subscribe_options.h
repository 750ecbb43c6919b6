// What a subscriber chooses: XEP-0060 section 6.3, and leases (section 12.18).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "xmpp/form.h"

namespace herold::server::pubsub {

inline constexpr std::string_view subscribe_options_form =
    "http://jabber.org/protocol/pubsub#subscribe_options";

struct SubscribeOptions {
  bool deliver = true;
  std::optional<WallTime> expire;

  xmpp::DataForm form(xmpp::FormType type) const;
  // These with what was filled in. bad-request with invalid-options: what cannot be.
  xmpp::Answer<SubscribeOptions> read(const xmpp::DataForm& submitted) const;
  // As they are stored.
  std::string text() const;
  static SubscribeOptions parse(std::string_view text);
  bool operator==(const SubscribeOptions&) const = default;
};

}  // namespace herold::server::pubsub
