// XEP-0357 Push Notifications: wakes clients that are away through the service of their app.
//
// A registration belongs to the client (resource) that enabled it. When something arrives that its
// user would want to know at once and that client has no connection, its service is told: at most
// `push_rate` times a minute, what comes meanwhile is told together. Calls are told at once.
#include "xmpp/ext/push.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/chat_settings.h"
#include "server/module.h"
#include "server/own_xml.h"
#include "xmpp/ext/disco.h"

namespace herold::server {
namespace {

// What one notification is about.
struct News {
  std::uint64_t messages = 0;
  std::string sender;
  std::string body;
};

struct WakeUp {
  xmpp::PushEnable enabled;
  std::string resource;        // of the client that enabled it, the last time
  std::uint64_t failures = 0;  // in a row
  std::uint64_t client = 0;    // its row (XEP-0494)
  News news{};
  MonotonicTime next{};  // before which only a call is told
  Timer waiting{};

  bool is(const Jid& jid, std::string_view node) const {
    return enabled.jid == jid && enabled.node == node;
  }
};
using WakeUps = std::vector<WakeUp>;

enum class Urgency : std::uint8_t { none, message, call };

// What wakes somebody: text or ciphertext, an invitation to a room, a call (XEP-0353).
Urgency urgency_of(const Stanza& stanza) {
  const StanzaHead& head = stanza.head;
  if (head.is(MessageType::error) || head.is(MessageType::headline)) return Urgency::none;
  const xml::Element message = stanza.root();
  if (message.child("propose", "urn:xmpp:jingle-message:0")) return Urgency::call;
  const xml::Element room = message.child("x", "http://jabber.org/protocol/muc#user");
  const bool wakes =
      message.child("body", message.ns()) || message.child("encryption", "urn:xmpp:eme:0") ||
      message.child("encrypted", "eu.siacs.conversations.axolotl") ||
      message.child("x", "jabber:x:conference") || (room && room.child("invite", room.ns()));
  return wakes ? Urgency::message : Urgency::none;
}

}  // namespace

class Push {
 public:
  static constexpr About about{357, "0.4.1", "Push Notifications", {xmpp::ns::push}};

  struct Config {
    bool include_sender = false;
    bool include_body = false;
    static constexpr std::tuple options{
        option("include_sender", &Config::include_sender,
               "Tell the push service who wrote; it belongs to the app's maker, not to you."),
        option("include_body", &Config::include_body,
               "Tell the push service what was written, where it is not encrypted.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Push::load),
                      on<DiscoInfoAsked>(&Push::announce),
                      on<Set<xmpp::PushEnable>>(&Push::enable, at_own_account),
                      on<Set<xmpp::PushDisable>>(&Push::disable, at_own_account),
                      on<MessageReceived>(&Push::take<MessageReceived>, Stage::observe),
                      on<MessageMissed>(&Push::take<MessageMissed>),
                      on<ClientLost>(&Push::take_rest),
                      on<SessionBound>(&Push::greet),
                      on<SessionResumed>(&Push::greet_again),
                      on<SessionEnded>(&Push::forget_removed),
                      on<ClientRevoked>(&Push::forget_revoked)};
  }

  Push(ModuleHost& host, const Config& config) : host_(host), config_(config) {}

 private:
  // --- registrations (sections 5 and 6) ---

  static std::string key_of(const WakeUp& one) {
    return one.enabled.jid.text() + '\n' + one.enabled.node;
  }

  // A line with the resource, one with the failures and the client, and <enable/>.
  static std::string record_of(const WakeUp& one) {
    return one.resource + '\n' + std::to_string(one.failures) + ' ' + std::to_string(one.client) +
           '\n' + xmpp::to_xml(one.enabled);
  }
  static std::optional<WakeUp> read_record(std::string_view text) {
    const std::size_t first = text.find('\n'), second = text.find('\n', first + 1);
    if (second == text.npos) return {};
    auto enabled = read_own<xmpp::PushEnable>(text.substr(second + 1));
    if (!enabled) return {};
    WakeUp one{std::move(*enabled), std::string(text.substr(0, first))};
    const char* end = text.data() + second;
    const char* after = std::from_chars(text.data() + first + 1, end, one.failures).ptr;
    if (after != end) std::from_chars(after + 1, end, one.client);
    return one;
  }

