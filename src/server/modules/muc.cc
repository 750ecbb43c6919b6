// XEP-0045 Multi-User Chat: rooms at a domain of their own.
#include "xmpp/ext/muc.h"

#include "server/guards.h"
#include "server/rooms/room_iq.h"
#include "server/rooms/room_requests.h"
#include "server/rooms/room_return.h"
#include "server/shard.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using xmpp::MucJoin;

constexpr Seconds evict_interval{30};

}  // namespace

class Muc : public RoomRequests {
 public:
  static constexpr About about{45, "1.35.3", "Multi-User Chat", {}};
  static constexpr Specification also[] = {
      {.number = 249, .version = "1.2"},   {.number = 317, .version = "0.3.1"},
      {.number = 410, .version = "1.1.0"}, {.number = 421, .version = "1.0.1"},
      {.number = 425, .version = "0.3.0"}, {.number = 433, .version = "0.1.0"},
      {.number = 486, .version = "0.1.0"}, {.number = 500, .version = "0.1.1"}};

  enum class Creators : std::uint8_t { admins, users, everybody };
  struct Config {
    ServiceName host{"conference.{domain}"};
    Creators creation = Creators::users;
    static constexpr std::tuple options{
        option("host", &Config::host, "The domain of the rooms; {domain} stands for the server's."),
        option("creation", &Config::creation,
               {{"admins", Creators::admins},
                {"users", Creators::users},
                {"everybody", Creators::everybody}},
               "Who may make rooms: the domain's admins, its users, or others as well.")};
  };

  static constexpr auto handlers() {
    constexpr std::tuple own{
        on<ServicePresence>(&Muc::presence),    on<PresenceSent>(&Muc::count_rooms, Stage::screen),
        on<ServiceMessage>(&Muc::message),      on<ServiceIq>(&Muc::forward),
        on<PresenceReceived>(&Muc::note_place), on<SessionResumed>(&Muc::refresh),
        on<AccountErased>(&Muc::forget),        on<DomainConfigured>(&Muc::begin)};
    return std::tuple_cat(own, RoomRequests::handlers());
  }

  Muc(ModuleHost& host, const Config& config)
      : RoomRequests(host, rooms_of(host, config)),
        host_(host),
        config_(config),
        rooms_(rooms_of(host, config)) {
    evict_later();
    listen();
  }

  void stop() {
    evict_timer_.stop();
    host_.data<RoomGuard>().changed = nullptr;
  }

 private:
  static Rooms& rooms_of(ModuleHost& host, const Config& config) {
    const std::string name = config.host.for_domain(host.domain().name);
    auto& rooms = host.data<RoomsByService>()[name];
    if (!rooms) rooms = std::make_unique<Rooms>(host, Jid::trusted(name));
    return *rooms;
  }

  void begin(DomainConfigured&) { listen(); }
  // Who is unwanted from now on leaves.
  void listen() {
    host_.data<RoomGuard>().changed = [this] { rooms_.expel(host_.data<RoomGuard>().judge); };
  }

  void evict_later() {
    host_.after(evict_timer_, evict_interval, [this] {
      rooms_.evict();
      evict_later();
    });
  }

  // --- presence (sections 7.2, 7.6, 7.7, 7.14) ---

  Flow presence(ServicePresence& event) {
    Stanza& stanza = event.stanza;
    using enum PresenceType;
    const PresenceType type = stanza.head.presence_type;
    const bool concerns_rooms = type == available || type == unavailable || type == error;
    if (!concerns_rooms || !stanza.head.to.has_local()) {
      host_.done(stanza);
      return Flow::stop;
    }
    const auto wish = type == available ? Crowds::Wish::any : Crowds::Wish::to_leave;
    if (const Answer<> may = rooms_.may_ask(stanza.head.to, wish); !may) {
      refuse_presence(rooms_.find_in_memory(stanza.head.to), stanza, may.error());
      return Flow::stop;
    }
    const bool joins = type == available && stanza.has(MucJoin::element);
    if (joins && !stanza.head.to.is_full()) {
      refuse(stanza, {Condition::jid_malformed, "A nickname is missing"});
      return Flow::stop;
    }
    if (joins && !stanza.late) {
      if (const Answer<> may = may_use(stanza); !may) {
        refuse_presence(nullptr, stanza, may.error());
        return Flow::stop;
      }
    }
    bring(std::move(stanza), [this, joins](Room* known, Stanza arrived) {
      if (known == nullptr && joins) return create(std::move(arrived));
      if (known == nullptr) return absent(arrived);
      take_presence(*known, arrived);
    });
    return Flow::stop;
  }

