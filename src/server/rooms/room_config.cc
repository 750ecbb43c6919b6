// The room's form, from one table of fields.
#include "server/rooms/room_config.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace herold::server {
namespace {

using xmpp::Answer;
using xmpp::Condition;
using xmpp::DataForm;
using xmpp::FieldType;
using xmpp::FormField;

struct TextRow {
  std::string_view var, label;
  std::string RoomConfig::* field;
  FieldType type = FieldType::text_single;
};
constexpr TextRow texts[] = {
    {"muc#roomconfig_roomname", "Name", &RoomConfig::name},
    {"muc#roomconfig_roomdesc", "Description", &RoomConfig::description},
    {"muc#roomconfig_lang", "Language of the discussion", &RoomConfig::language},
    {"muc#roomconfig_roomsecret", "Password", &RoomConfig::password, FieldType::text_private}};

struct TruthRow {
  std::string_view var, label;
  bool RoomConfig::* field;
};
constexpr TruthRow truths[] = {
    {"muc#roomconfig_persistentroom", "Keep the room when nobody is in it",
     &RoomConfig::is_persistent},
    {"muc#roomconfig_publicroom", "List the room publicly", &RoomConfig::is_public},
    {"muc#roomconfig_passwordprotectedroom", "Ask for the password",
     &RoomConfig::is_password_protected},
    {"muc#roomconfig_membersonly", "Let only members in", &RoomConfig::is_members_only},
    {"muc#roomconfig_moderatedroom", "Let only those with voice speak", &RoomConfig::is_moderated},
    {"muc#roomconfig_changesubject", "Let participants change the subject",
     &RoomConfig::may_participants_set_subject},
    {"muc#roomconfig_allowinvites", "Let members invite others", &RoomConfig::may_members_invite},
    {"muc#roomconfig_enablelogging", "Keep an archive that occupants may ask",
     &RoomConfig::is_logged},
    {"{http://prosody.im/protocol/muc}roomconfig_allowmemberregistration",
     "Let people register as members", &RoomConfig::may_register}};

struct NumberRow {
  std::string_view var, label;
  std::uint64_t RoomConfig::* field;
  std::uint64_t least;
  std::uint64_t (*most)(const Limits& limits);
};
constexpr NumberRow numbers[] = {
    {"muc#roomconfig_maxusers", "Most occupants", &RoomConfig::most_occupants, 1,
     [](const Limits& limits) { return limits.room_occupants; }},
    {"muc#maxhistoryfetch", "Messages shown to who enters", &RoomConfig::history, 0,
     [](const Limits& limits) { return limits.room_history; }},
    {"muc#roomconfig_slow_mode_duration", "Seconds between two messages of one participant",
     &RoomConfig::slow_mode_seconds, 0, [](const Limits&) { return std::uint64_t{86400}; }}};

struct RolesRow {
  std::string_view var, label;
  Roles RoomConfig::* field;
};
constexpr RolesRow role_lists[] = {
    {"muc#roomconfig_presencebroadcast", "Whose presence is shown",
     &RoomConfig::presence_broadcast},
    {"muc#roomconfig_getmemberlist", "Who may see the list of members", &RoomConfig::member_list}};

constexpr std::string_view whois = "muc#roomconfig_whois";
constexpr std::string_view allow_pm = "muc#roomconfig_allowpm";
constexpr std::string_view private_names[] = {"anyone", "participants", "moderators", "none"};
constexpr std::string_view admin_list = "muc#roomconfig_roomadmins";
constexpr std::string_view owner_list = "muc#roomconfig_roomowners";
constexpr Role shown_roles[] = {Role::moderator, Role::participant, Role::visitor};

void add_addresses(DataForm& form, std::string_view var, std::string_view label,
                   const std::vector<xmpp::Jid>& list) {
  FormField& field = form.add(FieldType::jid_multi, var, label);
  for (const xmpp::Jid& jid : list) field.values.push_back(jid.text());
}

Answer<std::vector<xmpp::Jid>> read_addresses(const DataForm& form, std::string_view var) {
  std::vector<xmpp::Jid> list;
  for (const std::string& value : form.find(var)->values) {
    const auto jid = xmpp::Jid::parse(value);
    if (!jid || !jid->has_local()) return xmpp::fail(Condition::bad_request, "not an address");
    if (std::ranges::find(list, jid->bare()) == list.end()) list.push_back(jid->bare());
  }
  return list;
}

// "none" stands for as many as there may be (maxusers).
Answer<std::uint64_t> read_number(const NumberRow& row, std::string_view text,
                                  const Limits& limits) {
  const std::uint64_t most = row.most(limits);
  if (text == "none" || (text.empty() && row.least == 0)) return row.least == 0 ? 0 : most;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return xmpp::fail(Condition::bad_request, std::string(row.label) + " must be a number");
  if (number < row.least)
    return xmpp::fail(Condition::not_acceptable, std::string(row.label) + " is too small");
  return std::min(number, most);
}

void add_choices(DataForm& form, const RoomConfig& config) {
  FormField& who = form.add(FieldType::list_single, whois, "Who may see real addresses",
                            config.is_non_anonymous ? "anyone" : "moderators");
  who.options = {{"Moderators", "moderators"}, {"Anyone", "anyone"}};
  FormField& pm = form.add(FieldType::list_single, allow_pm, "Who may send private messages",
                           private_names[static_cast<std::size_t>(config.private_messages)]);
  pm.options = {{"Anyone", "anyone"},
                {"Those with voice", "participants"},
                {"Moderators", "moderators"},
                {"Nobody", "none"}};
  for (const RolesRow& row : role_lists) {
    FormField& field = form.add(FieldType::list_multi, row.var, row.label);
    for (const Role role : shown_roles) {
      const std::string name(xmpp::name_of(role));
      field.options.push_back({{}, name});
      if ((config.*row.field & role_bit(role)) != 0) field.values.push_back(name);
    }
  }
}

Answer<> check(const RoomConfig& config, const Limits& limits) {
  for (const TextRow& row : texts)
    if ((config.*row.field).size() > limits.room_text_bytes)
      return xmpp::fail(Condition::not_acceptable, std::string(row.label) + " is too long");
  if (config.is_password_protected && config.password.empty())
    return xmpp::fail(Condition::not_acceptable, "The password is empty");
  return {};
}

}  // namespace

