// A room's owner at work: configuration, destruction, and what anybody may know of the room
// (XEP-0045 sections 6.4, 10.1, 10.2, 10.9).
#include <algorithm>

#include "server/rooms/room.h"
#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/archive.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/retraction.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;
using xmpp::MucOwner;

constexpr std::uint32_t settings_changed_code = 104, archive_on = 170, archive_off = 171,
                        addresses_shown = 172, addresses_hidden = 173, members_only_now = 322;

}  // namespace

RoomSettings Room::settings() const {
  RoomSettings settings{config_, {}, {}};
  for (const auto& [address, member] : members_) {
    if (member.affiliation == Affiliation::admin) settings.admins.push_back(Jid::trusted(address));
    if (member.affiliation == Affiliation::owner) settings.owners.push_back(Jid::trusted(address));
  }
  return settings;
}

Answer<MucOwner> Room::form(const Jid& user) const {
  if (affiliation(user) != Affiliation::owner) return xmpp::fail(Condition::forbidden);
  return MucOwner{.form = room_form(settings(), around_.limits, xmpp::FormType::form)};
}

Answer<> Room::own(const Jid& user, const MucOwner& wish) {
  if (affiliation(user) != Affiliation::owner)
    return xmpp::fail(Condition::forbidden, "You do not own the room");
  if (wish.destroy) {
    if (wish.destroy->reason.size() > around_.limits.room_text_bytes)
      return xmpp::fail(Condition::not_acceptable, "The reason is too long");
    destroy(*wish.destroy);
    return {};
  }
  if (!wish.form) return xmpp::fail(Condition::bad_request, "Neither a form nor destruction");
  if (wish.form->type != xmpp::FormType::cancel) return configure(user, *wish.form);
  if (is_locked_) destroy({});  // section 10.1.3
  return {};
}

// An empty form stands for an instant room (section 10.1.2).
Answer<> Room::configure(const Jid& user, const DataForm& form) {
  const RoomSettings wanted = TRY(read_room_form(form, settings(), around_.limits));
  TRY(take_lists(user, wanted));
  const RoomConfig before = std::exchange(config_, wanted.config);
  changes_.room = true;
  const bool was_locked = std::exchange(is_locked_, false);
  adjust_to_settings(before);
  if (!was_locked) tell_settings(before);
  end_if_empty();
  return {};
}

// The form has whole lists (section 10.2).
Answer<> Room::take_lists(const Jid& user, const RoomSettings& wanted) {
  const RoomSettings now_are = settings();
  if (wanted.owners.empty()) return xmpp::fail(Condition::conflict, "A room needs an owner");
  const std::size_t added = wanted.owners.size() + wanted.admins.size();
  if (members_.size() + added > around_.limits.room_affiliations)
    return xmpp::fail(Condition::resource_constraint, "The room's lists are full");
  for (const auto* list : {&wanted.owners, &wanted.admins})
    for (const Jid& jid : *list) TRY(may_list(jid, Affiliation::admin));
  const auto has = [](const std::vector<Jid>& list, const Jid& jid) {
    return std::ranges::find(list, jid) != list.end();
  };
  const News news{.actor = actor_nick(user)};
  const auto set = [&](const Jid& jid, Affiliation affiliation) {
    const bool is_away = actor_nick(jid).empty();
    set_affiliation(jid, affiliation, news);
    if (is_away) tell_absentee(jid, {});
  };
  for (const Jid& owner : wanted.owners)
    if (!has(now_are.owners, owner)) set(owner, Affiliation::owner);
  for (const Jid& admin : wanted.admins)
    if (!has(now_are.admins, admin) && !has(wanted.owners, admin)) set(admin, Affiliation::admin);
  const Affiliation left = config_.is_members_only ? Affiliation::member : Affiliation::none;
  for (const auto* list : {&now_are.owners, &now_are.admins})
    for (const Jid& jid : *list)
      if (!has(wanted.owners, jid) && !has(wanted.admins, jid)) set(jid, left);
  return {};
}

void Room::adjust_to_settings(const RoomConfig& before) {
  std::vector<Occupant*> present;
  for (const auto& occupant : occupants_) present.push_back(occupant.get());
  for (Occupant* occupant : present) {
    if (config_.is_members_only && affiliation(occupant->user) < Affiliation::member) {
      remove_occupant(*occupant, {.codes = {members_only_now}});
    } else if (before.is_moderated && !config_.is_moderated && occupant->role == Role::visitor) {
      set_role(*occupant, Role::participant);
      note_role(*occupant);
      announce(*occupant, {});
    } else {
      note_role(*occupant);  // it may be another than comes by itself now
    }
  }
}

