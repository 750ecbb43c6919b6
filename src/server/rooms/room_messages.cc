// What is said in a room: to all, to one, about the subject, to those outside (XEP-0045 sections
// 7.4 to 7.8, 7.13, 8.1, 8.6).
#include <algorithm>
#include <ranges>

#include "server/archive_worth.h"
#include "server/aside.h"
#include "server/rooms/room.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/retraction.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;
using xmpp::MucUser;

constexpr std::string_view voice_role = "muc#role", voice_jid = "muc#jid",
                           voice_nick = "muc#roomnick", voice_allow = "muc#request_allow";
constexpr std::size_t most_invitations = 10;  // in one message

StanzaError no_room() {
  return StanzaError(Condition::resource_constraint, "There is no room to keep it safe")
      .with_type(xmpp::ErrorType::wait);
}

}  // namespace

bool is_part_of_history(xml::Element message) {
  if (message.child("body", message.ns())) return true;
  for (const xml::Element child : message.children())
    if (child.is("reactions", "urn:xmpp:reactions:0") || child.is("encryption", "urn:xmpp:eme:0") ||
        child.is("retract", xmpp::ns::message_retraction))
      return true;
  return false;
}

std::string author_of(const Stanza& said) {
  const auto id = xmpp::find<xmpp::OccupantId>(said.root());
  return id ? std::string(id.attribute("id")) : std::string();
}

// Only rooms say who has which role, who an occupant is, and how a message is called (section
// 17.3 item 6, XEP-0359 section 6, XEP-0421 section 4).
bool is_said_by_rooms(xml::Element child, const Jid& room) {
  if (child.ns() == xmpp::ns::muc_user || child.ns() == xmpp::ns::muc) return child.name() == "x";
  if (child.ns() == xmpp::ns::occupant_id) return true;
  if (xmpp::is<xmpp::Hats>(child) || child.is("aside", aside_element.ns)) return true;
  if (xmpp::is<xmpp::StanzaId>(child)) return child.attribute("by") == room.text();
  return xmpp::is<xmpp::Delay>(child) && child.attribute("from") == room.text();
}

SharedBytes reflected(const Stanza& stanza, const Jid& room) {
  return SharedBytes(xmpp::payload_bytes(
      stanza.root(), [&](xml::Element child) { return !is_said_by_rooms(child, room); }));
}

Answer<> Room::may_speak(Occupant& occupant, const Stanza& message) {
  if (occupant.role < Role::participant)
    return xmpp::fail(Condition::forbidden, "You have no voice here");
  TRY(spend(occupant));
  const bool is_slowed = config_.slow_mode_seconds != 0 && occupant.role < Role::moderator &&
                         bool(message.child({"body", xmpp::ns::client}));
  if (!is_slowed) return {};
  // XEP-0500 section 5.
  if (occupant.spoke && now() - *occupant.spoke < Seconds(config_.slow_mode_seconds))
    return std::unexpected(
        StanzaError(Condition::policy_violation, "The room is slow; wait before the next message")
            .with_type(xmpp::ErrorType::wait));
  occupant.spoke = now();
  return {};
}

Answer<> Room::speak(const Jid& client, const Stanza& message) {
  // Again, after a crash; whoever said it may be gone.
  if (message.late && history_.has(around_.name_of(message.stable_id()))) return {};
  Occupant* speaker = occupant_of(client);
  if (speaker == nullptr) return xmpp::fail(Condition::not_acceptable, "You are not in the room");
  const xml::Element root = message.root();
  const xml::Element subject = root.child("subject", root.ns());
  const bool sets_subject =
      subject && !root.child("body", root.ns()) && !root.child("thread", root.ns());
  if (sets_subject) return set_subject(*speaker, message);
  TRY(may_speak(*speaker, message));
  const std::string author = speaker->id;  // who may be gone when all have heard it
  TRY(say(*speaker, message, is_part_of_history(root) ? Lasting::history : Lasting::passing));
  if (xmpp::find<xmpp::Retract>(root)) note_retraction(author, message);
  return {};
}

Answer<> Room::say(const Occupant& speaker, const Stanza& message, Lasting lasting) {
  std::string payload(reflected(message, address_).view());
  xml::Writer writer(payload, xmpp::ns::client);
  xmpp::write(writer, xmpp::OccupantId{speaker.id});
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = speaker.address;
  head.id = message.head.id.empty() ? around_.token() : message.head.id;
  head.lang = message.head.lang;
  Passing how{.id = message.stable_id(), .lasting = lasting};
  if (is_worth_archiving(message.root())) {
    how.aside = aside_of(speaker);
    // Without an account there will be no removal of one.
    if (!xmpp::is_anonymous_address(speaker.user.text()) &&
        authors_.insert(speaker.user.text()).second)
      changes_.authors.insert(speaker.user.text());
  }
  return pass_on(std::move(head), std::move(payload), std::move(how));
}

