// For tests: what a room (XEP-0045) does, as simply as can be said, to hold a real one against.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/rooms/room_config.h"
#include "xmpp/errors.h"

namespace herold::server {

// A persistent room of one name, which may be destroyed and made again. Each action says what every
// client must be told of it, as short lines:
//   presence  "nick aff/role [jid=full] codes [now nick] [by nick] [because reason]", "gone ..."
//   message   "nick: body", "(late) nick: body", "nick whispers body", "subject 'text' of nick",
//             "room codes", "invited"
//   request   "yes", "no: condition", and lists of addresses or nicknames
class RoomModel {
 public:
  // Nicknames with the same `key` are one (RFC 8266), those with the same `look` look alike.
  struct Nick {
    std::string_view text;
    unsigned key, look;
  };
  enum class Setting : std::uint8_t { members_only, moderated, password, non_anonymous };
  static constexpr std::string_view password = "cauldron";
  static constexpr std::string_view reason = "Begone";

  // Lines for each client, in the order in which they must come; those of a group in any.
  using Group = std::multiset<std::string>;
  using Told = std::map<std::string, std::vector<Group>>;
  Told take_told() { return std::exchange(told_, {}); }
  // What happened since it was asked the last time depends on the order of occupants, which is not
  // known after a restart: only what everybody believes in the end is.
  bool is_unsure() { return std::exchange(is_unsure_, false); }

  // Of the full addresses that are online all the time.
  explicit RoomModel(std::vector<std::string> clients) : clients_(std::move(clients)) {}

  void enter(const std::string& client, const Nick& nick, std::string_view with_password);
  void leave(const std::string& client);
  // Its session ended.
  void lose(const std::string& client);
  void change(const std::string& client, const Nick& nick);
  void speak(const std::string& client, const std::string& body);
  void whisper(const std::string& client, const Nick& nick, const std::string& body);
  void set_subject(const std::string& client, const std::string& text);
  void set_role(const std::string& client, const Nick& nick, Role role);
  void set_affiliation(const std::string& client, const std::string& user, Affiliation wanted);
  void configure(const std::string& client, Setting setting, bool is_on);
  void destroy(const std::string& client);
  void enlist(const std::string& client, const Nick& nick);  // registers with the room
  void resign(const std::string& client);
  void list(const std::string& client, Affiliation affiliation);
  // The server died: who has a session that can be resumed comes back in this order.
  void restart(const std::vector<std::string>& returning);

  bool has(const std::string& client) const { return find(client) != nullptr; }
  const Nick* nick_of(const std::string& client) const;
  // What a client in the room sees of the others and itself: nick -> "aff/role"; else nothing.
  std::map<std::string, std::string> view_of(const std::string& client) const;

 private:
  struct Occupant {
    Nick nick;
    std::string user;
    Role role = Role::none;
    std::vector<std::string> clients;  // the last one is shown
  };
  struct Member {
    Affiliation affiliation = Affiliation::none;
    std::optional<Nick> nick;
  };
  struct News {
    std::set<unsigned> codes{}, self_codes{};
    std::string rest{};  // of the line
  };
  struct Said {
    std::string nick, body;
  };
  // What the room is like; none: there is none.
  struct State {
    bool is_locked = true;
    std::set<Setting> settings{};
    std::map<std::string, Member> members{};
    std::vector<Occupant> occupants{};
    std::vector<Said> said{};
    std::string subject = "subject '' of nobody";
  };

  const Occupant* find(const std::string& client) const;
  Occupant* find(const std::string& client);
  Occupant* by_key(unsigned key);
  Affiliation standing(const std::string& user) const;
  bool is(Setting setting) const { return state_ && state_->settings.contains(setting); }
  bool sees(const Occupant& occupant) const;
  Role usual_role(const std::string& user) const;
  std::optional<xmpp::Condition> may_use(const Nick& nick, const std::string& user);
  std::optional<xmpp::Condition> may_enter(const std::string& user, const Nick& nick,
                                           std::string_view with_password);
  std::optional<xmpp::Condition> may_set_role(const std::string& client, const Nick& nick,
                                              Role role);
  std::optional<xmpp::Condition> may_set_affiliation(const std::string& actor,
                                                     const std::string& user,
                                                     Affiliation wanted) const;
  bool is_hidden_from(const std::string& user) const;

  void tell(const std::string& client, std::string line) { told_[client].push_back({line}); }
  void answer(const std::string& client, const std::optional<xmpp::Condition>& error);
  std::string line(const Occupant& of, std::string_view start, bool with_address,
                   const std::set<unsigned>& codes, std::string_view rest) const;
  void announce(const Occupant& occupant, const News& news);
  void part(Occupant& occupant, const News& news);
  void tell_all(const Occupant& occupant, std::string_view start, const News& news);
  void remove(const Occupant& occupant);
  void show_others(const Occupant& to, const std::string& client);
  void promote(Occupant& occupant, Role role);
  void change_standing(const std::string& user, Affiliation wanted, const std::string& rest);
  std::optional<Nick> actor_nick(const std::string& client);
  bool is_present(const std::string& user) const;
  void tell_at_home(const std::string& user, const std::string& line);
  void adjust(Occupant& occupant, Affiliation before, const News& news);

  const std::vector<std::string> clients_;
  std::optional<State> state_;
  bool is_ordered_ = true, is_unsure_ = false;
  Told told_;
};

}  // namespace herold::server
