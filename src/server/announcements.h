// What a domain says to its users: announcements, the message of the day (XEP-0133 section 4.23).
#pragma once

#include <string>
#include <string_view>

#include "server/module_host.h"
#include "xmpp/form.h"

namespace herold::server {

// The lines of a field that was filled in. not-acceptable: nothing, or more than greeting_bytes.
Answer<std::string> announcement_text(const xmpp::DataForm& form, std::string_view field,
                                      const Limits& limits);
// A payload.
SharedBytes announcement(std::string_view subject, std::string_view body);
// A headline from the domain.
Stanza announcement_to(const ModuleHost& host, const Jid& to, const SharedBytes& payload);

}  // namespace herold::server
