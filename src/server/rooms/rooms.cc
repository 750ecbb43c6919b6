// Rooms between memory and store.
#include "server/rooms/rooms.h"

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/rooms/room_store.h"
#include "server/server.h"

namespace herold::server {
namespace {

constexpr Seconds idle_time{30};
constexpr std::size_t sent_at_once = 1000;  // stanzas of a turn
constexpr Milliseconds pace_interval{50};

constexpr Seconds restore_patience{5};

// What a room's history is kept as: references of a box of its own.
store::Box history_box(const Jid& room) { return {room.text(), store::BoxKind::queue, "history"}; }

}  // namespace

// Writes under way for one change; shared by their completions.
struct Rooms::Saving {
  std::move_only_function<void(Result<>)> then;
  Result<> outcome{};
  ~Saving() {
    if (then) then(std::move(outcome));
  }
};

Rooms::Rooms(ModuleHost& host, Jid service) : host_(host), service_(std::move(service)) {
  load_listings();
}

// --- sending -------------------------------------------------------------------------------------

void Rooms::send(Stanza stanza) {
  if (sending_.empty()) return host_.send(std::move(stanza));
  std::vector<Jid> one{stanza.head.to};
  sending_.push_back({std::move(stanza), std::move(one)});
}

void Rooms::send_to_all(const Stanza& stanza, const std::vector<Jid>& clients) {
  if (sending_.empty() && clients.size() <= sent_at_once) return host_.send_to_all(stanza, clients);
  sending_.push_back({stanza.copy(), clients});
  if (sending_.size() == 1) send_next();
}

// A piece a turn, so that others have theirs in between.
void Rooms::send_next() {
  std::size_t left = sent_at_once;
  while (!sending_.empty() && left > 0) {
    Sending& first = sending_.front();
    const auto begin = first.clients.begin() + static_cast<std::ptrdiff_t>(first.next);
    const std::size_t count = std::min(left, first.clients.size() - first.next);
    host_.send_to_all(first.stanza, {begin, begin + static_cast<std::ptrdiff_t>(count)});
    first.next += count;
    left -= count;
    if (first.next == first.clients.size()) sending_.pop_front();
  }
  if (!sending_.empty()) host_.loop().post([this] { send_next(); });
}

// The client's shard knows whether it has room; it is asked again until it has, or is gone.
void Rooms::pace(const Jid& room, const Jid& client) {
  host_.ask_home(
      client.bare_text(),
      [client](ModuleHost& there) {
        const Account* account = there.find_account(client.bare());
        const Session* session =
            account != nullptr ? account->find_session(client.resource()) : nullptr;
        return session == nullptr || session->has_room();
      },
      [this, room, client](bool has_room) {
        with_room(room, [this, room, client, has_room](Room* known) {
          if (known == nullptr || has_room) pace_timers_.erase(client.text());
          if (known == nullptr) return;
          if (has_room)
            return host_.loop().post([this, room, client] {
              with_room(room, [client](Room* now) {
                if (now != nullptr) now->go_on(client);
              });
            });
          host_.after(pace_timers_[client.text()], pace_interval,
                      [this, room, client] { pace(room, client); });
        });
      });
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
          if (host_.shard().server().home_of(record.key) != host_.shard().index()) continue;
          const auto room = StoredRoom::decode(record.value, host_.limits());
          if (room)
            listings_[record.key] = {room->config.name, room->config.is_public,
                                     room->config.is_persistent};
        }
        is_loaded_ = true;
        loaded_at_ = host_.clock().now();
        for (net::Task& task : std::exchange(waiting_, {})) task();
      });
}

void Rooms::when_restored(net::Task task) {
  when_loaded([this, task = std::move(task)]() mutable {
    const Duration passed = host_.clock().now() - loaded_at_;
    if (passed >= restore_patience) return task();
    after_restore_.push_back(std::move(task));
    if (restore_timer_.running()) return;
    host_.after(restore_timer_, restore_patience - passed, [this] {
      for (net::Task& one : std::exchange(after_restore_, {})) one();
    });
  });
}

void Rooms::when_loaded(net::Task task) {
  if (is_loaded_) return task();
  waiting_.push_back(std::move(task));
}

void Rooms::with_room(const Jid& room, Use use) {
  when_loaded([this, room, use = std::move(use)]() mutable {
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
  });
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
        for (const store::Record& one : *members)
          if (auto member = decode_member(one.value))
            made->restore_member(Jid::trusted(one.key), *std::move(member));
        load_history(room, std::move(made));
      });
}

