// XEP-0045 Multi-User Chat: rooms at a domain of their own.
#include "xmpp/ext/muc.h"

#include <algorithm>
#include <iterator>

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/guards.h"
#include "server/message_names.h"
#include "server/module.h"
#include "server/rooms/room_store.h"
#include "server/rooms/rooms.h"
#include "server/server.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/ping.h"
#include "xmpp/ext/rsm.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {
namespace {

using xmpp::DiscoInfo;
using xmpp::MucAdmin;
using xmpp::MucJoin;
using xmpp::MucOwner;
using xmpp::RegisterQuery;

// disco#items of the service (section 6.3).
struct RoomItems {
  std::string node;
  std::vector<xmpp::DiscoItem> items;
  std::optional<xmpp::ResultSet> page;
  static constexpr ElementName element = xmpp::DiscoItems::element;
  static constexpr std::tuple fields{xmpp::attribute("node", &RoomItems::node),
                                     xmpp::child(&RoomItems::items), xmpp::child(&RoomItems::page)};
};

// Sections 17.4.2 and XEP-0410: with these a client says that it is not there any more.
bool means_gone(Condition condition) {
  using enum Condition;
  switch (condition) {
    case gone:
    case internal_server_error:
    case item_not_found:
    case jid_malformed:
    case recipient_unavailable:
    case redirect:
    case remote_server_not_found:
    case remote_server_timeout:
    case service_unavailable:
      return true;
    default:
      return false;
  }
}

constexpr std::string_view reserved_nick_node = "x-roomuser-item";
constexpr Seconds forwarded_patience{60};
constexpr Seconds evict_interval{30};

}  // namespace

class Muc {
 public:
  static constexpr About about{45, "1.35.3", "Multi-User Chat", {}};

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
    return std::tuple{on<ServicePresence>(&Muc::presence),
                      on<PresenceSent>(&Muc::count_rooms, Stage::screen),
                      on<ServiceMessage>(&Muc::message),
                      on<ServiceIq>(&Muc::forward),
                      on<SessionResumed>(&Muc::refresh),
                      on<AccountRemoved>(&Muc::forget),
                      on<Get<DiscoInfo>>(&Muc::describe_service, at_service),
                      on<Get<DiscoInfo>>(&Muc::describe_room, at_service_address),
                      on<Get<RoomItems>>(&Muc::list_rooms, at_service),
                      on<Get<RoomItems>>(&Muc::list_occupants, at_service_address),
                      on<Get<MucAdmin>>(&Muc::list, at_service_address),
                      on<Set<MucAdmin>>(&Muc::change_list, at_service_address),
                      on<Get<MucOwner>>(&Muc::form, at_service_address),
                      on<Set<MucOwner>>(&Muc::own, at_service_address),
                      on<Get<RegisterQuery>>(&Muc::registration, at_service_address),
                      on<Set<RegisterQuery>>(&Muc::register_member, at_service_address),
                      on<Get<xmpp::VCard>>(&Muc::tell_card, at_service_address),
                      on<Set<xmpp::VCard>>(&Muc::keep_card, at_service_address),
                      on<Set<xmpp::Moderate>>(&Muc::moderate, at_service_address)};
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

