// What one module asks another before it goes on, of a domain on its shard; where no module has set
// it, nobody is asked.
#pragma once

#include <functional>

#include "server/stanza.h"

namespace herold::xmpp {
struct RosterItem;
}

namespace herold::server {

class Account;

// Somebody is about to enter a room, or to speak in one or to its occupants; on the room's home.
struct RoomGuard {
  std::function<Answer<>(const Stanza& stanza)> judge;
  std::function<void()> changed;  // who judges calls this when more are unwanted than before
};

// A client is about to change or remove a contact.
struct ContactGuard {
  std::function<Answer<>(const Account& account, const xmpp::RosterItem& wanted)> judge;
};

// A message to the domain itself; false: it is not for this module, and its sender is told.
struct ServerMessages {
  std::function<bool(const Stanza& stanza)> take;
};

}  // namespace herold::server
