// RFC 6121 section 2: accounts of one group have each other in the roster, without being asked.
//
// Their entries are ordinary ones with the subscription "both", so everything that asks a roster
// sees them. Each account's roster is brought up to date when it is loaded and when settings
// change; what was there before a group is remembered and comes back when the group goes.
#include "server/shared_groups.h"

#include <algorithm>
#include <memory>
#include <set>

#include "server/contacts.h"
#include "server/guards.h"
#include "server/module.h"
#include "xmpp/ext/roster.h"

namespace herold::server {

class SharedGroups {
 public:
  static constexpr About about{
      .version = "", .title = "Shared Groups", .features = {}, .rfc = 6121};

  struct Config {
    std::vector<std::string> groups;
    static constexpr std::tuple options{
        option("groups", &Config::groups,
               "Groups whose members have each other as contacts: \"Team: romeo, juliet\". To be "
               "rid of one, take it out of the list; a module that is off changes no rosters.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&SharedGroups::load),
                      on<DomainConfigured>(&SharedGroups::look_again),
                      on<PresenceReceived>(&SharedGroups::meet, Stage::screen),
                      on<PresenceSent>(&SharedGroups::keep_subscription, Stage::screen)};
  }

  SharedGroups(ModuleHost& host, const Config& config) : host_(host) {
    for (const std::string& text : config.groups) {
      auto group = SharedGroup::parse(text, host.domain().name, host.limits().roster_items);
      if (group)
        groups_.push_back(*std::move(group));
      else
        host.log().warning("shared-group-ignored",
                           {{"group", text}, {"reason", group.error().text}});
    }
    listen();
  }

  void stop() { host_.data<ContactGuard>().judge = nullptr; }

 private:
  static store::RecordKey key_of(const Jid& account) {
    return {"shared_groups", std::string(account.text()), ""};
  }

  // --- bringing a roster up to date ---

  void load(AccountLoading& event) {
    event.loading.hold();
    host_.stores().records().get(
        key_of(event.account.address()), [&account = event.account, &loading = event.loading](
                                             Result<std::optional<store::Record>> found) {
          if (!found) loading.fail();
          if (found && *found)
            account.data<SharedContacts>() = SharedContacts::parse((*found)->value);
          loading.release();
        });
    event.account.when_loaded([this, &account = event.account] {
      if (account.state() == Account::State::ready) refresh(account);
    });
  }

  void listen() {
    host_.data<ContactGuard>().judge = [](const Account& account, const xmpp::RosterItem& wanted) {
      return keep_item(account, wanted);
    };
  }

  void look_again(DomainConfigured&) {
    listen();
    std::set<Account*> accounts;
    host_.for_each_session([&](Session& session) { accounts.insert(&session.account()); });
    for (Account* account : accounts) refresh(*account);
  }

  using Shared = std::optional<SharedContact>;
  struct Change {
    std::string contact;
    Shared known, wanted;
  };
  // As long as there is one, whoever asks for the roster waits.
  struct Hold {
    Hold(ModuleHost& of, Account& account) : host(of), owner(account.address()) {
      count_unstored(account, 1);
    }
    Hold(const Hold&) = delete;
    ~Hold() {
      if (Account* account = host.find_account(owner)) count_unstored(*account, -1);
    }
    ModuleHost& host;
    Jid owner;
  };
  struct Round {
    std::unique_ptr<Hold> hold;
    std::vector<Change> changes;
    const Jid& owner() const { return hold->owner; }
  };

  void refresh(Account& account) {
    if (account.is_temporary()) return;
    const auto* stored = account.find_data<SharedContacts>();
    const SharedContacts known = stored != nullptr ? *stored : SharedContacts();
    const SharedContacts wanted =
        shared_contacts(groups_, account.address().text(), known, account.roster());
    SharedContacts all = wanted;
    all.contacts.insert(known.contacts.begin(), known.contacts.end());
    Round round;
    for (const auto& [contact, shared] : all.contacts) {
      Change change{contact, find(known, contact), find(wanted, contact)};
      if (!is_done(account, change)) round.changes.push_back(std::move(change));
    }
    if (round.changes.empty()) return;
    round.hold = std::make_unique<Hold>(host_, account);
    check_existence(std::move(round), 0);
  }

  static Shared find(const SharedContacts& shared, std::string_view address) {
    const auto found = shared.contacts.find(address);
    return found != shared.contacts.end() ? Shared(found->second) : std::nullopt;
  }

  static bool is_done(const Account& account, const Change& change) {
    if (change.known != change.wanted) return false;
    const ContactView now = account.roster().find(change.contact);
    return now && now.item() == shared_item(change.contact, now, &*change.known, &*change.wanted);
  }

