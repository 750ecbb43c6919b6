// RFC 6120 section 8.3.3.12: which messages of people whom an account does not know it has to take.
//
// A stranger is nobody's contact, was not written to, is in no room with the account and does not
// belong to it or its domain's administration. What is not taken comes back to its sender with an
// error that says what to do; so nothing is lost.
#include <algorithm>
#include <optional>

#include "server/acquaintances.h"
#include "server/module.h"
#include "server/place_counts.h"
#include "server/shard.h"
#include "xmpp/ext/muc.h"
#include "xmpp/unicode.h"

namespace herold::server {
namespace {

constexpr std::string_view records_of = "first_contact";

// Whom the account wrote to, though they are no contacts; also in the store.
struct WrittenTo {
  Acquaintances list;
};
// Strangers whose messages it has taken lately.
struct HeardOf {
  Acquaintances list;
};

struct FirstContacts {
  std::optional<HashKey> key;
  std::optional<PlaceCounts> counts;  // new strangers by account
};

// What a client would make a link of, or what makes one without being read (XEP-0066).
bool has_link(xml::Element message) {
  if (message.child("x", "jabber:x:oob")) return true;
  return std::ranges::any_of(message.children(), [](xml::Element child) {
    if (child.name() != "body" && child.name() != "subject") return false;
    const std::string text = xmpp::unicode::to_lower(child.text());
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"://", "www.", "xmpp:", "mailto:"},
        [&](std::string_view mark) { return text.contains(mark); });
  });
}

}  // namespace

class FirstContact {
 public:
  static constexpr About about{
      .version = "", .title = "Messages from Strangers", .features = {}, .rfc = 6120};

  enum class Who : std::uint8_t { elsewhere, everybody };
  struct Config {
    Who strangers = Who::elsewhere;
    bool ask_first = false;
    bool links = true;
    std::uint64_t most = 100;
    Seconds window{3600};
    static constexpr std::tuple options{
        option("strangers", &Config::strangers,
               {{"elsewhere", Who::elsewhere}, {"everybody", Who::everybody}},
               "Whose messages are judged: of people with accounts elsewhere, or of this server's "
               "users as well."),
        option("ask_first", &Config::ask_first,
               "Whether a stranger has to be accepted as a contact before he may write; otherwise "
               "he gets subscription-required."),
        option("links", &Config::links,
               "Whether a stranger's messages may hold links before he was answered; if not he "
               "gets policy-violation."),
        option("most", &Config::most,
               "Strangers whose messages one account takes within the window; further ones are "
               "told to wait (resource-constraint). 0 turns this off."),
        option("window", &Config::window, "How long a stranger is counted.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&FirstContact::load),
                      on<MessageAccepted>(&FirstContact::remember, Stage::observe),
                      on<MessageReceived>(&FirstContact::judge, Stage::screen)};
  }

  FirstContact(ModuleHost& host, const Config& config) : host_(host), config_(config) {
    FirstContacts& kept = host.data<FirstContacts>();
    if (kept.counts) return;
    kept.key = HashKey::make(host.random());
    kept.counts.emplace(HashKey::make(host.random()));
  }

 private:
  // --- whom the account wrote to ---

  bool keeps_acquaintances() const { return config_.ask_first || !config_.links; }

  void load(AccountLoading& event) {
    if (!keeps_acquaintances()) return;
    event.loading.hold();
    host_.stores().records().list(
        std::string(records_of), std::string(event.account.address().text()), "",
        [this, &account = event.account,
         &loading = event.loading](Result<std::vector<store::Record>> found) {
          if (!found) loading.fail();
          if (found) take(account, *std::move(found));
          loading.release();
        });
  }

  // The youngest have the highest versions; those that are too many go.
  void take(Account& account, std::vector<store::Record> known) {
    std::ranges::sort(known, std::greater(), &store::Record::version);
    WrittenTo& written = account.data<WrittenTo>();
    for (std::size_t i = known.size(); i-- > 0;) {
      if (i < bounds::known_strangers)
        written.list.add(hash(known[i].key), bounds::known_strangers);
      else
        host_.stores().records().remove(record_key(account, known[i].key), [](Result<>) {
          // It is tried again when the account is loaded again.
        });
    }
  }

