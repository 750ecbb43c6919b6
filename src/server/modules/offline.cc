// XEP-0160 Offline Messages: kept in the message store until a session takes messages.
//
// The stanza stands in the journal until the store has it (DECISIONS.md 1, 8), and again from the
// moment it is taken out for a session.
#include <algorithm>

#include "server/module.h"

namespace herold::server {

class Offline {
 public:
  static constexpr About about{160, "1.0.1", "Offline messages", {"msgoffline"}};

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Offline::count), on<MessageUndelivered>(&Offline::keep),
                      on<SessionAvailable>(&Offline::hand_over),
                      on<SessionResumed>(&Offline::hand_over_rest),
                      on<ArchiveRead>(&Offline::leave_out)};
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
    if (stanza.id == 0) return Flow::go_on;                // not worth storing: nobody misses it
    if (event.account.is_temporary()) return Flow::go_on;  // nobody will come for it
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
    // a client whose stanza it took would send it again. Until then it counts for back-pressure.
    host_.begin_saving(stanza.payload().size());
    host_.when_safe([this, account = event.account.address(), kept = stanza.copy()]() mutable {
      settle(account, std::move(kept));
    });
    return Flow::stop;
  }

  // XEP-0313 section 6.1.1: what a client has from the archive need not come once more.
  void leave_out(ArchiveRead& event) {
    const Jid address = event.account.address();
    const Backlog& backlog = event.account.data<Backlog>();
    if (backlog.count == 0 || backlog.handing_over) return;
    auto& messages = host_.stores().messages();
    messages.remove_stanzas(box_of(event.account), event.messages, [](Result<>) {
      // What stays comes with the id that the client knows.
    });
    messages.backlog(box_of(event.account), [this, address](Result<store::Backlog> left) {
      Account* account = host_.find_account(address);
      if (account == nullptr || !left) return;
      Backlog& now = account->data<Backlog>();
      now.count = left->count + now.under_way;
      now.bytes = left->bytes;
    });
  }

  static bool takes_messages(const Session& session) {
    return session.available() && session.priority() >= 0;
  }

  // The user may have come online meanwhile.
  void settle(const Jid& account, Stanza stanza) {
    host_.end_saving(stanza.payload().size());
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
    message.message = {stanza.stable_id(), stanza.head.from.text(), stanza.head.to.text(),
                       stanza.accepted, SharedBytes(stanza.to_xml())};
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

  // Their users may have come meanwhile.
  void retry() {
    for (auto& [account, stanza] : std::exchange(unstored_, {})) {
      host_.begin_saving(stanza.payload().size());
      settle(account, std::move(stanza));
    }
  }

  // --- handing over, a page at a time, in order ---
  // A page is read, journalled anew, and once that is safe it leaves the store; only then it is
  // sent. So at no moment a crash loses it or finds it at two places.

  void hand_over(SessionAvailable& event) {
    if (event.takes_messages) begin(event.session.account(), event.session);
  }

  // What the death of the server or of a connection interrupted.
  void hand_over_rest(SessionResumed& event) {
    if (takes_messages(event.session)) begin(event.session.account(), event.session);
  }

  void begin(Account& account, const Session& session) {
    Backlog& backlog = account.data<Backlog>();
    if (backlog.count == 0 || backlog.handing_over) return;
    backlog.handing_over = true;
    next_page(account, {.session = session.key()});
  }

  struct Page {
    SessionKey session = 0;
    std::uint64_t last = 0;  // id of the last message so far
    std::uint64_t kept = 0;  // Backlog::kept when it was asked for
    bool is_last = false;
    std::vector<Stanza> stanzas;
    std::vector<std::uint64_t> ids;
    Bytes bytes = 0;
  };

  void next_page(Account& account, Page page) {
    page.kept = account.data<Backlog>().kept;
    host_.stores().messages().fetch(
        box_of(account), page.last, bounds::offline_page,
        [this, address = account.address(),
         page = std::move(page)](Result<std::vector<store::StoredMessage>> found) mutable {
          if (found) return take_out(address, std::move(page), std::move(*found));
          if (Account* now = host_.find_account(address))  // the next login tries
            now->data<Backlog>().handing_over = false;
        });
  }

  void take_out(const Jid& address, Page page, std::vector<store::StoredMessage> messages) {
    page.is_last = messages.size() < bounds::offline_page;
    for (const store::StoredMessage& stored : messages) {
      Stanza stanza = parse_stored(stored.message.stanza.view());
      stanza.accepted = stored.message.time;
      stanza.late = true;
      stanza.stable = stored.message.stanza_id;  // as clients know it
      const bool enough = page.bytes > host_.limits().sm_queue_bytes / 4;
      if (enough || !host_.commit_again(stanza)) {  // no room in the journal now
        page.is_last = false;
        break;
      }
      page.bytes += stored.message.stanza.size();
      page.stanzas.push_back(std::move(stanza));
      page.ids.push_back(page.last = stored.id);
    }
    host_.when_safe(
        [this, address, page = std::move(page)]() mutable { take_away(address, std::move(page)); });
  }

  void take_away(const Jid& address, Page page) {
    if (page.ids.empty()) return deliver(address, std::move(page));
    auto ids = std::exchange(page.ids, {});
    host_.stores().messages().remove(
        {address.text(), store::BoxKind::offline, {}}, std::move(ids),
        [this, address, page = std::move(page)](Result<> removed) mutable {
          // Then they come again at the next login, with the same ids.
          if (!removed)
            host_.log().error("offline-not-removed", {{"reason", removed.error().text}});
          deliver(address, std::move(page));
        });
  }

  void deliver(const Jid& address, Page page) {
    Account* account = host_.find_account(address);
    Session* session = host_.find_session(page.session);
    const bool is_there = session != nullptr && takes_messages(*session);
    if (account != nullptr) account->data<Backlog>().take(page.stanzas.size(), page.bytes);
    const bool has_moved = !page.stanzas.empty();
    for (Stanza& stanza : std::exchange(page.stanzas, {})) {
      if (is_there)
        session->send(stanza, message_extras(*account, stanza));
      else
        host_.send(std::move(stanza));  // to another session, or it is kept again
    }
    if (account == nullptr) return;
    if (!is_there) return give_up(*account);
    Backlog& backlog = account->data<Backlog>();
    // What came meanwhile is handed over too.
    if (page.is_last && backlog.kept == page.kept) {
      if (backlog.under_way == 0) backlog.count = backlog.bytes = 0;
      backlog.handing_over = false;
      return;
    }
    page.bytes = 0;
    has_moved ? go_on(*account, std::move(page)) : pause(*account, std::move(page));
  }

  // What waited here must not overrun the session: its client takes a part first.
  void go_on(Account& account, Page page) {
    Session* session = host_.find_session(page.session);
    if (session == nullptr || !takes_messages(*session)) return give_up(account);
    session->has_room() ? next_page(account, std::move(page)) : pause(account, std::move(page));
  }

  void pause(Account& account, Page page) {
    host_.after(account.data<Backlog>().pause, pause_interval,
                [this, address = account.address(), page = std::move(page)]() mutable {
                  if (Account* now = host_.find_account(address)) go_on(*now, std::move(page));
                });
  }

  // The session has gone. Another that became available meanwhile is handed the rest, else the
  // next.
  void give_up(Account& account) {
    account.data<Backlog>().handing_over = false;
    for (const auto& session : account.sessions())
      if (takes_messages(*session)) return begin(account, *session);
  }

  static constexpr Seconds retry_interval{2};
  static constexpr Milliseconds pause_interval{200};

  ModuleHost& host_;
  std::vector<std::pair<Jid, Stanza>> unstored_;  // bounded by each account's limits
  Timer retry_;
};

}  // namespace herold::server

HEROLD_MODULE(offline, Offline)