  Answer<Flow> presence(ServicePresence& event) {
    Stanza& stanza = event.stanza;
    using enum PresenceType;
    const PresenceType type = stanza.head.presence_type;
    const bool concerns_rooms = type == available || type == unavailable || type == error;
    if (!concerns_rooms || !stanza.head.to.has_local()) {
      host_.done(stanza);
      return Flow::stop;
    }
    const bool joins = type == available && stanza.has(MucJoin::element);
    if (joins && !stanza.head.to.is_full())
      return xmpp::fail(Condition::jid_malformed, "A nickname is missing");
    if (joins && !stanza.late) TRY(may_use(stanza));
    const Jid room = stanza.head.to.bare();
    rooms_.with_room(room, [this, stanza = std::move(stanza), joins](Room* known) mutable {
      if (known == nullptr && joins) return create(std::move(stanza));
      if (known == nullptr) return absent(stanza);
      take_presence(*known, stanza);
    });
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
      host_.bounce(stanza, taken.error());
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

  // Section 7.2.17: presence from who is not in the room gets an explicit end of it.
  void absent(const Stanza& stanza) {
    if (stanza.head.is(PresenceType::available) && !stanza.late) tell_absent(host_, stanza);
  }

  static void tell_absent(ModuleHost& host, const Stanza& stanza) {
    constexpr std::uint32_t self_presence = 110, kicked = 307, technical_problem = 333;
    xmpp::MucUser user;
    user.item = xmpp::MucUserItem{
        .affiliation = Affiliation::none, .role = Role::none, .reason = "You are not in the room."};
    user.statuses = {{self_presence}, {kicked}, {technical_problem}};
    StanzaHead head = StanzaHead::of(PresenceType::unavailable);
    head.from = stanza.head.to;
    head.to = stanza.head.from;
    head.id = stanza.head.id;
    host.send(Stanza(std::move(head), xmpp::to_xml(user, xmpp::ns::client)));
  }

  // Section 10.1.
  void create(Stanza stanza) {
    if (!may_create(stanza.head.from))
      return host_.bounce(stanza, {Condition::not_allowed, "You may not make rooms here"});
    const Jid room = stanza.head.to.bare(), owner = stanza.head.from.bare();
    rooms_.make_room(room, owner, [this, stanza = std::move(stanza)](Answer<Room*> made) mutable {
      if (!made) return host_.bounce(stanza, made.error());
      Room& fresh = **made;
      const Answer<> entered = take_available(fresh, stanza);
      if (!entered) {
        host_.bounce(stanza, entered.error());
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
    const Jid room = event.stanza.head.to.bare();
    const bool event_is_late = event.stanza.late;
    auto use = [this, room, stanza = std::move(event.stanza)]() mutable {
      rooms_.with_room(room, [this, stanza = std::move(stanza)](Room* known) mutable {
        say(known, std::move(stanza));
      });
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
      return host_.bounce(stanza, {Condition::item_not_found, "There is no such room"});
    const Answer<> taken = take_message(*room, stanza);
    if (!taken) {
      rooms_.settle(*room);
      return host_.bounce(stanza, taken.error());
    }
    // It is open in the journal until it is stored; where that fails it comes again.
    rooms_.settle(*room, [this, stanza = stanza.copy()](Result<> stored) {
      if (stored) host_.done(stanza);
    });
  }

  Answer<> take_message(Room& room, const Stanza& stanza) {
    const Jid &client = stanza.head.from, &to = stanza.head.to;
    if (stanza.head.is(MessageType::error)) return take_error(room, stanza), Answer<>();
    if (to.is_full()) return room.whisper(client, to.resource(), stanza);
    if (!stanza.head.is(MessageType::groupchat)) return room.ask(client, stanza);
    const std::string id =
        stanza.id != 0 ? host_.message_names().text(stanza.stable_id()) : std::string();
    return room.speak(client, stanza, id);
  }

  void take_error(Room& room, const Stanza& stanza) {
    const auto error = StanzaError::parse(stanza.child({"error", xmpp::ns::client}));
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
    const Jid room = event.stanza.head.to.bare();
    rooms_.with_room(room, [this, stanza = std::move(event.stanza)](Room* known) mutable {
      const Answer<> taken = known != nullptr
                                 ? forward_in(*known, stanza)
                                 : Answer<>(xmpp::fail(Condition::not_acceptable, "No such room"));
      if (!taken) host_.bounce(stanza, taken.error());
    });
    return Flow::stop;
  }

  Answer<> forward_in(const Room& room, const Stanza& stanza) {
    const Occupant* sender = room.find_client(stanza.head.from);
    const Occupant* receiver = room.find_nick(stanza.head.to.resource());
    const xml::Element payload = stanza.root().first_child();
    const bool is_disco =
        payload.ns() == xmpp::ns::disco_info || payload.ns() == xmpp::ns::disco_items;
    if (sender == nullptr && is_disco) return xmpp::fail(Condition::bad_request);  // section 6.6
    if (sender == nullptr) return xmpp::fail(Condition::not_acceptable, "You are not in the room");
    // XEP-0410 section 3.3.
    if (sender == receiver && xmpp::is<xmpp::PingQuery>(payload))
      return host_.send(make_result(stanza.head, {})), Answer<>();
    if (receiver == nullptr) return xmpp::fail(Condition::item_not_found);
    StanzaHead head = StanzaHead::of(stanza.head.iq_type);
    head.from = sender->address;
    // What an account keeps is asked of the account (XEP-0054, avatars).
    head.to = xmpp::is<xmpp::VCard>(payload) ? receiver->user : receiver->shown().address;
    host_.ask(Stanza(std::move(head), stanza.payload()), forwarded_patience,
              [this, asked = stanza.head](const Stanza* answer) {
                if (answer == nullptr)
                  return host_.send(make_error(asked, Condition::remote_server_timeout));
                StanzaHead back = answer->head;
                back.from = asked.to;
                back.to = asked.from;
                back.id = asked.id;
                host_.send(Stanza(std::move(back), answer->payload()));
              });
    return {};
  }

  // --- requests to rooms ---

  // Runs `use` with the room of the request; a room that is hidden from who asks is none.
  template <class Use>
  void at_room(IqRequest request, Use use) {
    const Jid room = request.head().to;
    rooms_.with_room(room,
                     [request = std::move(request), use = std::move(use)](Room* known) mutable {
                       if (known == nullptr || known->is_hidden_from(request.head().from))
                         return request.fail({Condition::item_not_found, "There is no such room"});
                       use(*known, std::move(request));
                     });
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
    change_room(std::move(request), [query](Room& room, const Jid& user) {
      return room.moderate(user, query.id, query.reason);
    });
  }

  // --- the room's card and picture (XEP-0054, XEP-0486) ---

  void tell_card(IqRequest request, const xmpp::VCard&) {
    at_room(std::move(request), [this](Room& room, IqRequest asked) {
      host_.stores().records().get(
          card_key(room.address()),
          [asked = std::move(asked)](Result<std::optional<store::Record>> found) mutable {
            if (!found) return asked.fail(found.error());
            if (!*found) return asked.fail(Condition::item_not_found);
            asked.answer<xmpp::VCard>(xmpp::VCard{.xml = std::move((*found)->value)});
          });
    });
  }

  void keep_card(IqRequest request, const xmpp::VCard& card) {
    if (card.xml.size() > host_.limits().vcard_bytes)
      return request.fail({Condition::not_acceptable, "The card is too large"});
    const xml::Element photo = request.payload().child("PHOTO", xmpp::VCard::element.ns);
    std::string picture = photo ? photo.child("BINVAL", xmpp::VCard::element.ns).text() : "";
    std::erase_if(picture, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    const auto bytes = base64_decode(picture);
    if (!bytes) return request.fail({Condition::bad_request, "The picture is not in base64"});
    std::string hash;
    if (!bytes->empty())
      hash = hex_encode(host_.crypto().digest(crypto::HashAlgorithm::sha1, *bytes).view());
    change_room(
        std::move(request), [this, xml = card.xml, hash](Room& room, const Jid& user) -> Answer<> {
          if (room.affiliation(user) != Affiliation::owner)
            return xmpp::fail(Condition::forbidden, "Only owners give the room a picture");
          const auto ignore = [](auto) {};  // the hash is stored behind it, and answers for both
          if (xml.empty())
            host_.stores().records().remove(card_key(room.address()), ignore);
          else
            host_.stores().records().put(card_key(room.address()), xml, ignore);
          room.set_avatar(hash);
          return {};
        });
  }

  // --- discovery (section 6) ---

  Answer<DiscoInfo> describe_service(const IqContext&, const DiscoInfo& question) {
    if (!question.node.empty()) return xmpp::fail(Condition::item_not_found);
    DiscoInfo info;
    info.identities.push_back({.category = "conference", .type = "text", .name = "Chatrooms"});
    for (const std::string_view feature :
         {xmpp::ns::disco_info, xmpp::ns::disco_items, xmpp::ns::muc, xmpp::ns::muc_stable_id,
          xmpp::ns::occupant_id, xmpp::ns::rsm, std::string_view("urn:xmpp:ping"),
          xmpp::VCard::element.ns})
      info.features.push_back({std::string(feature)});
    return info;
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
      if (!node.empty()) return asked.fail(Condition::item_not_found);
      RoomItems answer;
      if (room.find_client(asked.head().from) != nullptr)
        for (const auto& occupant : room.occupants())
          answer.items.push_back({.jid = occupant->address});
      asked.answer<RoomItems>(std::move(answer));
    });
  }

  // Section 6.3: the public rooms of all shards, a page at a time (XEP-0059).
  void list_rooms(IqRequest request, const RoomItems& question) {
    if (!question.node.empty()) return request.fail(Condition::item_not_found);
    // Shared by the shards, each of which fills its own.
    auto found = std::make_shared<std::vector<std::vector<xmpp::DiscoItem>>>(
        host_.shard().server().shard_count());
    auto asked = std::make_shared<IqRequest>(std::move(request));  // shared with the end alone
    host_.on_all_shards(
        [found, service = rooms_.service().text()](ModuleHost& there) {
          const auto& all = there.data<RoomsByService>();
          const auto rooms = all.find(service);
          if (rooms == all.end()) return;
          for (const auto& [address, listing] : rooms->second->listings())
            if (listing.is_public)
              (*found)[there.shard().index()].push_back(
                  {.jid = Jid::trusted(address),
                   .name = listing.name.empty() ? std::string(Jid::trusted(address).local())
                                                : listing.name});
        },
        [found, asked, page = question.page] {
          std::vector<xmpp::DiscoItem> items;
          for (auto& part : *found) std::ranges::move(part, std::back_inserter(items));
          std::ranges::sort(items, {}, &xmpp::DiscoItem::jid);
          asked->answer<RoomItems>(cut_page(std::move(items), page));
        });
  }

  static RoomItems cut_page(std::vector<xmpp::DiscoItem> items,
                            const std::optional<xmpp::ResultSet>& page) {
    constexpr std::size_t most = 100;
    const std::size_t count = items.size();
    const auto wanted = page && page->max ? std::min<std::uint64_t>(*page->max, most) : most;
    std::size_t first = 0;
    if (page && page->after)
      first = static_cast<std::size_t>(
          std::ranges::upper_bound(items, *page->after, {},
                                   [](const auto& item) { return item.jid.text(); }) -
          items.begin());
    if (page && page->before) {
      std::size_t end = count;
      if (!page->before->empty())
        end = static_cast<std::size_t>(
            std::ranges::lower_bound(items, *page->before, {},
                                     [](const auto& item) { return item.jid.text(); }) -
            items.begin());
      first = end > wanted ? end - wanted : 0;
      items.resize(end);
    }
    RoomItems answer;
    for (std::size_t i = first; i < items.size() && answer.items.size() < wanted; ++i)
      answer.items.push_back(std::move(items[i]));
    if (!page && answer.items.size() == count) return answer;
    answer.page = xmpp::ResultSet{.count = count};
    if (!answer.items.empty()) {
      answer.page->first = xmpp::RsmFirst{first, answer.items.front().jid.text()};
      answer.page->last = answer.items.back().jid.text();
    }
    return answer;
  }

  // --- sessions over restarts (DECISIONS.md 5) ---

  static void restore(Room& room, const Stanza& stanza) {
    if (stanza.head.to.is_full())
      room.restore_client(stanza.head.from, std::string(stanza.head.to.resource()),
                          stanza.payload());
  }

  // Others may have left without a word to this client, or the room itself may be no more.
  void refresh(SessionResumed& event) {
    if (!event.after_restart) return;
    for (const Jid& to : event.session.directed()) {
      if (to.domain() != rooms_.service().domain() || !to.is_full()) continue;
      StanzaHead head = StanzaHead::of(PresenceType::available);
      head.from = event.session.address();
      head.to = to;
      host_.at_home(to.bare_text(),
                    [service = rooms_.service().text(),
                     stanza = Stanza(std::move(head), std::string_view())](ModuleHost& there) {
                      const auto& all = there.data<RoomsByService>();
                      const auto rooms = all.find(service);
                      if (rooms == all.end()) return;
                      rooms->second->with_room(
                          stanza.head.to.bare(), [&there, stanza = stanza.copy()](Room* room) {
                            if (room == nullptr || room->find_client(stanza.head.from) == nullptr)
                              return tell_absent(there, stanza);
                            room->refresh(stanza.head.from);
                          });
                    });
    }
  }

  void forget(AccountRemoved& event) { rooms_.forget_account(event.account); }

  ModuleHost& host_;
  Config config_;
  Rooms& rooms_;
  Timer evict_timer_;
};

}  // namespace herold::server

HEROLD_MODULE(muc, Muc)
