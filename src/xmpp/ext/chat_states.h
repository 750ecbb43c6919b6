// XEP-0085 Chat State Notifications.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view chat_states = "http://jabber.org/protocol/chatstates";
}

enum class ChatState : std::uint8_t { active, composing, paused, inactive, gone };
inline constexpr std::string_view chat_state_names[] = {"active", "composing", "paused", "inactive",
                                                        "gone"};
constexpr EnumNames names_of(ChatState) { return chat_state_names; }

// The state that a message carries; nothing when it has none or one that is unknown.
inline std::optional<ChatState> find_chat_state(xml::Element message) {
  for (const xml::Element child : message.children())
    if (child.ns() == ns::chat_states) return value_of<ChatState>(child.name());
  return std::nullopt;
}

}  // namespace herold::xmpp
