// XEP-0045 Multi-User Chat: rooms at a domain of their own.
#include "xmpp/ext/muc.h"

#include "server/archive_query.h"
#include "server/guards.h"
#include "server/module.h"
#include "server/rooms/room_admin.h"
#include "server/rooms/room_card.h"
#include "server/rooms/room_commands.h"
#include "server/rooms/room_directory.h"
#include "server/rooms/room_iq.h"
#include "server/rooms/room_return.h"
#include "server/rooms/rooms.h"
#include "server/shard.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {
namespace {

using xmpp::DiscoInfo;
using xmpp::MucAdmin;
using xmpp::MucJoin;
using xmpp::MucOwner;
using xmpp::RegisterQuery;

constexpr std::string_view reserved_nick_node = "x-roomuser-item";
constexpr Seconds evict_interval{30};

}  // namespace

class Muc {
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
    return std::tuple{
        on<ServicePresence>(&Muc::presence),
        on<PresenceSent>(&Muc::count_rooms, Stage::screen),
        on<ServiceMessage>(&Muc::message),
        on<ServiceIq>(&Muc::forward),
        on<SessionResumed>(&Muc::refresh),
        on<AccountRemoved>(&Muc::forget),
        on<Get<DiscoInfo>>(&Muc::describe_service, at_service),
        on<Get<DiscoInfo>>(&Muc::describe_room, at_service_address),
        on<Get<RoomItems>>(&Muc::list_rooms, at_service),
        on<Get<RoomItems>>(&Muc::list_occupants, at_service_address),
        on<Get<xmpp::ChannelSearch>>(&Muc::search_rooms, at_service),
        on<Set<xmpp::Command>>(&Muc::run_command, at_service_address),
        on<CommandsAsked>(&Muc::add_commands),
        on<Get<MucAdmin>>(&Muc::list, at_service_address),
        on<Set<MucAdmin>>(&Muc::change_list, at_service_address),
        on<Get<MucOwner>>(&Muc::form, at_service_address),
        on<Set<MucOwner>>(&Muc::own, at_service_address),
        on<Get<RegisterQuery>>(&Muc::registration, at_service_address),
        on<Set<RegisterQuery>>(&Muc::register_member, at_service_address),
        on<Get<xmpp::VCard>>(&Muc::tell_card, at_service_address),
        on<Set<xmpp::VCard>>(&Muc::keep_card, at_service_address),
        on<Set<xmpp::Moderate>>(&Muc::moderate, at_service_address),
        on<Set<xmpp::ArchiveQuery>>(&Muc::query_archive, at_service_address),
        on<Get<xmpp::ArchiveQuery>>(&Muc::tell_archive_form, at_service_address),
        on<Get<xmpp::ArchiveMetadata>>(&Muc::tell_archive_metadata, at_service_address)};
  }

  Muc(ModuleHost& host, const Config& config)
      : host_(host), config_(config), rooms_(rooms_of(host, config)) {
    evict_later();
  }

  void stop() { evict_timer_.stop(); }

 private:
  static Rooms& rooms_of(ModuleHost& host, const Config& config) {
    const std::string name = config.host.for_domain(host.domain().name);
    auto& rooms = host.data<RoomsByService>()[name];
    if (!rooms) rooms = std::make_unique<Rooms>(host, Jid::trusted(name));
    return *rooms;
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
      refuse(stanza, may.error());
      return Flow::stop;
    }
    const bool joins = type == available && stanza.has(MucJoin::element);
    if (joins && !stanza.head.to.is_full()) {
      refuse(stanza, {Condition::jid_malformed, "A nickname is missing"});
      return Flow::stop;
    }
    if (joins && !stanza.late) {
      if (const Answer<> may = may_use(stanza); !may) {
        refuse(stanza, may.error());
        return Flow::stop;
      }
    }
    const Jid room = stanza.head.to.bare();
    const Bytes payload = stanza.payload().size();
    auto take = [this, stanza = std::move(stanza), joins](Room* known) mutable {
      if (known == nullptr && joins) return create(std::move(stanza));
      if (known == nullptr) return absent(stanza);
      take_presence(*known, stanza);
    };
    rooms_.with_room(room, std::move(take), payload);
    return Flow::stop;
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
    if (stanza.late) return restore(room, stanza);  // of a session from before a restart
    if (stanza.head.is(PresenceType::error)) {
      room.drop(client);
    } else if (stanza.head.is(PresenceType::unavailable)) {
      room.leave(client, reflected(stanza, room.address()));
    } else if (const Answer<> taken = take_available(room, stanza); !taken) {
      refuse(stanza, taken.error());
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

  // Section 7.2.17: presence from who is not in the room gets an explicit end of it.
  void absent(const Stanza& stanza) {
    if (stanza.head.is(PresenceType::available) && !stanza.late) tell_absent(host_, stanza);
  }

  // Section 10.1.
  void create(Stanza stanza) {
    if (!may_create(stanza.head.from))
      return refuse(stanza, {Condition::not_allowed, "You may not make rooms here"});
    const Jid room = stanza.head.to.bare(), owner = stanza.head.from.bare();
    rooms_.make_room(room, owner, [this, stanza = std::move(stanza)](Answer<Room*> made) mutable {
      if (!made) return refuse(stanza, made.error());
      Room& fresh = **made;
      const Answer<> entered = take_available(fresh, stanza);
      if (!entered) {
        refuse(stanza, entered.error());
        std::ignore = fresh.own(stanza.head.from, {.destroy = {{}}});
      }
      rooms_.settle(fresh);
    });
  }

  bool may_create(const Jid& user) const {
    if (config_.creation == Creators::everybody || host_.is_admin(user)) return true;
    return config_.creation == Creators::users && user.domain() == host_.domain().name;
  }

  // --- messages (sections 7.4, 7.5, 7.8, 7.13, 8.1) ---

  Answer<Flow> message(ServiceMessage& event) {
    if (!event.stanza.head.to.has_local()) return Flow::go_on;
    if (!event.stanza.head.is(MessageType::error)) TRY(may_use(event.stanza));
    TRY(rooms_.may_ask(event.stanza.head.to));
    const Jid room = event.stanza.head.to.bare();
    const bool event_is_late = event.stanza.late;
    auto use = [this, room, stanza = std::move(event.stanza)]() mutable {
      const Bytes payload = stanza.payload().size();
      auto take = [this, stanza = std::move(stanza)](Room* known) mutable {
        say(known, std::move(stanza));
      };
      rooms_.with_room(room, std::move(take), payload);
    };
    // What was accepted before a crash waits for its sender to be in the room again.
    if (event_is_late)
      rooms_.when_restored(std::move(use));
    else
      use();
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
    const Jid room = event.stanza.head.to.bare();
    const Bytes payload = event.stanza.payload().size();
    auto take = [this, stanza = std::move(event.stanza)](Room* known) mutable {
      const Answer<> taken = known != nullptr
                                 ? forward_request(host_, *known, stanza)
                                 : Answer<>(xmpp::fail(Condition::not_acceptable, "No such room"));
      if (!taken) refuse(stanza, taken.error());
    };
    rooms_.with_room(room, std::move(take), payload);
    return Flow::stop;
  }

  // --- requests to rooms ---

  // Runs `use` with the room of the request; a room that is hidden from who asks is none.
  template <class Use>
  void at_room(IqRequest request, Use use) {
    const Jid room = request.head().to;
    if (const Answer<> may = rooms_.may_ask(room); !may) return request.fail(may.error());
    const Bytes payload = request.payload_bytes();
    auto take = [request = std::move(request), use = std::move(use)](Room* known) mutable {
      if (known == nullptr || known->is_hidden_from(request.head().from))
        return request.fail({Condition::item_not_found, "There is no such room"});
      use(*known, std::move(request));
    };
    rooms_.with_room(room, std::move(take), payload);
  }

  // The same for what changes the room: the answer waits until that is stored.
  template <class Change>
  void change_room(IqRequest request, Change change) {
    at_room(std::move(request),
            [this, change = std::move(change)](Room& room, IqRequest asked) mutable {
              const Answer<> done = change(room, asked.head().from);
              if (!done) asked.fail(done.error());
              rooms_.settle(room, [asked = std::move(asked)](Result<> stored) mutable {
                if (!asked) return;
                if (!stored) return asked.fail(stored.error());
                asked.succeed();
              });
            });
  }

  void list(IqRequest request, const MucAdmin& query) {
    at_room(std::move(request), [query](Room& room, IqRequest asked) {
      asked.answer(room.list(asked.head().from, query));
    });
  }
  void change_list(IqRequest request, const MucAdmin& query) {
    change_room(std::move(request),
                [query](Room& room, const Jid& user) { return room.change_list(user, query); });
  }
  void form(IqRequest request, const MucOwner&) {
    at_room(std::move(request),
            [](Room& room, IqRequest asked) { asked.answer(room.form(asked.head().from)); });
  }
  void own(IqRequest request, const MucOwner& query) {
    change_room(std::move(request),
                [query](Room& room, const Jid& user) { return room.own(user, query); });
  }
  void registration(IqRequest request, const RegisterQuery&) {
    at_room(std::move(request), [](Room& room, IqRequest asked) {
      asked.answer(room.registration(asked.head().from));
    });
  }
  void register_member(IqRequest request, const RegisterQuery& query) {
    change_room(std::move(request),
                [query](Room& room, const Jid& user) { return room.register_member(user, query); });
  }
  void moderate(IqRequest request, const xmpp::Moderate& query) {
    if (!query.retract) return request.fail(Condition::feature_not_implemented);
    at_room(std::move(request), [this, query](Room& room, IqRequest asked) {
      const Jid moderator = asked.head().from;
      if (const Answer<> may = room.may_moderate(moderator, query.reason); !may)
        return asked.fail(may.error());
      rooms_.moderate(room.address(), moderator, query,
                      [asked = std::move(asked)](Answer<> done) mutable {
                        done ? asked.succeed() : asked.fail(done.error());
                      });
    });
  }

  // --- the room's archive (XEP-0313 section 6.1.2) ---

  void query_archive(IqRequest request, const xmpp::ArchiveQuery& query) {
    at_archive(std::move(request), [query](const Room& room, IqRequest asked) {
      ArchiveView view = RoomArchive::view_for(room, asked.head().from);
      answer_archive_query(std::move(asked), room.address(), query, std::move(view));
    });
  }
  void tell_archive_form(IqRequest request, const xmpp::ArchiveQuery&) {
    at_archive(std::move(request), [](const Room&, IqRequest asked) {
      asked.answer<xmpp::ArchiveQuery>(archive_query_form());
    });
  }
  void tell_archive_metadata(IqRequest request, const xmpp::ArchiveMetadata&) {
    at_archive(std::move(request), [](const Room& room, IqRequest asked) {
      answer_archive_metadata(std::move(asked), room.address());
    });
  }
  template <class Use>
  void at_archive(IqRequest request, Use use) {
    at_room(std::move(request), [use = std::move(use)](Room& room, IqRequest asked) {
      if (!room.config().is_logged)
        return asked.fail({Condition::feature_not_implemented, "The room keeps no archive"});
      if (const Answer<> may = room.may_read(asked.head().from); !may)
        return asked.fail(may.error());
      use(room, std::move(asked));
    });
  }

  // --- the room's card and picture (XEP-0054, XEP-0486) ---

  void tell_card(IqRequest request, const xmpp::VCard&) {
    at_room(std::move(request), [this](Room& room, IqRequest asked) {
      read_room_card(host_, room.address(),
                     [asked = std::move(asked)](Answer<xmpp::VCard> card) mutable {
                       asked.answer(std::move(card));
                     });
    });
  }

  void keep_card(IqRequest request, const xmpp::VCard& card) {
    if (card.xml.size() > host_.limits().vcard_bytes)
      return request.fail({Condition::not_acceptable, "The card is too large"});
    auto hash = picture_hash(host_, request.payload());
    if (!hash) return request.fail(hash.error());
    change_room(std::move(request),
                [this, xml = card.xml, hash = *hash](Room& room, const Jid& user) {
                  return keep_room_card(host_, room, user, xml, hash);
                });
  }

  // --- commands: hats (XEP-0317) in a room, all rooms for administrators ---

  void run_command(IqRequest request, const xmpp::Command& command) {
    at_room(std::move(request), [this, command](Room& room, IqRequest asked) {
      auto answer = run_room_command(room, asked.head().from, command, host_.random().token());
      if (!answer) return asked.fail(answer.error());
      rooms_.settle(
          room, [asked = std::move(asked), answer = std::move(*answer)](Result<> stored) mutable {
            if (!stored) return asked.fail(stored.error());
            asked.answer<xmpp::Command>(std::move(answer));
          });
    });
  }
  void add_commands(CommandsAsked& asked) { add_room_commands(asked.commands); }

  // --- discovery (section 6) ---

  Answer<DiscoInfo> describe_service(const IqContext&, const DiscoInfo& question) {
    if (!question.node.empty()) return xmpp::fail(Condition::item_not_found);
    return RoomDirectory::describe();
  }

  void describe_room(IqRequest request, const DiscoInfo& question) {
    at_room(std::move(request), [node = question.node](Room& room, IqRequest asked) {
      if (node.empty()) return asked.answer<DiscoInfo>(room.describe());
      if (node == xmpp::ns::muc_traffic) return asked.fail(Condition::service_unavailable);
      if (node != reserved_nick_node) return asked.fail(Condition::item_not_found);
      DiscoInfo info{.node = node};  // section 7.12
      const RoomMember* member = room.find_member(asked.head().from);
      if (member != nullptr && !member->nick.empty())
        info.identities.push_back({.category = "conference", .type = "text", .name = member->nick});
      asked.answer<DiscoInfo>(std::move(info));
    });
  }

  // Section 6.5: only to who is in the room.
  void list_occupants(IqRequest request, const RoomItems& question) {
    at_room(std::move(request), [node = question.node](Room& room, IqRequest asked) {
      if (node == xmpp::ns::commands)
        return asked.answer<RoomItems>(
            RoomItems{.node = node, .items = room_commands(room, asked.head().from)});
      if (!node.empty()) return asked.fail(Condition::item_not_found);
      RoomItems answer;
      if (room.find_client(asked.head().from) != nullptr)
        for (const auto& occupant : room.occupants())
          answer.items.push_back({.jid = occupant->address});
      asked.answer<RoomItems>(std::move(answer));
    });
  }

  void list_rooms(IqRequest request, const RoomItems& question) {
    RoomDirectory(host_, rooms_.service()).list(std::move(request), question);
  }
  void search_rooms(IqRequest request, const xmpp::ChannelSearch& question) {
    RoomDirectory(host_, rooms_.service()).search(std::move(request), question);
  }

  // --- sessions over restarts (DECISIONS.md 5) ---

  static void restore(Room& room, const Stanza& stanza) {
    if (stanza.head.to.is_full())
      room.restore_client(stanza.head.from, std::string(stanza.head.to.resource()),
                          stanza.payload());
  }

  void refresh(SessionResumed& event) {
    if (event.after_restart) show_rooms_again(host_, rooms_.service(), event.session);
  }

  void forget(AccountRemoved& event) { rooms_.forget_account(event.account); }

  ModuleHost& host_;
  Config config_;
  Rooms& rooms_;
  Timer evict_timer_;
};

}  // namespace herold::server

HEROLD_MODULE(muc, Muc)
