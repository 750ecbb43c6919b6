// RFC 6121 section 3 Presence Subscriptions: the states of appendix A, on both sides.
//
// A change is journalled, stored, and then goes on its way: so no crash leaves one side behind.
#include "server/contacts.h"
#include "server/module.h"
#include "xmpp/ext/delay.h"

namespace herold::server {

class Subscriptions {
 public:
  static constexpr About about{
      .version = "", .title = "Presence subscriptions", .features = {}, .rfc = 6121};

  static constexpr auto handlers() {
    return std::tuple{on<PresenceSent>(&Subscriptions::leave),
                      on<SubscriptionRecovered>(&Subscriptions::leave_again),
                      on<PresenceReceived>(&Subscriptions::arrive),
                      on<SessionAvailable>(&Subscriptions::show_requests),
                      on<AccountRemoved>(&Subscriptions::cancel_all)};
  }

  explicit Subscriptions(ModuleHost& host) : host_(host) {}

 private:
  // --- the user's side (appendix A.2) ---

  Answer<Flow> leave(PresenceSent& event) {
    Stanza& stanza = event.stanza;
    const PresenceType type = stanza.head.presence_type;
    if (!is_subscription(type)) return Flow::go_on;
    if (!stanza.head.to)
      return xmpp::fail(Condition::bad_request, "A subscription needs a contact");
    Account& account = event.session.account();
    stanza.head.to = stanza.head.to.bare();
    if (stanza.head.to == account.address()) return Flow::stop;
    stanza.head.from = account.address();
    return depart(account, stanza);
  }

  // What was done before the crash is not done twice, and the contact hears of it in any case.
  void leave_again(SubscriptionRecovered& event) {
    const auto outcome = depart(event.account, event.stanza);
    if (!outcome) host_.bounce(event.stanza, outcome.error());
  }

  Answer<Flow> depart(Account& account, Stanza& stanza) {
    const ContactView known = account.roster().find(stanza.head.to.text());
    store::RosterItem item = known ? known.item() : store::RosterItem{};
    item.address = stanza.head.to.text();
    switch (stanza.head.presence_type) {
      case PresenceType::subscribe:
        return subscribe(account, std::move(item), stanza);
      case PresenceType::unsubscribe:
        return unsubscribe(account, std::move(item), stanza);
      case PresenceType::subscribed:
        return approve(account, std::move(item), stanza);
      default:
        return refuse(account, std::move(item), stanza);
    }
  }

  // Section 3.1.2.
  Answer<Flow> subscribe(Account& account, store::RosterItem item, Stanza& stanza) {
    const bool is_new = !account.roster().find(item.address);
    if (is_new && account.roster().size() >= host_.limits().roster_items)
      return xmpp::fail(Condition::resource_constraint, "The roster is full");
    if (sees_contact(item.subscription) || item.ask) return send_on(account, stanza);
    item.ask = true;
    return store_and_send(account, std::move(item), stanza);
  }

  // Section 3.3.2.
  Answer<Flow> unsubscribe(Account& account, store::RosterItem item, Stanza& stanza) {
    if (!sees_contact(item.subscription) && !item.ask) return send_on(account, stanza);
    item.ask = false;
    item.subscription =
        seen_by_contact(item.subscription) ? Subscription::from : Subscription::none;
    return store_and_send(account, std::move(item), stanza);
  }

  // Section 3.1.5; without a request it is a pre-approval (3.4.2), which stays here.
  Answer<Flow> approve(Account& account, store::RosterItem item, Stanza& stanza) {
    if (seen_by_contact(item.subscription)) return go_on_if_recovered(account, stanza);
    if (!has_request(account, item.address)) {
      if (stanza.leaving) host_.done(stanza);  // the contact thought better of it meanwhile
      if (stanza.leaving || item.approved) return Flow::stop;
      item.approved = true;
      return store(account, std::move(item), stanza);
    }
    item.subscription = with_from(item.subscription);
    const Jid contact = stanza.head.to;
    std::vector<store::RosterChange> also{store::RemoveRequest{item.address}};
    return store_and_send(account, std::move(item), stanza, std::move(also),
                          [contact](Account& now) { send_presence_of_all(now, contact); });
  }

