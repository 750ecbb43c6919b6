// Rosters change.
#include "server/contacts.h"

#include <algorithm>
#include <charconv>

#include "server/components/privileges.h"
#include "server/module_host.h"

namespace herold::server {

xmpp::RosterItem roster_item(const store::RosterItem& stored) {
  xmpp::RosterItem item;
  item.jid = Jid::trusted(stored.address);
  item.name = stored.name;
  item.subscription = static_cast<xmpp::Subscription>(stored.subscription);
  item.ask = stored.ask ? xmpp::Ask::subscribe : xmpp::Ask::none;
  item.approved = stored.approved;
  item.groups = stored.groups;
  return item;
}

std::string roster_version_text(std::uint64_t version) { return std::to_string(version); }

std::optional<std::uint64_t> read_roster_version(std::string_view text) {
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return version;
}

namespace {

// Of an account, in memory.
struct Unstored {
  int changes = 0;
  std::vector<std::move_only_function<void()>> waiting;
};

}  // namespace

bool is_roster_stored(Account& account) {
  const Unstored* unstored = account.find_data<Unstored>();
  return unstored == nullptr || unstored->changes == 0;
}

void when_roster_is_stored(Account& account, std::move_only_function<void()> task) {
  if (is_roster_stored(account)) return task();
  account.data<Unstored>().waiting.push_back(std::move(task));
}

// An account that was read anew meanwhile has no such changes.
void count_unstored(Account& account, int more) {
  Unstored& unstored = account.data<Unstored>();
  unstored.changes = std::max(0, unstored.changes + more);
  if (unstored.changes > 0) return;
  for (auto& task : std::exchange(unstored.waiting, {})) task();
}

void push_roster_item(Session& session, std::uint64_t version, const xmpp::RosterItem& item) {
  const xmpp::RosterQuery push{.ver = roster_version_text(version), .items = {item}};
  StanzaHead head = StanzaHead::of(IqType::set);
  head.to = session.address();
  head.id = session.host().random().token(9);
  session.send(Stanza(std::move(head), xmpp::to_xml(push, xmpp::ns::client)));
  session.note_roster_push(version);
}

namespace {

void push_to_interested(Account& account, std::uint64_t version, const xmpp::RosterItem& item) {
  for (const auto& session : account.sessions())
    if (session->has(SessionFlag::interested)) push_roster_item(*session, version, item);
  // XEP-0356 section 4.4.
  for (Jid& component : privileged(account.host(), Privilege::hear_roster)) {
    StanzaHead head = StanzaHead::of(IqType::set);
    head.from = account.address();
    head.to = std::move(component);
    head.id = account.host().random().token(9);
    const xmpp::RosterQuery push{.ver = {}, .items = {item}};
    account.host().send(Stanza(std::move(head), xmpp::to_xml(push, xmpp::ns::client)));
  }
}

// The account may have left memory when the store is done, but not while it has sessions.
void change_and_push(Account& account, std::vector<store::RosterChange> changes,
                     xmpp::RosterItem item, Stored stored, First first = {}) {
  ModuleHost& host = account.host();
  account.change_roster(
      std::move(changes),
      [&host, address = account.address(), item = std::move(item), stored = std::move(stored),
       first = std::move(first)](Result<std::uint64_t> version) mutable {
        if (!version) return stored(std::unexpected(version.error()));
        if (first) first();
        if (Account* now = host.find_account(address)) push_to_interested(*now, *version, item);
        stored({});
      });
}

}  // namespace

void store_contact(Account& account, store::RosterItem item, Stored stored,
                   std::vector<store::RosterChange> also, First first) {
  xmpp::RosterItem pushed = roster_item(item);
  also.emplace_back(store::PutItem{std::move(item)});
  change_and_push(account, std::move(also), std::move(pushed), std::move(stored), std::move(first));
}

namespace {

xmpp::RosterItem removed_item(const Jid& contact) {
  xmpp::RosterItem gone{.jid = contact.bare()};
  gone.subscription = xmpp::Subscription::remove;
  return gone;
}

}  // namespace

void drop_contact(Account& account, const Jid& contact, Stored stored) {
  change_and_push(account, {store::RemoveItem{std::string(contact.bare_text())}},
                  removed_item(contact), std::move(stored));
}

// It begins its way, and only then it stops waiting. Where the journal has no room for that it goes
// as it is: after a crash its sender's side is looked at once more.
void leave(ModuleHost& host, Stanza stanza) {
  Stanza next = stanza.copy();
  next.id = 0;
  next.leaving = false;
  if (!host.commit_again(next)) return host.send(std::move(stanza));
  host.send(std::move(next));
  host.when_safe([&host, stanza = std::move(stanza)] { host.done(stanza); });
}

namespace {

Stanza subscription(const Account& account, const Jid& contact, PresenceType type) {
  StanzaHead head = StanzaHead::of(type);
  head.from = account.address();
  head.to = contact.bare();
  return Stanza(std::move(head), std::string_view());
}

}  // namespace

void remove_contact(Account& account, const Jid& contact, Stored stored) {
  ModuleHost& host = account.host();
  const ContactView known = account.roster().find(contact.bare_text());
  const bool was_seen = seen_by_contact(known.subscription);
  std::vector<Stanza> farewells;
  if (sees_contact(known.subscription) || known.ask)
    farewells.push_back(subscription(account, contact, PresenceType::unsubscribe));
  if (was_seen) farewells.push_back(subscription(account, contact, PresenceType::unsubscribed));
  for (Stanza& farewell : farewells) {
    farewell.leaving = true;
    farewell.accepted = host.clock().wall();
    if (host.commit_again(farewell)) continue;
    for (const Stanza& earlier : farewells) host.done(earlier);
    return stored(fail(Fault::unavailable, "There is no room to keep it safe"));
  }
  std::vector<store::RosterChange> changes{store::RemoveItem{std::string(contact.bare_text())},
                                           store::RemoveRequest{std::string(contact.bare_text())}};
  change_and_push(
      account, std::move(changes), removed_item(contact),
      [&host, address = account.address(), contact = contact.bare(), was_seen,
       farewells = std::move(farewells), stored = std::move(stored)](Result<> result) mutable {
        for (Stanza& farewell : farewells)
          result ? leave(host, std::move(farewell)) : host.done(farewell);
        Account* now = host.find_account(address);
        if (result && was_seen && now != nullptr) send_unavailable_of_all(*now, contact);
        stored(std::move(result));
      });
}

bool is_subscription(PresenceType type) {
  return type == PresenceType::subscribe || type == PresenceType::subscribed ||
         type == PresenceType::unsubscribe || type == PresenceType::unsubscribed;
}

void send_subscription(Account& account, const Jid& contact, PresenceType type) {
  Stanza stanza = subscription(account, contact, type);
  if (account.host().commit(stanza)) account.host().send(std::move(stanza));
}

void send_presence_of_all(Account& account, const Jid& contact) {
  for (const auto& session : account.sessions()) {
    if (!session->available()) continue;
    StanzaHead head = StanzaHead::of(PresenceType::available);
    head.from = session->address();
    head.to = contact;
    account.host().send(Stanza(std::move(head), session->presence()));
  }
}

void send_unavailable_of_all(Account& account, const Jid& contact) {
  for (const auto& session : account.sessions()) {
    if (!session->available()) continue;
    StanzaHead head = StanzaHead::of(PresenceType::unavailable);
    head.from = session->address();
    head.to = contact;
    account.host().send(Stanza(std::move(head), std::string_view()));
  }
}

}  // namespace herold::server