  void remember(MessageAccepted& event) {
    Account& account = event.session.account();
    const StanzaHead& head = event.stanza.head;
    if (!keeps_acquaintances() || head.is(MessageType::error) || !head.to.has_local()) return;
    const std::string who(head.to.bare_text());
    if (head.to.same_bare(account.address()) || account.roster().find(who)) return;
    WrittenTo& written = account.data<WrittenTo>();
    if (written.list.knows(hash(who))) return;
    written.list.add(hash(who), bounds::known_strangers);
    host_.stores().records().put(
        record_key(account, who), "", [&log = host_.log()](Result<std::uint64_t> stored) {
          if (!stored) log.warning("acquaintance-not-stored", {{"reason", stored.error().text}});
        });
  }

  static store::RecordKey record_key(const Account& account, std::string_view who) {
    return {std::string(records_of), std::string(account.address().text()), std::string(who)};
  }

  // --- judging ---

  Answer<> judge(MessageReceived& event) {
    if (!is_judged(event.stanza) || knows(event.account, event.stanza)) return {};
    if (config_.ask_first)
      return xmpp::fail(Condition::subscription_required, "Ask to become a contact first");
    if (!config_.links && has_link(event.stanza.root()))
      return xmpp::fail(Condition::policy_violation,
                        "Who does not know you takes no links; write without one first");
    return count(event.account, event.stanza.head.from);
  }

  // What a service or a room says is no person's first word, and an error answers somebody.
  bool is_judged(const Stanza& stanza) const {
    const StanzaHead& head = stanza.head;
    if (head.is(MessageType::error) || head.is(MessageType::groupchat)) return false;
    if (!head.from.has_local() || host_.is_admin(head.from)) return false;
    return config_.strangers == Who::everybody || !host_.shard().serves(head.from.domain());
  }

  bool knows(const Account& account, const Stanza& stanza) const {
    const Jid& from = stanza.head.from;
    if (from.same_bare(account.address()) || account.roster().find(from.bare_text())) return true;
    const auto* written = account.find_data<WrittenTo>();
    if (written != nullptr && written->list.knows(hash(from.bare_text()))) return true;
    for (const auto& session : account.sessions())  // a room that it is in, or who sees it
      if (std::ranges::any_of(session->directed(),
                              [&](const Jid& to) { return to.same_bare(from); }))
        return true;
    return is_invited_by_contact(account, stanza);
  }

  // XEP-0045 section 7.8.2: the room says who invites.
  static bool is_invited_by_contact(const Account& account, const Stanza& stanza) {
    const auto user = xmpp::read<xmpp::MucUser>(stanza.child(xmpp::MucUser::element));
    return user && std::ranges::any_of(user->invites, [&](const xmpp::MucInvite& invite) {
             return invite.from && account.roster().find(invite.from.bare_text());
           });
  }

  Answer<> count(Account& account, const Jid& from) {
    if (config_.most == 0) return {};
    HeardOf& heard = account.data<HeardOf>();
    const std::uint64_t who = hash(from.bare_text());
    if (heard.list.knows(who)) return {};
    const PlaceCounts::Bounds bounds{config_.most, config_.window, host_.limits().counted_places};
    PlaceCounts& counts = *host_.data<FirstContacts>().counts;
    const auto now = host_.clock().now();
    const std::string_view place = account.address().text();
    if (counts.is_over(place, now, bounds))
      return std::unexpected(StanzaError(Condition::resource_constraint,
                                         "Too many strangers write to this account; wait"));
    counts.note(place, now, bounds);
    heard.list.add(who, bounds::known_strangers);
    return {};
  }

  std::uint64_t hash(std::string_view bare) const {
    return siphash(*host_.data<FirstContacts>().key, bare);
  }

  ModuleHost& host_;
  Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(first_contact, FirstContact)
