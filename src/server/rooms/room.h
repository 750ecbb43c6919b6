// A room (XEP-0045): who is in it, what they may do, and what everybody is told. No I/O: what it
// says goes to a RoomOutput, what has to be stored is in take_changes().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "server/rooms/history.h"
#include "server/rooms/room_config.h"
#include "server/stanza.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/register.h"

namespace herold::server {

// Where a room's stanzas go.
class RoomOutput {
 public:
  virtual ~RoomOutput() = default;
  virtual void send(Stanza stanza) = 0;
  // The same to each of them; `to` is empty.
  virtual void send_to_all(const Stanza& stanza, const std::vector<Jid>& clients) = 0;
  // Calls Room::go_on() for the client as soon as it can take more.
  virtual void pace(const Jid& room, const Jid& client) = 0;
};

// One client of an occupant.
struct RoomClient {
  Jid address;
  SharedBytes presence;  // what it says of itself
};

// Somebody in the room: one account under one nickname, with one or several clients.
struct Occupant {
  std::uint64_t number = 0;  // in the order of entering
  std::string nick;
  Jid address;  // room/nick
  Jid user;     // bare
  Role role = Role::none;
  std::string id;                   // XEP-0421
  std::vector<RoomClient> clients;  // never empty; the last one's presence is shown
  double tokens = 0;                // of the rate
  MonotonicTime tokens_at{};
  std::optional<MonotonicTime> spoke;  // XEP-0500

  const RoomClient& shown() const { return clients.back(); }
};

// How somebody stands to the room for good.
struct RoomMember {
  Affiliation affiliation = Affiliation::none;
  std::string nick;  // reserved
  std::string reason;
  std::optional<WallTime> left;  // when the last client went
  friend bool operator==(const RoomMember&, const RoomMember&) = default;
};

struct RoomSubject {
  std::string text;
  std::string nick;               // of who set it
  std::optional<WallTime> since;  // none: it never was set
};

// What changed and is to be stored.
struct RoomChanges {
  bool room = false;                // configuration, subject, lock
  std::set<std::string> members;    // bare addresses whose entries changed
  std::vector<std::string> said;    // ids of messages that are new in the history
  std::vector<std::string> unsaid;  // of those that are not in it any more
  bool is_gone = false;             // destroyed, or left by all for good
  bool any() const {
    return room || is_gone || !members.empty() || !said.empty() || !unsaid.empty();
  }
};

// What a client said, without what only rooms say: as it is passed on.
SharedBytes reflected(const Stanza& stanza, const Jid& room);

class Room {
 public:
  struct Surroundings {
    RoomOutput& output;
    const Clock& clock;
    const Limits& limits;  // of the domain; outlive the room
    std::function<std::string(const Jid& user)> occupant_id;
    std::function<std::string()> token;  // unguessable; for ids
  };
  Room(Jid address, Surroundings surroundings);
  Room(const Room&) = delete;

  const Jid& address() const { return address_; }
  const RoomConfig& config() const { return config_; }
  bool is_locked() const { return is_locked_; }
  // Section 10.1: it is not there yet but for its owner.
  bool is_locked_for(const Jid& user) const {
    return is_locked_ && affiliation(user) != Affiliation::owner;
  }
  // HOSTILE 109: for whom it looks like a room that does not exist.
  bool is_hidden_from(const Jid& user) const {
    if (is_locked_for(user)) return true;
    return !config_.is_public && config_.is_members_only &&
           affiliation(user) <= Affiliation::none && find_client(user) == nullptr;
  }
  const RoomSubject& subject() const { return subject_; }
  const RoomHistory& history() const { return history_; }

  // --- from the store ---
  enum class Lock : std::uint8_t { open, locked };
  void restore(RoomConfig config, RoomSubject subject, Lock lock);
  void restore_member(const Jid& user, RoomMember member);
  void restore_client(const Jid& client, const std::string& nick, SharedBytes presence);
  void restore_history(RoomHistory::Entry entry) {
    std::ignore = history_.add(std::move(entry), around_.limits);
  }

