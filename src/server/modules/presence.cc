// RFC 6121 section 4 Presence: broadcasts, probes, directed presence, and its end.
#include "xmpp/ext/presence.h"

#include <algorithm>
#include <iterator>

#include "server/components/privileges.h"
#include "server/contacts.h"
#include "server/directed.h"
#include "server/module.h"
#include "server/shard.h"

namespace herold::server {

class Presence {
 public:
  static constexpr About about{.version = "", .title = "Presence", .features = {}, .rfc = 6121};

  static constexpr auto handlers() {
    return std::tuple{on<PresenceSent>(&Presence::sent), on<PresenceReceived>(&Presence::received),
                      on<SessionEnded>(&Presence::withdraw),
                      on<SessionResumed>(&Presence::refresh)};
  }

  explicit Presence(ModuleHost& host) : host_(host) {}

 private:
  // --- from the client ---

  Answer<Flow> sent(PresenceSent& event) {
    Stanza& stanza = event.stanza;
    const PresenceType type = stanza.head.presence_type;
    if (type == PresenceType::error) return Flow::go_on;
    const bool broadcast = type == PresenceType::available || type == PresenceType::unavailable;
    if (!broadcast) {  // subscriptions were taken before, so this is a probe (section 4.3)
      if (!stanza.head.to) return xmpp::fail(Condition::bad_request);
      return Flow::go_on;
    }
    if (stanza.head.to) return direct(event.session, stanza);
    if (type == PresenceType::unavailable) return leave(event.session, stanza), Flow::stop;
    const auto priority = xmpp::priority_of(stanza.root());
    if (!priority) return std::unexpected(priority.error());
    announce(event.session, stanza, *priority);
    return Flow::stop;
  }

  // Sections 4.2.2 and 4.4.2.
  void announce(Session& session, const Stanza& stanza, std::int8_t priority) {
    const bool is_initial = !session.available();
    const bool took_messages = !is_initial && session.priority() >= 0;
    session.set_presence(stanza.payload(), priority);
    broadcast(session, stanza);
    if (is_initial) {
      show_own_sessions(session);
      probe_contacts(session);
    }
    SessionAvailable available{session, is_initial, priority >= 0 && !took_messages};
    if (is_initial || available.takes_messages) std::ignore = host_.hooks().fire(available);
  }

  // Section 4.5.2.
  void leave(Session& session, const Stanza& stanza) {
    if (session.available()) {
      broadcast(session, stanza);
      session.withdraw_presence();
    }
    tell_directed(session, stanza);
  }

  // To those that may see the user, and to the user's own sessions.
  void broadcast(Session& session, const Stanza& stanza) {
    const Account& account = session.account();
    std::vector<Jid> contacts;
    account.roster().for_each([&](const ContactView& contact) {
      if (seen_by_contact(contact.subscription))
        contacts.push_back(Jid::trusted(std::string(contact.address)));
    });
    show_only_to(account, contacts);
    // XEP-0356 section 6.2.
    std::ranges::move(privileged(host_, Privilege::see_presence), std::back_inserter(contacts));
    if (!contacts.empty()) host_.send_to_all(stanza, std::move(contacts));
    for (const auto& own : account.sessions())
      if (own->available()) own->send(addressed(stanza, own->address()));
  }

  // Without those whom another module hides the user from (XEP-0191).
  void show_only_to(const Account& account, std::vector<Jid>& contacts) {
    PresenceRecipients recipients{account, contacts};
    std::ignore = host_.hooks().fire(recipients);
  }

  // A new session learns of the others (section 4.2.2, last paragraph).
  void show_own_sessions(Session& session) {
    for (const auto& other : session.account().sessions()) {
      if (other.get() == &session || !other->available()) continue;
      session.send(presence_of(*other, session.address()));
    }
  }

