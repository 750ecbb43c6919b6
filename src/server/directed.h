// Where a session directed presence to (RFC 6121 section 4.6), as the journal has it.
#pragma once

#include <optional>

#include "server/session.h"

namespace herold::server {

// Journals the session's list as it is now.
void directed_changed(Session& session);

// A room says under which address the session is there, and that it is not there otherwise; none:
// not at all. What its client asked for, and did not get, is no place to come back to.
void set_place(Session& session, const Jid& room, const std::optional<Jid>& occupant);

}  // namespace herold::server
