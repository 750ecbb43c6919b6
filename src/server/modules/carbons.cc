// XEP-0280 Message Carbons: what one client of a user sends or gets, the others see.
#include "xmpp/ext/carbons.h"

#include <algorithm>

#include "server/module.h"
#include "xmpp/ext/hints.h"

namespace herold::server {

class Carbons {
 public:
  static constexpr About about{
      280, "1.0.1", "Message Carbons", {xmpp::ns::carbons, "urn:xmpp:carbons:rules:0"}};

  static constexpr auto handlers() {
    return std::tuple{on<Set<xmpp::CarbonsEnable>>(&Carbons::enable, at_own_account),
                      on<Set<xmpp::CarbonsDisable>>(&Carbons::disable, at_own_account),
                      on<InlineFeatures>(&Carbons::offer),
                      on<InlineFeature>(&Carbons::enable_inline),
                      on<MessageAccepted>(&Carbons::copy_sent, Stage::observe),
                      on<MessageDelivered>(&Carbons::copy_received, Stage::observe)};
  }

  explicit Carbons(ModuleHost&) {}

 private:
  // Sections 4 and 5.
  Answer<Nothing> enable(const IqContext& context, const xmpp::CarbonsEnable&) {
    if (context.session == nullptr) return xmpp::fail(Condition::not_allowed);
    context.session->set(SessionFlag::carbons);
    return Nothing{};
  }
  Answer<Nothing> disable(const IqContext& context, const xmpp::CarbonsDisable&) {
    if (context.session == nullptr) return xmpp::fail(Condition::not_allowed);
    context.session->clear(SessionFlag::carbons);
    return Nothing{};
  }

  // XEP-0386 section 3.2.
  void offer(InlineFeatures& event) { event.names.push_back(xmpp::ns::carbons); }
  void enable_inline(InlineFeature& event) {
    if (xmpp::is<xmpp::CarbonsEnable>(event.element)) event.session.set(SessionFlag::carbons);
  }

  // Section 6.1: chats, and normal messages with a body; errors, which belong to such messages;
  // never what the sender kept private (section 9), nor a copy itself.
  static bool is_eligible(const Stanza& stanza) {
    const xml::Element root = stanza.root();
    if (xmpp::find<xmpp::CarbonsPrivate>(root) || xmpp::find<xmpp::HintNoCopy>(root)) return false;
    if (stanza.has(xmpp::CarbonReceived::element) || stanza.has(xmpp::CarbonSent::element))
      return false;
    switch (stanza.head.message_type) {
      case MessageType::chat:
        return true;
      case MessageType::normal:
        return bool(root.child("body", root.ns()));
      default:
        return false;
    }
  }

  static bool wants_copies(const Account& account) {
    return std::ranges::any_of(
        account.sessions(), [](const auto& session) { return session->has(SessionFlag::carbons); });
  }

  // Section 8.
  void copy_sent(MessageAccepted& event) {
    const Account& account = event.session.account();
    if (account.sessions().size() < 2 || !wants_copies(account) || !is_eligible(event.stanza))
      return;
    std::string copy;
    for (const auto& session : account.sessions()) {
      if (session.get() == &event.session || !session->has(SessionFlag::carbons)) continue;
      if (session->address() == event.stanza.head.to) continue;
      if (copy.empty()) copy = wrap<xmpp::CarbonSent>(account, event.stanza);
      send_copy(*session, event.stanza, copy);
    }
  }

  // Section 7.
  void copy_received(MessageDelivered& event) {
    const Account& account = event.account;
    if (account.sessions().size() < 2 || !wants_copies(account) || !is_eligible(event.stanza))
      return;
    std::string copy;
    for (const auto& session : account.sessions()) {
      const bool has_it = std::ranges::find(event.sessions, session.get()) != event.sessions.end();
      if (has_it || !session->has(SessionFlag::carbons)) continue;
      if (session->address() == event.stanza.head.from) continue;  // it sent this itself
      if (copy.empty()) copy = wrap<xmpp::CarbonReceived>(account, event.stanza);
      send_copy(*session, event.stanza, copy);
    }
  }

  // With its id in the account's archive, also where the account is the sender (XEP-0313 section
  // 3.5).
  template <class Wrapper>
  static std::string wrap(const Account& account, const Stanza& stanza) {
    Wrapper wrapper;
    wrapper.forwarded.stanza = xmpp::to_xml(
        stanza.head, message_extras(account, stanza) + std::string(stanza.payload().view()),
        xmpp::ns::client);
    return xmpp::to_xml(wrapper, xmpp::ns::client);
  }

  static void send_copy(Session& session, const Stanza& original, std::string_view payload) {
    StanzaHead head = StanzaHead::of(original.head.message_type);
    head.from = session.account().address();
    head.to = session.address();
    session.send(Stanza(std::move(head), payload));
  }
};

}  // namespace herold::server

HEROLD_MODULE(carbons, Carbons)