void Rooms::load_history(const Jid& address, std::unique_ptr<Room> room) {
  const auto most = static_cast<std::uint32_t>(2 * host_.limits().room_history);
  host_.stores().messages().fetch(
      history_box(address), 0, most,
      [this, address,
       room = std::move(room)](Result<std::vector<store::StoredMessage>> found) mutable {
        if (!found) return finish_loading(address.text(), nullptr);
        for (const store::StoredMessage& one : *found) {
          Stanza said = parse_stored(one.message.stanza.view());
          room->restore_history({Stanza(said.head, said.payload()),
                                 host_.message_names().text(one.message.stanza_id),
                                 one.message.time});
        }
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
      .token = [this] { return host_.random().token(); }};
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
                               [saving](Result<std::uint64_t> version) {
                                 if (!version) saving->outcome = std::unexpected(version.error());
                               });
}

void Rooms::take(store::RecordKey key, const std::shared_ptr<Saving>& saving) {
  host_.stores().records().remove(std::move(key), [saving](Result<> removed) {
    if (!removed) saving->outcome = std::move(removed);
  });
}

void Rooms::settle(Room& room, std::move_only_function<void(Result<>)> then) {
  const auto saving = std::make_shared<Saving>(std::move(then));
  const RoomChanges changes = room.take_changes();
  if (!changes.any()) return;
  for (const std::string& user : changes.members) save_member(room, user, saving);
  if (!changes.is_gone) {
    if (changes.room) save_room(room, saving);
    return save_history(room, changes, saving);
  }
  host_.stores().messages().remove_all(history_box(room.address()), [saving](Result<> removed) {
    if (!removed) saving->outcome = std::move(removed);
  });
  const std::string address = room.address().text();
  for (const auto& [user, member] : room.members()) {
    take({std::string(membership_records), user, address}, saving);
    take({std::string(ownership_records), user, address}, saving);
  }
  take(room_key(room.address()), saving);
  take(card_key(room.address()), saving);
  host_.stores().records().remove_all(std::string(member_records), address,
                                      [saving](Result<> removed) {
                                        if (!removed) saving->outcome = std::move(removed);
                                      });
  listings_.erase(address);
  const auto slot = slots_.find(address);
  if (slot == slots_.end()) return;
  slot->second.room.reset();
  if (slot->second.parked.empty()) slots_.erase(slot);
}

void Rooms::save_room(const Room& room, const std::shared_ptr<Saving>& saving) {
  const std::string& address = room.address().text();
  listings_[address] = {room.config().name, room.config().is_public && !room.is_locked(),
                        room.config().is_persistent};
  put(room_key(room.address()), StoredRoom::of(room, slots_[address].key).encode(), saving);
}

void Rooms::save_history(const Room& room, const RoomChanges& changes,
                         const std::shared_ptr<Saving>& saving) {
  const auto note = [saving](Result<> outcome) {
    if (!outcome) saving->outcome = std::move(outcome);
  };
  std::vector<store::NewMessage> fresh;
  for (const std::string& id : changes.said) {
    const RoomHistory::Entry* entry = room.history().find(id);
    if (entry == nullptr) continue;  // too large to stay
    fresh.push_back({{.stanza_id = host_.message_names().parse(id),
                      .from = entry->stanza.head.from.text(),
                      .to = room.address().text(),
                      .time = entry->time,
                      .stanza = SharedBytes(entry->stanza.to_xml())},
                     {{history_box(room.address())}}});
  }
  if (!fresh.empty()) host_.stores().messages().add(std::move(fresh), note);
  std::vector<MessageId> gone;
  for (const std::string& id : changes.unsaid) gone.push_back(host_.message_names().parse(id));
  if (!gone.empty())
    host_.stores().messages().remove_stanzas(history_box(room.address()), std::move(gone), note);
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

void Rooms::forget_account(const Jid& user) {
  host_.stores().records().list(
      std::string(membership_records), user.text(), "",
      [this, user](Result<std::vector<store::Record>> rooms) {
        if (!rooms) return;
        for (const store::Record& one : *rooms)
          host_.at_home(one.key, [service = service_.text(), room = Jid::trusted(one.key),
                                  user](ModuleHost& there) {
            auto& all = there.data<RoomsByService>();
            const auto found = all.find(service);
            if (found == all.end()) return;
            found->second->with_room(room, [&rooms_there = *found->second, user](Room* known) {
              if (known == nullptr) return;
              known->forget(user);
              rooms_there.settle(*known);
            });
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

}  // namespace herold::server
