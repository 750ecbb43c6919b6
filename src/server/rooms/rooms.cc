// Rooms between memory and store.
#include "server/rooms/rooms.h"

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/archive.h"
#include "server/aside.h"
#include "server/removals.h"
#include "server/rooms/room_store.h"
#include "server/server.h"

namespace herold::server {
namespace {

constexpr Seconds idle_time{30};
constexpr std::size_t many = 200;  // clients that hear of somebody's presence
constexpr Milliseconds pace_interval{50};

Rooms::Listing listing_of(const RoomConfig& config, Room::Lock lock) {
  return {.name = config.name,
          .description = config.description,
          .language = config.language,
          .is_public = config.is_public && lock == Room::Lock::open,
          .is_persistent = config.is_persistent,
          .is_open = !config.is_members_only && !config.is_password_protected,
          .is_anonymous = !config.is_non_anonymous};
}

}  // namespace

// Writes under way for one change; shared by their completions. Those that end without an answer,
// because the server ends, were not made.
struct Rooms::Saving {
  std::move_only_function<void(Result<>)> then;
  Result<> outcome{};
  unsigned unanswered = 0;
  ~Saving() {
    if (unanswered != 0) outcome = herold::fail(Fault::unavailable, "the server ends");
    if (then) then(std::move(outcome));
  }
  template <class T>
  static store::Completion<T> note(const std::shared_ptr<Saving>& saving) {
    ++saving->unanswered;
    return [saving](Result<T> result) {
      --saving->unanswered;
      if (!result) saving->outcome = std::unexpected(std::move(result).error());
    };
  }
};

Rooms::Rooms(ModuleHost& host, Jid service)
    : host_(host),
      archive_(host),
      service_(std::move(service)),
      crowds_([this](const Stanza& stanza, const std::vector<Jid>& clients,
                     Crowds::Rest rest) { send_piece(stanza, clients, rest); },
              [this](net::Task task) { host_.loop().post(std::move(task)); },
              [key = HashKey::make(host.random())](const Jid& client) {
                return siphash(key, client.text());
              }) {
  load_listings();
}

// --- sending -------------------------------------------------------------------------------------

void Rooms::send(Stanza stanza) {
  if (!crowds_.has(stanza.head.from.bare_text())) return host_.send(std::move(stanza));
  std::vector<Jid> one{stanza.head.to};
  crowds_.send(std::move(stanza), std::move(one));
}

void Rooms::send_to_all(Stanza stanza, std::vector<Jid> clients) {
  if (stanza.shared != 0) host_.shard().shared_stanzas().begin(stanza.shared);
  // What others do in a large room is no news that would be worth a write of its own.
  if (stanza.kind() == StanzaKind::presence && clients.size() > many)
    return crowds_.send_later(std::move(stanza), std::move(clients));
  crowds_.send(std::move(stanza), std::move(clients));
}

bool Rooms::is_told_at_once(const Stanza& stanza, const Audience& all) const {
  return !crowds_.is_many(all.clients().size()) && !crowds_.has(stanza.head.from.bare_text());
}

// Whoever hears it may bring about that the room has another audience: it is not touched again.
void Rooms::send_to_all(const Stanza& stanza, const Audience& all) {
  if (!is_told_at_once(stanza, all)) return send_to_all(stanza.copy(), all.clients());
  SharedStanzas& shared = host_.shard().shared_stanzas();
  if (stanza.shared != 0) shared.begin(stanza.shared);
  host_.send_to_all(stanza, all);
  if (stanza.shared != 0) shared.taken(stanza.shared, SharedStanzas::Holders::no_new);
}

void Rooms::send_piece(const Stanza& stanza, const std::vector<Jid>& clients, Crowds::Rest rest) {
  host_.send_to_all(stanza, clients);
  if (stanza.shared != 0 && rest == Crowds::Rest::none)
    host_.shard().shared_stanzas().taken(stanza.shared, SharedStanzas::Holders::no_new);
}

void Rooms::show(const Jid& client, std::vector<Stanza> others) {
  host_.at_home(client.bare_text(), [others = std::move(others)](ModuleHost& there) mutable {
    for (Stanza& one : others) there.send(std::move(one));
  });
}

Answer<> Rooms::may_ask(const Jid& room, Crowds::Wish wish) const {
  if (!crowds_.is_full(room.bare_text(), wish)) return {};
  return std::unexpected(
      StanzaError(Condition::resource_constraint, "The room is busy; come again in a moment")
          .with_type(xmpp::ErrorType::wait));
}

// DECISIONS.md 1: one record for all of them. Where all get it in this turn on this shard, their
// references are written together with it; else the journal has to know that they may be missing.
bool Rooms::pass_on(const Stanza& said, const std::optional<std::string>& aside,
                    const Audience& all) {
  const bool is_at_once = is_told_at_once(said, all) && host_.shard().server().shard_count() == 1;
  Stanza kept = said.copy();
  if (aside && !aside->empty())
    kept.set_payload(std::string(said.payload().view()) + make_aside(*aside));
  kept.head.to = said.head.from.bare();
  kept.waits = waiting_for::clients;
  if (!is_at_once) kept.waits |= waiting_for::delivery;
  kept.accepted = host_.clock().wall();
  const bool is_kept = aside ? host_.archive().keep(kept.head.to, kept) : host_.commit_again(kept);
  if (!is_kept) return false;
  Stanza shared = said.copy();
  shared.shared = kept.id;
  send_to_all(shared, all);
  return true;
}

bool Rooms::send_safely(Stanza stanza) {
  stanza.accepted = host_.clock().wall();
  if (!host_.commit_again(stanza)) return false;
  send(std::move(stanza));
  return true;
}

void Rooms::tell_absent(const Stanza& said, const std::vector<Jid>& members) {
  host_.at_homes(members, [head = said.head, payload = said.payload()](
                              ModuleHost& there, const std::vector<Jid>& users) {
    for (const Jid& user : users)
      there.with_account(user, [head, payload](Account* account) {
        if (account == nullptr) return;
        const Stanza missed(head, payload);
        MessageMissed event{*account, missed};
        std::ignore = account->host().hooks().fire(event);
      });
  });
}

void Rooms::recall(const Jid& room, const Jid& client, WallTime since) {
  archive_.recall(room, since, host_.limits().archive_page,
                  [this, room, client](std::optional<RoomArchive::Past> past) mutable {
                    with_room(room, [this, client, past = std::move(past)](Room* known) mutable {
                      if (known == nullptr) return;
                      known->recalled(client, past ? std::move(past->entries)
                                                   : std::vector<RoomHistory::Entry>());
                      settle(*known);
                    });
                  });
}

// The client's shard knows whether it has room; it is asked again until it has, or is gone. Who is
// entering goes on ahead of those who wait for the room.
void Rooms::pace(const Jid& room, const Jid& client) {
  host_.ask_home(
      client.bare_text(),
      [client](ModuleHost& there) {
        const Account* account = there.find_account(client.bare());
        const Session* session =
            account != nullptr ? account->find_session(client.resource()) : nullptr;
        return session == nullptr || (!session->is_behind() && session->has_room());
      },
      [this, room, client](bool has_room) {
        reach_room(room, [this, room, client, has_room](Room* known) {
          if (known == nullptr || has_room) pace_timers_.erase(client.text());
          if (known == nullptr) return;
          if (has_room)
            return host_.loop().post([this, room, client] {
              reach_room(room, [this, client](Room* now) {
                if (now == nullptr) return;
                now->go_on(client);
                settle(*now);
              });
            });
          host_.after(pace_timers_[client.text()], pace_interval,
                      [this, room, client] { pace(room, client); });
        });
      });
}

std::uint64_t Rooms::occupants(std::string_view room) const {
  const auto slot = slots_.find(room);
  return slot == slots_.end() || !slot->second.room ? 0 : slot->second.room->occupants().size();
}

const Room* Rooms::find_in_memory(const Jid& room) const {
  const auto slot = slots_.find(room.bare_text());
  return slot == slots_.end() ? nullptr : slot->second.room.get();
}

// --- loading -------------------------------------------------------------------------------------

void Rooms::load_listings() {
  host_.stores().records().list(
      std::string(room_records), service_.text(), "",
      [this](Result<std::vector<store::Record>> records) {
        if (!records) {
          host_.log().warning("rooms-not-loaded", {{"reason", records.error().text}});
          return load_listings();
        }
        for (const store::Record& record : *records) {
          if (!host_.is_home_of(record.key)) continue;
          const auto room = StoredRoom::decode(record.value, host_.limits());
          if (room) listings_[record.key] = listing_of(room->config, room->lock);
        }
        is_loaded_ = true;
        loaded_at_ = host_.clock().now();
        for (net::Task& task : std::exchange(waiting_, {})) task();
      });
}

void Rooms::when_loaded(net::Task task) {
  if (is_loaded_) return task();
  waiting_.push_back(std::move(task));
}

void Rooms::with_room(const Jid& room, Use use, Bytes payload) {
  when_loaded([this, room, payload, use = std::move(use)]() mutable {
    if (!crowds_.is_behind(room.text())) return reach_room(room, std::move(use));
    constexpr Bytes usual = 700;  // the stanza without its payload, and the calls that bring it
    crowds_.wait(room.text(), usual + payload, [this, room, use = std::move(use)]() mutable {
      reach_room(room, std::move(use));
    });
  });
}

void Rooms::reach_room(const Jid& room, Use use) {
  const auto found = slots_.find(room.text());
  if (found != slots_.end()) {
    Slot& slot = found->second;
    slot.used = host_.clock().now();
    if (slot.room && slot.parked.empty()) return use(slot.room.get());
    return slot.parked.push_back(std::move(use));
  }
  if (!listings_.contains(room.text())) return use(nullptr);
  slots_[room.text()].parked.push_back(std::move(use));
  load(room);
}

void Rooms::load(const Jid& room) {
  host_.stores().records().get(room_key(room),
                               [this, room](Result<std::optional<store::Record>> record) {
                                 if (!record || !*record)
                                   return finish_loading(room.text(), nullptr);
                                 load_members(room, *std::move(record));
                               });
}

void Rooms::load_members(const Jid& room, std::optional<store::Record> record) {
  host_.stores().records().list(
      std::string(member_records), room.text(), "",
      [this, room, text = record->value](Result<std::vector<store::Record>> members) {
        auto stored = StoredRoom::decode(text, host_.limits());
        if (!members || !stored) return finish_loading(room.text(), nullptr);
        auto made = new_room(room, stored->key);
        slots_[room.text()].key = stored->key;
        made->restore(std::move(stored->config), std::move(stored->subject), stored->lock);
        made->restore_avatar(std::move(stored->avatar));
        made->restore_hats(std::move(stored->hats));
        for (const store::Record& one : *members)
          if (auto member = decode_member(one.value))
            made->restore_member(Jid::trusted(one.key), *std::move(member));
        load_roles(room, std::move(made));
      });
}

void Rooms::load_roles(const Jid& address, std::unique_ptr<Room> room) {
  host_.stores().records().list(
      std::string(role_records), address.text(), "",
      [this, address, room = std::move(room)](Result<std::vector<store::Record>> roles) mutable {
        if (!roles) return finish_loading(address.text(), nullptr);
        for (const store::Record& one : *roles)
          if (const auto role = xmpp::value_of<Role>(one.value)) room->restore_role(one.key, *role);
        load_history(address, std::move(room));
      });
}

// What is said in a room without an archive is forgotten with its last occupant.
void Rooms::load_history(const Jid& address, std::unique_ptr<Room> room) {
  if (!room->config().is_logged) return finish_loading(address.text(), std::move(room));
  archive_.recall(address, {}, host_.limits().room_history,
                  [this, address, room = std::move(room)](auto past) mutable {
                    if (!past) return finish_loading(address.text(), nullptr);
                    for (RoomHistory::Entry& one : past->entries)
                      room->restore_history(std::move(one));
                    if (past->is_cut) room->restore_history_cut();
                    finish_loading(address.text(), std::move(room));
                  });
}

void Rooms::finish_loading(const std::string& address, std::unique_ptr<Room> room) {
  Slot& slot = slots_[address];
  slot.room = std::move(room);
  slot.used = host_.clock().now();
  // Whoever runs may end the room; the next one then finds none.
  while (true) {
    const auto found = slots_.find(address);
    if (found == slots_.end() || found->second.parked.empty()) break;
    Use use = std::move(found->second.parked.front());
    found->second.parked.pop_front();
    use(found->second.room.get());
  }
  const auto found = slots_.find(address);
  if (found != slots_.end() && !found->second.room) slots_.erase(found);
}

std::unique_ptr<Room> Rooms::new_room(const Jid& address, const std::string& key) {
  Room::Surroundings around{
      .output = *this,
      .clock = host_.clock(),
      .limits = host_.limits(),
      .occupant_id =
          [this, key](const Jid& user) {
            return hex_encode(
                host_.crypto().hmac(crypto::HashAlgorithm::sha256, key, user.text()).view());
          },
      .token = [this] { return host_.random().token(); },
      .name_of = [this](MessageId id) { return host_.message_names().text(id); }};
  return std::make_unique<Room>(address, std::move(around));
}

void Rooms::make_room(const Jid& room, const Jid& owner, Made made) {
  // Each shard has its share of the bound.
  const std::uint64_t share =
      std::max<std::uint64_t>(1, host_.limits().rooms / host_.shard().server().shard_count());
  if (listings_.size() >= share)
    return made(xmpp::fail(Condition::resource_constraint, "There are too many rooms"));
  if (listings_.contains(room.text()) || slots_.contains(room.text()))
    return made(xmpp::fail(Condition::internal_server_error));  // there is one, but unreadable now
  slots_[room.text()].used = host_.clock().now();               // whoever comes meanwhile waits
  host_.stores().records().usage(
      std::string(ownership_records), owner.text(),
      [this, room, owner, made = std::move(made)](Result<store::RecordUsage> usage) mutable {
        Slot& slot = slots_[room.text()];
        if (!usage || usage->count >= host_.limits().rooms_per_account) {
          made(usage ? Answer<Room*>(
                           xmpp::fail(Condition::resource_constraint, "You own too many rooms"))
                     : Answer<Room*>(std::unexpected(StanzaError(usage.error()))));
          return finish_loading(room.text(), nullptr);
        }
        // What an earlier room of that name left after a crash is none of its business.
        archive_.forget(room, [](Result<>) {});
        slot.key = host_.random().token(32);
        auto fresh = new_room(room, slot.key);
        Room& created = *fresh;
        created.create(owner);
        // Ahead of those that waited.
        slot.parked.push_front([made = std::move(made)](Room* now) mutable { made(now); });
        finish_loading(room.text(), std::move(fresh));
      });
}

// --- storing -------------------------------------------------------------------------------------

void Rooms::put(store::RecordKey key, std::string value, const std::shared_ptr<Saving>& saving) {
  host_.stores().records().put(std::move(key), std::move(value),
                               Saving::note<std::uint64_t>(saving));
}

void Rooms::take(store::RecordKey key, const std::shared_ptr<Saving>& saving) {
  host_.stores().records().remove(std::move(key), Saving::note<void>(saving));
}

void Rooms::settle(Room& room, std::move_only_function<void(Result<>)> then) {
  const auto saving = std::make_shared<Saving>(std::move(then));
  const RoomChanges changes = room.take_changes();
  if (!changes.any()) return;
  for (const std::string& user : changes.members) save_member(room, user, saving);
  for (const std::string& user : changes.authors)
    put({std::string(author_records), user, room.address().text()}, "", saving);
  if (!changes.is_gone) {
    save_roles(room, changes.roles, saving);
    if (changes.room) save_room(room, saving);
    for (const RoomRetraction& one : changes.retractions) take_back(room.address(), one);
    return;
  }
  archive_.forget(room.address(), Saving::note<void>(saving));
  const std::string address = room.address().text();
  for (const auto& [user, member] : room.members()) {
    take({std::string(membership_records), user, address}, saving);
    take({std::string(ownership_records), user, address}, saving);
  }
  take(room_key(room.address()), saving);
  take(card_key(room.address()), saving);
  for (const std::string_view index : {member_records, role_records})
    host_.stores().records().remove_all(std::string(index), address, Saving::note<void>(saving));
  listings_.erase(address);
  const auto slot = slots_.find(address);
  if (slot == slots_.end()) return;
  slot->second.room.reset();
  if (slot->second.parked.empty()) slots_.erase(slot);
}

void Rooms::save_room(const Room& room, const std::shared_ptr<Saving>& saving) {
  const std::string& address = room.address().text();
  const Room::Lock lock = room.is_locked() ? Room::Lock::locked : Room::Lock::open;
  listings_[address] = listing_of(room.config(), lock);
  put(room_key(room.address()), StoredRoom::of(room, slots_[address].key).encode(), saving);
}

void Rooms::save_roles(const Room& room, const std::set<std::string>& users,
                       const std::shared_ptr<Saving>& saving) {
  for (const std::string& user : users) {
    store::RecordKey key{std::string(role_records), room.address().text(), user};
    const auto role = room.roles().find(user);
    if (role == room.roles().end())
      take(std::move(key), saving);
    else
      put(std::move(key), std::string(xmpp::name_of(role->second)), saving);
  }
}

void Rooms::save_member(const Room& room, const std::string& user,
                        const std::shared_ptr<Saving>& saving) {
  const std::string& address = room.address().text();
  const auto found = room.members().find(user);
  const auto keep = [&](std::string_view index, Affiliation least) {
    store::RecordKey key{std::string(index), user, address};
    if (found != room.members().end() && found->second.affiliation >= least)
      put(std::move(key), "", saving);
    else
      take(std::move(key), saving);
  };
  keep(membership_records, Affiliation::member);
  keep(ownership_records, Affiliation::owner);
  if (found == room.members().end())
    take(member_key(room.address(), user), saving);
  else
    put(member_key(room.address(), user), encode_member(found->second), saving);
}

// --- taking back ---------------------------------------------------------------------------------

// The archive knows who said it; another's retraction changes nothing (HOSTILE 127).
void Rooms::take_back(const Jid& room, const RoomRetraction& wish) {
  archive_.find(room, wish.id, [this, room, wish](std::optional<Stanza> said) {
    if (!said || author_of(*said) != wish.author) return;
    archive_.bury(room, wish.id, wish.tombstone, [this](Result<> buried) {
      if (!buried)
        host_.log().warning("retraction-not-archived", {{"reason", buried.error().text}});
    });
  });
}

void Rooms::moderate(const Jid& room, const Jid& moderator, const xmpp::Moderate& wish,
                     Moderated then) {
  archive_.find(room, wish.id,
                [this, room, moderator, wish, then = std::move(then)](auto said) mutable {
                  bury(room, moderator, wish, std::move(said), std::move(then));
                });
}

// First out of the archive, then everybody hears of it.
void Rooms::bury(const Jid& room, const Jid& moderator, const xmpp::Moderate& wish,
                 std::optional<Stanza> said, Moderated then) {
  const bool is_archived = said.has_value();
  auto tell = [this, room, moderator, wish, is_archived,
               then = std::move(then)](Result<> buried) mutable {
    if (!buried) return then(std::unexpected(StanzaError(buried.error())));
    with_room(room,
              [this, moderator, wish, is_archived, then = std::move(then)](Room* known) mutable {
                if (known == nullptr || (!is_archived && !known->history().has(wish.id)))
                  return then(xmpp::fail(Condition::item_not_found, "There is no such message"));
                const Answer<> told = known->moderate(moderator, wish.id, wish.reason);
                settle(*known);
                then(told);
              });
  };
  if (!is_archived) return tell({});
  with_room(room, [this, room, moderator, wish, author = author_of(*said),
                   tell = std::move(tell)](Room* known) mutable {
    if (known == nullptr) return tell({});
    archive_.bury(room, wish.id, known->tombstone(moderator, author, wish.reason), std::move(tell));
  });
}

void Rooms::expel(const std::function<Answer<>(const Stanza&)>& judge) {
  std::vector<std::pair<Jid, Jid>> found;  // room and user
  std::string reason;
  for (const auto& [address, slot] : slots_) {
    if (!slot.room) continue;
    for (const auto& occupant : slot.room->occupants()) {
      StanzaHead head = StanzaHead::of(PresenceType::available);
      head.from = occupant->user;
      head.to = occupant->address;
      const Answer<> may = judge(Stanza(std::move(head), std::string_view()));
      if (!may) reason = may.error().text, found.emplace_back(slot.room->address(), occupant->user);
    }
  }
  for (const auto& [room, user] : found)
    with_room(room, [this, user, reason](Room* known) {
      if (known == nullptr) return;
      known->expel(user, reason);
      settle(*known);
    });
}

// Settling takes the room out of the account's index; what was kept of that is there until all is
// done.
void Rooms::forget_account(RemovalWork& work) {
  for (const std::string_view index : room_indices)
    host_.stores().records().list(
        std::string(index), store::removed_owner(work.account().text()), "",
        [this, &work, part = work.begin()](const Result<std::vector<store::Record>>& rooms) {
          if (!rooms) return part(host_, std::unexpected(rooms.error()));
          for (const store::Record& one : *rooms) forget_at_home(Jid::trusted(one.key), work);
          part(host_, {});
        });
}

void Rooms::forget_at_home(const Jid& room, RemovalWork& work) {
  host_.at_home(room.text(), [room, user = work.account(), part = work.begin()](ModuleHost& there) {
    const Service* service = there.shard().find_service(room.domain());
    Rooms* rooms = service == nullptr ? nullptr : find_rooms(service->host(), room.domain());
    if (rooms == nullptr)
      return part(there, herold::fail(Fault::unavailable, "the service is switched off"));
    rooms->forget(room, user, [&there, part](const Result<>& gone) { part(there, gone); });
  });
}

void Rooms::forget(const Jid& room, const Jid& user, store::Completion<> done) {
  with_room(room, [this, room, user, done = std::move(done)](Room* known) mutable {
    if (known == nullptr) return done({});
    std::string author = known->forget(user);
    settle(*known, [this, room, author = std::move(author),
                    done = std::move(done)](Result<> settled) mutable {
      if (!settled) return done(std::move(settled));
      archive_.erase_author(room, std::move(author), std::move(done));
    });
  });
}

// Temporary rooms whose occupants did not come back after a restart.
void Rooms::end_abandoned() {
  const Seconds patience(host_.limits().sm_resume_time);
  if (is_swept_ || !is_loaded_ || host_.clock().now() - loaded_at_ < patience + idle_time) return;
  is_swept_ = true;
  for (const auto& [address, listing] : std::map(listings_)) {
    if (listing.is_persistent) continue;
    with_room(Jid::trusted(address), [this](Room* room) {
      if (room == nullptr) return;
      room->end_if_empty();
      settle(*room);
    });
  }
}

void Rooms::evict() {
  end_abandoned();
  const MonotonicTime old = host_.clock().now() - idle_time;
  std::erase_if(slots_, [&](const auto& entry) {
    const Slot& slot = entry.second;
    return slot.room && slot.parked.empty() && slot.used < old && slot.room->occupants().empty();
  });
}

Rooms* find_rooms(ModuleHost& host, std::string_view service) {
  const auto& all = host.data<RoomsByService>();
  const auto found = all.find(service);
  return found == all.end() ? nullptr : found->second.get();
}

void at_home_of_room(ModuleHost& host, const Jid& room, UseAtHome use) {
  host.at_home(room.text(), [room, use = std::move(use)](ModuleHost& there) mutable {
    Rooms* rooms = find_rooms(there, room.domain());
    if (rooms == nullptr) return;
    rooms->with_room(room, [&there, rooms, use = std::move(use)](Room* known) mutable {
      use(there, known);
      if (known != nullptr) rooms->settle(*known);
    });
  });
}

}  // namespace herold::server
