// Who may what in a room: roles, affiliations, their lists, registration (XEP-0045 sections
// 5, 7.10, 8, 9, 10.3 to 10.8).
#include <algorithm>

#include "server/rooms/room.h"
#include "xmpp/precis.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using xmpp::MucAdmin;
using xmpp::MucAdminItem;
using xmpp::MucUser;
using xmpp::RegisterQuery;

constexpr std::uint32_t banned = 301, kicked = 307, lost_membership = 321, changed_while_away = 101;
constexpr std::string_view register_nick = "muc#register_roomnick";

}  // namespace

RoomMember& Room::member_entry(const Jid& user) {
  changes_.members.insert(user.text());
  return members_[user.text()];
}

std::size_t Room::count_owners() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& e) { return e.second.affiliation == Affiliation::owner; }));
}

void Room::reserve(const std::string& user, RoomMember& member, const std::string& nick) {
  if (auto key = xmpp::nickname_key(member.nick)) reserved_.erase(*key);
  member.nick = nick;
  if (auto key = xmpp::nickname_key(nick)) reserved_[*key] = user;
}

std::string Room::actor_nick(const Jid& user) const {
  if (const Occupant* occupant = find_client(user)) return occupant->nick;
  const auto found = std::ranges::find_if(
      occupants_, [&](const auto& occupant) { return occupant->user.same_bare(user); });
  return found == occupants_.end() ? std::string() : (*found)->nick;
}

// --- reading lists (sections 8.5, 9.2, 9.5, 9.8, 10.5, 10.8) -------------------------------------

Answer<MucAdmin> Room::list(const Jid& user, const MucAdmin& question) const {
  if (question.items.size() != 1) return xmpp::fail(Condition::bad_request, "One list at a time");
  const MucAdminItem& asked = question.items.front();
  if (asked.role.has_value() == asked.affiliation.has_value())
    return xmpp::fail(Condition::bad_request, "Roles or affiliations?");
  const Occupant* occupant = find_client(user);
  MucAdmin answer;
  if (asked.role) {
    if (occupant == nullptr || occupant->role != Role::moderator)
      return xmpp::fail(Condition::forbidden);
    for (const auto& other : occupants_)
      if (other->role == *asked.role)
        answer.items.push_back({.affiliation = affiliation(other->user),
                                .jid = other->shown().address,
                                .nick = other->nick,
                                .role = other->role});
    return answer;
  }
  const Affiliation standing = affiliation(user), wanted = *asked.affiliation;
  const bool is_open = config_.is_non_anonymous && wanted >= Affiliation::member;
  const bool may_see_members =
      standing >= Affiliation::member ||
      (occupant != nullptr && (config_.member_list & role_bit(occupant->role)) != 0);
  const bool may = standing == Affiliation::owner ||
                   (standing == Affiliation::admin && wanted <= Affiliation::member) ||
                   (is_open && standing != Affiliation::outcast && may_see_members);
  if (!may) return xmpp::fail(Condition::forbidden);
  for (const auto& [address, member] : members_) {
    if (member.affiliation != wanted) continue;
    MucAdminItem item{.affiliation = wanted, .jid = Jid::trusted(address)};
    if (!member.nick.empty()) item.nick = member.nick;
    if (standing >= Affiliation::admin) item.reason = member.reason;
    answer.items.push_back(std::move(item));
  }
  return answer;
}

// --- changing lists: all or nothing --------------------------------------------------------------

