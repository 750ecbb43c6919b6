// XEP-0205 section 3.6: whoever writes to too many people that he does not know has to wait.
//
// HOSTILE 83. A stranger is who stands in no subscription with the account, has not written to it
// lately and was not written to before; what counts is how many new ones there are.
#include <optional>

#include "server/acquaintances.h"
#include "server/admin_notices.h"
#include "server/gate.h"
#include "server/module.h"
#include "server/place_counts.h"

namespace herold::server {
namespace {

// New strangers by account, for as long as the window and not only for as long as it is online. Who
// has no account would come back as somebody else: there the place counts (on each shard).
struct StrangerCounts {
  std::optional<HashKey> key;
  std::optional<PlaceCounts> counts;
  std::optional<PlaceCounts> told;  // to the administrators, once a window
};

}  // namespace

class Strangers {
 public:
  static constexpr About about{205, "1.0.2",
                               "Best Practices to Discourage Denial of Service Attacks"};

  static constexpr auto handlers() {
    return std::tuple{on<MessageSent>(&Strangers::judge_message, Stage::screen),
                      on<PresenceSent>(&Strangers::judge_request, Stage::screen),
                      on<MessageReceived>(&Strangers::remember, Stage::observe)};
  }

  explicit Strangers(ModuleHost& host) : host_(host) {
    StrangerCounts& kept = host.data<StrangerCounts>();
    if (kept.counts) return;
    kept.key = HashKey::make(host.random());
    kept.counts.emplace(HashKey::make(host.random()));
    kept.told.emplace(HashKey::make(host.random()));
  }

  void stop() { notices_.stop(); }

 private:
  // What goes into a room is the room's to judge; errors answer somebody.
  Answer<> judge_message(MessageSent& event) {
    const StanzaHead& head = event.stanza.head;
    if (head.is(MessageType::groupchat) || head.is(MessageType::error)) return {};
    return judge(event.session, head.to);
  }

  Answer<> judge_request(PresenceSent& event) {
    const StanzaHead& head = event.stanza.head;
    if (!head.is(PresenceType::subscribe) || !head.to) return {};
    return judge(event.session, head.to);
  }

  static std::string counted_as(const Session& session) {
    const Account& account = session.account();
    return account.is_temporary() ? address_prefix(session.peer()) : account.address().text();
  }

  Answer<> judge(const Session& session, const Jid& to) {
    Account& account = session.account();
    if (!to.has_local() || to.same_bare(account.address())) return {};
    const std::uint64_t who = hash(to);
    Acquaintances& known = account.data<Acquaintances>();
    if (known.knows(who)) return {};
    if (!is_contact(account, to) && !host_.is_admin(account.address())) {
      const auto now = host_.clock().now();
      const std::string who_writes = counted_as(session);
      if (counts().is_over(who_writes, now, bounds())) return refuse(session, who_writes);
      counts().note(who_writes, now, bounds());
    }
    known.add(who, known_bound());
    return {};
  }

  Answer<> refuse(const Session& session, const std::string& who_writes) {
    tell_administrators(session, who_writes);
    return xmpp::fail(Condition::unexpected_request,
                      ElementName{"too-many-stanzas", "urn:xmpp:errors"},
                      "Too many people who do not know you; wait");
  }

  void tell_administrators(const Session& session, const std::string& who_writes) {
    const auto now = host_.clock().now();
    PlaceCounts& told = *host_.data<StrangerCounts>().told;
    PlaceCounts::Bounds once = bounds();
    once.most = 1;
    if (told.is_over(who_writes, now, once)) return;
    told.note(who_writes, now, once);
    const std::string account(session.account().address().text());
    host_.log().warning("too-many-strangers", {{"account", account}, {"place", who_writes}});
    notices_.tell(account + " wrote to " + std::to_string(bounds().most) +
                  " people who do not know this account and has to wait");
  }

  // An entry of the roster alone says nothing: anybody may be put there.
  static bool is_contact(const Account& account, const Jid& to) {
    return account.roster().find(to.bare_text()).subscription != Subscription::none;
  }

  // Whoever writes may be answered; what is said in rooms is everybody's.
  void remember(MessageReceived& event) {
    const StanzaHead& head = event.stanza.head;
    const bool is_one = !head.is(MessageType::error) && !head.is(MessageType::groupchat);
    if (!head.from.has_local() || !is_one) return;
    event.account.data<Acquaintances>().add(hash(head.from), known_bound());
  }

  std::uint64_t known_bound() const {
    return std::min(host_.limits().strangers, bounds::known_strangers);
  }
  std::uint64_t hash(const Jid& jid) const {
    return siphash(*host_.data<StrangerCounts>().key, jid.bare_text());
  }
  PlaceCounts& counts() const { return *host_.data<StrangerCounts>().counts; }
  PlaceCounts::Bounds bounds() const {
    const Limits& limits = host_.limits();
    return {limits.strangers, Seconds(limits.stranger_window), limits.counted_places};
  }

  ModuleHost& host_;
  AdminNotices notices_{host_, "Many messages to strangers",
                        "more accounts write to many strangers"};
};

}  // namespace herold::server

HEROLD_MODULE(strangers, Strangers)