  // To its room, in its turn; where it waits for that, its bytes count.
  void bring(Stanza stanza, std::move_only_function<void(Room*, Stanza)> take) {
    const Jid room = stanza.head.to.bare();
    const Bytes payload = stanza.payload().size();
    auto use = [stanza = std::move(stanza), take = std::move(take)](Room* known) mutable {
      take(known, std::move(stanza));
    };
    rooms_.with_room(room, std::move(use), payload);
  }

  Answer<> may_use(const Stanza& stanza) {
    const auto& judge = host_.data<RoomGuard>().judge;
    return judge ? judge(stanza) : Answer<>();
  }

  // On the sender's side: what a session is in is what its presence was directed to.
  Answer<> count_rooms(PresenceSent& event) {
    const Jid& to = event.stanza.head.to;
    const bool enters = to.domain() == rooms_.service().domain() &&
                        event.stanza.head.is(PresenceType::available) &&
                        event.stanza.has(MucJoin::element);
    if (!enters) return {};
    std::uint64_t others = 0;
    for (const Jid& known : event.session.directed())
      if (known.domain() == to.domain() && !known.same_bare(to)) ++others;
    if (others >= host_.limits().rooms_joined)
      return xmpp::fail(Condition::resource_constraint, "You are in too many rooms");
    return {};
  }

  void take_presence(Room& room, const Stanza& stanza) {
    const Jid& client = stanza.head.from;
    if (stanza.late) return restore(room, stanza);
    if (stanza.head.is(PresenceType::error)) {
      room.drop(client);
    } else if (stanza.head.is(PresenceType::unavailable)) {
      room.leave(client, reflected(stanza, room.address()));
    } else if (const Answer<> taken = take_available(room, stanza); !taken) {
      refuse_presence(&room, stanza, taken.error());
    }
    rooms_.settle(room);
  }

  Answer<> take_available(Room& room, const Stanza& stanza) {
    if (stanza.child({"status", xmpp::ns::client}).text().size() > host_.limits().room_text_bytes)
      return xmpp::fail(Condition::not_acceptable, "The status is too long");
    if (!stanza.head.to.is_full()) return {};  // nobody's
    const std::string nick(stanza.head.to.resource());
    SharedBytes payload = reflected(stanza, room.address());
    if (const xml::Element join = stanza.child(MucJoin::element))
      return room.enter({stanza.head.from, nick, TRY(xmpp::read<MucJoin>(join)), stanza.head.id},
                        std::move(payload));
    if (room.find_client(stanza.head.from) == nullptr) return absent(stanza), Answer<>();
    return room.change(stanza.head.from, nick, stanza.head.id, std::move(payload));
  }

  // The room says so, or the service for it.
  void refuse(const Stanza& stanza, StanzaError error) {
    host_.bounce(stanza, std::move(error).with_by(stanza.head.to.bare_text()));
  }

  void refuse_presence(const Room* room, const Stanza& stanza, StanzaError error) {
    tell_place(host_, room, stanza);
    refuse(stanza, std::move(error));
  }

  // Section 7.2.17: presence from who is not in the room gets an explicit end of it.
  void absent(const Stanza& stanza) {
    if (stanza.head.is(PresenceType::available) && !stanza.late) tell_absent(host_, stanza);
  }

  // Section 10.1.
  void create(Stanza stanza) {
    if (!may_create(stanza.head.from))
      return refuse_presence(nullptr, stanza,
                             {Condition::not_allowed, "You may not make rooms here"});
    const Jid room = stanza.head.to.bare(), owner = stanza.head.from.bare();
    rooms_.make_room(room, owner, [this, stanza = std::move(stanza)](Answer<Room*> made) mutable {
      if (!made) return refuse_presence(nullptr, stanza, made.error());
      Room& fresh = **made;
      const Answer<> entered = take_available(fresh, stanza);
      if (!entered) {
        refuse_presence(&fresh, stanza, entered.error());
        std::ignore = fresh.own(stanza.head.from, {.destroy = {{}}});
      }
      rooms_.settle(fresh);
    });
  }