Answer<> Room::change_list(const Jid& user, const MucAdmin& wish) {
  if (wish.items.empty()) return xmpp::fail(Condition::bad_request, "Nothing to change");
  const Occupant* actor = find_client(user);
  for (const MucAdminItem& item : wish.items) {
    if (item.role.has_value() == item.affiliation.has_value())
      return xmpp::fail(Condition::bad_request, "Either a role or an affiliation");
    if (item.reason.size() > around_.limits.room_text_bytes)
      return xmpp::fail(Condition::not_acceptable, "The reason is too long");
    if (item.affiliation) {
      TRY(check_affiliation_change(user, item));
    } else {
      if (actor == nullptr) return xmpp::fail(Condition::forbidden, "You are not in the room");
      TRY(check_role_change(*actor, item));
    }
  }
  for (const MucAdminItem& item : wish.items) {
    if (item.affiliation) {
      apply_affiliation(user, item);
    } else if (actor = find_client(user); actor != nullptr) {  // who may have kicked himself
      apply_role(*actor, item);
    }
  }
  return {};
}

// Sections 8.2 to 8.5 and 9.6 to 9.8.
Answer<> Room::check_role_change(const Occupant& actor, const MucAdminItem& item) const {
  if (actor.role != Role::moderator)
    return xmpp::fail(Condition::forbidden, "Only moderators change roles");
  if (!item.nick || item.nick->empty())
    return xmpp::fail(Condition::bad_request, "Roles go by nickname");
  const Occupant* target = find_nick(*item.nick);
  if (target == nullptr) return xmpp::fail(Condition::item_not_found, "Nobody has this nickname");
  const Affiliation mine = affiliation(actor.user), theirs = affiliation(target->user);
  const Role role = *item.role;
  if (role == Role::none)
    return theirs > mine ? xmpp::fail(Condition::not_allowed, "You may not remove this user")
                         : Answer<>();
  const bool concerns_moderators = role == Role::moderator || target->role == Role::moderator;
  if (concerns_moderators && role != target->role) {
    if (mine < Affiliation::admin)
      return xmpp::fail(Condition::forbidden, "Only admins make and unmake moderators");
    if (theirs >= Affiliation::admin)
      return xmpp::fail(Condition::not_allowed, "Admins and owners are always moderators");
  }
  if (role == Role::visitor &&
      (theirs >= Affiliation::admin || (theirs > Affiliation::none && theirs >= mine)))
    return xmpp::fail(Condition::not_allowed, "You may not take this user's voice");
  return {};
}

void Room::apply_role(const Occupant& actor, const MucAdminItem& item) {
  Occupant* target = by_nick(*item.nick);
  if (target == nullptr) return;
  News news{.actor = actor.nick, .reason = item.reason};
  if (*item.role == Role::none) {
    news.codes = {kicked};
    return remove_occupant(*target, news);
  }
  if (target->role == *item.role) return;
  set_role(*target, *item.role);
  note_role(*target);
  news.actor.clear();
  announce(*target, news);
}

void Room::set_role(Occupant& occupant, Role role) {
  const bool saw_addresses = sees_addresses(occupant);
  occupant.role = role;
  for (const RoomClient& one : occupant.clients) {
    if (!saw_addresses && sees_addresses(occupant)) show_others(occupant, one.address);
  }
}

// Sections 9.1 to 9.5 and 10.3 to 10.8.
Answer<> Room::check_affiliation_change(const Jid& actor, const MucAdminItem& item) const {
  const Affiliation mine = affiliation(actor), wanted = *item.affiliation;
  if (mine < Affiliation::admin) return xmpp::fail(Condition::forbidden);
  if (!item.jid) return xmpp::fail(Condition::bad_request, "Affiliations go by address");
  const Jid user = item.jid.bare();
  if (!user.has_local() && wanted > Affiliation::none)
    return xmpp::fail(Condition::not_acceptable, "A domain can only be banned");
  const RoomMember* known = find_member(user);
  const Affiliation before = known != nullptr ? known->affiliation : Affiliation::none;
  if (wanted == Affiliation::outcast && (user.same_bare(actor) || user.text() == actor.domain()))
    return xmpp::fail(Condition::conflict, "You cannot ban yourself");
  if (mine != Affiliation::owner) {
    if (wanted >= Affiliation::admin) return xmpp::fail(Condition::forbidden);
    if (before >= Affiliation::admin)
      return xmpp::fail(wanted == Affiliation::outcast ? Condition::not_allowed
                                                       : Condition::forbidden);
  }
  if (before == Affiliation::owner && wanted != Affiliation::owner && count_owners() == 1)
    return xmpp::fail(Condition::conflict, "A room needs an owner");
  TRY(may_list(user, wanted));
  if (item.nick && !item.nick->empty()) TRY(check_nick(*item.nick, user));
  return {};
}

