// XEP-0060 as a client: lists of unwanted senders that servers share in real time.
//
// A list is a node whose items' ids are the SHA-256 of bare addresses or domains, in hexadecimal
// digits; other servers take the same ones (muc_bans_sha256 and its kin). The home of a list's name
// subscribes and asks for all items now and then; what it learns goes to every shard.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unordered_set>

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/guards.h"
#include "server/module.h"
#include "xmpp/ext/muc.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server {
namespace {

using xmpp::PubSub;
using xmpp::PubSubEventItems;

// A hash, as its first 16 bytes; nobody finds another address with the same.
using Entry = std::array<char, 16>;
struct EntryHash {
  std::size_t operator()(const Entry& entry) const {
    return std::hash<std::string_view>()({entry.data(), entry.size()});
  }
};
using Entries = std::unordered_set<Entry, EntryHash>;

std::optional<Entry> parse_entry(std::string_view id) {
  Entry entry;
  if (id.size() != 64) return std::nullopt;
  for (std::size_t i = 0; i < entry.size(); ++i) {
    unsigned char byte = 0;
    const char* at = id.data() + 2 * i;
    if (std::from_chars(at, at + 2, byte, 16).ptr != at + 2) return std::nullopt;
    entry[i] = static_cast<char>(byte);
  }
  return entry;
}

// "pubsub.example.org/node".
struct ListName {
  Jid service;
  std::string node;
  std::string text() const { return std::string(service.text()) + '/' + node; }
};
std::optional<ListName> parse_list(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  auto service = Jid::parse(text.substr(0, slash));
  if (!service) return std::nullopt;
  return ListName{*std::move(service), std::string(text.substr(slash + 1))};
}

// What a node said: entries to add and to remove, after all were removed where `all` says so.
struct Change {
  bool all = false;
  std::vector<Entry> added, removed;

  void apply(Entries& entries, std::uint64_t most) const {
    if (all) entries.clear();
    for (const Entry& entry : removed) entries.erase(entry);
    for (const Entry& entry : added)
      if (entries.size() < most) entries.insert(entry);
  }
};

// A list that is being read; changes that are told meanwhile come after it.
struct Fetch {
  Change found{.all = true};
  std::vector<Change> meanwhile;
};

// By name, on each shard; `fetches` on the list's home. They outlive the module's settings.
struct SharedLists {
  std::map<std::string, Entries, std::less<>> entries;
  std::map<std::string, Fetch, std::less<>> fetches;
  std::uint64_t most = 0;  // entries of one list
};

void spread(ModuleHost& host, const std::string& list, Change change) {
  host.on_all_shards(
      [list, change = std::move(change)](ModuleHost& there) {
        SharedLists& lists = there.data<SharedLists>();
        if (const auto known = lists.entries.find(list); known != lists.entries.end())
          change.apply(known->second, lists.most);
        const RoomGuard& guard = there.data<RoomGuard>();
        if (guard.judge && guard.changed && !change.added.empty()) guard.changed();
      },
      [] {});
}

Change change_of(const xmpp::PubSubEvent& event) {
  Change change{.all = event.purge || event.remove};
  if (!event.items) return change;
  for (const auto& item : event.items->items)
    if (const auto entry = parse_entry(item.id.value_or(""))) change.added.push_back(*entry);
  for (const xmpp::PubSubRetracted& item : event.items->retracted)
    if (const auto entry = parse_entry(item.id)) change.removed.push_back(*entry);
  return change;
}

std::string node_of(const xmpp::PubSubEvent& event) {
  if (event.items) return event.items->node;
  if (event.purge) return event.purge->node;
  return event.remove ? event.remove->node : std::string();
}

}  // namespace

class SharedBlockLists {
 public:
  static constexpr About about{60, "1.30.0", "Shared Block Lists"};