  bool may_create(const Jid& user) const {
    if (xmpp::is_anonymous_address(user.bare_text())) return false;  // nobody could own it
    if (config_.creation == Creators::everybody || host_.is_admin(user)) return true;
    return config_.creation == Creators::users && user.domain() == host_.domain().name;
  }

  // --- messages (sections 7.4, 7.5, 7.8, 7.13, 8.1) ---

  Answer<Flow> message(ServiceMessage& event) {
    if (!event.stanza.head.to.has_local()) return Flow::go_on;
    if (!event.stanza.head.is(MessageType::error)) TRY(may_use(event.stanza));
    TRY(rooms_.may_ask(event.stanza.head.to));
    bring(std::move(event.stanza),
          [this](Room* known, Stanza arrived) { say(known, std::move(arrived)); });
    return Flow::stop;
  }

  void say(Room* room, Stanza stanza) {
    if (room == nullptr || room->is_locked_for(stanza.head.from))
      return refuse(stanza, {Condition::item_not_found, "There is no such room"});
    const Answer<> taken = take_message(*room, stanza);
    if (!taken) {
      rooms_.settle(*room);
      return refuse(stanza, taken.error());
    }
    // It is open in the journal until what it brought about is safe; where that fails it comes
    // again.
    rooms_.settle(*room, [this, id = stanza.id](Result<> stored) {
      if (stored && id != 0) host_.when_settled([this, id] { host_.shard().done(id); });
    });
  }

  Answer<> take_message(Room& room, const Stanza& stanza) {
    const Jid &client = stanza.head.from, &to = stanza.head.to;
    if (stanza.head.is(MessageType::error)) return take_error(room, stanza), Answer<>();
    if (to.is_full()) return room.whisper(client, to.resource(), stanza);
    if (!stanza.head.is(MessageType::groupchat)) return room.ask(client, stanza);
    return room.speak(client, stanza);
  }

  void take_error(Room& room, const Stanza& stanza) {
    const auto error = StanzaError::parse(stanza.child({"error", xmpp::ns::client}));
    if (const xml::Element missed = xmpp::find<xmpp::StanzaId>(stanza.root()))
      room.note_missed(stanza.head.from, missed.attribute("id"));
    if (means_gone(error.condition)) return room.drop(stanza.head.from);
    if (stanza.head.to.is_full())
      std::ignore = room.whisper(stanza.head.from, stanza.head.to.resource(), stanza);
  }

  // --- from client to client (section 17.4) ---

  Answer<Flow> forward(ServiceIq& event) {
    if (!event.stanza.head.is_request()) {
      std::ignore = host_.shard().take_answer(event.stanza);
      return Flow::stop;
    }
    TRY(rooms_.may_ask(event.stanza.head.to));
    bring(std::move(event.stanza), [this](Room* known, Stanza request) {
      const Answer<> taken = known != nullptr
                                 ? forward_request(host_, *known, request)
                                 : Answer<>(xmpp::fail(Condition::not_acceptable, "No such room"));
      if (!taken) refuse(request, taken.error());
    });
    return Flow::stop;
  }

  // --- sessions over restarts (DECISIONS.md 5) ---

  // Of a session from before the restart; or that ended with it.
  void restore(Room& room, const Stanza& stanza) {
    const Jid& client = stanza.head.from;
    if (!stanza.head.to.is_full()) return;
    if (stanza.head.is(PresenceType::available))
      return room.restore_client(client, std::string(stanza.head.to.resource()), stanza.payload());
    room.note_lost(client);
    host_.shard().when_restored([this, room = room.address(), client] {
      rooms_.with_room(room, [this, client](Room* known) {
        if (known == nullptr) return;
        known->end_lost(client);
        rooms_.settle(*known);
      });
    });
  }

  Flow note_place(PresenceReceived& event) {
    if (event.stanza.head.from.domain() == rooms_.service().domain())
      take_place(event.account, event.stanza);
    return Flow::go_on;
  }

  void refresh(SessionResumed& event) {
    if (event.after_restart) show_rooms_again(host_, rooms_.service(), event.session);
  }

  void forget(AccountErased& event) { rooms_.forget_account(event.work); }

  ModuleHost& host_;
  Config config_;
  Rooms& rooms_;
  Timer evict_timer_;
};

}  // namespace herold::server

HEROLD_MODULE(muc, Muc)
