// Rooms as text and back.
#include "server/rooms/room_store.h"

#include "server/own_xml.h"

namespace herold::server {
namespace {

constexpr std::string_view ns = "urn:herold:rooms";

struct WearerText {
  std::string user, uri;
  static constexpr ElementName element{"wearer", ns};
  static constexpr std::tuple fields{xmpp::attribute("user", &WearerText::user, xmpp::required),
                                     xmpp::attribute("uri", &WearerText::uri, xmpp::required)};
};

struct RoomText {
  std::string key;
  bool locked = false;
  std::string avatar;
  std::string subject;
  std::string subject_nick;
  std::optional<WallTime> subject_since;
  std::string subject_author;
  xmpp::DataForm config;
  std::vector<xmpp::Hat> hats;
  std::vector<WearerText> wearers;
  static constexpr ElementName element{"room", ns};
  static constexpr std::tuple fields{xmpp::attribute("key", &RoomText::key),
                                     xmpp::attribute("locked", &RoomText::locked),
                                     xmpp::attribute("avatar", &RoomText::avatar),
                                     xmpp::child_text("subject", &RoomText::subject),
                                     xmpp::attribute("by", &RoomText::subject_nick),
                                     xmpp::attribute("since", &RoomText::subject_since),
                                     xmpp::attribute("author", &RoomText::subject_author),
                                     xmpp::child(&RoomText::config),
                                     xmpp::child(&RoomText::hats),
                                     xmpp::child(&RoomText::wearers)};
};

struct MemberText {
  Affiliation affiliation = Affiliation::none;
  std::string nick;
  std::string reason;
  std::optional<WallTime> left;
  static constexpr ElementName element{"member", ns};
  static constexpr std::tuple fields{
      xmpp::attribute("affiliation", &MemberText::affiliation, xmpp::required),
      xmpp::attribute("nick", &MemberText::nick), xmpp::child_text("reason", &MemberText::reason),
      xmpp::attribute("left", &MemberText::left)};
};

}  // namespace

StoredRoom StoredRoom::of(const Room& room, std::string key) {
  return {room.config(),  room.subject(),
          std::move(key), room.is_locked() ? Room::Lock::locked : Room::Lock::open,
          room.avatar(),  room.hats()};
}

std::string StoredRoom::encode() const {
  RoomText text{.key = key,
                .locked = lock == Room::Lock::locked,
                .avatar = avatar,
                .subject = subject.text,
                .subject_nick = subject.nick,
                .subject_since = subject.since,
                .subject_author = subject.author,
                .config = room_form({config, {}, {}}, Limits{}, xmpp::FormType::submit),
                .hats = hats.all(),
                .wearers = {}};
  for (const RoomHats::Wearer& one : hats.wearers()) text.wearers.push_back({one.user, one.uri});
  return xmpp::to_xml(text);
}

std::optional<StoredRoom> StoredRoom::decode(const std::string& text, const Limits& limits) {
  auto stored = read_own<RoomText>(text);
  if (!stored) return std::nullopt;
  // Limits may have shrunk since: what is too large now is cut by them when it is used.
  auto settings = read_room_form(stored->config, {}, limits);
  if (!settings) settings = RoomSettings{};
  RoomHats hats;
  for (xmpp::Hat& hat : stored->hats) hats.put(std::move(hat));
  for (WearerText& one : stored->wearers) hats.assign(std::move(one.user), std::move(one.uri));
  return StoredRoom{std::move(settings->config),
                    {std::move(stored->subject), std::move(stored->subject_nick),
                     stored->subject_since, std::move(stored->subject_author)},
                    std::move(stored->key),
                    stored->locked ? Room::Lock::locked : Room::Lock::open,
                    std::move(stored->avatar),
                    std::move(hats)};
}

std::string encode_member(const RoomMember& member) {
  return xmpp::to_xml(MemberText{member.affiliation, member.nick, member.reason, member.left});
}

std::optional<RoomMember> decode_member(const std::string& text) {
  auto stored = read_own<MemberText>(text);
  if (!stored) return std::nullopt;
  return RoomMember{stored->affiliation, std::move(stored->nick), std::move(stored->reason),
                    stored->left};
}

store::RecordKey room_key(const Jid& room) {
  return {std::string(room_records), std::string(room.domain()), room.text()};
}

store::RecordKey card_key(const Jid& room) { return {"muc.cards", room.text(), ""}; }

store::RecordKey member_key(const Jid& room, const std::string& user) {
  return {std::string(member_records), room.text(), user};
}

}  // namespace herold::server