  // --- who is here ---
  const Occupant* find_client(const Jid& client) const;
  const Occupant* find_nick(std::string_view nick) const;  // by PRECIS comparison
  const std::vector<std::unique_ptr<Occupant>>& occupants() const { return occupants_; }
  std::size_t client_count() const { return by_client_.size(); }
  std::vector<Jid> all_clients() const;
  Affiliation affiliation(const Jid& user) const;
  const RoomMember* find_member(const Jid& user) const;
  const std::map<std::string, RoomMember, std::less<>>& members() const { return members_; }

  // --- presence (room.cc); `payload` is what the client said of itself ---
  struct Entry {
    Jid client;
    std::string nick;
    xmpp::MucJoin join;
    std::string id;  // of the presence
  };
  // Makes the one who enters first the owner; everybody else finds it locked.
  void create(const Jid& owner);
  Answer<> enter(const Entry& entry, SharedBytes payload);
  // From a client that is in: another nick, or other presence.
  Answer<> change(const Jid& client, const std::string& nick, const std::string& id,
                  SharedBytes payload);
  void leave(const Jid& client, SharedBytes payload);
  // Who enters a large room is shown the others piece by piece (HOSTILE 94): the next one.
  void go_on(const Jid& client);
  // It may have lost what others did meanwhile: it is shown who is here.
  void refresh(const Jid& client);
  // It cannot be reached any more (sections 11.1 and 7.2.18).
  void drop(const Jid& client);

  // --- messages (room_messages.cc) ---
  // What passed the checks and goes to everybody, with the ids that only rooms give, or nothing
  // where it was a subject, which the room has told already.
  Answer<> speak(const Jid& client, const Stanza& message, std::string_view stanza_id);
  Answer<> whisper(const Jid& client, std::string_view nick, const Stanza& message);
  // A message to the room that is not for all: invitations, their refusal, requests for voice.
  Answer<> ask(const Jid& client, const Stanza& message);
  // XEP-0425.
  Answer<> moderate(const Jid& client, const std::string& stanza_id, const std::string& reason);

  // --- lists and settings (room_lists.cc) ---
  Answer<xmpp::MucAdmin> list(const Jid& user, const xmpp::MucAdmin& question) const;
  Answer<> change_list(const Jid& user, const xmpp::MucAdmin& wish);
  Answer<xmpp::MucOwner> form(const Jid& user) const;
  // A submitted form, a cancelled one, or destruction.
  Answer<> own(const Jid& user, const xmpp::MucOwner& wish);
  Answer<xmpp::RegisterQuery> registration(const Jid& user) const;
  Answer<> register_member(const Jid& user, const xmpp::RegisterQuery& wish);
  // XEP-0486: an owner gave the room a picture, or took it away ("").
  void set_avatar(std::string hash);
  void restore_avatar(std::string hash) { avatar_ = std::move(hash); }
  const std::string& avatar() const { return avatar_; }
  // The account is no more.
  void forget(const Jid& user);
  xmpp::DiscoInfo describe() const;

  // Section 7.14: a temporary room ends with its last occupant.
  void end_if_empty();
  RoomChanges take_changes() { return std::exchange(changes_, {}); }
  bool is_gone() const { return changes_.is_gone; }

 private:
  // What presence of an occupant says beside role and affiliation.
  struct News {
    std::vector<std::uint32_t> codes{};       // to all
    std::vector<std::uint32_t> self_codes{};  // to the occupant's own clients
    std::string new_nick{};
    std::string actor{};  // the nick of who did it
    std::string reason{};
    const xmpp::MucDestroy<xmpp::ns::muc_user>* destroy = nullptr;
    std::string id{};               // of what the client sent
    const Jid* answered = nullptr;  // that client: its presence bears the id
  };
  enum class Shown : std::uint8_t { with_address, without };

  // A client that is being shown who is here; until then it hears nothing else.
  struct Entering {
    Entry entry;
    std::vector<std::uint32_t> codes;  // of its own presence
    std::uint64_t shown = 0;           // the last occupant's number
    WallTime since{};
  };
  const Entering* entering(const Jid& client) const;

  MonotonicTime now() const { return around_.clock.now(); }
  WallTime wall() const { return around_.clock.wall(); }
  Occupant* occupant_of(const Jid& client);
  Occupant* by_nick(std::string_view nick);
  RoomMember& member_entry(const Jid& user);
  std::size_t count_owners() const;

