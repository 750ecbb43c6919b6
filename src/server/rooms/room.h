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
#include "server/audience.h"
#include "server/rooms/history.h"
#include "server/rooms/room_config.h"
#include "server/rooms/room_hats.h"
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
  virtual void send_to_all(Stanza stanza, std::vector<Jid> clients) = 0;
  virtual void send_to_all(const Stanza& stanza, const Audience& all) = 0;
  // Who is here, to one of them, ahead of what is on its way to all: it is as new as any of that.
  virtual void show(const Jid& client, std::vector<Stanza> others) = 0;
  // To each of them, and none that can resume misses it, whatever dies; with `aside` (aside.h) it
  // is in the room's archive as well. False: there is no room for it, and nobody gets it.
  virtual bool pass_on(const Stanza& said, const std::optional<std::string>& aside,
                       const Audience& all) = 0;
  // The same of what only one gets.
  virtual bool send_safely(Stanza stanza) = 0;
  // Members who are not here learn of it elsewhere, as by push.
  virtual void tell_absent(const Stanza& said, const std::vector<Jid>& members) = 0;
  // Calls Room::recalled() with what the archive has since then.
  virtual void recall(const Jid& room, const Jid& client, WallTime since) = 0;
  // A stable id for a message of the room itself.
  virtual MessageId next_id() = 0;
  // Calls Room::go_on() for the client as soon as it can take more.
  virtual void pace(const Jid& room, const Jid& client) = 0;
};

// One client of an occupant.
struct RoomClient {
  Jid address;
  SharedBytes presence;  // what it says of itself
  bool is_lost = false;  // its session ended with the process: it goes if it does not enter again
};

// How much somebody may bring about at once, and in the long run.
struct TokenBucket {
  double left = 0;
  MonotonicTime at{};

  bool take(double rate, double burst, MonotonicTime now);
};

// Whether those who are told of an occupant see who it is (section 3).
enum class Shown : std::uint8_t { with_address, without };

// Somebody in the room: one account under one nickname, with one or several clients.
struct Occupant {
  std::uint64_t number = 0;  // in the order of entering
  std::string nick;
  Jid address;  // room/nick
  Jid user;     // bare
  Role role = Role::none;
  std::string id;                   // XEP-0421
  std::vector<RoomClient> clients;  // never empty; the last one's presence is shown
  TokenBucket tokens;
  std::optional<MonotonicTime> spoke;  // XEP-0500
  // What its presence says to those who see its address, and to others; empty until it is asked
  // for again.
  mutable SharedBytes shown_with_address, shown_without;

  const RoomClient& shown() const { return clients.back(); }
  void forget_shown() const { shown_with_address = shown_without = SharedBytes(); }
  SharedBytes& shown_to(Shown shown) const {
    return shown == Shown::with_address ? shown_with_address : shown_without;
  }
};

// How somebody stands to the room for good.
struct RoomMember {
  Affiliation affiliation = Affiliation::none;
  std::string nick;  // reserved
  std::string reason;
  // When the last client went; while one is here, when it came: it may end without a word.
  std::optional<WallTime> left;
  friend bool operator==(const RoomMember&, const RoomMember&) = default;
};

struct RoomSubject {
  std::string text;
  std::string nick;               // of who set it
  std::optional<WallTime> since;  // none: it never was set
  std::string author{};           // the id of that occupant (XEP-0421)
};

// XEP-0424: somebody takes back what he said, if it is his.
struct RoomRetraction {
  std::string id;         // the message's stanza-id
  std::string author;     // the id of the occupant who may
  std::string tombstone;  // what the archive shows instead
};

// What changed and is to be stored.
struct RoomChanges {
  bool room = false;              // configuration, subject, lock
  std::set<std::string> members;  // bare addresses whose entries changed
  std::set<std::string> roles;    // keys of Room::roles()
  std::vector<RoomRetraction> retractions;
  std::set<std::string> authors;  // bare addresses of whose words the archive has from now on
  bool is_gone = false;           // destroyed, or left by all for good
  bool any() const {
    return room || is_gone || !members.empty() || !roles.empty() || !retractions.empty() ||
           !authors.empty();
  }
};

// What a client said, without what only rooms say: as it is passed on.
SharedBytes reflected(const Stanza& stanza, const Jid& room);
// Whether somebody who enters later wants to read it: not markers, receipts or states.
bool is_part_of_history(xml::Element message);

