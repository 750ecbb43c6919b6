// Entering, being and leaving: the presence of a room's occupants (XEP-0045 section 7).
#include "server/rooms/room.h"

#include <algorithm>
#include <ranges>

#include "base/check.h"
#include "xmpp/ext/delay.h"
#include "xmpp/look_alike.h"
#include "xmpp/precis.h"

namespace herold::server {
namespace {

using xmpp::MucUser;
using xmpp::MucUserItem;

// Status codes of section 15.6.
constexpr std::uint32_t any_address_is_shown = 100, self_presence = 110, is_archived = 170,
                        room_created = 201, nick_modified = 210, nick_changed = 303,
                        technical_problem = 333;

std::string role_key(const Occupant& occupant) {
  return occupant.user.text() + '/' + occupant.nick;
}

std::string key_of(std::string_view nick) {
  auto key = xmpp::nickname_key(nick);
  return key ? *std::move(key) : std::string();
}

}  // namespace

Room::Room(Jid address, Surroundings surroundings)
    : address_(std::move(address)), around_(std::move(surroundings)), outside_(full_bucket()) {}

TokenBucket Room::full_bucket() const {
  return {static_cast<double>(around_.limits.room_occupant_burst), now()};
}

void Room::restore(RoomConfig config, RoomSubject subject, Lock lock) {
  config_ = std::move(config);
  subject_ = std::move(subject);
  is_locked_ = lock == Lock::locked;
}

void Room::restore_member(const Jid& user, RoomMember member) {
  if (!member.nick.empty()) reserved_[key_of(member.nick)] = user.text();
  members_[user.text()] = std::move(member);
}

void Room::restore_client(const Jid& client, const std::string& nick, SharedBytes presence) {
  const Affiliation standing = affiliation(client);
  const bool may = standing != Affiliation::outcast &&
                   (standing >= Affiliation::member || !config_.is_members_only);
  if (!may || !address_.with_resource(nick)) return;
  if (occupant_of(client) != nullptr) return;  // what it asked for last, and may not have got
  Occupant* occupant = by_nick(nick);
  if (occupant == nullptr) {
    occupant = &add_occupant(client.bare(), nick);
    const auto by_hand = roles_.find(role_key(*occupant));
    occupant->role = by_hand == roles_.end() ? default_role(standing) : by_hand->second;
  } else if (!occupant->user.same_bare(client)) {
    return;
  }
  occupant->clients.push_back({client, std::move(presence)});
  by_client_[client.text()] = occupant;
  occupant->forget_shown();
  audience_.reset();
}

void Room::note_lost(const Jid& client) {
  if (Occupant* occupant = occupant_of(client))
    std::ranges::find(occupant->clients, client, &RoomClient::address)->is_lost = true;
}

void Room::end_lost(const Jid& client) {
  const Occupant* occupant = find_client(client);
  if (occupant == nullptr) return;
  if (std::ranges::find(occupant->clients, client, &RoomClient::address)->is_lost)
    leave(client, SharedBytes());
}

// --- who is here ---------------------------------------------------------------------------------

Occupant* Room::occupant_of(const Jid& client) {
  const auto found = by_client_.find(client.text());
  return found == by_client_.end() ? nullptr : found->second;
}

Occupant* Room::by_nick(std::string_view nick) {
  const auto found = by_nick_.find(key_of(nick));
  return found == by_nick_.end() ? nullptr : found->second;
}

const Occupant* Room::find_client(const Jid& client) const {
  return const_cast<Room*>(this)->occupant_of(client);
}

const Occupant* Room::find_nick(std::string_view nick) const {
  return const_cast<Room*>(this)->by_nick(nick);
}

const Audience& Room::audience() const {
  if (audience_) return *audience_;
  std::vector<Jid> all;
  all.reserve(by_client_.size());
  for (const auto& occupant : occupants_)
    for (const RoomClient& client : occupant->clients)
      if (entering(client.address) == nullptr) all.push_back(client.address);
  return audience_.emplace(std::move(all));
}

const RoomMember* Room::find_member(const Jid& user) const {
  const auto found = members_.find(user.bare_text());
  return found == members_.end() ? nullptr : &found->second;
}

// Section 9.2: the address itself first, then its domain, which can only be banned.
Affiliation Room::affiliation(const Jid& user) const {
  if (const RoomMember* member = find_member(user)) return member->affiliation;
  const auto domain = members_.find(user.domain());
  return domain == members_.end() ? Affiliation::none : domain->second.affiliation;
}

Role Room::default_role(Affiliation affiliation) const {
  if (affiliation >= Affiliation::admin) return Role::moderator;
  if (affiliation == Affiliation::member || !config_.is_moderated) return Role::participant;
  return Role::visitor;
}

bool Room::sees_addresses(const Occupant& occupant) const {
  return config_.is_non_anonymous || occupant.role == Role::moderator;
}

bool Room::sees_addresses(const Jid& user) const {
  const Occupant* occupant = find_client(user);
  return config_.is_non_anonymous || affiliation(user) >= Affiliation::admin ||
         (occupant != nullptr && occupant->role == Role::moderator);
}

Answer<> Room::may_read(const Jid& user) const {
  const Affiliation standing = affiliation(user);
  if (standing == Affiliation::outcast) return xmpp::fail(Condition::forbidden, "You are banned");
  if (config_.is_members_only && standing < Affiliation::member)
    return xmpp::fail(Condition::forbidden, "Only members read what was said here");
  const bool knows_password = standing >= Affiliation::member || find_client(user) != nullptr;
  if (config_.is_password_protected && !knows_password)
    return xmpp::fail(Condition::forbidden, "Enter the room first");
  return {};
}

Occupant& Room::add_occupant(const Jid& user, const std::string& nick) {
  auto made = std::make_unique<Occupant>();
  made->number = ++last_number_;
  made->user = user;
  made->id = around_.occupant_id(user);
  made->tokens = full_bucket();
  Occupant& occupant = *made;
  occupants_.push_back(std::move(made));
  rename(occupant, nick);
  return occupant;
}

void Room::rename(Occupant& occupant, const std::string& nick) {
  const auto by_hand = roles_.extract(role_key(occupant));
  if (by_hand) changes_.roles.insert(by_hand.key());
  if (!occupant.nick.empty()) unindex(occupant);
  auto address = address_.with_resource(nick);
  CHECK(address.has_value());  // it was a resource before
  occupant.nick = nick;
  occupant.address = *std::move(address);
  by_nick_[key_of(nick)] = &occupant;
  by_look_.emplace(xmpp::look_alike_key(nick), &occupant);
  if (by_hand) note_role(occupant);
}

void Room::unindex(const Occupant& occupant) {
  by_nick_.erase(key_of(occupant.nick));
  const auto [begin, end] = by_look_.equal_range(xmpp::look_alike_key(occupant.nick));
  const auto look = std::find_if(begin, end, [&](const auto& e) { return e.second == &occupant; });
  if (look != end) by_look_.erase(look);
}

void Room::forget_occupant(Occupant& occupant) {
  unindex(occupant);
  audience_.reset();
  for (const RoomClient& client : occupant.clients) {
    entering_.erase(client.address.text());
    by_client_.erase(client.address.text());
  }
  const Jid user = occupant.user;
  forget_role(occupant);
  std::erase_if(occupants_, [&](const auto& entry) { return entry.get() == &occupant; });
  note_left(user);
  end_if_empty();
}

void Room::note_role(const Occupant& occupant) {
  if (occupant.role == default_role(affiliation(occupant.user))) return forget_role(occupant);
  roles_[role_key(occupant)] = occupant.role;
  changes_.roles.insert(role_key(occupant));
}

void Room::forget_role(const Occupant& occupant) {
  if (roles_.erase(role_key(occupant)) != 0) changes_.roles.insert(role_key(occupant));
}

// What a member misses from now on is sent on the return (DECISIONS.md 31).
void Room::note_left(const Jid& user) {
  const auto found = members_.find(user.text());
  if (found == members_.end() || found->second.affiliation < Affiliation::member) return;
  const bool is_here =
      std::ranges::any_of(occupants_, [&](const auto& occupant) { return occupant->user == user; });
  if (is_here) return;
  found->second.left = wall();
  changes_.members.insert(user.text());
}

void Room::note_present(const Jid& user) {
  const auto found = members_.find(user.text());
  if (found == members_.end() || found->second.affiliation < Affiliation::member) return;
  found->second.left = wall();
  changes_.members.insert(user.text());
}

void Room::note_missed(const Jid& client, std::string_view id) {
  const auto found = members_.find(client.bare_text());
  const RoomHistory::Entry* first = history_.find(id);
  if (first == nullptr || found == members_.end() || !found->second.left) return;
  if (*found->second.left <= first->time) return;
  found->second.left = first->time;
  changes_.members.insert(found->first);
}

// Those who would want to know what is said.
std::vector<Jid> Room::absent_members() const {
  std::vector<Jid> absent;
  if (!config_.is_members_only) return absent;
  std::set<std::string_view> here;
  for (const auto& occupant : occupants_) here.insert(occupant->user.text());
  for (const auto& [user, member] : members_)
    if (member.affiliation >= Affiliation::member && !here.contains(user))
      absent.push_back(Jid::trusted(user));
  return absent;
}

void Room::end_if_empty() {
  if (occupants_.empty() && (!config_.is_persistent || is_locked_)) changes_.is_gone = true;
}

// --- entering ------------------------------------------------------------------------------------

void Room::create(const Jid& owner) {
  is_locked_ = true;
  members_[owner.bare().text()].affiliation = Affiliation::owner;
  changes_.members.insert(owner.bare().text());
  changes_.room = true;
}

Answer<> Room::may_enter(const Entry& entry) const {
  const Affiliation standing = affiliation(entry.client);
  if (standing == Affiliation::outcast) return xmpp::fail(Condition::forbidden, "You are banned");
  if (is_locked_ && standing != Affiliation::owner)
    return xmpp::fail(Condition::item_not_found, "The room is not configured yet");
  if (config_.is_members_only && standing < Affiliation::member)
    return xmpp::fail(Condition::registration_required, "Only members may enter");
  if (config_.is_password_protected && entry.join.password != config_.password)
    return xmpp::fail(Condition::not_authorized, "A password is needed");
  TRY(check_nick(entry.nick, entry.client));
  // Section 7.2.9: admins come in all the same, up to as many as the server takes.
  const bool is_new = find_nick(entry.nick) == nullptr;
  const std::uint64_t most =
      standing >= Affiliation::admin ? around_.limits.room_occupants : config_.most_occupants;
  if (is_new && occupants_.size() >= most)
    return std::unexpected(StanzaError(Condition::service_unavailable, "The room is full")
                               .with_type(xmpp::ErrorType::wait));
  return {};
}

// Section 7.2.8: one nickname is one user's; names that a reader takes for another's are refused.
Answer<> Room::check_nick(const std::string& nick, const Jid& user) const {
  if (nick.size() > around_.limits.room_nick_bytes)
    return xmpp::fail(Condition::not_acceptable, "The nickname is too long");
  const std::string key = key_of(nick);
  if (key.empty()) return xmpp::fail(Condition::not_acceptable, "This is no nickname");
  const Occupant* known = find_nick(nick);
  if (known != nullptr && !known->user.same_bare(user))
    return xmpp::fail(Condition::conflict, "Somebody else has this nickname");
  const auto owner = reserved_.find(key);
  if (owner != reserved_.end() && owner->second != user.bare_text())
    return xmpp::fail(Condition::conflict, "The nickname is reserved");
  const auto [begin, end] = by_look_.equal_range(xmpp::look_alike_key(nick));
  if (std::any_of(begin, end, [&](const auto& e) { return !e.second->user.same_bare(user); }))
    return xmpp::fail(Condition::not_acceptable, "The nickname looks like somebody else's");
  return {};
}

Answer<> Room::enter(const Entry& entry, SharedBytes payload) {
  if (Occupant* here = occupant_of(entry.client)) {
    // It lost its place in what the room said (7.2.1): it gets everything again.
    std::ranges::find(here->clients, entry.client, &RoomClient::address)->is_lost = false;
    if (here->nick != entry.nick) TRY(change(entry.client, entry.nick, {}, std::move(payload)));
    welcome(*occupant_of(entry.client), entry, false);
    return {};
  }
  TRY(may_enter(entry));
  const bool is_first = is_locked_ && occupants_.empty();
  Occupant* occupant = by_nick(entry.nick);
  if (occupant == nullptr) {
    occupant = &add_occupant(entry.client.bare(), entry.nick);
    occupant->role = default_role(affiliation(entry.client));
    forget_role(*occupant);  // of a stay before a crash
  }
  occupant->clients.push_back({entry.client, std::move(payload)});
  by_client_[entry.client.text()] = occupant;
  welcome(*occupant, entry, is_first);
  return {};
}

// Section 7.1: others' presence, one's own, what was said, the subject.
void Room::welcome(Occupant& occupant, const Entry& entry, bool is_new) {
  Entering entering{.entry = entry, .codes = {}, .shown = 0, .since = wall()};
  if (config_.is_non_anonymous) entering.codes.push_back(any_address_is_shown);
  if (config_.is_logged) entering.codes.push_back(is_archived);
  if (is_new) entering.codes.push_back(room_created);
  if (occupant.nick != entry.nick) entering.codes.push_back(nick_modified);
  entering_[entry.client.text()] = std::move(entering);
  audience_.reset();
  announce(occupant, {});
  go_on(entry.client);
}

const Room::Entering* Room::entering(const Jid& client) const {
  if (entering_.empty()) return nullptr;
  const auto found = entering_.find(client.text());
  return found == entering_.end() ? nullptr : &found->second;
}

void Room::end_entering(AllEntering::iterator entering) {
  entering_.erase(entering);
  audience_.reset();
}

void Room::go_on(const Jid& client) {
  const auto found = entering_.find(client.text());
  if (found == entering_.end()) return;
  const Occupant* occupant = occupant_of(client);
  if (occupant == nullptr) return end_entering(found);
  constexpr std::size_t at_once = 200;
  std::vector<Stanza> shown;
  auto next = std::ranges::upper_bound(occupants_, found->second.shown, {},
                                       [](const auto& other) { return other->number; });
  for (; next != occupants_.end(); ++next) {
    if (shown.size() == at_once) {
      around_.output.show(client, std::move(shown));
      return around_.output.pace(address_, client);
    }
    found->second.shown = (*next)->number;
    if (next->get() == occupant || !is_shown((*next)->role)) continue;
    shown.push_back(shown_presence(**next, *occupant, client));
  }
  if (!shown.empty()) around_.output.show(client, std::move(shown));
  if (const auto since = missed_since(*occupant, found->second)) {
    found->second.is_recalling = true;
    return around_.output.recall(address_, client, *since);
  }
  const Entering done = std::move(found->second);
  end_entering(found);
  finish_entering(*occupant, done);
}

// DECISIONS.md 31: a member gets what was said since he left; memory may not have all of it.
std::optional<WallTime> Room::missed_since(const Occupant& occupant,
                                           const Entering& entering) const {
  const RoomMember* member = find_member(occupant.user);
  const auto& wish = entering.entry.join.history;
  const bool has_wish = wish && (wish->maxstanzas || wish->seconds || wish->since);
  if (!config_.is_members_only || !config_.is_logged || member == nullptr || has_wish) return {};
  const bool is_known = !history_.is_cut() || (!history_.entries().empty() && member->left &&
                                               history_.entries().front().time <= *member->left);
  return is_known ? std::nullopt : member->left;
}

void Room::recalled(const Jid& client, std::vector<RoomHistory::Entry> past) {
  const auto found = entering_.find(client.text());
  if (found == entering_.end() || !found->second.is_recalling) return;
  Entering done = std::move(found->second);
  end_entering(found);
  done.recalled = std::move(past);
  if (const Occupant* occupant = occupant_of(client)) finish_entering(*occupant, done);
}

void Room::finish_entering(const Occupant& occupant, const Entering& entering) {
  const Jid& client = entering.entry.client;
  const Jid user = occupant.user;  // who may be gone when he is told
  const auto own = std::ranges::find(occupant.clients, client, &RoomClient::address);
  const News news{.self_codes = entering.codes, .id = entering.entry.id, .answered = &client};
  tell_self(occupant, *own, PresenceType::available, occupant.shown().presence, news,
            occupant.role);
  show_history(client, entering, user);
  show_subject(client);
  if (config_.is_members_only) note_present(user);
}

void Room::show_others(const Occupant& occupant, const Jid& client) {
  if (entering(client) != nullptr) return;  // it is about to see them
  std::vector<Stanza> others;
  for (const auto& other : occupants_)
    if (other.get() != &occupant && is_shown(other->role))
      others.push_back(shown_presence(*other, occupant, client));
  if (!others.empty()) around_.output.show(client, std::move(others));
}

Stanza Room::shown_presence(const Occupant& other, const Occupant& to, const Jid& client) const {
  const Shown shown = sees_addresses(to) ? Shown::with_address : Shown::without;
  SharedBytes& payload = other.shown_to(shown);
  if (payload.empty())
    payload = presence_of(other, PresenceType::available, other.shown().presence, shown, {}, {},
                          other.role)
                  .payload();
  StanzaHead head = StanzaHead::of(PresenceType::available);
  head.from = other.address;
  head.to = client;
  return Stanza(std::move(head), payload);
}

void Room::show_history(const Jid& client, const Entering& entering, const Jid& user) {
  const RoomMember* member = find_member(user);
  std::optional<WallTime> left;
  if (config_.is_members_only && member != nullptr) left = member->left;
  auto chosen = history_.choose(entering.entry.join.history, config_.history, left, wall());
  // What was said since it began to enter is no history, whatever was asked for.
  for (const auto& said : history_.entries())
    if (said.time > entering.since && std::ranges::find(chosen, &said) == chosen.end())
      chosen.push_back(&said);
  std::erase_if(chosen, [&](const RoomHistory::Entry* said) {
    return std::ranges::find(entering.recalled, said->id, &RoomHistory::Entry::id) !=
           entering.recalled.end();
  });
  for (const auto& said : entering.recalled | std::views::reverse)
    chosen.insert(chosen.begin(), &said);
  for (const auto* said : chosen) {
    std::string payload(said->stanza.payload().view());
    xml::Writer writer(payload, xmpp::ns::client);
    xmpp::write(writer, xmpp::Delay{.from = address_, .stamp = said->time});
    Stanza stanza(said->stanza.head, payload);
    stanza.head.to = client;
    around_.output.send(std::move(stanza));
  }
}

// Section 7.2.15.
void Room::show_subject(const Jid& client) {
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = address_;
  if (const auto from = address_.with_resource(subject_.nick); from) head.from = *from;
  head.to = client;
  head.id = around_.token();
  std::string payload;
  xml::Writer writer(payload, xmpp::ns::client);
  writer.leaf("subject", subject_.text);
  if (subject_.since) xmpp::write(writer, xmpp::Delay{.from = address_, .stamp = *subject_.since});
  around_.output.send(Stanza(std::move(head), payload));
}

void Room::refresh(const Jid& client) {
  const Occupant* occupant = find_client(client);
  if (occupant == nullptr) return;
  show_others(*occupant, client);
  tell(*occupant, PresenceType::available, occupant->shown().presence, {}, occupant->role);
}

// --- changing ------------------------------------------------------------------------------------

bool TokenBucket::take(double rate, double burst, MonotonicTime now) {
  const double passed = std::chrono::duration<double>(now - at).count();
  left = std::min(burst, left + passed * rate);
  at = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

bool Room::spend(TokenBucket& bucket) {
  return bucket.take(static_cast<double>(around_.limits.room_occupant_rate),
                     static_cast<double>(around_.limits.room_occupant_burst), now());
}

Answer<> Room::spend(Occupant& occupant) {
  if (!spend(occupant.tokens))
    return xmpp::fail(Condition::resource_constraint, "Too much at once; wait a moment");
  return {};
}

Answer<> Room::change(const Jid& client, const std::string& nick, const std::string& id,
                      SharedBytes payload) {
  Occupant& occupant = *occupant_of(client);
  TRY(spend(occupant));
  const bool is_renamed = occupant.nick != nick;
  if (is_renamed) {
    TRY(check_nick(nick, client));
    const Occupant* other = find_nick(nick);
    if (other != nullptr && other != &occupant)  // of the same user: two occupants do not merge
      return xmpp::fail(Condition::conflict, "Another client of yours has this nickname");
    tell(occupant, PresenceType::unavailable, SharedBytes(),
         {.codes = {nick_changed}, .new_nick = nick}, occupant.role);
    rename(occupant, nick);
  }
  const auto place = std::ranges::find(occupant.clients, client, &RoomClient::address);
  place->presence = std::move(payload);
  std::rotate(place, place + 1, occupant.clients.end());
  announce(occupant, {.id = id, .answered = &client});
  return {};
}

// --- leaving -------------------------------------------------------------------------------------

void Room::leave(const Jid& client, SharedBytes payload) {
  remove_client(client, std::move(payload), {});
}

void Room::drop(const Jid& client) {
  remove_client(client, SharedBytes(), {.codes = {technical_problem}});
}

void Room::remove_client(const Jid& client, SharedBytes presence, const News& news) {
  Occupant* occupant = occupant_of(client);
  if (occupant == nullptr) return;
  if (occupant->clients.size() == 1) {
    tell(*occupant, PresenceType::unavailable, presence, news, Role::none);
    return forget_occupant(*occupant);
  }
  const auto place = std::ranges::find(occupant->clients, client, &RoomClient::address);
  const bool was_shown = place + 1 == occupant->clients.end();
  tell_self(*occupant, *place, PresenceType::unavailable, presence, news, Role::none);
  by_client_.erase(client.text());
  entering_.erase(client.text());
  occupant->clients.erase(place);
  audience_.reset();
  if (was_shown) announce(*occupant, {});
}

void Room::remove_occupant(Occupant& occupant, const News& news) {
  tell(occupant, PresenceType::unavailable, SharedBytes(), news, Role::none);
  forget_occupant(occupant);
}

// --- telling -------------------------------------------------------------------------------------

void Room::announce(const Occupant& occupant, const News& news) {
  tell(occupant, PresenceType::available, occupant.shown().presence, news, occupant.role);
}

Stanza Room::presence_of(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
                         Shown shown, const News& news, std::vector<std::uint32_t> codes,
                         Role role) const {
  MucUserItem item{.affiliation = affiliation(occupant.user), .role = role, .reason = news.reason};
  if (shown == Shown::with_address) item.jid = occupant.shown().address;
  if (!news.new_nick.empty()) item.nick = news.new_nick;
  if (!news.actor.empty()) item.actor = {.nick = news.actor};
  MucUser user{.item = std::move(item)};
  for (const std::uint32_t code : news.codes) user.statuses.push_back({code});
  for (const std::uint32_t code : codes) user.statuses.push_back({code});
  std::ranges::sort(user.statuses, {}, &xmpp::MucStatus::code);
  if (news.destroy != nullptr) user.destroy = *news.destroy;
  std::string payload(presence.view());
  xml::Writer writer(payload, xmpp::ns::client);
  xmpp::write(writer, user);
  xmpp::write(writer, xmpp::OccupantId{occupant.id});
  if (auto worn = hats_.of(occupant.user.text()); !worn.empty())
    xmpp::write(writer, xmpp::Hats{std::move(worn)});
  StanzaHead head = StanzaHead::of(type);
  head.from = occupant.address;
  return Stanza(std::move(head), payload);
}

// To everybody: those who see addresses, those who do not, and the occupant's own clients.
void Room::tell(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
                const News& news, Role role) {
  if (type == PresenceType::available) occupant.forget_shown();
  if (is_shown(occupant.role)) tell_others(occupant, type, presence, news, role);
  for (const RoomClient& own : occupant.clients)
    if (entering(own.address) == nullptr || type == PresenceType::unavailable)
      tell_self(occupant, own, type, presence, news, role);
}

void Room::tell_others(const Occupant& occupant, PresenceType type, const SharedBytes& presence,
                       const News& news, Role role) {
  std::vector<Jid> seeing, others;
  (config_.is_non_anonymous ? seeing : others).reserve(by_client_.size());
  for (const auto& other : occupants_) {
    if (other.get() == &occupant) continue;
    std::vector<Jid>& list = sees_addresses(*other) ? seeing : others;
    for (const RoomClient& client : other->clients) {
      const Entering* shown = entering(client.address);
      if (shown == nullptr || occupant.number <= shown->shown) list.push_back(client.address);
    }
  }
  const auto send = [&](std::vector<Jid>& list, Shown shown) {
    if (list.empty()) return;
    Stanza stanza = presence_of(occupant, type, presence, shown, news, {}, role);
    if (type == PresenceType::available && news.is_nothing_new())
      occupant.shown_to(shown) = stanza.payload();
    around_.output.send_to_all(std::move(stanza), std::move(list));
  };
  send(seeing, Shown::with_address);
  send(others, Shown::without);
}

void Room::tell_self(const Occupant& occupant, const RoomClient& client, PresenceType type,
                     const SharedBytes& presence, const News& news, Role role) {
  std::vector<std::uint32_t> codes{self_presence};
  const bool is_answer = news.answered != nullptr && *news.answered == client.address;
  if (news.answered == nullptr || is_answer)
    codes.insert(codes.end(), news.self_codes.begin(), news.self_codes.end());
  Stanza stanza =
      presence_of(occupant, type, presence, Shown::with_address, news, std::move(codes), role);
  stanza.head.to = client.address;
  if (is_answer) stanza.head.id = news.id;
  around_.output.send(std::move(stanza));
}

}  // namespace herold::server