  // room.cc
  Answer<> may_enter(const Entry& entry) const;
  Answer<> check_nick(const std::string& nick, const Jid& user) const;
  void reserve(const std::string& user, RoomMember& member, const std::string& nick);
  Answer<> spend(Occupant& occupant);
  void welcome(Occupant& occupant, const Entry& entry, bool is_new);
  Occupant& add_occupant(const Jid& user, const std::string& nick);
  void show_others(const Occupant& occupant, const Jid& client);
  void show(const Occupant& other, const Occupant& to, const Jid& client);
  void finish_entering(const Occupant& occupant, const Entering& entering);
  void show_history(const Jid& client, const Entering& entering, const Jid& user);
  void show_subject(const Jid& client);
  Stanza presence_of(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
                     Shown shown, const News& news, std::vector<std::uint32_t> codes,
                     Role role) const;
  bool sees_addresses(const Occupant& occupant) const;
  bool is_shown(Role role) const { return (config_.presence_broadcast & role_bit(role)) != 0; }
  void announce(const Occupant& occupant, const News& news);
  void tell(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
            const News& news, Role role);
  void tell_others(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
                   const News& news, Role role);
  void tell_self(const Occupant& occupant, const RoomClient& client, PresenceType type,
                 const SharedBytes& presence, const News& news, Role role);
  void remove_client(const Jid& client, SharedBytes presence, const News& news);
  void remove_occupant(Occupant& occupant, const News& news);
  void forget_occupant(Occupant& occupant);
  void rename(Occupant& occupant, const std::string& nick);
  void index(Occupant& occupant);
  void unindex(const Occupant& occupant);
  void note_left(const Jid& user);

  // room_messages.cc
  std::string cleaned(const Stanza& message) const;
  Answer<> set_subject(const Occupant& speaker, const Stanza& message);
  Answer<> may_speak(Occupant& occupant, const Stanza& message);
  Answer<> invite(const Occupant* inviter, const Jid& client, const Stanza& message,
                  const xmpp::MucUser& user);
  Answer<> decline(const Jid& client, const Stanza& message, const xmpp::MucDecline& decline);
  Answer<> request_voice(Occupant& occupant, const xmpp::DataForm& form);
  void send_invitation(const Jid& from, const xmpp::MucInvite& invite, const std::string& id);
  void tell_all(const xmpp::MucUser& news);

  // room_lists.cc
  Answer<> check_role_change(const Occupant& actor, const xmpp::MucAdminItem& item) const;
  Answer<> check_affiliation_change(const Jid& actor, const xmpp::MucAdminItem& item) const;
  void apply_role(const Occupant& actor, const xmpp::MucAdminItem& item);
  void apply_affiliation(const Jid& actor, const xmpp::MucAdminItem& item);
  void set_affiliation(const Jid& user, Affiliation affiliation, const News& news);
  void adjust_occupant(Occupant& occupant, Affiliation before, const News& news);
  void set_role(Occupant& occupant, Role role);
  Role default_role(Affiliation affiliation) const;
  Answer<> configure(const Jid& user, const xmpp::DataForm& form);
  Answer<> take_lists(const Jid& user, const RoomSettings& wanted);
  void settings_changed(const RoomConfig& before);
  void destroy(const xmpp::MucDestroy<xmpp::ns::muc_owner>& wish);
  RoomSettings settings() const;
  std::string actor_nick(const Jid& user) const;

  Jid address_;
  Surroundings around_;
  RoomConfig config_;
  RoomSubject subject_;
  RoomHistory history_;
  bool is_locked_ = false;
  std::string avatar_;                                      // the hash of the room's picture
  std::map<std::string, RoomMember, std::less<>> members_;  // by bare address or domain
  std::vector<std::unique_ptr<Occupant>> occupants_;        // in the order of entering
  std::unordered_map<std::string, Occupant*> by_client_;    // by full address
  std::unordered_map<std::string, Occupant*> by_nick_;      // by nickname_key()
  std::unordered_map<std::string, Occupant*> by_look_;      // by look_alike_key()
  std::unordered_map<std::string, std::string> reserved_;   // nickname_key() -> bare address
  std::map<std::string, Entering, std::less<>> entering_;   // by full address; mostly none
  std::uint64_t last_number_ = 0;
  RoomChanges changes_;
};

}  // namespace herold::server
