// XEP-0175 Best Practices for Use of SASL ANONYMOUS: what whoever has no account here may not do.
//
// That nothing of such a session is kept is not this module's to see to: see temporary_stores.h and
// Account::is_temporary().
#include "server/contacts.h"
#include "server/module.h"
#include "server/shard.h"

namespace herold::server {

class Anonymous {
 public:
  static constexpr About about{175, "1.2", "Best Practices for Use of SASL ANONYMOUS"};

  static constexpr auto handlers() {
    return std::tuple{on<MessageSent>(&Anonymous::stay_here<MessageSent>, Stage::screen),
                      on<IqSent>(&Anonymous::stay_here<IqSent>, Stage::screen),
                      on<PresenceSent>(&Anonymous::judge_presence, Stage::screen),
                      on<PresenceReceived>(&Anonymous::decline, Stage::screen)};
  }

  explicit Anonymous(ModuleHost& host) : host_(host) {}

 private:
  // Section 3, restriction 2: nobody from elsewhere is written to first, or at all.
  template <class Sent>
  Answer<> stay_here(Sent& event) {
    const Jid& to = event.stanza.head.to;
    if (!event.session.account().is_temporary() || !to || host_.shard().serves(to.domain()))
      return {};
    return xmpp::fail(Condition::forbidden, "Without an account other servers are out of reach");
  }

  // Restriction 3 lets a server permit what it cancels at the end; we permit directed presence.
  Answer<> judge_presence(PresenceSent& event) {
    if (!event.session.account().is_temporary()) return {};
    if (is_subscription(event.stanza.head.presence_type))
      return xmpp::fail(Condition::forbidden, "Without an account there are no contacts");
    return stay_here(event);
  }

  // Whoever asks for a subscription is told that there will be none (RFC 6121 section 3.2).
  Flow decline(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (!event.account.is_temporary() || !is_subscription(head.presence_type)) return Flow::go_on;
    if (head.is(PresenceType::subscribe))
      send_subscription(event.account, head.from, PresenceType::unsubscribed);
    host_.done(event.stanza);
    return Flow::stop;
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(anonymous, Anonymous)
