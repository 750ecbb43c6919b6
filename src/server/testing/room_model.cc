// The rules of XEP-0045, without bounds, stores, or clients that are slow.
#include "server/testing/room_model.h"

#include <algorithm>

namespace herold::server {
namespace {

using xmpp::Condition;

constexpr std::size_t shown_history = 5;  // who enters asks for that many

std::string bare(const std::string& client) { return client.substr(0, client.find('/')); }

std::string refusal(Condition condition) { return "no: " + std::string(xmpp::name_of(condition)); }

std::string standing_line(Affiliation affiliation, Role role) {
  return std::string(xmpp::name_of(affiliation)) + '/' + std::string(xmpp::name_of(role));
}

}  // namespace

// --- who is there --------------------------------------------------------------------------------

RoomModel::Occupant* RoomModel::find(const std::string& client) {
  if (!state_) return nullptr;
  for (Occupant& one : state_->occupants)
    if (std::ranges::find(one.clients, client) != one.clients.end()) return &one;
  return nullptr;
}

const RoomModel::Occupant* RoomModel::find(const std::string& client) const {
  return const_cast<RoomModel*>(this)->find(client);
}

RoomModel::Occupant* RoomModel::by_key(unsigned key) {
  const auto found =
      std::ranges::find_if(state_->occupants, [&](const auto& one) { return one.nick.key == key; });
  return found == state_->occupants.end() ? nullptr : &*found;
}

const RoomModel::Nick* RoomModel::nick_of(const std::string& client) const {
  const Occupant* occupant = find(client);
  return occupant == nullptr ? nullptr : &occupant->nick;
}

std::map<std::string, std::string> RoomModel::view_of(const std::string& client) const {
  std::map<std::string, std::string> view;
  if (!has(client)) return view;
  for (const Occupant& one : state_->occupants)
    view[std::string(one.nick.text)] = standing_line(standing(one.user), one.role);
  return view;
}

Affiliation RoomModel::standing(const std::string& user) const {
  const auto found = state_->members.find(user);
  return found == state_->members.end() ? Affiliation::none : found->second.affiliation;
}

bool RoomModel::sees(const Occupant& occupant) const {
  return is(Setting::non_anonymous) || occupant.role == Role::moderator;
}

Role RoomModel::usual_role(const std::string& user) const {
  const Affiliation its = standing(user);
  if (its >= Affiliation::admin) return Role::moderator;
  return its == Affiliation::member || !is(Setting::moderated) ? Role::participant : Role::visitor;
}

bool RoomModel::is_hidden_from(const std::string& user) const {
  return !state_ || (state_->is_locked && standing(user) != Affiliation::owner);
}

// --- telling -------------------------------------------------------------------------------------

void RoomModel::answer(const std::string& client, const std::optional<Condition>& error) {
  tell(client, error ? refusal(*error) : "yes");
}

std::string RoomModel::line(const Occupant& of, std::string_view start, bool with_address,
                            const std::set<unsigned>& codes, std::string_view rest) const {
  const Role role = start.empty() ? of.role : Role::none;
  // A nickname's end is announced by whom it belongs to, who stays.
  const bool is_renamed = codes.contains(303);
  std::string text = std::string(start) + std::string(of.nick.text) + ' ' +
                     standing_line(standing(of.user), is_renamed ? of.role : role);
  if (with_address) text += " jid=" + of.clients.back();
  for (const unsigned code : codes) text += ' ' + std::to_string(code);
  return text + std::string(rest);
}

void RoomModel::tell_all(const Occupant& occupant, std::string_view start, const News& news) {
  for (const Occupant& other : state_->occupants)
    for (const std::string& client : other.clients) {
      const bool is_own = &other == &occupant;
      std::set<unsigned> codes = news.codes;
      if (is_own) {
        codes.insert(110);
        codes.insert(news.self_codes.begin(), news.self_codes.end());
      }
      tell(client, line(occupant, start, is_own || sees(other), codes, news.rest));
    }
}

void RoomModel::announce(const Occupant& occupant, const News& news) {
  tell_all(occupant, "", news);
}

void RoomModel::part(Occupant& occupant, const News& news) {
  tell_all(occupant, "gone ", news);
  remove(occupant);
}

void RoomModel::remove(const Occupant& occupant) {
  std::erase_if(state_->occupants, [&](const Occupant& one) { return &one == &occupant; });
  if (state_->occupants.empty() && state_->is_locked) state_.reset();
}

void RoomModel::show_others(const Occupant& to, const std::string& client) {
  Group others;
  for (const Occupant& other : state_->occupants)
    if (&other != &to) others.insert(line(other, "", sees(to), {}, ""));
  if (!others.empty()) told_[client].push_back(std::move(others));
}

// --- entering and leaving (section 7) ------------------------------------------------------------

std::optional<Condition> RoomModel::may_use(const Nick& nick, const std::string& user) {
  const auto is_others = [&](const auto& one) {
    return one.nick.key == nick.key && one.user != user;
  };
  if (std::ranges::any_of(state_->occupants, is_others)) return Condition::conflict;
  for (const auto& [owner, member] : state_->members)
    if (member.nick && member.nick->key == nick.key && owner != user) return Condition::conflict;
  const auto looks_so = [&](const auto& one) {
    return one.nick.look == nick.look && one.user != user;
  };
  if (std::ranges::any_of(state_->occupants, looks_so)) return Condition::not_acceptable;
  return std::nullopt;
}

std::optional<Condition> RoomModel::may_enter(const std::string& user, const Nick& nick,
                                              std::string_view with_password) {
  const Affiliation its = standing(user);
  if (its == Affiliation::outcast) return Condition::forbidden;
  if (state_->is_locked && its != Affiliation::owner) return Condition::item_not_found;
  if (is(Setting::members_only) && its < Affiliation::member)
    return Condition::registration_required;
  if (is(Setting::password) && with_password != password) return Condition::not_authorized;
  return may_use(nick, user);
}

void RoomModel::enter(const std::string& client, const Nick& nick, std::string_view with_password) {
  const std::string user = bare(client);
  bool is_made = false;
  if (!state_) {
    state_ = State();
    is_ordered_ = true;
    state_->members[user].affiliation = Affiliation::owner;
    is_made = true;
  }
  Occupant* occupant = find(client);
  if (occupant != nullptr && occupant->nick.text != nick.text) {
    change(client, nick);
    occupant = find(client);
    if (occupant->nick.text != nick.text) return;  // refused
  } else if (occupant == nullptr) {
    if (const auto error = may_enter(user, nick, with_password)) return answer(client, error);
    occupant = by_key(nick.key);
    if (occupant == nullptr) {
      state_->occupants.push_back({nick, user, usual_role(user), {}});
      occupant = &state_->occupants.back();
    }
    occupant->clients.push_back(client);
  }
  std::set<unsigned> codes{110, 170};
  if (is(Setting::non_anonymous)) codes.insert(100);
  if (is_made) codes.insert(201);
  if (occupant->nick.text != nick.text) codes.insert(210);
  Told others = take_told();
  announce(*occupant, {});
  told_[client] = others[client];  // it hears of itself last
  others.erase(client);
  for (auto& [one, lines] : others)
    told_[one].insert(told_[one].begin(), lines.begin(), lines.end());
  show_others(*occupant, client);
  tell(client, line(*occupant, "", true, codes, ""));
  const std::size_t first = state_->said.size() - std::min(state_->said.size(), shown_history);
  for (std::size_t i = first; i < state_->said.size(); ++i)
    tell(client, "(late) " + state_->said[i].nick + ": " + state_->said[i].body);
  tell(client, state_->subject);
}

void RoomModel::leave(const std::string& client) {
  Occupant* occupant = find(client);
  if (occupant == nullptr) return;
  if (occupant->clients.size() == 1) return part(*occupant, {});
  tell(client, line(*occupant, "gone ", true, {110}, ""));
  const bool was_shown = occupant->clients.back() == client;
  std::erase(occupant->clients, client);
  if (was_shown) announce(*occupant, {});
}

void RoomModel::lose(const std::string& client) {
  leave(client);
  told_.erase(client);
}

void RoomModel::change(const std::string& client, const Nick& nick) {
  Occupant* occupant = find(client);
  if (occupant == nullptr)
    return tell(client, "gone " + std::string(nick.text) +
                            " none/none 110 307 333 because You are not in the room.");
  if (occupant->nick.text != nick.text) {
    if (const auto error = may_use(nick, occupant->user)) return answer(client, error);
    const Occupant* other = by_key(nick.key);
    if (other != nullptr && other != occupant) return answer(client, Condition::conflict);
    tell_all(*occupant, "gone ", {.codes = {303}, .rest = " now " + std::string(nick.text)});
    occupant->nick = nick;
  }
  std::erase(occupant->clients, client);
  occupant->clients.push_back(client);
  announce(*occupant, {});
}

void RoomModel::restart(const std::vector<std::string>& returning) {
  if (!state_) return;
  is_ordered_ = false;
  std::vector<Occupant> before = std::exchange(state_->occupants, {});
  for (Occupant& one : before) {
    std::vector<std::string> clients;
    for (const std::string& client : returning)
      if (std::ranges::find(one.clients, client) != one.clients.end()) clients.push_back(client);
    if (clients.empty()) continue;
    one.clients = std::move(clients);
    state_->occupants.push_back(std::move(one));
  }
  if (state_->occupants.empty() && state_->is_locked) state_.reset();
}

// --- messages ------------------------------------------------------------------------------------

void RoomModel::speak(const std::string& client, const std::string& body) {
  if (is_hidden_from(bare(client))) return answer(client, Condition::item_not_found);
  const Occupant* speaker = find(client);
  if (speaker == nullptr) return answer(client, Condition::not_acceptable);
  if (speaker->role < Role::participant) return answer(client, Condition::forbidden);
  const std::string nick(speaker->nick.text);
  for (const Occupant& one : state_->occupants)
    for (const std::string& hearer : one.clients) tell(hearer, nick + ": " + body);
  state_->said.push_back({nick, body});
}

void RoomModel::whisper(const std::string& client, const Nick& nick, const std::string& body) {
  if (is_hidden_from(bare(client))) return answer(client, Condition::item_not_found);
  const Occupant* speaker = find(client);
  if (speaker == nullptr) return answer(client, Condition::not_acceptable);
  const Occupant* hearer = by_key(nick.key);
  if (hearer == nullptr) return answer(client, Condition::item_not_found);
  for (const std::string& one : hearer->clients)
    tell(one, std::string(speaker->nick.text) + " whispers " + body);
}

void RoomModel::set_subject(const std::string& client, const std::string& text) {
  if (is_hidden_from(bare(client))) return answer(client, Condition::item_not_found);
  const Occupant* speaker = find(client);
  if (speaker == nullptr) return answer(client, Condition::not_acceptable);
  if (speaker->role < Role::moderator) return answer(client, Condition::forbidden);
  state_->subject = "subject '" + text + "' of " + std::string(speaker->nick.text);
  for (const Occupant& one : state_->occupants)
    for (const std::string& hearer : one.clients) tell(hearer, state_->subject);
}

// --- roles and affiliations (sections 8 to 10) ---------------------------------------------------

std::optional<Condition> RoomModel::may_set_role(const std::string& client, const Nick& nick,
                                                 Role role) {
  if (is_hidden_from(bare(client))) return Condition::item_not_found;
  const Occupant* actor = find(client);
  if (actor == nullptr || actor->role != Role::moderator) return Condition::forbidden;
  const Occupant* target = by_key(nick.key);
  if (target == nullptr) return Condition::item_not_found;
  const Affiliation mine = standing(actor->user), theirs = standing(target->user);
  if (role == Role::none)  // 8.2: nobody of higher affiliation
    return theirs > mine ? std::optional(Condition::not_allowed) : std::nullopt;
  const bool was = target->role == Role::moderator, becomes = role == Role::moderator;
  if (was != becomes) {  // 9.6, 9.7: by admins, and never of admins
    if (mine < Affiliation::admin) return Condition::forbidden;
    if (theirs >= Affiliation::admin) return Condition::not_allowed;
  }
  if (role == Role::visitor) {  // 8.4
    const bool is_higher = theirs >= mine && theirs > Affiliation::none;
    if (theirs >= Affiliation::admin || is_higher) return Condition::not_allowed;
  }
  return std::nullopt;
}

// Who becomes a moderator learns who the others are.
void RoomModel::promote(Occupant& occupant, Role role) {
  const bool saw = sees(occupant);
  occupant.role = role;
  if (saw || !sees(occupant)) return;
  for (const std::string& client : occupant.clients) show_others(occupant, client);
}

void RoomModel::set_role(const std::string& client, const Nick& nick, Role role) {
  if (const auto error = may_set_role(client, nick, role)) return answer(client, error);
  Occupant& target = *by_key(nick.key);
  const std::string by(find(client)->nick.text);
  const std::string why = " because " + std::string(reason);
  if (role == Role::none) {
    part(target, {.codes = {307}, .rest = " by " + by + why});
  } else if (target.role != role) {
    promote(target, role);
    announce(target, {.rest = why});
  }
  answer(client, std::nullopt);
}

std::optional<Condition> RoomModel::may_set_affiliation(const std::string& actor,
                                                        const std::string& user,
                                                        Affiliation wanted) const {
  if (is_hidden_from(actor)) return Condition::item_not_found;
  const Affiliation mine = standing(actor), theirs = standing(user);
  const bool is_ban = wanted == Affiliation::outcast;
  if (mine < Affiliation::admin) return Condition::forbidden;
  if (is_ban && user == actor) return Condition::conflict;
  if (mine == Affiliation::admin && wanted >= Affiliation::admin) return Condition::forbidden;
  if (mine == Affiliation::admin && theirs >= Affiliation::admin)
    return is_ban ? Condition::not_allowed : Condition::forbidden;
  const auto owners = std::ranges::count_if(state_->members, [](const auto& one) {
    return one.second.affiliation == Affiliation::owner;
  });
  if (theirs == Affiliation::owner && wanted != theirs && owners == 1) return Condition::conflict;
  return std::nullopt;
}

void RoomModel::adjust(Occupant& occupant, Affiliation before, const News& news) {
  const Affiliation now_is = standing(occupant.user);
  if (now_is == Affiliation::outcast) return part(occupant, {.codes = {301}, .rest = news.rest});
  if (is(Setting::members_only) && now_is < Affiliation::member)
    return part(occupant, {.codes = {321}, .rest = news.rest});
  const bool was_admin = before >= Affiliation::admin, is_admin = now_is >= Affiliation::admin;
  const bool gets_voice = now_is == Affiliation::member && occupant.role == Role::visitor;
  promote(occupant,
          was_admin != is_admin || gets_voice ? usual_role(occupant.user) : occupant.role);
  const std::size_t why = news.rest.find(" because ");
  announce(occupant, {.rest = why == std::string::npos ? "" : news.rest.substr(why)});
}

void RoomModel::change_standing(const std::string& user, Affiliation wanted,
                                const std::string& rest) {
  const Affiliation before = standing(user);
  Member& member = state_->members[user];
  member.affiliation = wanted;
  if (wanted <= Affiliation::none) member.nick.reset();
  if (wanted == Affiliation::none) state_->members.erase(user);
  if (before == wanted) return;
  std::vector<unsigned> present;
  for (const Occupant& one : state_->occupants)
    if (one.user == user) present.push_back(one.nick.key);
  for (const unsigned key : present) adjust(*by_key(key), before, {.rest = rest});
  is_unsure_ = is_unsure_ || (!is_ordered_ && present.size() > 1);
}

void RoomModel::set_affiliation(const std::string& client, const std::string& user,
                                Affiliation wanted) {
  if (const auto error = may_set_affiliation(bare(client), user, wanted))
    return answer(client, error);
  std::string rest;
  if (const auto by = actor_nick(client)) rest = " by " + std::string(by->text);
  const Affiliation before = standing(user);
  const bool joins = before == Affiliation::none && wanted == Affiliation::member;
  const bool is_away = !is_present(user);
  change_standing(user, wanted, rest + " because " + std::string(reason));
  if (is_away && before != wanted)
    tell_at_home(user, joins && is(Setting::members_only) ? "invited" : "room 101");
  answer(client, std::nullopt);
}

// Of the client itself, or of another one of the user's.
std::optional<RoomModel::Nick> RoomModel::actor_nick(const std::string& client) {
  if (const Occupant* occupant = find(client)) return occupant->nick;
  std::vector<Nick> nicks;
  for (const Occupant& one : state_->occupants)
    if (one.user == bare(client)) nicks.push_back(one.nick);
  is_unsure_ = is_unsure_ || (!is_ordered_ && nicks.size() > 1);
  return nicks.empty() ? std::nullopt : std::optional(nicks.front());
}

bool RoomModel::is_present(const std::string& user) const {
  return std::ranges::find(state_->occupants, user, &Occupant::user) != state_->occupants.end();
}

void RoomModel::tell_at_home(const std::string& user, const std::string& line) {
  for (const std::string& client : clients_)
    if (bare(client) == user) tell(client, line);
}

void RoomModel::list(const std::string& client, Affiliation affiliation) {
  const std::string user = bare(client);
  if (is_hidden_from(user)) return answer(client, Condition::item_not_found);
  const Affiliation mine = standing(user);
  const bool is_open = is(Setting::non_anonymous) && affiliation >= Affiliation::member;
  const bool may =
      mine == Affiliation::owner ||
      (mine == Affiliation::admin && affiliation <= Affiliation::member) ||
      (is_open && mine != Affiliation::outcast && (mine >= Affiliation::member || has(client)));
  if (!may) return answer(client, Condition::forbidden);
  std::string text = "list";
  for (const auto& [one, member] : state_->members)
    if (member.affiliation == affiliation) text += ' ' + one;
  tell(client, text);
}

void RoomModel::enlist(const std::string& client, const Nick& nick) {
  const std::string user = bare(client);
  if (is_hidden_from(user)) return answer(client, Condition::item_not_found);
  const Affiliation mine = standing(user);
  if (mine < Affiliation::none || (mine == Affiliation::none && is(Setting::members_only)))
    return answer(client, Condition::not_allowed);
  if (const auto error = may_use(nick, user)) return answer(client, error);
  state_->members[user].nick = nick;
  state_->members[user].affiliation = mine;
  if (mine == Affiliation::none) change_standing(user, Affiliation::member, "");
  answer(client, std::nullopt);
}

void RoomModel::resign(const std::string& client) {
  const std::string user = bare(client);
  if (is_hidden_from(user)) return answer(client, Condition::item_not_found);
  const Affiliation mine = standing(user);
  if (mine != Affiliation::member)
    return answer(client, mine > Affiliation::member ? Condition::not_allowed
                                                     : Condition::unexpected_request);
  change_standing(user, Affiliation::none, "");
  answer(client, std::nullopt);
}

// --- settings ------------------------------------------------------------------------------------

void RoomModel::configure(const std::string& client, Setting setting, bool is_on) {
  if (is_hidden_from(bare(client))) return answer(client, Condition::item_not_found);
  if (standing(bare(client)) != Affiliation::owner) return answer(client, Condition::forbidden);
  const bool was_on = is(setting), was_locked = std::exchange(state_->is_locked, false);
  if (is_on)
    state_->settings.insert(setting);
  else
    state_->settings.erase(setting);
  std::vector<unsigned> present;
  for (const Occupant& one : state_->occupants) present.push_back(one.nick.key);
  is_unsure_ = !is_ordered_ && was_on != is_on;
  for (const unsigned key : present) {
    Occupant& occupant = *by_key(key);
    if (is(Setting::members_only) && standing(occupant.user) < Affiliation::member) {
      part(occupant, {.codes = {322}});
    } else if (setting == Setting::moderated && was_on && !is_on &&
               occupant.role == Role::visitor) {
      promote(occupant, Role::participant);
      announce(occupant, {});
    }
  }
  if (was_locked || was_on == is_on) return answer(client, std::nullopt);
  const char* code = setting != Setting::non_anonymous ? "104" : is_on ? "172" : "173";
  for (const Occupant& one : state_->occupants)
    for (const std::string& hearer : one.clients) tell(hearer, std::string("room ") + code);
  answer(client, std::nullopt);
}

void RoomModel::destroy(const std::string& client) {
  if (is_hidden_from(bare(client))) return answer(client, Condition::item_not_found);
  if (standing(bare(client)) != Affiliation::owner) return answer(client, Condition::forbidden);
  const State ended = *std::exchange(state_, std::nullopt);
  state_ = State();  // in which nobody is anything
  for (const Occupant& one : ended.occupants)
    for (const std::string& hearer : one.clients)
      tell(hearer, line(one, "gone ", true, {110}, " destroyed"));
  state_.reset();
  answer(client, std::nullopt);
}

}  // namespace herold::server
