// Which conversations are to wake a user's clients that are away (XEP-0492): in memory with the
// account, where somebody asks for it; modules/notification_settings.cc keeps it up to date.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "server/account.h"
#include "xmpp/ext/notification_settings.h"

namespace herold::server {

struct ChatSetting {
  xmpp::NotifyWhen when = xmpp::NotifyWhen::always;
  std::string nick;  // in a room
};

struct ChatSettings {
  std::map<std::string, ChatSetting, std::less<>> chats;  // by bare address; absent: always

  bool wants(const Account& account, const Stanza& message) const;
};

// Reads them, where they are not there yet, and then goes on. Empty while the module does not run.
struct ChatSettingsReader {
  std::function<void(Account& account, std::move_only_function<void()> then)> read;
};

// Whether a message to a room means the user: by the mechanisms that say so, by an answer to him,
// or because `nick` stands in it as a word. What is encrypted may.
bool is_mentioned(const Stanza& message, const Jid& user, std::string_view nick);

}  // namespace herold::server