// XEP-0313 section 6.1.2: who that was, for those who may see it.
std::string Room::aside_of(const Occupant& speaker) const {
  MucUser user;
  user.item = xmpp::MucUserItem{.affiliation = affiliation(speaker.user),
                                .jid = speaker.shown().address,
                                .role = speaker.role};
  return xmpp::to_xml(user, xmpp::ns::client);
}

Answer<> Room::pass_on(StanzaHead head, std::string payload, Passing how) {
  if (how.id == 0) {
    around_.output.send_to_all(Stanza(std::move(head), payload), audience());
    return {};
  }
  const std::string name = around_.name_of(how.id);
  xml::Writer writer(payload, xmpp::ns::client);
  xmpp::write(writer, xmpp::StanzaId{.id = name, .by = address_});
  Stanza said(std::move(head), payload);
  said.stable = how.id;
  if (!config_.is_logged) how.aside.reset();
  if (!around_.output.pass_on(said, how.aside, audience())) return std::unexpected(no_room());
  if (how.lasting == Lasting::passing) return {};
  if (const std::vector<Jid> absent = absent_members(); !absent.empty())
    around_.output.tell_absent(said, absent);
  history_.add({std::move(said), name, wall()}, around_.limits);
  return {};
}

Answer<> Room::set_subject(const Occupant& speaker, const Stanza& message) {
  const bool may = speaker.role == Role::moderator ||
                   (config_.may_participants_set_subject && speaker.role == Role::participant);
  if (!may) return xmpp::fail(Condition::forbidden, "You may not change the subject");
  TRY(spend(*occupant_of(speaker.shown().address)));
  const xml::Element root = message.root();
  std::string text = root.child("subject", root.ns()).text();
  if (text.size() > around_.limits.room_text_bytes)
    return xmpp::fail(Condition::not_acceptable, "The subject is too long");
  const std::string nick = speaker.nick, id = speaker.id;  // who may be gone when all have heard it
  TRY(say(speaker, message, Lasting::passing));
  subject_ = {std::move(text), nick, wall(), id};
  changes_.room = true;
  return {};
}

// Section 7.5.
Answer<> Room::whisper(const Jid& client, std::string_view nick, const Stanza& message) {
  Occupant* speaker = occupant_of(client);
  if (speaker == nullptr) return xmpp::fail(Condition::not_acceptable, "You are not in the room");
  if (message.head.is(MessageType::groupchat))
    return xmpp::fail(Condition::bad_request, "Messages to all go to the room itself");
  const Occupant* hearer = find_nick(nick);
  if (hearer == nullptr) return xmpp::fail(Condition::item_not_found, "Nobody has this nickname");
  using enum PrivateMessages;
  const Role least = config_.private_messages == participants ? Role::participant
                     : config_.private_messages == moderators ? Role::moderator
                                                              : Role::visitor;
  if (config_.private_messages == none || speaker->role < least)
    return xmpp::fail(Condition::forbidden, "You may not send private messages here");
  TRY(spend(*speaker));
  std::string payload(reflected(message, address_).view());
  xml::Writer writer(payload, xmpp::ns::client);
  xmpp::write(writer, MucUser{});
  xmpp::write(writer, xmpp::OccupantId{speaker->id});
  StanzaHead head = message.head;
  head.from = speaker->address;
  // The one who is shown gets it for good, and his archive; his other clients get a copy.
  for (const RoomClient& one : hearer->clients | std::views::reverse) {
    head.to = one.address;
    const bool is_safe = message.id != 0 && &one == &hearer->shown();
    if (!is_safe)
      around_.output.send(Stanza(head, payload));
    else if (!around_.output.send_safely(Stanza(head, payload)))
      return std::unexpected(no_room());
  }
  return {};
}

// --- to the room ---------------------------------------------------------------------------------

Answer<> Room::ask(const Jid& client, const Stanza& message) {
  Occupant* occupant = occupant_of(client);
  const xml::Element root = message.root();
  if (const xml::Element element = xmpp::find<MucUser>(root)) {
    const MucUser user = TRY(xmpp::read<MucUser>(element));
    if (user.decline) return decline(client, message, *user.decline);
    if (!user.invites.empty()) return invite(occupant, client, message, user);
  }
  if (occupant == nullptr) return xmpp::fail(Condition::not_acceptable, "You are not in the room");
  if (const xml::Element element = xmpp::find<DataForm>(root))
    return request_voice(*occupant, TRY(xmpp::read<DataForm>(element)));
  return xmpp::fail(Condition::bad_request, "Messages to all are of type groupchat");
}

