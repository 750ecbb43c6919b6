// What a component may do for accounts of a domain, asked at each use: nothing that its table in
// the configuration does not say (XEP-0356, XEP-0355).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"
#include "server/stanza.h"

namespace herold::server {

class ModuleHost;

enum class Privilege : std::uint8_t {
  read_roster,
  change_roster,
  hear_roster,  // be told of changes
  send_messages,
  see_presence,
  see_contacts,  // presence of whoever the accounts see
};

// Whether the component of that table has it for accounts of `domain`.
bool has_privilege(const ComponentConfig& component, Privilege which, std::string_view domain);
// Whether `who` is a component that has it for accounts of the host; a component is its domain
// alone, none of the addresses at it.
bool is_privileged(ModuleHost& host, const Jid& who, Privilege which);
// Those that have it.
std::vector<Jid> privileged(ModuleHost& host, Privilege which);

// Whether it may ask for such a thing in the name of an account of the host.
bool may_ask(ModuleHost& host, const Jid& who, IqType type, std::string_view ns);
// The component that answers requests of that namespace in the place of the domain; nullptr: none.
const ComponentConfig* delegate_of(ModuleHost& host, std::string_view ns);

// What a component is told when it connects, from each domain for which it may do something:
// <privilege/> and <delegation/>, in one message each.
std::vector<Stanza> advertisements(const ComponentConfig& component);

}  // namespace herold::server