void Room::tell_settings(const RoomConfig& before) {
  xmpp::MucUser news;
  if (config_.is_logged != before.is_logged)
    news.statuses.push_back({config_.is_logged ? archive_on : archive_off});
  if (config_.is_non_anonymous != before.is_non_anonymous)
    news.statuses.push_back({config_.is_non_anonymous ? addresses_shown : addresses_hidden});
  RoomConfig rest = before;
  rest.is_logged = config_.is_logged;
  rest.is_non_anonymous = config_.is_non_anonymous;
  if (rest != config_) news.statuses.push_back({settings_changed_code});
  if (!news.statuses.empty()) tell_all(news);
}

// Section 10.9: one presence each.
void Room::destroy(const xmpp::MucDestroy<xmpp::ns::muc_owner>& wish) {
  const xmpp::MucDestroy<xmpp::ns::muc_user> told{
      .jid = wish.jid, .password = wish.password, .reason = wish.reason};
  for (const auto& [address, member] : members_) changes_.members.insert(address);
  members_.clear(), reserved_.clear();
  for (const auto& occupant : occupants_)
    for (const RoomClient& client : occupant->clients) {
      tell_self(*occupant, client, PresenceType::unavailable, SharedBytes(), {.destroy = &told},
                Role::none);
    }
  audience_.reset();
  entering_.clear(), by_client_.clear(), by_nick_.clear(), by_look_.clear(), occupants_.clear();
  history_.clear();
  changes_.is_gone = true;
}

void Room::set_avatar(std::string hash) {
  avatar_ = std::move(hash);
  changes_.room = true;
  tell_all({.statuses = {{settings_changed_code}}});
}

xmpp::DiscoInfo Room::describe() const {
  xmpp::DiscoInfo info;
  info.identities.push_back(
      {.category = "conference",
       .type = "text",
       .name = config_.name.empty() ? std::string(address_.local()) : config_.name});
  const auto add = [&](std::string_view feature) {
    info.features.push_back({std::string(feature)});
  };
  for (const std::string_view feature :
       {xmpp::ns::disco_info, xmpp::ns::disco_items, xmpp::ns::muc, xmpp::ns::muc_stable_id,
        std::string_view("http://jabber.org/protocol/muc#self-ping-optimization"),
        xmpp::ns::occupant_id, xmpp::ns::moderation, xmpp::ns::stanza_id, xmpp::ns::hats,
        xmpp::ns::commands, std::string_view("vcard-temp")})
    add(feature);
  if (config_.is_logged)
    for (const std::string_view feature :
         {xmpp::ns::archive, xmpp::ns::archive_extended, xmpp::ns::fulltext, xmpp::ns::retraction,
          xmpp::ns::retraction_tombstone})
      add(feature);
  add(config_.is_password_protected ? "muc_passwordprotected" : "muc_unsecured");
  add(config_.is_public ? "muc_public" : "muc_hidden");
  add(config_.is_persistent ? "muc_persistent" : "muc_temporary");
  add(config_.is_members_only ? "muc_membersonly" : "muc_open");
  add(config_.is_moderated ? "muc_moderated" : "muc_unmoderated");
  add(config_.is_non_anonymous ? "muc_nonanonymous" : "muc_semianonymous");
  DataForm form = DataForm::of(xmpp::FormType::result, xmpp::ns::muc_roominfo);
  form.add(FieldType::text_single, "muc#roominfo_description", "Description", config_.description);
  form.add(FieldType::text_single, "muc#roominfo_occupants", "Number of occupants",
           std::to_string(occupants_.size()));
  form.add(FieldType::text_single, "muc#roominfo_lang", "Language", config_.language);
  form.add(FieldType::boolean, "muc#roomconfig_changesubject", "Subject can be modified",
           config_.may_participants_set_subject ? "1" : "0");
  form.add(FieldType::text_single, "muc#maxhistoryfetch", "Messages shown to who enters",
           std::to_string(config_.history));
  if (config_.slow_mode_seconds != 0)
    form.add(FieldType::text_single, "muc#roominfo_slow_mode_duration", "Slow mode, in seconds",
             std::to_string(config_.slow_mode_seconds));
  if (!avatar_.empty())
    form.add(FieldType::text_multi, "muc#roominfo_avatarhash", "Avatar hash", avatar_);
  info.forms.push_back(std::move(form));
  return info;
}

}  // namespace herold::server