// Section 7.8.2.
Answer<> Room::invite(const Occupant* inviter, const Jid& client, const Stanza& message,
                      const MucUser& user) {
  const Affiliation standing = affiliation(client);
  if (inviter == nullptr && standing < Affiliation::admin)
    return xmpp::fail(Condition::not_acceptable, "You are not in the room");
  if (config_.is_members_only && !config_.may_members_invite && standing < Affiliation::admin)
    return xmpp::fail(Condition::forbidden, "Only admins invite to this room");
  if (user.invites.size() > most_invitations)
    return xmpp::fail(Condition::policy_violation, "Too many invitations at once");
  for (const xmpp::MucInvite& one : user.invites) {
    if (!one.to.has_local()) return xmpp::fail(Condition::bad_request, "Whom to invite?");
    if (one.reason.size() > around_.limits.room_text_bytes)
      return xmpp::fail(Condition::not_acceptable, "The reason is too long");
    if (affiliation(one.to) == Affiliation::outcast)
      return xmpp::fail(Condition::forbidden, "This user is banned");
    if (config_.is_members_only) TRY(may_list(one.to.bare(), Affiliation::member));
  }
  if (inviter != nullptr)
    for (std::size_t i = 0; i < user.invites.size(); ++i)
      if (!spend(*occupant_of(client)))
        return xmpp::fail(Condition::policy_violation, "Too many invitations");
  for (const xmpp::MucInvite& one : user.invites) {
    // Section 9.5: an invitation to a members-only room makes a member.
    if (config_.is_members_only && affiliation(one.to) == Affiliation::none)
      set_affiliation(one.to.bare(), Affiliation::member, {});
    send_invitation(client, one, message.head.id);
  }
  return {};
}

void Room::send_invitation(const Jid& from, const xmpp::MucInvite& invite, const std::string& id) {
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.from = address_;
  head.to = invite.to;
  head.id = id.empty() ? around_.token() : id;
  MucUser user{.password = config_.is_password_protected ? config_.password : std::string()};
  user.invites.push_back({.from = from, .reason = invite.reason, .continues = invite.continues});
  around_.output.send(Stanza(std::move(head), xmpp::to_xml(user, xmpp::ns::client)));
}

Answer<> Room::decline(const Jid& client, const Stanza& message, const xmpp::MucDecline& decline) {
  if (!decline.to) return xmpp::fail(Condition::bad_request, "Whose invitation?");
  if (decline.reason.size() > around_.limits.room_text_bytes)
    return xmpp::fail(Condition::not_acceptable, "The reason is too long");
  // To clients of the room's own occupants only: a room is no way to reach strangers.
  const auto inviter = std::ranges::find_if(occupants_, [&](const auto& occupant) {
    return occupant->user.same_bare(decline.to) || occupant->address == decline.to;
  });
  if (inviter == occupants_.end()) return xmpp::fail(Condition::item_not_found);
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.from = address_;
  head.to = (*inviter)->shown().address;
  head.id = message.head.id;
  MucUser user;
  user.decline = xmpp::MucDecline{.from = client.bare(), .reason = decline.reason};
  around_.output.send(Stanza(std::move(head), xmpp::to_xml(user, xmpp::ns::client)));
  return {};
}

// Sections 7.13 and 8.6: a visitor asks, a moderator fills in the form.
Answer<> Room::request_voice(Occupant& occupant, const DataForm& form) {
  if (form.form_type() != xmpp::ns::muc_request || form.value(voice_role) != "participant")
    return xmpp::fail(Condition::bad_request, "This is no request for voice");
  TRY(spend(occupant));
  if (form.find(voice_allow) != nullptr) {
    if (occupant.role != Role::moderator)
      return xmpp::fail(Condition::forbidden, "Only moderators give voice");
    Occupant* visitor = by_nick(form.value(voice_nick));
    if (visitor == nullptr) return xmpp::fail(Condition::item_not_found);
    if (!xmpp::is_true(form.value(voice_allow)) || visitor->role != Role::visitor) return {};
    set_role(*visitor, Role::participant);
    note_role(*visitor);
    announce(*visitor, {});
    return {};
  }
  if (occupant.role != Role::visitor)
    return xmpp::fail(Condition::not_acceptable, "You have voice already");
  DataForm request = DataForm::of(xmpp::FormType::form, xmpp::ns::muc_request);
  request.title = "Voice request";
  request.instructions = {"Choose whether this person may speak to all."};
  xmpp::FormField& role =
      request.add(FieldType::list_single, voice_role, "Requested role", "participant");
  role.options = {{"Participant", "participant"}};
  request.add(FieldType::jid_single, voice_jid, "User ID", occupant.shown().address.text());
  request.add(FieldType::text_single, voice_nick, "Room Nickname", occupant.nick);
  request.add(FieldType::boolean, voice_allow, "Grant voice to this person?", "0");
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.from = address_;
  head.id = around_.token();
  std::vector<Jid> moderators;
  for (const auto& other : occupants_)
    if (other->role == Role::moderator)
      for (const RoomClient& one : other->clients) moderators.push_back(one.address);
  around_.output.send_to_all(Stanza(std::move(head), xmpp::to_xml(request, xmpp::ns::client)),
                             std::move(moderators));
  return {};
}

void Room::tell_all(const MucUser& news) {
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = address_;
  head.id = around_.token();
  // Where the disk takes nothing they hear of it all the same.
  const std::string payload = xmpp::to_xml(news, xmpp::ns::client);
  if (!pass_on(head, payload, {.id = around_.output.next_id()}))
    std::ignore = pass_on(std::move(head), payload, {});
}

}  // namespace herold::server
