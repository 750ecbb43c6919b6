// Shared groups and rosters, without I/O.
#include "server/shared_groups.h"

#include <algorithm>

#include "base/ascii.h"
#include "xmpp/jid.h"

namespace herold::server {
namespace {

// The part in front of `mark`, which goes as well; all where there is none.
std::string_view take_until(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool has(const std::vector<std::string>& groups, const std::string& group) {
  return std::ranges::find(groups, group) != groups.end();
}

Result<std::string> member_of(std::string_view text, std::string_view domain) {
  std::string address(text);
  if (!address.contains('@')) address += '@' + std::string(domain);
  const auto jid = xmpp::Jid::parse(address);
  if (!jid || !jid->is_bare() || !jid->has_local() || jid->domain() != domain)
    return fail(Fault::invalid,
                "\"" + std::string(text) + "\" is no account of " + std::string(domain));
  return std::string(jid->text());
}

}  // namespace

Result<SharedGroup> SharedGroup::parse(std::string_view text, std::string_view domain,
                                       std::uint64_t most_members) {
  SharedGroup group;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return fail(Fault::invalid, "\"NAME: member, member\" is meant");
  group.name = trimmed(text.substr(0, colon));
  if (group.name.empty() || group.name.find_first_of("\t\n") != std::string::npos)
    return fail(Fault::invalid, "a group needs a name in one line");
  for (std::string_view rest = text.substr(colon + 1); !rest.empty();) {
    const std::string_view member = trimmed(take_until(rest, ','));
    if (!member.empty()) group.members.insert(TRY(member_of(member, domain)));
  }
  if (group.members.size() > most_members)
    return fail(Fault::limit, "more than " + std::to_string(most_members) + " members");
  return group;
}

std::string SharedContacts::record() const {
  std::string out;
  for (const auto& [address, contact] : contacts) {
    out += address + '\t';
    out += contact.before ? std::to_string(static_cast<int>(*contact.before)) : "-";
    for (const std::string& group : contact.groups) out += '\t' + group;
    out += '\n';
  }
  return out;
}

SharedContacts SharedContacts::parse(std::string_view record) {
  SharedContacts shared;
  while (!record.empty()) {
    std::string_view line = take_until(record, '\n');
    SharedContact& contact = shared.contacts[std::string(take_until(line, '\t'))];
    const std::string_view before = take_until(line, '\t');
    if (before.size() == 1 && before[0] >= '0' && before[0] <= '3')
      contact.before = static_cast<Subscription>(before[0] - '0');
    while (!line.empty()) contact.groups.emplace_back(take_until(line, '\t'));
  }
  return shared;
}

SharedContacts shared_contacts(const std::vector<SharedGroup>& groups, std::string_view account,
                               const SharedContacts& known, const Roster& roster) {
  SharedContacts wanted;
  for (const SharedGroup& group : groups) {
    if (!group.members.contains(std::string(account))) continue;
    for (const std::string& member : group.members)
      if (member != account) wanted.contacts[member].groups.push_back(group.name);
  }
  for (auto& [address, contact] : wanted.contacts) {
    const auto old = known.contacts.find(address);
    const ContactView now = roster.find(address);
    if (old != known.contacts.end())
      contact.before = old->second.before;
    else if (now)
      contact.before = now.subscription;
  }
  return wanted;
}

std::optional<store::RosterItem> shared_item(const std::string& contact, const ContactView& now,
                                             const SharedContact* known,
                                             const SharedContact* wanted) {
  store::RosterItem item = now ? now.item() : store::RosterItem{};
  item.address = contact;
  if (known != nullptr)
    std::erase_if(item.groups, [&](const std::string& group) { return has(known->groups, group); });
  if (wanted != nullptr) {
    for (const std::string& group : wanted->groups)
      if (!has(item.groups, group)) item.groups.push_back(group);
    item.subscription = Subscription::both;
    item.ask = false;
    return item;
  }
  // What the user has made of it since stays: a name, groups of his own.
  item.subscription = known->before.value_or(Subscription::none);
  if (!known->before && item.groups.empty() && item.name.empty()) return std::nullopt;
  return item;
}

}  // namespace herold::server
