// Groups whose members have each other in the roster (RFC 6121 section 2): who is in which, and
// what an account's roster got of them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/roster.h"

namespace herold::server {

// "NAME: member, member": of a domain's own accounts, by name or address.
struct SharedGroup {
  std::string name;
  std::set<std::string> members;  // bare addresses

  // Fault::invalid with what is wrong.
  static Result<SharedGroup> parse(std::string_view text, std::string_view domain,
                                   std::uint64_t most_members);
};

// Why a contact is in a roster: the groups that put it there, and what it was before.
struct SharedContact {
  std::vector<std::string> groups;
  std::optional<Subscription> before;  // nothing: it was not in the roster
  bool operator==(const SharedContact&) const = default;
};

// By the contact's address, as it is stored: a line each.
struct SharedContacts {
  std::map<std::string, SharedContact, std::less<>> contacts;

  std::string record() const;
  static SharedContacts parse(std::string_view record);
};

// What the roster is to have of `groups`; `before` is filled in from `known` and the roster.
SharedContacts shared_contacts(const std::vector<SharedGroup>& groups, std::string_view account,
                               const SharedContacts& known, const Roster& roster);

// One item as it has to be; nothing: it goes.
std::optional<store::RosterItem> shared_item(const std::string& contact, const ContactView& now,
                                             const SharedContact* known,
                                             const SharedContact* wanted);

}  // namespace herold::server