  void load(AccountLoading& event) {
    event.loading.hold();
    host_.stores().records().list("push", event.account.address().text(), "",
                                  [this, &account = event.account, &loading = event.loading](
                                      Result<std::vector<store::Record>> found) {
                                    if (!found) loading.fail();
                                    if (found)
                                      for (const store::Record& record : *found)
                                        if (auto one = read_record(record.value))
                                          account.data<WakeUps>().push_back(std::move(*one));
                                    if (account.find_data<WakeUps>() == nullptr)
                                      return loading.release();
                                    drop_switched_off(account, [this, &account, &loading] {
                                      read_settings(account, [&loading] { loading.release(); });
                                    });
                                  });
  }

  // What was switched off while the server was stopped (XEP-0494). One that does not say which it
  // is has no row, and is switched off by ending its session.
  void drop_switched_off(Account& account, std::move_only_function<void()> then) {
    host_.stores().clients().list(
        account.address().text(), [this, &account, then = std::move(then)](
                                      const Result<std::vector<store::Client>>& rows) mutable {
          if (rows)
            forget_all(account, [&](const WakeUp& one) {
              return one.client != 0 && std::ranges::none_of(*rows, [&](const store::Client& row) {
                       return row.id == one.client && !row.is_off;
                     });
            });
          then();
        });
  }

  // XEP-0492: only of those who are woken.
  void read_settings(Account& account, std::move_only_function<void()> then) {
    const auto& reader = host_.data<ChatSettingsReader>().read;
    if (!reader) return then();
    reader(account, std::move(then));
  }

  void announce(DiscoInfoAsked& event) {
    if (event.account != nullptr && event.info.node.empty())
      event.info.features.push_back({.var = std::string(xmpp::ns::push)});
  }

  void enable(IqRequest request, const xmpp::PushEnable& enable) {
    const IqContext context = request.context();
    WakeUps& all = context.account->data<WakeUps>();
    forget(*context.account, enable.jid, enable.node);
    while (all.size() >= host_.limits().push_registrations) drop(*context.account, all.begin());
    WakeUp& added = all.emplace_back();
    added.enabled = enable;
    added.resource = context.from().resource();
    if (const Session* session = context.account->find_session(added.resource))
      added.client = session->client().id;
    keep(*context.account, added,
         [request = std::move(request)](Result<std::uint64_t> put) mutable {
           if (!put) return request.fail(put.error());
           request.succeed();
         });
    read_settings(*context.account, [] {});
  }

  void keep(const Account& account, const WakeUp& one, store::Completion<std::uint64_t> done) {
    host_.stores().records().put({"push", account.address().text(), key_of(one)}, record_of(one),
                                 std::move(done));
  }

  void disable(IqRequest request, const xmpp::PushDisable& disable) {
    Account& account = *request.context().account;
    WakeUps& all = account.data<WakeUps>();
    for (auto one = all.begin(); one != all.end();) {
      const bool meant =
          one->enabled.jid == disable.jid && (!disable.node || one->enabled.node == *disable.node);
      one = meant ? drop(account, one) : one + 1;
    }
    // The store does one thing after the other: when this is done, so is what was asked above.
    host_.stores().records().usage(
        "push", account.address().text(),
        [request = std::move(request)](Result<store::RecordUsage> done) mutable {
          if (!done) return request.fail(done.error());
          request.succeed();
        });
  }

  void forget(Account& account, const Jid& jid, std::string_view node) {
    WakeUps& all = account.data<WakeUps>();
    const auto found =
        std::ranges::find_if(all, [&](const WakeUp& one) { return one.is(jid, node); });
    if (found != all.end()) drop(account, found);
  }

  WakeUps::iterator drop(Account& account, WakeUps::iterator one) {
    host_.stores().records().remove({"push", account.address().text(), key_of(*one)},
                                    [this](Result<> removed) {
                                      if (!removed) note_trouble(removed.error());
                                    });
    return account.data<WakeUps>().erase(one);
  }