// XEP-0175: an address without an account is nobody's tomorrow, and nothing is kept for it.
Answer<> Room::may_list(const Jid& user, Affiliation wanted) const {
  if (wanted > Affiliation::none && xmpp::is_anonymous_address(user.text()))
    return xmpp::fail(Condition::not_allowed, "Without an account nobody has a lasting place here");
  if (find_member(user) == nullptr && members_.size() >= around_.limits.room_affiliations)
    return xmpp::fail(Condition::resource_constraint, "The room's lists are full");
  return {};
}

void Room::apply_affiliation(const Jid& actor, const MucAdminItem& item) {
  const Jid user = item.jid.bare();
  const Affiliation before = affiliation(user);
  const bool is_away = actor_nick(user).empty();
  News news{.actor = actor_nick(actor), .reason = item.reason};
  if (*item.affiliation != Affiliation::none && item.nick) {
    RoomMember& member = member_entry(user);
    reserve(user.text(), member, *item.nick);
  }
  set_affiliation(user, *item.affiliation, news);
  if (const auto entry = members_.find(user.text()); entry != members_.end())
    entry->second.reason = item.reason;
  // Section 9.5.
  const bool is_new = before == Affiliation::none && *item.affiliation == Affiliation::member;
  if (is_new && is_away && config_.is_members_only)
    send_invitation(actor.bare(), {.to = user, .reason = item.reason}, {});
  else if (is_away && before != *item.affiliation)
    tell_absentee(user, item.reason);
}

// Section 17.1 item 2. An owner's toggling is no way to flood others.
void Room::tell_absentee(const Jid& user, const std::string& reason) {
  if (!user.has_local() || !spend(outside_)) return;
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.from = address_;
  head.to = user;
  head.id = around_.token();
  MucUser told;
  told.item =
      xmpp::MucUserItem{.affiliation = affiliation(user), .role = Role::none, .reason = reason};
  told.statuses = {{changed_while_away}};
  around_.output.send(Stanza(std::move(head), xmpp::to_xml(told, xmpp::ns::client)));
}

void Room::set_affiliation(const Jid& user, Affiliation wanted, const News& news) {
  std::vector<std::pair<Occupant*, Affiliation>> present;
  for (const auto& occupant : occupants_)
    if (occupant->user.same_bare(user) || occupant->user.domain() == user.text())
      present.emplace_back(occupant.get(), affiliation(occupant->user));
  RoomMember& member = member_entry(user);
  if (wanted <= Affiliation::none) reserve(user.text(), member, {});
  member.affiliation = wanted;
  if (wanted == Affiliation::none) members_.erase(user.text());
  for (const auto& [occupant, before] : present) occupant->forget_shown();
  for (const auto& [occupant, before] : present)
    if (affiliation(occupant->user) != before) adjust_occupant(*occupant, before, news);
}

void Room::adjust_occupant(Occupant& occupant, Affiliation before, const News& news) {
  const Affiliation now_is = affiliation(occupant.user);
  if (now_is == Affiliation::outcast || (config_.is_members_only && now_is < Affiliation::member)) {
    News gone = news;
    gone.codes = {now_is == Affiliation::outcast ? banned : lost_membership};
    return remove_occupant(occupant, gone);
  }
  Role role = occupant.role;
  const bool was_admin = before >= Affiliation::admin, is_admin = now_is >= Affiliation::admin;
  if (was_admin != is_admin || (now_is == Affiliation::member && role == Role::visitor))
    role = default_role(now_is);
  set_role(occupant, role);
  note_role(occupant);
  News changed = news;
  changed.actor.clear();
  announce(occupant, changed);
}

