// How rooms stand in the store: a record for each room, under its service, and one for each of its
// members, under the room; and an index of them under the account.
#pragma once

#include <optional>
#include <string>

#include "server/rooms/room.h"
#include "store/records.h"

namespace herold::server {

// A room without its members.
struct StoredRoom {
  RoomConfig config;
  RoomSubject subject;
  std::string key;  // of its occupants' ids (XEP-0421)
  Room::Lock lock = Room::Lock::open;
  std::string avatar{};  // the hash of its picture
  RoomHats hats{};

  static StoredRoom of(const Room& room, std::string key);
  std::string encode() const;
  static std::optional<StoredRoom> decode(const std::string& text, const Limits& limits);
};

std::string encode_member(const RoomMember& member);
std::optional<RoomMember> decode_member(const std::string& text);

// The records' keys.
store::RecordKey room_key(const Jid& room);
store::RecordKey member_key(const Jid& room, const std::string& user);
store::RecordKey card_key(const Jid& room);  // of its vCard (XEP-0486)
inline constexpr std::string_view room_records = "muc", member_records = "muc.members",
                                  role_records = "muc.roles",
                                  membership_records = "muc.memberships",
                                  author_records = "muc.authors",
                                  ownership_records = "muc.ownerships";
// By which an account's removal finds the rooms that have something of it.
inline constexpr std::string_view room_indices[] = {membership_records, author_records};

}  // namespace herold::server