  struct Config {
    std::vector<std::string> lists;
    bool users = true, rooms = true;
    std::uint64_t entries = 100000;
    Seconds refresh{3600};
    static constexpr std::tuple options{
        option("lists", &Config::lists,
               "Nodes with the SHA-256 of unwanted addresses, as \"service/node\": "
               "\"xmppbl.org/muc_bans_sha256\"."),
        option("users", &Config::users,
               "Whether they may not write to users who do not know them."),
        option("rooms", &Config::rooms, "Whether they may not enter or use rooms."),
        option("entries", &Config::entries,
               "Entries of one list that are taken; further ones are ignored."),
        option("refresh", &Config::refresh, "How often a whole list is read again.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<MessageReceived>(&SharedBlockLists::judge_message, Stage::screen),
                      on<PresenceReceived>(&SharedBlockLists::judge_request, Stage::screen),
                      on<DomainConfigured>(&SharedBlockLists::begin)};
  }

  SharedBlockLists(ModuleHost& host, Config config) : host_(host), config_(std::move(config)) {
    for (const std::string& text : config_.lists) {
      if (auto list = parse_list(text))
        lists_.push_back(*std::move(list));
      else
        host_.log().warning("not-a-list", {{"list", text}});
    }
    host_.data<SharedLists>().most = config_.entries;
    auto& kept = host_.data<SharedLists>().entries;
    std::erase_if(kept, [this](const auto& entry) { return find_list(entry.first) == nullptr; });
    for (const ListName& list : lists_) kept.try_emplace(list.text());
    if (!lists_.empty()) refresh_after(first_delay);
    listen();
  }

  void stop() {
    is_stopped_ = true;  // answers may still come
    timer_.stop();
    host_.data<ServerMessages>().take = nullptr;
    host_.data<RoomGuard>().judge = nullptr;
  }

 private:
  void begin(DomainConfigured&) { listen(); }
  void listen() {
    if (lists_.empty()) return;
    host_.data<ServerMessages>().take = [this](const Stanza& stanza) { return hear(stanza); };
    if (config_.rooms)
      host_.data<RoomGuard>().judge = [this](const Stanza& stanza) {
        return judge_occupant(stanza);
      };
  }

  static constexpr Seconds first_delay{2}, retry{60}, patience{60};

  // --- reading lists ---

  void refresh_after(Seconds delay) {
    host_.after(timer_, delay, [this] {
      refresh_after(config_.refresh);
      for (const ListName& list : lists_)
        if (host_.is_home_of(list.text())) subscribe(list);
    });
  }

  const ListName* find_list(std::string_view text) const {
    const auto found = std::ranges::find(lists_, text, &ListName::text);
    return found != lists_.end() ? &*found : nullptr;
  }

  void ask(const ListName& list, IqType type, const PubSub& question,
           std::function<void(const Stanza&)> then) {
    StanzaHead head = StanzaHead::of(type);
    head.from = host_.address();
    head.to = list.service;
    host_.ask(Stanza(std::move(head), xmpp::to_xml(question, xmpp::ns::client)), patience,
              [this, list, then = std::move(then)](const Stanza* answer) {
                if (answer != nullptr && answer->head.is(IqType::result)) return then(*answer);
                give_up(list, answer == nullptr ? "no answer" : "refused");
              });
  }

  // What is known of it stays in force.
  void give_up(const ListName& list, std::string_view reason) {
    host_.log().warning("list-not-read", {{"list", list.text()}, {"reason", reason}});
    host_.data<SharedLists>().fetches.erase(list.text());
    if (!is_stopped_ && retry < config_.refresh) refresh_after(retry);
  }

  // First the subscription, so that nothing is missed; again each time, should it have been lost.
  void subscribe(const ListName& list) {
    host_.data<SharedLists>().fetches[list.text()] = Fetch();
    PubSub question;
    question.subscribe = {.node = list.node, .jid = host_.address()};
    ask(list, IqType::set, question, [this, list](const Stanza&) { read_page(list, {}); });
  }

  void read_page(const ListName& list, std::optional<std::string> after) {
    PubSub question;
    question.items = xmpp::PubSubItems{.node = list.node};
    if (after) question.rsm = xmpp::ResultSet{.after = std::move(after)};
    ask(list, IqType::get, question, [this, list](const Stanza& answer) { take(list, answer); });
  }