  // Section 3.2.2: denies a request, cancels what was granted, or takes a pre-approval back.
  Answer<Flow> refuse(Account& account, store::RosterItem item, Stanza& stanza) {
    const bool asked = has_request(account, item.address);
    const bool was_seen = seen_by_contact(item.subscription);
    const bool in_roster = bool(account.roster().find(item.address));
    std::vector<store::RosterChange> also{store::RemoveRequest{item.address}};
    if (!asked && !was_seen) {
      if (!item.approved || stanza.leaving) return go_on_if_recovered(account, stanza);
      item.approved = false;
      return store(account, std::move(item), stanza);
    }
    if (!in_roster) {  // a stranger's request: nothing to push
      if (!prepare(stanza)) return Flow::stop;
      account.change_roster(std::move(also), [this, sent = hold(stanza)](auto stored) mutable {
        finish(std::move(sent), stored.has_value());
      });
      return Flow::stop;
    }
    item.approved = false;
    item.subscription = sees_contact(item.subscription) ? Subscription::to : Subscription::none;
    const Jid contact = stanza.head.to;
    return store_and_send(account, std::move(item), stanza, std::move(also),
                          [contact, was_seen](Account& now) {
                            if (was_seen) send_unavailable_of_all(now, contact);
                          });
  }

  // --- the contact's side (appendix A.3) ---

  Flow arrive(PresenceReceived& event) {
    Stanza& stanza = event.stanza;
    Account& account = event.account;
    if (!is_subscription(stanza.head.presence_type)) return Flow::go_on;
    stanza.head.from = stanza.head.from.bare();
    stanza.head.to = account.address();
    const ContactView known = account.roster().find(stanza.head.from.text());
    store::RosterItem item = known ? known.item() : store::RosterItem{};
    item.address = stanza.head.from.text();
    switch (stanza.head.presence_type) {
      case PresenceType::subscribe:
        requested(account, std::move(item), stanza);
        break;
      case PresenceType::unsubscribe:
        left(account, std::move(item), stanza);
        break;
      case PresenceType::subscribed:
        granted(account, std::move(item), stanza);
        break;
      default:
        denied(account, std::move(item), stanza);
        break;
    }
    return Flow::stop;
  }

  // Section 3.1.3.
  void requested(Account& account, store::RosterItem item, const Stanza& stanza) {
    const Jid contact = stanza.head.from;
    if (seen_by_contact(item.subscription)) {
      send_subscription(account, contact, PresenceType::subscribed);
      return answered(stanza);
    }
    if (item.approved) {
      item.subscription = with_from(item.subscription);
      return store_contact(
          account, std::move(item),
          [this, contact, address = account.address(), arrived = stanza.copy()](Result<> stored) {
            Account* now = host_.find_account(address);
            if (!stored || now == nullptr) return;
            send_subscription(*now, contact, PresenceType::subscribed);
            send_presence_of_all(*now, contact);
            answered(arrived);
          });
    }
    const bool full = account.roster().requests.size() >= host_.limits().pending_subscriptions;
    if (has_request(account, item.address) || full) return host_.done(stanza);  // HOSTILE 88
    store::SubscriptionRequest request{contact.text(), stanza.to_xml(), host_.clock().wall()};
    std::vector<store::RosterChange> changes{store::PutRequest{std::move(request)}};
    account.change_roster(std::move(changes), [this, address = account.address(),
                                               arrived = stanza.copy()](auto stored) {
      if (!stored) return;  // not done: it comes again
      if (Account* now = host_.find_account(address))
        for (const auto& session : now->sessions())
          if (session->available()) session->send(arrived);
      host_.done(arrived);
    });
  }

  // Until the answer cannot get lost, what it answers must not be forgotten.
  void answered(const Stanza& stanza) {
    host_.when_safe([this, arrived = stanza.copy()] { host_.done(arrived); });
  }

  // Section 3.3.3.
  void left(Account& account, store::RosterItem item, const Stanza& stanza) {
    const bool asked = has_request(account, item.address);
    const bool was_seen = seen_by_contact(item.subscription);
    if (!asked && !was_seen) return host_.done(stanza);
    item.subscription = sees_contact(item.subscription) ? Subscription::to : Subscription::none;
    const Jid contact = stanza.head.from;
    std::vector<store::RosterChange> also{store::RemoveRequest{item.address}};
    if (was_seen)
      return store_and_show(account, std::move(item), stanza, std::move(also),
                            [contact](Account& now) { send_unavailable_of_all(now, contact); });
    account.change_roster(
        std::move(also), [this, address = account.address(), arrived = stanza.copy()](auto stored) {
          if (stored) show(address, arrived);
        });
  }

  // Section 3.1.6.
  void granted(Account& account, store::RosterItem item, const Stanza& stanza) {
    if (!item.ask || sees_contact(item.subscription)) return host_.done(stanza);
    item.ask = false;
    item.subscription = seen_by_contact(item.subscription) ? Subscription::both : Subscription::to;
    store_and_show(account, std::move(item), stanza, {}, {});
  }

  // Section 3.2.3.
  void denied(Account& account, store::RosterItem item, const Stanza& stanza) {
    if (!item.ask && !sees_contact(item.subscription)) return host_.done(stanza);
    item.ask = false;
    item.subscription =
        seen_by_contact(item.subscription) ? Subscription::from : Subscription::none;
    store_and_show(account, std::move(item), stanza, {}, {});
  }

