// XEP-0160 Offline Messages: kept in the message store until a session takes messages.
//
// The stanza stands in the journal until the store has it (DECISIONS.md 1, 8); it leaves the store
// when it was handed to a session, whose queue or output has it from there on.
#include <algorithm>

#include "server/module.h"

namespace herold::server {

class Offline {
 public:
  static constexpr About about{160, "1.0.1", "Offline messages", {"msgoffline"}};

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Offline::count), on<MessageUndelivered>(&Offline::keep),
                      on<SessionAvailable>(&Offline::hand_over),
                      on<SessionResumed>(&Offline::hand_over_rest)};
  }

  explicit Offline(ModuleHost& host) : host_(host) {}

 private:
  struct Backlog {
    std::uint64_t count = 0;
    Bytes bytes = 0;
    std::uint64_t under_way = 0;  // counted, and not in the store yet
    std::uint64_t kept = 0;       // ever
    bool handing_over = false;
    Timer pause;
    void take(std::uint64_t messages, Bytes size) {
      count -= std::min(count, messages);
      bytes -= std::min(bytes, size);
    }
  };

  static store::Box box_of(const Account& account) {
    return {account.address().text(), store::BoxKind::offline, {}};
  }

  void count(AccountLoading& event) {
    event.loading.hold();
    host_.stores().messages().backlog(
        box_of(event.account),
        [&account = event.account, &loading = event.loading](Result<store::Backlog> found) {
          if (found) {
            account.data<Backlog>().count = found->count;
            account.data<Backlog>().bytes = found->bytes;
          } else {
            loading.fail();
          }
          loading.release();
        });
  }

  // HOSTILE 124: when the store is full the sender is told.
  Answer<Flow> keep(MessageUndelivered& event) {
    Stanza& stanza = event.stanza;
    if (stanza.id == 0) return Flow::go_on;  // not worth storing: nobody misses it
    Backlog& backlog = event.account.data<Backlog>();
    const Limits& limits = host_.limits();
    const std::string xml = stanza.to_xml();
    const bool full = backlog.count >= limits.offline_messages ||
                      backlog.bytes + xml.size() > limits.offline_bytes;
    // What was accepted before is never refused for want of room (DECISIONS.md 9).
    if (full && !stanza.late)
      return xmpp::fail(Condition::service_unavailable, "The recipient's offline storage is full");
    ++backlog.count, ++backlog.kept, ++backlog.under_way;
    backlog.bytes += xml.size();

    // Not before this turn's journal is written: the store must not know more than the journal, or
    // a client whose stanza it took would send it again.
    host_.when_safe([this, account = event.account.address(), kept = stanza.copy()]() mutable {
      settle(account, std::move(kept));
    });
    return Flow::stop;
  }

  static bool takes_messages(const Session& session) {
    return session.available() && session.priority() >= 0;
  }

  // The user may have come online meanwhile.
  void settle(const Jid& account, Stanza stanza) {
    Account* now = host_.find_account(account);
    const bool is_awake = now != nullptr && std::ranges::any_of(now->sessions(), [](const auto& s) {
                            return takes_messages(*s);
                          });
    if (!is_awake) return put(account, std::move(stanza));
    stanza.late = true;
    now->data<Backlog>().take(1, stanza.to_xml().size());
    landed(account);
    host_.send(std::move(stanza));
  }

  void landed(const Jid& address) {
    Account* account = host_.find_account(address);
    if (account == nullptr) return;
    Backlog& backlog = account->data<Backlog>();
    backlog.under_way -= std::min<std::uint64_t>(backlog.under_way, 1);
  }

  // What cannot be stored now stays open in the journal and in memory, and is tried again.
  void put(const Jid& account, Stanza stanza) {
    store::NewMessage message;
    message.message = {message_id_text(stanza.stable_id()), stanza.head.from.text(),
                       stanza.head.to.text(), stanza.accepted, SharedBytes(stanza.to_xml())};
    message.references.push_back({{account.text(), store::BoxKind::offline, {}}, 0});
    const Bytes bytes = message.message.stanza.size();
    std::vector<store::NewMessage> batch;
    batch.push_back(std::move(message));
    host_.begin_saving(bytes);
    host_.stores().messages().add(
        std::move(batch), [this, account, bytes, kept = std::move(stanza)](Result<> added) mutable {
          host_.end_saving(bytes);
          if (added) {
            landed(account);
            return host_.done(kept);
          }
          host_.log().error("offline-not-stored",
                            {{"account", account.text()}, {"reason", added.error().text}});
          unstored_.emplace_back(account, std::move(kept));
          if (!retry_.running()) host_.after(retry_, retry_interval, [this] { retry(); });
        });
  }

  void retry() {
    for (auto& [account, stanza] : std::exchange(unstored_, {})) put(account, std::move(stanza));
  }

  void hand_over(SessionAvailable& event) {
    if (!event.takes_messages) return;
    begin(event.session.account(), event.session);
  }

  // What the death of the server or of a connection interrupted.
  void hand_over_rest(SessionResumed& event) {
    if (takes_messages(event.session)) begin(event.session.account(), event.session);
  }

  void begin(Account& account, const Session& session) {
    Backlog& backlog = account.data<Backlog>();
    if (backlog.count == 0 || backlog.handing_over) return;
    backlog.handing_over = true;
    next_page(account.address(), session.key(), 0);
  }

  // In order, a page at a time, each with the time at which it was accepted (XEP-0203).
  void next_page(const Jid& address, SessionKey key, std::uint64_t after) {
    Account* account = host_.find_account(address);
    if (account == nullptr) return;
    const std::uint64_t kept = account->data<Backlog>().kept;
    host_.stores().messages().fetch(
        box_of(*account), after, page_messages,
        [this, address, key, after, kept](Result<std::vector<store::StoredMessage>> found) {
          if (found && host_.find_session(key) != nullptr)
            return take_out(address, key, {.last = after, .kept = kept}, std::move(*found));
          Account* now = host_.find_account(address);
          if (now == nullptr) return;
          if (found) return give_up(*now);
          now->data<Backlog>().handing_over = false;  // the database is away: the next login tries
        });
  }

  struct Page {
    std::vector<Stanza> stanzas;
    std::vector<std::uint64_t> ids;
    Bytes bytes = 0;
    std::uint64_t last = 0;  // id
    std::uint64_t kept = 0;  // Backlog::kept when it was asked for
    bool is_last = true;
  };

  // Journalled anew: they leave the store, and must not be lost on their way. Only once that is
  // safe they are sent and removed, in one turn.
  void take_out(const Jid& address, SessionKey key, Page page,
                std::vector<store::StoredMessage> messages) {
    page.is_last = messages.size() < page_messages;
    for (const store::StoredMessage& stored : messages) {
      if (page.bytes > host_.limits().sm_queue_bytes / 4) {
        page.is_last = false;
        break;
      }
      Stanza stanza = parse_stored(stored.message.stanza.view());
      stanza.accepted = stored.message.time;
      stanza.late = true;
      // Clients know it by its first id.
      stanza.stable = parse_message_id(stored.message.stanza_id);
      if (!host_.commit(stanza)) break;  // the journal is full: the rest stays where it is
      page.bytes += stored.message.stanza.size();
      page.stanzas.push_back(std::move(stanza));
      page.ids.push_back(page.last = stored.id);
    }
    host_.when_safe([this, address, key, page = std::move(page)]() mutable {
      deliver(address, key, std::move(page));
    });
  }

  void deliver(const Jid& address, SessionKey key, Page page) {
    Account* account = host_.find_account(address);
    Session* session = host_.find_session(key);
    if (account == nullptr || session == nullptr) {  // the store still has them
      for (const Stanza& stanza : page.stanzas) host_.done(stanza);
      if (account != nullptr) give_up(*account);
      return;
    }
    for (const Stanza& stanza : page.stanzas)
      session->send(stanza, message_extras(*account, stanza));
    Backlog& backlog = account->data<Backlog>();
    backlog.take(page.ids.size(), page.bytes);
    if (!page.ids.empty()) remove(*account, std::move(page.ids));
    deliver_unstored(*account, *session);
    // What came meanwhile is handed over too.
    if (!page.is_last || backlog.kept != page.kept) return go_on(*account, key, page.last);
    if (backlog.under_way == 0) backlog.count = backlog.bytes = 0;
    backlog.handing_over = false;
  }

  // The session's queue must not run over because of what waited here: the client takes a part
  // first.
  void go_on(Account& account, SessionKey key, std::uint64_t after) {
    Session* session = host_.find_session(key);
    if (session == nullptr) return give_up(account);
    const Managed* managed = session->managed();
    if (managed == nullptr || managed->outbound.bytes() < host_.limits().sm_queue_bytes / 2)
      return next_page(account.address(), key, after);
    host_.after(account.data<Backlog>().pause, pause_interval,
                [this, address = account.address(), key, after] {
                  if (Account* now = host_.find_account(address)) go_on(*now, key, after);
                });
  }

  // The session has gone. Another that became available meanwhile is handed the rest, else the
  // next.
  void give_up(Account& account) {
    account.data<Backlog>().handing_over = false;
    for (const auto& session : account.sessions())
      if (takes_messages(*session)) return begin(account, *session);
  }

  void remove(const Account& account, std::vector<std::uint64_t> ids) {
    host_.stores().messages().remove(box_of(account), std::move(ids), [this](Result<> removed) {
      // They come again at the next login, with the same ids.
      if (!removed) host_.log().error("offline-not-removed", {{"reason", removed.error().text}});
    });
  }

  void deliver_unstored(const Account& account, Session& session) {
    std::erase_if(unstored_, [&](auto& entry) {
      if (entry.first != account.address()) return false;
      entry.second.late = true;
      landed(entry.first);
      session.send(entry.second, message_extras(account, entry.second));
      return true;
    });
  }

  static constexpr std::uint32_t page_messages = 100;
  static constexpr Seconds retry_interval{2};
  static constexpr Milliseconds pause_interval{200};

  ModuleHost& host_;
  std::vector<std::pair<Jid, Stanza>> unstored_;  // bounded by each account's limits
  Timer retry_;
};

}  // namespace herold::server

HEROLD_MODULE(offline, Offline)
