// XEP-0352 Client State Indication: an inactive client's radio sleeps until something matters.
//
// Held back: presence (the newest of each contact), chat states, events of nodes (the newest of
// each item) and other messages that nobody has to read at once. What matters goes out with all
// that was held before it, in order.
#include "xmpp/ext/csi.h"

#include <deque>

#include "server/module.h"
#include "xmpp/ext/chat_states.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server {

class ClientState {
 public:
  static constexpr About about{352, "1.0.0", "Client State Indication", {xmpp::ns::csi}};

  static constexpr auto handlers() {
    return std::tuple{
        on<StreamFeatures>(&ClientState::announce),  on<ClientNonza>(&ClientState::change),
        on<InlineFeatures>(&ClientState::offer),     on<InlineFeature>(&ClientState::begin),
        on<InactiveClient>(&ClientState::hold_back), on<SessionResumed>(&ClientState::resume),
        on<SessionEnded>(&ClientState::forget)};
  }

  explicit ClientState(ModuleHost& host) : host_(host) {}

 private:
  struct Held {
    Stanza stanza;
    std::string extra;
  };
  struct Waiting {
    std::deque<Held> stanzas;
    std::uint64_t toggles = 0;
    MonotonicTime since{};
  };

  void announce(StreamFeatures& event) {
    if (event.moment == StreamFeatures::Moment::after_login)
      event.xml += xmpp::to_xml(xmpp::CsiFeature{}, xmpp::ns::client);
  }

  // XEP-0386 section 3.2: the session begins in that state.
  void offer(InlineFeatures& event) { event.names.push_back(xmpp::ns::csi); }
  void begin(InlineFeature& event) {
    if (xmpp::is<xmpp::CsiInactive>(event.element)) event.session.set(SessionFlag::inactive);
  }

  Flow change(ClientNonza& event) {
    if (xmpp::is<xmpp::CsiInactive>(event.element)) {
      if (may_toggle(event.session)) event.session.set(SessionFlag::inactive);
      return Flow::stop;
    }
    if (!xmpp::is<xmpp::CsiActive>(event.element)) return Flow::go_on;
    event.session.clear(SessionFlag::inactive);
    flush(event.session);
    return Flow::stop;
  }

  // HOSTILE 68: a client that flips all the time stays active until the minute is over.
  bool may_toggle(Session& session) {
    Waiting& waiting = waiting_[session.key()];
    const MonotonicTime now = host_.clock().now();
    if (now - waiting.since > Seconds(60)) {
      waiting.since = now;
      waiting.toggles = 0;
    }
    return ++waiting.toggles <= host_.limits().csi_toggles;
  }

  Flow hold_back(InactiveClient& event) {
    Waiting& waiting = waiting_[event.session.key()];
    if (!can_wait(event.stanza) || waiting.stanzas.size() >= host_.limits().csi_queue) {
      flush(event.session);
      return Flow::go_on;
    }
    if (event.stanza.kind() == StanzaKind::presence)
      std::erase_if(waiting.stanzas, [&](const Held& held) {
        return held.stanza.kind() == StanzaKind::presence &&
               held.stanza.head.from == event.stanza.head.from;
      });
    replace_item(waiting.stanzas, event.stanza);
    waiting.stanzas.push_back({event.stanza.copy(), std::string(event.extra)});
    return Flow::stop;
  }

  // Of an item of somebody's node (XEP-0060) that changes meanwhile the newest is enough.
  static void replace_item(std::deque<Held>& held, const Stanza& stanza) {
    const auto item = item_of(stanza);
    if (!item) return;
    std::erase_if(held, [&](const Held& before) {
      return before.stanza.head.from == stanza.head.from && item_of(before.stanza) == item;
    });
  }

  // Node and id of the one item that an event is about.
  static std::optional<std::pair<std::string, std::string>> item_of(const Stanza& stanza) {
    const xml::Element event = xmpp::find<xmpp::PubSubEvent>(stanza.root());
    const xml::Element items = event ? xmpp::find<xmpp::PubSubEventItems>(event) : xml::Element();
    const xml::Element item = items ? items.first_child() : xml::Element();
    if (!item || item.attribute("id").empty()) return std::nullopt;
    int count = 0;
    for ([[maybe_unused]] const xml::Element one : items.children()) ++count;
    if (count != 1) return std::nullopt;
    return std::pair(std::string(items.attribute("node")), std::string(item.attribute("id")));
  }

  static bool is_event(const Stanza& stanza) {
    return stanza.head.is(MessageType::headline) && xmpp::find<xmpp::PubSubEvent>(stanza.root());
  }

  // Committed messages never wait here: they must stand in the session's queue.
  static bool can_wait(const Stanza& stanza) {
    switch (stanza.kind()) {
      case StanzaKind::presence:
        return stanza.head.is(PresenceType::available) || stanza.head.is(PresenceType::unavailable);
      case StanzaKind::message:
        return stanza.id == 0 && stanza.shared == 0 &&
               !stanza.root().child("body", stanza.root().ns()) &&
               (xmpp::find_chat_state(stanza.root()).has_value() || is_event(stanza));
      case StanzaKind::iq:
        return false;
    }
    return false;
  }

  void flush(Session& session) {
    const auto found = waiting_.find(session.key());
    if (found == waiting_.end()) return;
    for (const Held& held : std::exchange(found->second.stanzas, {}))
      session.send_now(held.stanza, held.extra);
  }

  // Section 5.2: a resumed client is active until it says otherwise.
  void resume(SessionResumed& event) {
    event.session.clear(SessionFlag::inactive);
    flush(event.session);
  }
  void forget(SessionEnded& event) { waiting_.erase(event.session.key()); }

  ModuleHost& host_;
  std::unordered_map<SessionKey, Waiting> waiting_;
};

}  // namespace herold::server

HEROLD_MODULE(csi, ClientState)