class Room {
 public:
  struct Surroundings {
    RoomOutput& output;
    const Clock& clock;
    const Limits& limits;  // of the domain; outlive the room
    std::function<std::string(const Jid& user)> occupant_id;
    std::function<std::string()> token;             // unguessable; for ids
    std::function<std::string(MessageId)> name_of;  // what clients know a message by
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
  void restore_role(const std::string& key, Role role) { roles_[key] = role; }
  void restore_client(const Jid& client, const std::string& nick, SharedBytes presence);
  // Its session cannot come back: unless its client enters until end_lost(), it is no more.
  void note_lost(const Jid& client);
  void end_lost(const Jid& client);
  void restore_history(RoomHistory::Entry entry) { history_.add(std::move(entry), around_.limits); }
  // What is in memory is not all of it.
  void restore_history_cut() { history_.cut(); }

  // --- who is here ---
  const Occupant* find_client(const Jid& client) const;
  const Occupant* find_nick(std::string_view nick) const;  // by PRECIS comparison
  const std::vector<std::unique_ptr<Occupant>>& occupants() const { return occupants_; }
  std::size_t client_count() const { return by_client_.size(); }
  // Who hears what is said: all clients but those that are entering.
  const Audience& audience() const;
  Affiliation affiliation(const Jid& user) const;
  // Whether somebody may see real addresses.
  bool sees_addresses(const Jid& user) const;
  // Whether he may read the room's archive: who could enter now (XEP-0313 section 6.1.2).
  Answer<> may_read(const Jid& user) const;
  const RoomMember* find_member(const Jid& user) const;
  const std::map<std::string, RoomMember, std::less<>>& members() const { return members_; }
  // Roles that were set by hand, by bare address and nickname, as user/nick: they last over
  // restarts.
  const std::map<std::string, Role, std::less<>>& roles() const { return roles_; }

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
  // Who enters a large room is shown the others piece by piece, so that no turn is long and no
  // output large: the next one.
  void go_on(const Jid& client);
  // The archive's answer, for who enters.
  void recalled(const Jid& client, std::vector<RoomHistory::Entry> past);
  // It went without having got this message, or any later one.
  void note_missed(const Jid& client, std::string_view id);
  // It may have lost what others did meanwhile: it is shown who is here.
  void refresh(const Jid& client);
  // It cannot be reached any more (sections 11.1 and 7.2.18).
  void drop(const Jid& client);

  // --- messages (room_messages.cc) ---
  // To everybody, with the ids that only rooms give.
  Answer<> speak(const Jid& client, const Stanza& message);
  Answer<> whisper(const Jid& client, std::string_view nick, const Stanza& message);
  // A message to the room that is not for all: invitations, their refusal, requests for voice.
  Answer<> ask(const Jid& client, const Stanza& message);

  // --- taking back (room_retraction.cc) ---
  Answer<> may_moderate(const Jid& client, const std::string& reason) const;
  // XEP-0425: tells everybody that a message is taken back.
  Answer<> moderate(const Jid& client, const std::string& stanza_id, const std::string& reason);
  // What the archive shows in place of a message of `author`.
  std::string tombstone(const Jid& moderator, const std::string& author,
                        const std::string& reason) const;

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

  // --- hats (room_wardrobe.cc): by its owner, whom the caller knows ---
  const RoomHats& hats() const { return hats_; }
  void restore_hats(RoomHats hats) { hats_ = std::move(hats); }
  Answer<> put_hat(xmpp::Hat hat);
  Answer<> remove_hat(std::string_view uri);
  Answer<> assign_hat(const Jid& user, std::string_view uri);
  Answer<> unassign_hat(const Jid& user, std::string_view uri);

  // The service ends it, whoever owns it.
  void close(const std::string& reason) { destroy({.reason = reason}); }
  // The account is no more: nor is its standing, and what it said. Yields the id under which it
  // was known (XEP-0421). Where it was the only owner the room's admins own it from now on.
  std::string forget(const Jid& user);
  // The service gives the room another owner.
  Answer<> appoint(const Jid& owner);
  // The service does not want this user any more.
  void expel(const Jid& user, const std::string& reason);
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
    bool is_nothing_new() const {
      return codes.empty() && new_nick.empty() && actor.empty() && reason.empty() &&
             destroy == nullptr;
    }
  };

  // A client that is being shown who is here; until then it hears nothing else.
  struct Entering {
    Entry entry;
    std::vector<std::uint32_t> codes;  // of its own presence
    std::uint64_t shown = 0;           // the last occupant's number
    WallTime since{};
    bool is_recalling = false;  // waits for the archive
    std::vector<RoomHistory::Entry> recalled{};
  };
  using AllEntering = std::map<std::string, Entering, std::less<>>;  // by full address
  const Entering* entering(const Jid& client) const;
  void end_entering(AllEntering::iterator entering);