// --- registration (section 7.10) -----------------------------------------------------------------

Answer<RegisterQuery> Room::registration(const Jid& user) const {
  const Affiliation standing = affiliation(user);
  if (standing >= Affiliation::member) {
    const RoomMember* member = find_member(user);
    return RegisterQuery{.registered = true, .username = member->nick};
  }
  // Where only members may enter, whoever could register could enter: admins add them (9.3).
  const bool may = standing == Affiliation::none && config_.may_register &&
                   !config_.is_members_only && !is_locked_ &&
                   !xmpp::is_anonymous_address(user.bare_text());
  if (!may) return xmpp::fail(Condition::not_allowed, "Ask an admin to add you");
  RegisterQuery query{.instructions = "Choose the nickname that is to be yours in this room."};
  query.form = xmpp::DataForm::of(xmpp::FormType::form, xmpp::ns::muc_register);
  query.form->title = "Registration with the room";
  query.form->add(xmpp::FieldType::text_single, register_nick, "Desired Nickname").required = true;
  return query;
}

Answer<> Room::register_member(const Jid& user, const RegisterQuery& wish) {
  const Affiliation standing = affiliation(user);
  if (wish.remove) {
    if (standing != Affiliation::member)
      return xmpp::fail(standing > Affiliation::member ? Condition::not_allowed
                                                       : Condition::unexpected_request);
    set_affiliation(user.bare(), Affiliation::none, {});
    return {};
  }
  if (standing < Affiliation::member) TRY(registration(user));  // whether it is allowed
  if (!wish.form || wish.form->type != xmpp::FormType::submit ||
      wish.form->form_type() != xmpp::ns::muc_register)
    return xmpp::fail(Condition::bad_request, "Fill in the form");
  const std::string nick(wish.form->value(register_nick));
  if (nick.empty() || !address_.with_resource(nick))
    return xmpp::fail(Condition::bad_request, "This is no nickname");
  TRY(check_nick(nick, user));
  const Jid bare = user.bare();
  TRY(may_list(bare, Affiliation::member));
  reserve(bare.text(), member_entry(bare), nick);
  if (standing < Affiliation::member) set_affiliation(bare, Affiliation::member, {});
  return {};
}

void Room::expel(const Jid& user, const std::string& reason) {
  while (const Occupant* occupant = find_nick(actor_nick(user)))
    remove_occupant(*by_nick(occupant->nick), {.codes = {banned}, .reason = reason});
}

std::string Room::forget(const Jid& user) {
  const std::string id = around_.occupant_id(user);
  history_.forget(id);
  if (subject_.author == id) subject_ = {}, changes_.room = true;
  authors_.erase(user.text());
  while (const Occupant* occupant = find_nick(actor_nick(user)))
    remove_occupant(*by_nick(occupant->nick), {});
  if (!hats_.of(user.text()).empty()) changes_.room = true;
  hats_.forget(user.text());
  const auto found = members_.find(user.text());
  if (found == members_.end()) return id;
  reserve(user.text(), found->second, {});
  members_.erase(found);
  changes_.members.insert(user.text());
  find_owners();
  return id;
}

// Who helped to run it is who the owner trusted most. Where there was nobody, the domain's
// administrators appoint somebody.
void Room::find_owners() {
  if (changes_.is_gone || count_owners() != 0) return;
  std::vector<Jid> admins;
  for (const auto& [address, member] : members_)
    if (member.affiliation == Affiliation::admin) admins.push_back(Jid::trusted(address));
  for (const Jid& admin : admins) std::ignore = appoint(admin);
}

Answer<> Room::appoint(const Jid& owner) {
  if (affiliation(owner) == Affiliation::owner) return {};
  TRY(may_list(owner, Affiliation::owner));
  const bool is_away = actor_nick(owner).empty();
  set_affiliation(owner, Affiliation::owner, {});
  if (is_away) tell_absentee(owner, {});
  return {};
}

}  // namespace herold::server