  // A client that was switched off (XEP-0494), or whose session was ended by another password, is
  // not woken any more.
  void forget_removed(SessionEnded& event) {
    if (event.why != SessionEnd::removed) return;
    forget_all(event.session.account(), [&event](const WakeUp& one) {
      return one.resource == event.session.address().resource();
    });
  }
  void forget_revoked(ClientRevoked& event) {
    forget_all(event.account, [&event](const WakeUp& one) { return one.client == event.client; });
  }
  template <class Which>
  void forget_all(Account& account, Which is_it) {
    WakeUps* all = account.find_data<WakeUps>();
    if (all == nullptr) return;
    for (auto one = all->begin(); one != all->end();)
      one = is_it(*one) ? drop(account, one) : one + 1;
  }

  void note_trouble(const Error& error) {
    host_.log().warning("push-not-stored", {{"reason", error.text}});
  }

  // --- what arrives ---

  template <class Event>
  void take(Event& event) {
    Account& account = event.account;
    const Stanza& stanza = event.stanza;
    if (account.find_data<WakeUps>() == nullptr) return;
    const Urgency urgency = urgency_of(stanza);
    if (urgency == Urgency::none || stanza.head.from.same_bare(account.address())) return;
    if (!is_wanted(account, stanza, urgency)) return;
    for (WakeUp& one : account.data<WakeUps>()) {
      if (is_there(account, one)) continue;
      if (!stanza.late) note(one.news, stanza);  // else it was told before
      tell(account, one, urgency);
    }
  }

  // A conversation that is muted may ring all the same: who misses a call cannot make up for it.
  static bool is_wanted(const Account& account, const Stanza& stanza, Urgency urgency) {
    const auto* settings = account.find_data<ChatSettings>();
    return urgency == Urgency::call || settings == nullptr || settings->wants(account, stanza);
  }

  static bool is_there(const Account& account, const WakeUp& one) {
    const Session* session = account.find_session(one.resource);
    return session != nullptr && session->connected();
  }

  static void note(News& news, const Stanza& stanza) {
    const xml::Element message = stanza.root();
    ++news.messages;
    news.sender = stanza.head.from.text();
    news.body = message.child("body", message.ns()).text();
    if (message.child("encryption", "urn:xmpp:eme:0")) news.body.clear();  // says only that it is
  }

  // Its client is gone without having acknowledged what it was sent (XEP-0198).
  void take_rest(ClientLost& event) {
    Account& account = event.session.account();
    if (account.find_data<WakeUps>() == nullptr) return;
    const std::uint64_t missed = count_missed(event.session);
    if (missed == 0) return;
    for (WakeUp& one : account.data<WakeUps>()) {
      if (one.resource != event.session.address().resource()) continue;
      one.news.messages += missed;
      tell(account, one, Urgency::message);
    }
  }

  static std::uint64_t count_missed(Session& session) {
    const Account& account = session.account();
    const OutboundQueue& queue = session.managed()->outbound;
    const auto* settings = account.find_data<ChatSettings>();
    const bool all_wanted = settings == nullptr || settings->chats.empty();
    std::uint64_t missed = 0;
    queue.for_each([&](const Unacked& one) {
      if (one.id == 0) return;
      // One is enough to wake it; then the number has to be about right.
      if (all_wanted || missed != 0) return void(++missed);
      std::string text;
      if (!queue.write_to(text, one.number) || text.empty()) return void(++missed);
      const Stanza stanza = parse_stored(text);
      missed += settings->wants(account, stanza) ? 1 : 0;
    });
    return missed;
  }

  void greet(SessionBound& event) { settle(event.session); }
  void greet_again(SessionResumed& event) { settle(event.session); }
  static void settle(const Session& session) {
    if (session.account().find_data<WakeUps>() == nullptr) return;
    for (WakeUp& one : session.account().data<WakeUps>()) {
      if (one.resource != session.address().resource()) continue;
      one.news = {};
      one.waiting.stop();
    }
  }

  // --- notifications (section 7) ---