  MonotonicTime now() const { return around_.clock.now(); }
  WallTime wall() const { return around_.clock.wall(); }
  Occupant* occupant_of(const Jid& client);
  Occupant* by_nick(std::string_view nick);
  RoomMember& member_entry(const Jid& user);
  std::size_t count_owners() const;
  // Whether the room's lists have a place for him there.
  Answer<> may_list(const Jid& user, Affiliation wanted) const;
  void find_owners();

  // room.cc
  Answer<> may_enter(const Entry& entry) const;
  Answer<> check_nick(const std::string& nick, const Jid& user) const;
  void reserve(const std::string& user, RoomMember& member, const std::string& nick);
  TokenBucket full_bucket() const;
  bool spend(TokenBucket& bucket);
  Answer<> spend(Occupant& occupant);
  void welcome(Occupant& occupant, const Entry& entry, bool is_new);
  Occupant& add_occupant(const Jid& user, const std::string& nick);
  void show_others(const Occupant& occupant, const Jid& client);
  Stanza shown_presence(const Occupant& other, const Occupant& to, const Jid& client) const;
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
  void note_present(const Jid& user);
  std::optional<WallTime> missed_since(const Occupant& occupant, const Entering& entering) const;
  std::vector<Jid> absent_members() const;
  void note_role(const Occupant& occupant);
  void forget_role(const Occupant& occupant);

  // room_messages.cc
  enum class Lasting : std::uint8_t { passing, history };
  struct Passing {
    MessageId id = 0;  // its stable one; 0: it may get lost
    Lasting lasting = Lasting::passing;
    std::optional<std::string> aside{};  // for the archive
  };
  Answer<> say(const Occupant& speaker, const Stanza& message, Lasting lasting);
  Answer<> pass_on(StanzaHead head, std::string payload, Passing how);
  std::string aside_of(const Occupant& speaker) const;
  void note_retraction(const std::string& author, const Stanza& message);
  Answer<> set_subject(const Occupant& speaker, const Stanza& message);
  Answer<> may_speak(Occupant& occupant, const Stanza& message);
  Answer<> invite(const Occupant* inviter, const Jid& client, const Stanza& message,
                  const xmpp::MucUser& user);
  Answer<> decline(const Jid& client, const Stanza& message, const xmpp::MucDecline& decline);
  Answer<> request_voice(Occupant& occupant, const xmpp::DataForm& form);
  void send_invitation(const Jid& from, const xmpp::MucInvite& invite, const std::string& id);
  void tell_all(const xmpp::MucUser& news);

  // room_wardrobe.cc
  void show_wearers(const std::vector<std::string>& users);
  std::vector<std::string> wearers_of(std::string_view uri) const;

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
  void adjust_to_settings(const RoomConfig& before);
  void tell_settings(const RoomConfig& before);
  void destroy(const xmpp::MucDestroy<xmpp::ns::muc_owner>& wish);
  RoomSettings settings() const;
  std::string actor_nick(const Jid& user) const;
  void tell_absentee(const Jid& user, const std::string& reason);

  Jid address_;
  Surroundings around_;
  RoomConfig config_;
  RoomSubject subject_;
  RoomHistory history_;
  bool is_locked_ = false;
  RoomHats hats_;
  std::string avatar_;                                       // the hash of the room's picture
  std::map<std::string, RoomMember, std::less<>> members_;   // by bare address or domain
  std::vector<std::unique_ptr<Occupant>> occupants_;         // in the order of entering
  std::unordered_map<std::string, Occupant*> by_client_;     // by full address
  std::unordered_map<std::string, Occupant*> by_nick_;       // by nickname_key()
  std::unordered_multimap<std::string, Occupant*> by_look_;  // by look_alike_key()
  std::unordered_map<std::string, std::string> reserved_;    // nickname_key() -> bare address
  AllEntering entering_;                                     // mostly none
  std::map<std::string, Role, std::less<>> roles_;           // set by hand, as roles() has them
  std::uint64_t last_number_ = 0;
  TokenBucket outside_;                         // for messages to who is not here
  std::set<std::string, std::less<>> authors_;  // of whom the store knows that they spoke here
  mutable std::optional<Audience> audience_;    // until somebody comes or goes
  RoomChanges changes_;
};

}  // namespace herold::server
