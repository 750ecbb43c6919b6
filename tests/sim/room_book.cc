// The judgement of a room.
#include "room_book.h"

#include <algorithm>
#include <set>

#include "server/rooms/room_store.h"

namespace herold::sim {

std::pair<store::RecordKey, std::string> hall_record() {
  server::StoredRoom room;
  room.config.is_persistent = true;
  room.key = "a key that is secret elsewhere";
  return {server::room_key(xmpp::Jid::trusted(std::string(hall))), room.encode()};
}

std::uint32_t RoomBook::say() {
  said_.emplace_back();
  return static_cast<std::uint32_t>(said_.size() - 1);
}

RoomBook::StayNumber RoomBook::begin_stay(std::string name) {
  stays_.push_back({.name = std::move(name), .heard = {}, .confirmed = {}});
  return stays_.size() - 1;
}

void RoomBook::confirm(StayNumber stay) {
  auto& confirmed = stays_.at(stay).confirmed;
  if (!confirmed) confirmed = static_cast<std::uint32_t>(said_.size());
}

std::size_t RoomBook::heard() const {
  std::size_t sum = 0;
  for (const Stay& stay : stays_) sum += stay.heard.size();
  return sum;
}

std::vector<std::string> RoomBook::judge(const std::vector<std::uint32_t>& archive,
                                         PowerCuts cuts) const {
  std::vector<std::string> problems = judge_archive(archive);
  for (const Stay& stay : stays_)
    if (auto problem = judge_stay(stay, archive, cuts))
      problems.push_back(stay.name + " in the room: " + *problem);
  return problems;
}

std::vector<std::string> RoomBook::judge_archive(const std::vector<std::uint32_t>& archive) const {
  std::vector<std::string> problems;
  for (std::uint32_t serial = 0; serial < said_.size(); ++serial) {
    const auto times = std::ranges::count(archive, serial);
    const Said& said = said_[serial];
    const bool is_due = said.acked && !said.refused;
    if (times > (said.refused ? 0 : 1) || (times == 0 && is_due))
      problems.push_back("g" + std::to_string(serial) + " is " + std::to_string(times) +
                         " times in the archive of the room");
  }
  return problems;
}

std::optional<std::string> RoomBook::judge_stay(const Stay& stay,
                                                const std::vector<std::uint32_t>& archive,
                                                PowerCuts cuts) const {
  const auto name = [](std::uint32_t serial) { return "g" + std::to_string(serial); };
  // What the power took is said again by others in another order.
  const bool is_ordered = cuts == PowerCuts::none || !stay.is_over;
  std::set<std::uint32_t> heard;
  auto next = archive.begin();  // what is to be heard, once the first was
  bool has_begun = false;
  for (const std::uint32_t serial : stay.heard) {
    if (!heard.insert(serial).second) return name(serial) + " comes twice";
    const auto place = std::ranges::find(archive, serial);
    if (place == archive.end()) {
      if (cuts == PowerCuts::some && !said_.at(serial).acked) continue;
      return name(serial) + " is not in its archive";
    }
    if (!is_ordered) continue;
    if (has_begun && place != next)
      return name(serial) + " comes instead of " +
             (next == archive.end() ? "nothing" : name(*next));
    if (!has_begun && stay.confirmed &&
        std::any_of(archive.begin(), place, [&](auto one) { return one >= *stay.confirmed; }))
      return "something is missing before " + name(serial);
    has_begun = true;
    next = std::next(place);
  }
  if (stay.is_over) return std::nullopt;
  if (!stay.confirmed) return "it was never told whether it is in";
  const auto missing =
      has_begun ? next
                : std::ranges::find_if(archive, [&](auto one) { return one >= *stay.confirmed; });
  if (missing != archive.end()) return name(*missing) + " and what follows is missing";
  return std::nullopt;
}

}  // namespace herold::sim