  void tell(const Account& account, WakeUp& one, Urgency urgency) {
    const MonotonicTime now = host_.clock().now();
    if (urgency == Urgency::call || now >= one.next) return publish(account, one);
    if (one.waiting.running()) return;
    host_.after(one.waiting, one.next - now,
                [this, address = account.address(), jid = one.enabled.jid,
                 node = one.enabled.node] { tell_late(address, jid, node); });
  }

  void tell_late(const Jid& address, const Jid& jid, std::string_view node) {
    Account* account = host_.find_account(address);
    if (account == nullptr) return;
    for (WakeUp& one : account->data<WakeUps>())
      if (one.is(jid, node) && !is_there(*account, one)) publish(*account, one);
  }

  void publish(const Account& account, WakeUp& one) {
    one.waiting.stop();
    one.next = host_.clock().now() + Seconds(60) / host_.limits().push_rate;
    StanzaHead head = StanzaHead::of(IqType::set);
    head.from = account.address();
    head.to = one.enabled.jid;
    head.id = host_.random().token(9);
    host_.ask(Stanza(std::move(head), request(one, std::exchange(one.news, {}))), patience,
              [this, address = account.address(), jid = one.enabled.jid, node = one.enabled.node](
                  const Stanza* answer) { judge(address, jid, node, answer); });
  }

  std::string request(const WakeUp& one, const News& news) const {
    std::string out;
    xml::Writer writer(out, xmpp::ns::client);
    writer.open("pubsub", "http://jabber.org/protocol/pubsub").open("publish");
    if (!one.enabled.node.empty()) writer.attribute("node", one.enabled.node);
    writer.open("item");
    xmpp::write(writer, xmpp::PushNotification{.summary = summary(news)});
    writer.close().close();
    if (one.enabled.options) {
      writer.open("publish-options");
      xmpp::write(writer, *one.enabled.options);
      writer.close();
    }
    writer.close();
    return out;
  }

  xmpp::DataForm summary(const News& news) const {
    using xmpp::FieldType;
    xmpp::DataForm form = xmpp::DataForm::of(xmpp::FormType::submit, xmpp::ns::push_summary);
    const auto count = std::to_string(news.messages);
    form.add(FieldType::text_single, "message-count", "", count);
    if (config_.include_sender && !news.sender.empty())
      form.add(FieldType::text_single, "last-message-sender", "", news.sender);
    if (config_.include_body && !news.body.empty())
      form.add(FieldType::text_single, "last-message-body", "", news.body);
    return form;
  }

  // Section 7.1: one that does not exist any more is forgotten; one that is away for a while has
  // some attempts.
  void judge(const Jid& address, const Jid& jid, std::string_view node, const Stanza* answer) {
    Account* account = host_.find_account(address);
    if (account == nullptr) return;
    WakeUps& all = account->data<WakeUps>();
    const auto one =
        std::ranges::find_if(all, [&](const WakeUp& each) { return each.is(jid, node); });
    if (one == all.end()) return;
    const bool is_taken = answer != nullptr && answer->head.is(IqType::result);
    const bool lasts = answer != nullptr && !is_taken && !may_pass(*answer);
    const std::uint64_t failures = is_taken ? 0 : one->failures + 1;
    if (!lasts && failures < host_.limits().push_failures) {
      if (std::exchange(one->failures, failures) == failures) return;
      return keep(*account, *one, [this](Result<std::uint64_t> put) {
        if (!put) note_trouble(put.error());
      });
    }
    host_.log().info("push-forgotten", {{"account", address.text()}, {"service", jid.text()}});
    drop(*account, one);
  }

  static bool may_pass(const Stanza& answer) {
    const xml::Element error = answer.root().child("error", answer.root().ns());
    constexpr std::array<std::string_view, 2> unreachable = {"remote-server-not-found",
                                                             "remote-server-timeout"};
    return error.attribute("type") == "wait" ||
           std::ranges::any_of(unreachable, [&](std::string_view condition) {
             return bool(error.child(condition, "urn:ietf:params:xml:ns:xmpp-stanzas"));
           });
  }

  static constexpr Seconds patience{60};

  ModuleHost& host_;
  const Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(push, Push)
