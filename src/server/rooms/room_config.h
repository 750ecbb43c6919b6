// The configuration of a room: XEP-0045 section 16.5.3, declared once for form, checks and store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "xmpp/errors.h"
#include "xmpp/ext/muc.h"
#include "xmpp/form.h"
#include "xmpp/jid.h"

namespace herold::server {

using Affiliation = xmpp::MucAffiliation;
using Role = xmpp::MucRole;

// Roles, combined.
using Roles = std::uint8_t;
constexpr Roles role_bit(Role role) {
  return static_cast<Roles>(1u << static_cast<unsigned>(role));
}
inline constexpr Roles all_roles =
    role_bit(Role::visitor) | role_bit(Role::participant) | role_bit(Role::moderator);

// Who may send private messages.
enum class PrivateMessages : std::uint8_t { anyone, participants, moderators, none };

struct RoomConfig {
  std::string name, description, language;
  std::string password;
  bool is_public = true;
  bool is_persistent = false;
  bool is_members_only = false;
  bool is_moderated = false;
  bool is_password_protected = false;
  bool is_non_anonymous = false;
  bool is_logged = true;  // kept in the room's archive
  bool may_participants_set_subject = false;
  bool may_members_invite = false;
  bool may_register = true;
  PrivateMessages private_messages = PrivateMessages::anyone;
  Roles presence_broadcast = all_roles;
  Roles member_list = all_roles;
  std::uint64_t most_occupants = 200;
  std::uint64_t history = 20;           // sent to who enters and does not say how much
  std::uint64_t slow_mode_seconds = 0;  // XEP-0500: between two messages of one participant

  friend bool operator==(const RoomConfig&, const RoomConfig&) = default;
};

// What a form says beside the configuration: whole lists, where they were filled in.
struct RoomSettings {
  RoomConfig config;
  std::vector<xmpp::Jid> admins, owners;  // bare
};

// The form, filled in.
xmpp::DataForm room_form(const RoomSettings& settings, const Limits& limits, xmpp::FormType type);

// What an owner filled in, over what is in force. bad-request: fields that are unknown, repeated,
// or not of their type; not-acceptable: an empty password, a text or number out of bounds.
xmpp::Answer<RoomSettings> read_room_form(const xmpp::DataForm& submitted,
                                          const RoomSettings& in_force, const Limits& limits);

}  // namespace herold::server