  // Section 4.3.1.
  void probe_contacts(Session& session) {
    std::vector<Jid> contacts;
    session.account().roster().for_each([&](const ContactView& contact) {
      if (sees_contact(contact.subscription))
        contacts.push_back(Jid::trusted(std::string(contact.address)));
    });
    show_only_to(session.account(), contacts);
    if (contacts.empty()) return;
    StanzaHead head = StanzaHead::of(PresenceType::probe);
    head.from = session.address();
    host_.send_to_all(Stanza(std::move(head), std::string_view()), std::move(contacts));
  }

  // Section 4.6: remembered for those who do not see the user anyway, so that they learn the end.
  Answer<Flow> direct(Session& session, const Stanza& stanza) {
    const Jid& to = stanza.head.to;
    std::vector<Jid>& known = session.directed();
    const auto place = std::ranges::find(known, to);
    if (stanza.head.is(PresenceType::unavailable)) {
      if (place != known.end()) known.erase(place), directed_changed(session);
      return Flow::go_on;
    }
    // Of several resources of one address, nicknames in a room, the last one counts.
    const bool is_last = std::none_of(
        place, known.end(), [&](const Jid& later) { return later != to && later.same_bare(to); });
    if (place != known.end() && is_last) return Flow::go_on;
    if (place != known.end()) {
      std::rotate(place, place + 1, known.end());
      session.remember();
      return Flow::go_on;
    }
    if (known.size() >= host_.limits().directed_presence)
      return xmpp::fail(Condition::resource_constraint, "Presence was directed to too many");
    known.push_back(to);
    session.remember();
    return Flow::go_on;
  }

  void tell_directed(Session& session, const Stanza& unavailable) {
    if (session.directed().empty()) return;
    const std::vector<Jid> known = std::exchange(session.directed(), {});
    // What is told while the server stops may not reach who resumes: the next run tells it again.
    if (!session.shard().stopping()) directed_changed(session);
    for (const Jid& to : known) {
      const ContactView contact = session.account().roster().find(to.bare_text());
      if (seen_by_contact(contact.subscription)) continue;  // had the broadcast
      host_.send(addressed(unavailable, to));
    }
  }

  // --- from others ---

  Flow received(PresenceReceived& event) {
    if (!event.stanza.head.is(PresenceType::probe)) return Flow::go_on;
    answer_probe(event.account, event.stanza.head.from);
    return Flow::stop;
  }

  // Section 4.3.2: whoever may not see the user learns nothing, not even that there is one.
  void answer_probe(const Account& account, const Jid& prober) {
    const ContactView contact = account.roster().find(prober.bare_text());
    const bool own = prober.same_bare(account.address());
    if (!own && !seen_by_contact(contact.subscription)) {
      StanzaHead head = StanzaHead::of(PresenceType::unsubscribed);
      head.from = account.address();
      head.to = prober.bare();
      return host_.send(Stanza(std::move(head), std::string_view()));
    }
    for (const auto& session : account.sessions())
      if (session->available()) host_.send(presence_of(*session, prober));
  }

  // --- ends and returns ---

  void withdraw(SessionEnded& event) {
    StanzaHead head = StanzaHead::of(PresenceType::unavailable);
    head.from = event.session.address();
    leave(event.session, Stanza(std::move(head), std::string_view()));
  }

  // After a restart of the server the presence of others may have changed (DECISIONS.md 5).
  void refresh(SessionResumed& event) {
    if (!event.after_restart || !event.session.available()) return;
    probe_contacts(event.session);
    StanzaHead head = StanzaHead::of(PresenceType::available);
    head.from = event.session.address();
    broadcast(event.session, Stanza(std::move(head), event.session.presence()));
  }

  // --- stanzas ---

  static Stanza addressed(const Stanza& stanza, const Jid& to) {
    Stanza copy = stanza.copy();
    copy.head.to = to;
    return copy;
  }

  static Stanza presence_of(const Session& session, const Jid& to) {
    StanzaHead head = StanzaHead::of(PresenceType::available);
    head.from = session.address();
    head.to = to;
    return Stanza(std::move(head), session.presence());
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(presence, Presence)