  // Whoever is named, but not made yet, or removed, is nobody's contact.
  void check_existence(Round round, std::size_t at) {
    while (at < round.changes.size() && !round.changes[at].wanted) ++at;
    if (at == round.changes.size()) return remember(std::move(round));
    const std::string contact = round.changes[at].contact;
    host_.stores().accounts().exists(
        contact, [this, round = std::move(round), at](Result<bool> exists) mutable {
          if (!exists) return;  // the next time it is loaded
          if (!*exists) round.changes[at].wanted.reset();
          check_existence(std::move(round), at + 1);
        });
  }

  // First what is remembered of a contact, then the contact: a crash in between is made good when
  // the account is loaded again.
  void remember(Round round) {
    Account* account = host_.find_account(round.owner());
    if (account == nullptr) return;
    std::erase_if(round.changes,
                  [](const Change& change) { return !change.known && !change.wanted; });
    bool adds = false;
    for (const Change& change : round.changes) {
      if (!change.wanted) continue;
      account->data<SharedContacts>().contacts[change.contact] = *change.wanted;
      adds = true;
    }
    if (!adds) return apply(*account, round);
    store_contacts(*account, [this, round = std::move(round)] {
      if (Account* now = host_.find_account(round.owner())) apply(*now, round);
    });
  }

  void store_contacts(Account& account, std::move_only_function<void()> then) {
    host_.stores().records().put(
        key_of(account.address()), account.data<SharedContacts>().record(),
        [&log = host_.log(), then = std::move(then)](Result<std::uint64_t> stored) mutable {
          if (stored) return then();
          log.warning("shared-groups-not-stored", {{"reason", stored.error().text}});
        });
  }

  void apply(Account& account, const Round& round) {
    for (const Change& change : round.changes) apply(account, change);
  }

  void apply(Account& account, const Change& change) {
    const ContactView now = account.roster().find(change.contact);
    const Subscription before = now.subscription;
    auto item = shared_item(change.contact, now, change.known ? &*change.known : nullptr,
                            change.wanted ? &*change.wanted : nullptr);
    const Subscription after = item ? item->subscription : Subscription::none;
    const Jid contact = Jid::trusted(change.contact);
    Stored stored = [this, owner = account.address(), contact, before, after,
                     forgets = !change.wanted](Result<> outcome) {
      Account* there = host_.find_account(owner);
      if (!outcome || there == nullptr) return;
      show(*there, contact, before, after);
      if (forgets) forget(*there, contact);
    };
    if (item)
      store_contact(account, *std::move(item), std::move(stored));
    else  // the contact's own roster changes by itself
      drop_contact(account, contact, std::move(stored));
  }

  void forget(Account& account, const Jid& contact) {
    account.data<SharedContacts>().contacts.erase(std::string(contact.text()));
    store_contacts(account, [] {});
  }

  // Who is online sees those that come, and is not seen any more by those that go.
  void show(Account& account, const Jid& contact, Subscription before, Subscription after) {
    if (!seen_by_contact(before) && seen_by_contact(after)) send_presence_of_all(account, contact);
    if (seen_by_contact(before) && !seen_by_contact(after))
      send_unavailable_of_all(account, contact);
  }

  // A member whose account is new, or came back: the others hear of him first by his presence. A
  // probe is answered by what refresh() sends.
  Flow meet(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    const bool is_probe = head.is(PresenceType::probe);
    if (!is_probe && !head.is(PresenceType::available)) return Flow::go_on;
    if (!are_members(event.account.address(), head.from)) return Flow::go_on;
    const ContactView contact = event.account.roster().find(head.from.bare_text());
    if (contact.subscription == Subscription::both) return Flow::go_on;
    refresh(event.account);
    return is_probe ? Flow::stop : Flow::go_on;
  }

  bool are_members(const Jid& one, const Jid& other) const {
    const std::string first(one.bare_text()), second(other.bare_text());
    return first != second && std::ranges::any_of(groups_, [&](const SharedGroup& group) {
             return group.members.contains(first) && group.members.contains(second);
           });
  }

  // --- what users may not change ---

  static bool is_shared(const Account& account, const Jid& contact) {
    const auto* shared = account.find_data<SharedContacts>();
    return shared != nullptr && shared->contacts.contains(contact.bare_text());
  }
  static std::unexpected<StanzaError> refusal() {
    return xmpp::fail(Condition::not_allowed, "The contact belongs to a shared group");
  }

  static Answer<> keep_item(const Account& account, const xmpp::RosterItem& wanted) {
    const bool removes = wanted.subscription == xmpp::Subscription::remove;
    if (removes && is_shared(account, wanted.jid)) return refusal();
    return {};
  }

  Answer<> keep_subscription(PresenceSent& event) {
    const StanzaHead& head = event.stanza.head;
    const bool ends = head.is(PresenceType::unsubscribe) || head.is(PresenceType::unsubscribed);
    if (ends && is_shared(event.session.account(), head.to)) return refusal();
    return {};
  }

  ModuleHost& host_;
  std::vector<SharedGroup> groups_;
};

}  // namespace herold::server

HEROLD_MODULE(shared_groups, SharedGroups)