  void take(const ListName& list, const Stanza& answer) {
    auto& fetches = host_.data<SharedLists>().fetches;
    const auto fetch = fetches.find(list.text());
    if (fetch == fetches.end()) return;
    const auto page = xmpp::read<PubSub>(xmpp::find<PubSub>(answer.root()));
    if (!page || !page->items) return give_up(list, "no items");
    Change& found = fetch->second.found;
    for (const auto& item : page->items->items)
      if (const auto entry = parse_entry(item.id.value_or(""))) found.added.push_back(*entry);
    const bool may_have_more = page->rsm && page->rsm->last && !page->items->items.empty() &&
                               found.added.size() < config_.entries;
    if (may_have_more) return read_page(list, page->rsm->last);
    finish(list);
  }

  void finish(const ListName& list) {
    auto fetch = host_.data<SharedLists>().fetches.extract(list.text());
    host_.log().info("list-read", {{"list", list.text()},
                                   {"entries", std::to_string(fetch.mapped().found.added.size())}});
    spread(host_, list.text(), std::move(fetch.mapped().found));
    for (Change& change : fetch.mapped().meanwhile) spread(host_, list.text(), std::move(change));
  }

  // --- events (XEP-0060 section 7.1.2.1) ---

  bool hear(const Stanza& stanza) {
    const auto told = xmpp::read<xmpp::PubSubEvent>(xmpp::find<xmpp::PubSubEvent>(stanza.root()));
    if (!told) return false;
    const std::string list = ListName{stanza.head.from, node_of(*told)}.text();
    if (find_list(list) == nullptr) return false;
    host_.at_home(list, [list, change = change_of(*told)](ModuleHost& there) {
      auto& fetches = there.data<SharedLists>().fetches;
      if (const auto fetch = fetches.find(list); fetch != fetches.end())
        fetch->second.meanwhile.push_back(change);
      spread(there, list, change);
    });
    return true;
  }

  // --- judging ---

  Entry entry_of(std::string_view text) const {
    const crypto::Digest digest = host_.crypto().digest(crypto::HashAlgorithm::sha256, text);
    Entry entry;
    std::ranges::copy(digest.view().substr(0, entry.size()), entry.begin());
    return entry;
  }

  // The domain's own administrators never are.
  bool is_listed(const Jid& who) const {
    const auto& lists = host_.data<SharedLists>().entries;
    const bool is_empty =
        std::ranges::all_of(lists, [](const auto& list) { return list.second.empty(); });
    if (is_empty || !who || who == host_.address() || host_.is_admin(who)) return false;
    const Entry address = entry_of(who.bare_text()), domain = entry_of(who.domain());
    const bool is_own = who.domain() == host_.address().domain();
    return std::ranges::any_of(lists, [&](const auto& list) {
      return list.second.contains(address) || (!is_own && list.second.contains(domain));
    });
  }

  static std::unexpected<StanzaError> refusal() {
    return xmpp::fail(Condition::policy_violation, "Your address is on a shared block list");
  }

  Answer<> judge_message(MessageReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (!config_.users || head.is(MessageType::error) || head.is(MessageType::groupchat)) return {};
    if (knows(event.account, head.from)) return {};
    if (is_listed(head.from) || is_invited_by_listed(event)) return refusal();
    return {};
  }

  bool is_invited_by_listed(const MessageReceived& event) const {
    const auto user = xmpp::read<xmpp::MucUser>(event.stanza.child(xmpp::MucUser::element));
    return user && std::ranges::any_of(user->invites, [&](const xmpp::MucInvite& invite) {
             return !knows(event.account, invite.from) && is_listed(invite.from);
           });
  }

  Answer<> judge_request(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (!config_.users || !head.is(PresenceType::subscribe) || knows(event.account, head.from))
      return {};
    if (is_listed(head.from)) return refusal();
    return {};
  }

  // Whom the user has taken as a contact he knows better than a list does.
  static bool knows(const Account& account, const Jid& other) {
    return other && (other.same_bare(account.address()) ||
                     account.roster().find(other.bare_text()).subscription != Subscription::none);
  }

  Answer<> judge_occupant(const Stanza& stanza) const {
    if (!is_listed(stanza.head.from)) return {};
    return xmpp::fail(Condition::forbidden, "Your address is on a shared block list");
  }

  ModuleHost& host_;
  Config config_;
  std::vector<ListName> lists_;
  Timer timer_;
  bool is_stopped_ = false;
};

}  // namespace herold::server

HEROLD_MODULE(shared_block_lists, SharedBlockLists)