  // Section 3.1.3: again at each new session, until it is answered.
  void show_requests(SessionAvailable& event) {
    if (!event.is_initial) return;
    const Account& account = event.session.account();
    for (const store::SubscriptionRequest& request : account.roster().requests)
      event.session.send(parse_stored(request.stanza));
  }

  // --- storing, then going on ---

  using Then = std::move_only_function<void(Account&)>;

  // The contacts of an account that goes learn it (section 2.5.2; XEP-0077 section 3.2).
  void cancel_all(AccountRemoved& event) {
    Account* account = host_.find_account(event.account);
    if (account == nullptr) return;
    std::vector<store::RosterItem> items;
    account->roster().for_each(
        [&](const ContactView& contact) { items.push_back(contact.item()); });
    for (const store::RosterItem& item : items) {
      const Jid contact = Jid::trusted(item.address);
      if (sees_contact(item.subscription) || item.ask)
        send_subscription(*account, contact, PresenceType::unsubscribe);
      if (seen_by_contact(item.subscription))
        send_subscription(*account, contact, PresenceType::unsubscribed);
    }
  }

  static Subscription with_from(Subscription subscription) {
    return sees_contact(subscription) ? Subscription::both : Subscription::from;
  }

  static bool has_request(const Account& account, std::string_view contact) {
    for (const auto& request : account.roster().requests)
      if (request.from == contact) return true;
    return false;
  }

  // False: there is no room in the journal, and the sender was told so.
  bool prepare(Stanza& stanza) {
    return std::exchange(stanza.leaving, true) || host_.commit(stanza);
  }

  // The sender's count waits until the change is stored; see finish().
  Stanza hold(const Stanza& stanza) {
    host_.wait_for(stanza);
    Stanza held = stanza.copy();
    held.origin = stanza.origin;
    return held;
  }

  void finish(Stanza stanza, bool is_stored) {
    const Origin origin = stanza.origin;
    if (!is_stored)
      host_.bounce(stanza, Condition::internal_server_error);
    else
      server::leave(host_, std::move(stanza));
    host_.finish(origin);
  }

  // What makes it change nothing may not be stored yet: the contact must not know it first.
  Flow send_on(Account& account, Stanza& stanza) {
    if (stanza.leaving) return go_on_if_recovered(account, stanza);
    if (is_roster_stored(account)) {
      if (host_.commit(stanza)) host_.send(std::move(stanza));
    } else if (prepare(stanza)) {
      when_roster_is_stored(account, [this, &account, held = hold(stanza)]() mutable {
        const Origin origin = std::exchange(held.origin, {});
        SubscriptionRecovered again{account, held};
        leave_again(again);
        host_.finish(origin);
      });
    }
    return Flow::stop;
  }

  // Nothing changes here: a client's word ends with that, one that a crash held up does not. What
  // changed before it may not be stored yet.
  Flow go_on_if_recovered(Account& account, const Stanza& stanza) {
    if (stanza.leaving)
      when_roster_is_stored(account, [this, held = stanza.copy()]() mutable {
        server::leave(host_, std::move(held));
      });
    return Flow::stop;
  }

  Flow store(Account& account, store::RosterItem item, const Stanza& stanza) {
    store_contact(account, std::move(item), [this, held = hold(stanza)](Result<> stored) {
      if (!stored) host_.bounce(held, Condition::internal_server_error);
      host_.finish(held.origin);
    });
    return Flow::stop;
  }

  Flow store_and_send(Account& account, store::RosterItem item, Stanza& stanza,
                      std::vector<store::RosterChange> also = {}, Then then = {}) {
    if (!prepare(stanza)) return Flow::stop;
    store_contact(
        account, std::move(item),
        [this, held = hold(stanza), address = account.address(),
         then = std::move(then)](Result<> stored) mutable {
          finish(std::move(held), stored.has_value());
          Account* now = host_.find_account(address);
          if (stored && then && now != nullptr) then(*now);
        },
        std::move(also));
    return Flow::stop;
  }

  // The sessions hear of it before the roster pushes that it brings about.
  void store_and_show(Account& account, store::RosterItem item, const Stanza& stanza,
                      std::vector<store::RosterChange> also, Then then) {
    store_contact(
        account, std::move(item),
        [this, address = account.address(), then = std::move(then)](Result<> stored) mutable {
          Account* now = host_.find_account(address);  // not stored: it comes after a restart
          if (stored && then && now != nullptr) then(*now);
        },
        std::move(also),
        [this, address = account.address(), arrived = stanza.copy()] { show(address, arrived); });
  }

  void show(const Jid& address, const Stanza& stanza) {
    if (Account* account = host_.find_account(address))
      for (const auto& session : account->sessions())
        if (session->has(SessionFlag::interested)) session->send(stanza);
    host_.done(stanza);
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(subscriptions, Subscriptions)
