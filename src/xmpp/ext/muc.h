// XEP-0045 Multi-User Chat: what clients and rooms say to each other.
#pragma once

#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view muc = "http://jabber.org/protocol/muc";
inline constexpr std::string_view muc_user = "http://jabber.org/protocol/muc#user";
inline constexpr std::string_view muc_admin = "http://jabber.org/protocol/muc#admin";
inline constexpr std::string_view muc_owner = "http://jabber.org/protocol/muc#owner";
// FORM_TYPEs of section 15.5.
inline constexpr std::string_view muc_roomconfig = "http://jabber.org/protocol/muc#roomconfig";
inline constexpr std::string_view muc_roominfo = "http://jabber.org/protocol/muc#roominfo";
inline constexpr std::string_view muc_register = "http://jabber.org/protocol/muc#register";
inline constexpr std::string_view muc_request = "http://jabber.org/protocol/muc#request";
inline constexpr std::string_view muc_stable_id = "http://jabber.org/protocol/muc#stable_id";
inline constexpr std::string_view muc_traffic = "http://jabber.org/protocol/muc#traffic";
inline constexpr std::string_view occupant_id = "urn:xmpp:occupant-id:0";
}  // namespace ns

// Section 5.1: what somebody may do for as long as they are in a room; each more than the last.
enum class MucRole : std::uint8_t { none, visitor, participant, moderator };
inline constexpr std::string_view muc_role_names[] = {"none", "visitor", "participant",
                                                      "moderator"};
constexpr EnumNames names_of(MucRole) { return muc_role_names; }

// Section 5.2: how somebody stands to a room for good.
enum class MucAffiliation : std::uint8_t { outcast, none, member, admin, owner };
inline constexpr std::string_view muc_affiliation_names[] = {"outcast", "none", "member", "admin",
                                                             "owner"};
constexpr EnumNames names_of(MucAffiliation) { return muc_affiliation_names; }

// Section 7.2.14.
struct MucHistory {
  std::optional<std::uint64_t> maxchars;
  std::optional<std::uint64_t> maxstanzas;
  std::optional<std::uint64_t> seconds;
  std::optional<WallTime> since;
  static constexpr ElementName element{"history", ns::muc};
  static constexpr std::tuple fields{attribute("maxchars", &MucHistory::maxchars),
                                     attribute("maxstanzas", &MucHistory::maxstanzas),
                                     attribute("seconds", &MucHistory::seconds),
                                     attribute("since", &MucHistory::since)};
};

// In the presence of who enters (section 7.2.1).
struct MucJoin {
  std::string password;
  std::optional<MucHistory> history;
  static constexpr ElementName element{"x", ns::muc};
  static constexpr std::tuple fields{child_text("password", &MucJoin::password),
                                     child(&MucJoin::history)};
};

// Who did it.
template <const std::string_view& Ns>
struct MucActor {
  Jid jid;
  std::string nick;
  static constexpr ElementName element{"actor", Ns};
  static constexpr std::tuple fields{attribute("jid", &MucActor::jid),
                                     attribute("nick", &MucActor::nick)};
};

// Somebody's standing; in muc#user that of an occupant, in muc#admin a row of a list. An empty
// `nick` takes a reserved one away, an absent one leaves it.
template <const std::string_view& Ns>
struct MucItem {
  std::optional<MucAffiliation> affiliation;
  Jid jid;
  std::optional<std::string> nick;
  std::optional<MucRole> role;
  std::optional<MucActor<Ns>> actor;
  std::string reason;
  static constexpr ElementName element{"item", Ns};
  static constexpr std::tuple fields{attribute("affiliation", &MucItem::affiliation),
                                     attribute("jid", &MucItem::jid),
                                     attribute("nick", &MucItem::nick),
                                     attribute("role", &MucItem::role),
                                     child(&MucItem::actor),
                                     child_text("reason", &MucItem::reason)};
};
using MucUserItem = MucItem<ns::muc_user>;
using MucAdminItem = MucItem<ns::muc_admin>;

// Section 15.6: 100, 110, 201, 301 ...
struct MucStatus {
  std::uint32_t code = 0;
  static constexpr ElementName element{"status", ns::muc_user};
  static constexpr std::tuple fields{attribute("code", &MucStatus::code, required)};
};

// Section 7.9: the room goes on with what was said between two.
struct MucContinue {
  std::string thread;
  static constexpr ElementName element{"continue", ns::muc_user};
  static constexpr std::tuple fields{attribute("thread", &MucContinue::thread)};
};

// Section 7.8.2. `to` on the way to the room, `from` on the way from it.
struct MucInvite {
  Jid from, to;
  std::string reason;
  std::optional<MucContinue> continues;
  static constexpr ElementName element{"invite", ns::muc_user};
  static constexpr std::tuple fields{
      attribute("from", &MucInvite::from), attribute("to", &MucInvite::to),
      child_text("reason", &MucInvite::reason), child(&MucInvite::continues)};
};
struct MucDecline {
  Jid from, to;
  std::string reason;
  static constexpr ElementName element{"decline", ns::muc_user};
  static constexpr std::tuple fields{attribute("from", &MucDecline::from),
                                     attribute("to", &MucDecline::to),
                                     child_text("reason", &MucDecline::reason)};
};

// Section 10.9; in muc#owner the wish, in muc#user the news.
template <const std::string_view& Ns>
struct MucDestroy {
  Jid jid;  // where to go on
  std::string password;
  std::string reason;
  static constexpr ElementName element{"destroy", Ns};
  static constexpr std::tuple fields{attribute("jid", &MucDestroy::jid),
                                     child_text("password", &MucDestroy::password),
                                     child_text("reason", &MucDestroy::reason)};
};

// Only rooms make these in presences; clients send it empty with private messages, or with
// invitations.
struct MucUser {
  std::optional<MucUserItem> item;
  std::vector<MucStatus> statuses;
  std::vector<MucInvite> invites;
  std::optional<MucDecline> decline;
  std::optional<MucDestroy<ns::muc_user>> destroy;
  std::string password;
  static constexpr ElementName element{"x", ns::muc_user};
  static constexpr std::tuple fields{
      child(&MucUser::item),     child(&MucUser::invites),
      child(&MucUser::decline),  child(&MucUser::destroy),
      child(&MucUser::statuses), child_text("password", &MucUser::password)};
};

// Sections 8 and 9.
struct MucAdmin {
  std::vector<MucAdminItem> items;
  static constexpr ElementName element{"query", ns::muc_admin};
  static constexpr std::tuple fields{child(&MucAdmin::items)};
};

// Section 10.
struct MucOwner {
  std::optional<DataForm> form;
  std::optional<MucDestroy<ns::muc_owner>> destroy;
  static constexpr ElementName element{"query", ns::muc_owner};
  static constexpr std::tuple fields{child(&MucOwner::form), child(&MucOwner::destroy)};
};

// XEP-0421: whose client it is, without saying who that is.
struct OccupantId {
  std::string id;
  static constexpr ElementName element{"occupant-id", ns::occupant_id};
  static constexpr std::tuple fields{attribute("id", &OccupantId::id, required)};
};

}  // namespace herold::xmpp
