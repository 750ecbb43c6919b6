// XEP-0492 Chat Notification Settings: which messages of a conversation are worth a notification.
#pragma once

#include "xmpp/ext/bookmarks.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view notification_settings = "urn:xmpp:notification-settings:1";
}

// Section 2.2: for clients of that identity, or for all that have no element of their own. What
// stands in <advanced/> is the business of clients.
template <const std::string_view& name>
struct NotifySetting {
  std::optional<std::string> category;
  std::optional<std::string> type;
  static constexpr ElementName element{name, ns::notification_settings};
  static constexpr std::tuple fields{attribute("identity-category", &NotifySetting::category),
                                     attribute("identity-type", &NotifySetting::type)};
};

enum class NotifyWhen : std::uint8_t { always, on_mention, never };

namespace detail {
inline constexpr std::string_view notify_always = "always";
inline constexpr std::string_view notify_on_mention = "on-mention";
inline constexpr std::string_view notify_never = "never";
}  // namespace detail

struct Notify {
  std::vector<NotifySetting<detail::notify_always>> always;
  std::vector<NotifySetting<detail::notify_on_mention>> on_mention;
  std::vector<NotifySetting<detail::notify_never>> never;
  static constexpr ElementName element{"notify", ns::notification_settings};
  static constexpr std::tuple fields{child(&Notify::always), child(&Notify::on_mention),
                                     child(&Notify::never)};

  // Section 3: what is said for that identity in particular, for its category, for all. Nothing
  // where it is none of those.
  std::optional<NotifyWhen> when(std::string_view category, std::string_view type) const;
};

// A bookmark, as far as it says that.
struct NotifyExtensions {
  std::optional<Notify> notify;
  static constexpr ElementName element{"extensions", ns::bookmarks};
  static constexpr std::tuple fields{child(&NotifyExtensions::notify)};
};
struct NotifyBookmark {
  std::string nick;
  std::optional<NotifyExtensions> extensions;
  static constexpr ElementName element{"conference", ns::bookmarks};
  static constexpr std::tuple fields{child_text("nick", &NotifyBookmark::nick),
                                     child(&NotifyBookmark::extensions)};
};

inline std::optional<NotifyWhen> Notify::when(std::string_view category,
                                              std::string_view type) const {
  std::optional<NotifyWhen> found;
  int best = 0;
  const auto look = [&](const auto& settings, NotifyWhen when) {
    for (const auto& one : settings) {
      const bool fits =
          !one.category || (*one.category == category && (!one.type || *one.type == type));
      const int weight = 1 + (one.category ? 1 : 0) + (one.category && one.type ? 1 : 0);
      if (fits && weight > best) best = weight, found = when;
    }
  };
  look(always, NotifyWhen::always);
  look(on_mention, NotifyWhen::on_mention);
  look(never, NotifyWhen::never);
  return found;
}

}  // namespace herold::xmpp
