// All rooms of a service that have their home on this shard: made, loaded, stored, ended.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "server/module_host.h"
#include "server/rooms/crowds.h"
#include "server/rooms/room.h"
#include "server/rooms/room_archive.h"
#include "store/records.h"
#include "xmpp/ext/moderation.h"

namespace herold::server {

class Rooms final : private RoomOutput {
 public:
  Rooms(ModuleHost& host, Jid service);
  Rooms(const Rooms&) = delete;

  const Jid& service() const { return service_; }

  // What anybody may know of a room without its being in memory.
  struct Listing {
    std::string name, description, language;
    bool is_public = false;
    bool is_persistent = false;
    bool is_open = false;       // to who is no member and knows no password
    bool is_anonymous = false;  // semi-anonymous
  };
  // By bare address; complete once it is loaded.
  const std::map<std::string, Listing, std::less<>>& listings() const { return listings_; }
  std::uint64_t occupants(std::string_view room) const;
  void when_loaded(net::Task task);

  using Use = std::move_only_function<void(Room*)>;
  // The room, in memory; nullptr where there is none or it could not be read. At once where it can
  // be, else in its turn.
  // `payload`: what `use` holds, counted while it waits behind what the room tells many.
  void with_room(const Jid& room, Use use, Bytes payload = 0);
  // The same where there is none yet; an error when `owner` may not have another one.
  using Made = std::move_only_function<void(Answer<Room*>)>;
  void make_room(const Jid& room, const Jid& owner, Made made);

  // The room as it is now, ahead of what waits for it; nullptr where it is not in memory.
  const Room* find_in_memory(const Jid& room) const;
  // Not while as much waits for the room as may.
  Answer<> may_ask(const Jid& room, Crowds::Wish wish = Crowds::Wish::any) const;

  // Stores what changed; `then` runs when that is safe. A room that ended goes.
  void settle(Room& room, std::move_only_function<void(Result<>)> then = {});
  // XEP-0425: a moderator takes a message out of history and archive, and everybody hears of it.
  using Moderated = std::move_only_function<void(Answer<>)>;
  void moderate(const Jid& room, const Jid& moderator, const xmpp::Moderate& wish, Moderated then);
  // An account is gone: so are its standing in every room, and its words.
  void forget_account(RemovalWork& work);
  // Whom `judge` does not want in any room any more is put out.
  void expel(const std::function<Answer<>(const Stanza&)>& judge);
  // Rooms that nobody is in and nobody asked for lately leave the memory.
  void evict();

 private:
  struct Slot {
    std::unique_ptr<Room> room;  // nullptr while it is loaded
    std::string key;             // StoredRoom::key
    std::deque<Use> parked;
    MonotonicTime used{};
  };
  struct Saving;

  void send(Stanza stanza) override;
  void send_to_all(Stanza stanza, std::vector<Jid> clients) override;
  void send_to_all(const Stanza& stanza, const Audience& all) override;
  bool is_told_at_once(const Stanza& stanza, const Audience& all) const;
  bool pass_on(const Stanza& said, const std::optional<std::string>& aside,
               const Audience& all) override;
  bool send_safely(Stanza stanza) override;
  void tell_absent(const Stanza& said, const std::vector<Jid>& members) override;
  void recall(const Jid& room, const Jid& client, WallTime since) override;
  MessageId next_id() override { return host_.next_message_id(); }
  void show(const Jid& client, std::vector<Stanza> others) override;
  void pace(const Jid& room, const Jid& client) override;
  void send_piece(const Stanza& stanza, const std::vector<Jid>& clients, Crowds::Rest rest);

  void forget_at_home(const Jid& room, RemovalWork& work);
  void forget(const Jid& room, const Jid& user, store::Completion<> done);
  void load_listings();
  void end_abandoned();
  void reach_room(const Jid& room, Use use);
  void load(const Jid& room);
  void load_members(const Jid& room, std::optional<store::Record> record);
  void finish_loading(const std::string& address, std::unique_ptr<Room> room);
  std::unique_ptr<Room> new_room(const Jid& address, const std::string& key);
  // Writes under way for one change are shared by their completions.
  void put(store::RecordKey key, std::string value, const std::shared_ptr<Saving>& saving);
  void take(store::RecordKey key, const std::shared_ptr<Saving>& saving);
  void load_roles(const Jid& address, std::unique_ptr<Room> room);
  void load_history(const Jid& address, std::unique_ptr<Room> room);
  void save_roles(const Room& room, const std::set<std::string>& users,
                  const std::shared_ptr<Saving>& saving);
  void take_back(const Jid& room, const RoomRetraction& wish);
  void bury(const Jid& room, const Jid& moderator, const xmpp::Moderate& wish,
            std::optional<Stanza> said, Moderated then);
  void save_room(const Room& room, const std::shared_ptr<Saving>& saving);
  void save_member(const Room& room, const std::string& user,
                   const std::shared_ptr<Saving>& saving);

  ModuleHost& host_;
  RoomArchive archive_;
  Jid service_;
  std::map<std::string, Listing, std::less<>> listings_;
  std::map<std::string, Slot, std::less<>> slots_;
  Crowds crowds_;
  std::map<std::string, Timer, std::less<>> pace_timers_;  // by client
  bool is_loaded_ = false;
  MonotonicTime loaded_at_{};
  bool is_swept_ = false;
  std::deque<net::Task> waiting_;
};

// What a domain keeps beyond its settings: rooms stay when a service is named otherwise and back.
using RoomsByService = std::map<std::string, std::unique_ptr<Rooms>, std::less<>>;
// This shard's of a service; nullptr where there is no such service.
Rooms* find_rooms(ModuleHost& host, std::string_view service);
// Runs `use` on the room's home, as Rooms::with_room() does, where its service is still there; then
// what it changed is stored.
using UseAtHome = std::move_only_function<void(ModuleHost& there, Room* room)>;
void at_home_of_room(ModuleHost& host, const Jid& room, UseAtHome use);

}  // namespace herold::server
