// XEP-0160 Offline Messages: kept in the message store until a session takes messages.
//
// The stanza stands in the journal until the store has it (DECISIONS.md 1, 8); it leaves the store
// when it was handed to a session, whose queue or output has it from there on.
#include "server/module.h"

namespace herold::server {

class Offline {
 public:
  static constexpr About about{160, "1.0.1", "Offline messages", {"msgoffline"}};

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Offline::count), on<MessageUndelivered>(&Offline::keep),
                      on<SessionAvailable>(&Offline::hand_over)};
  }

  explicit Offline(ModuleHost& host) : host_(host) {}

 private:
  struct Backlog {
    std::uint64_t count = 0;
    Bytes bytes = 0;
    bool handing_over = false;
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
    if (backlog.count >= limits.offline_messages ||
        backlog.bytes + xml.size() > limits.offline_bytes)
      return xmpp::fail(Condition::service_unavailable, "The recipient's offline storage is full");
    ++backlog.count;
    backlog.bytes += xml.size();

    put(event.account.address(), stanza.copy());
    return Flow::stop;
  }

  // What cannot be stored now stays open in the journal and in memory, and is tried again.
  void put(const Jid& account, Stanza stanza) {
    store::NewMessage message;
    message.message = {message_id_text(stanza.id), stanza.head.from.text(), stanza.head.to.text(),
                       stanza.accepted, SharedBytes(stanza.to_xml())};
    message.references.push_back({{account.text(), store::BoxKind::offline, {}}, 0});
    std::vector<store::NewMessage> batch;
    batch.push_back(std::move(message));
    host_.stores().messages().add(
        std::move(batch), [this, account, kept = std::move(stanza)](Result<> added) mutable {
          if (added) return host_.done(kept);
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
    Backlog& backlog = event.session.account().data<Backlog>();
    if (backlog.count == 0 || backlog.handing_over) return;
    backlog.handing_over = true;
    next_page(event.session.account().address(), event.session.key(), 0);
  }

  // In order, a page at a time, each with the time at which it was accepted (XEP-0203).
  void next_page(const Jid& address, SessionKey key, std::uint64_t after) {
    constexpr std::uint32_t page = 100;
    const Account* account = host_.find_account(address);
    if (account == nullptr) return;
    host_.stores().messages().fetch(
        box_of(*account), after, page,
        [this, address, key](Result<std::vector<store::StoredMessage>> found) {
          Account* now = host_.find_account(address);
          if (now == nullptr) return;
          Session* session = host_.find_session(key);
          if (!found || session == nullptr) {
            now->data<Backlog>().handing_over = false;
            return;
          }
          deliver(*now, *session, *found);
          if (found->size() == page) return next_page(address, key, found->back().id);
          deliver_unstored(*now, *session);
          now->data<Backlog>() = {};
        });
  }

  void deliver(Account& account, Session& session,
               const std::vector<store::StoredMessage>& messages) {
    if (messages.empty()) return;
    std::vector<std::uint64_t> ids;
    for (const store::StoredMessage& stored : messages) {
      Stanza stanza = parse_stored(stored.message.stanza.view());
      stanza.accepted = stored.message.time;
      stanza.late = true;
      // Journalled anew: it leaves the store now, and must not be lost on its way.
      stanza.id = parse_message_id(stored.message.stanza_id);
      if (!host_.commit(stanza)) return;  // the journal is full: it stays where it is
      session.send(stanza, message_extras(account, stanza));
      ids.push_back(stored.id);
    }
    host_.stores().messages().remove(box_of(account), std::move(ids), [this](Result<> removed) {
      // They come again at the next login, with the same ids.
      if (!removed) host_.log().error("offline-not-removed", {{"reason", removed.error().text}});
    });
  }

  void deliver_unstored(const Account& account, Session& session) {
    std::erase_if(unstored_, [&](auto& entry) {
      if (entry.first != account.address()) return false;
      entry.second.late = true;
      session.send(entry.second, message_extras(account, entry.second));
      return true;
    });
  }

  static constexpr Seconds retry_interval{2};

  ModuleHost& host_;
  std::vector<std::pair<Jid, Stanza>> unstored_;  // bounded by each account's limits
  Timer retry_;
};

}  // namespace herold::server

HEROLD_MODULE(offline, Offline)
