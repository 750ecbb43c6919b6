// Changes of rosters: in memory at once, in the store, and then pushed to whoever shows the roster
// (RFC 6121 sections 2.1.6 and 2.5).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/account.h"
#include "server/iq.h"
#include "xmpp/ext/roster.h"

namespace herold::server {

xmpp::RosterItem roster_item(const store::RosterItem& stored);

// Versions on the wire (section 2.6.1); nothing when the text is none of ours.
std::string roster_version_text(std::uint64_t version);
std::optional<std::uint64_t> read_roster_version(std::string_view text);

// Whether the store has all that the roster in memory has: what anybody is told must not be unheard
// of after a crash.
bool is_roster_stored(Account& account);
// Runs `task` as soon as it has.
void when_roster_is_stored(Account& account, std::move_only_function<void()> task);
// The account's roster has `more` changes that are not stored yet, or fewer.
void count_unstored(Account& account, int more);

void push_roster_item(Session& session, std::uint64_t version, const xmpp::RosterItem& item);

// Stores `item` (and `also`, in the same transaction), then pushes it to all interested sessions.
// `stored` is called after the pushes, `first` before them once it is stored: for the stanza that
// brought the change, where clients have to hear of that first (sections 3.1.6, 3.2.3, 3.3.3).
using Stored = std::move_only_function<void(Result<>)>;
using First = std::move_only_function<void()>;
void store_contact(Account& account, store::RosterItem item, Stored stored,
                   std::vector<store::RosterChange> also = {}, First first = {});

// Takes the item out and pushes its removal; nobody but the user's clients hears of it.
void drop_contact(Account& account, const Jid& contact, Stored stored);

// Section 2.5: ends the subscriptions of both sides, removes the item, pushes its removal.
void remove_contact(Account& account, const Jid& contact, Stored stored);

// What tells a contact of a change is journalled as `leaving` before its sender's roster changes,
// so that no crash leaves one side behind. That is stored: now it goes on its way.
void leave(ModuleHost& host, Stanza stanza);

// The four types of section 3.
bool is_subscription(PresenceType type);
// Presence of a subscription type or unavailability, from the account's bare address; journalled.
void send_subscription(Account& account, const Jid& contact, PresenceType type);
// What a contact that begins or ends to see the account gets: presence of each available session.
void send_presence_of_all(Account& account, const Jid& contact);
void send_unavailable_of_all(Account& account, const Jid& contact);

}  // namespace herold::server