DataForm room_form(const RoomSettings& settings, const Limits& limits, xmpp::FormType type) {
  const RoomConfig& config = settings.config;
  DataForm form = DataForm::of(type, xmpp::ns::muc_roomconfig);
  if (type == xmpp::FormType::form) form.title = "Configuration of the room";
  for (const TextRow& row : texts) form.add(row.type, row.var, row.label, config.*row.field);
  for (const TruthRow& row : truths)
    form.add(FieldType::boolean, row.var, row.label, config.*row.field ? "1" : "0");
  for (const NumberRow& row : numbers)
    form.add(FieldType::text_single, row.var, row.label,
             std::to_string(std::min(config.*row.field, row.most(limits))));
  add_choices(form, config);
  add_addresses(form, admin_list, "Admins", settings.admins);
  add_addresses(form, owner_list, "Owners", settings.owners);
  return form;
}

Answer<RoomSettings> read_room_form(const DataForm& submitted, const RoomSettings& in_force,
                                    const Limits& limits) {
  const DataForm form =
      TRY(check_submission(submitted, room_form(in_force, limits, xmpp::FormType::form)));
  RoomSettings settings = in_force;
  RoomConfig& config = settings.config;
  for (const TextRow& row : texts) config.*row.field = form.value(row.var);
  for (const TruthRow& row : truths) config.*row.field = xmpp::is_true(form.value(row.var));
  for (const NumberRow& row : numbers)
    config.*row.field = TRY(read_number(row, form.value(row.var), limits));
  config.is_non_anonymous = form.value(whois) == "anyone";
  const auto* name = std::ranges::find(private_names, form.value(allow_pm));
  if (name != std::end(private_names))
    config.private_messages = static_cast<PrivateMessages>(name - std::begin(private_names));
  for (const RolesRow& row : role_lists) {
    Roles roles = 0;
    for (const std::string& value : form.find(row.var)->values)
      roles |= role_bit(xmpp::value_of<Role>(value).value_or(Role::none));
    config.*row.field = roles & all_roles;
  }
  settings.admins = TRY(read_addresses(form, admin_list));
  settings.owners = TRY(read_addresses(form, owner_list));
  TRY(check(config, limits));
  return settings;
}

}  // namespace herold::server
