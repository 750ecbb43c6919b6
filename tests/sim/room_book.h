// What was said in a room and who heard it: from its entry on each client hears what the room has
// in its archive, in that order, without a gap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records.h"

namespace herold::sim {

inline constexpr std::string_view hall = "hall@conference.sim.test";

// A persistent room that everybody may enter, as it stands in the store.
std::pair<store::RecordKey, std::string> hall_record();

class RoomBook {
 public:
  using StayNumber = std::size_t;

  // Something is about to be said; its serial number grows with time.
  std::uint32_t say();
  void acked(std::uint32_t serial) { said_.at(serial).acked = true; }
  void refused(std::uint32_t serial) { said_.at(serial).refused = true; }

  // A client's session in the room, over all its resumptions; `name` is for messages to people.
  StayNumber begin_stay(std::string name);
  // It was told that it is in: whatever is said from now on, it hears.
  void confirm(StayNumber stay);
  void hear(StayNumber stay, std::uint32_t serial) { stays_.at(stay).heard.push_back(serial); }
  void end_stay(StayNumber stay) { stays_.at(stay).is_over = true; }

  // Problems, with the room's archive beside it, oldest first.
  enum class PowerCuts : std::uint8_t { none, some };  // what nobody was told to be safe may go
  std::vector<std::string> judge(const std::vector<std::uint32_t>& archive, PowerCuts cuts) const;
  std::size_t heard() const;

 private:
  struct Said {
    bool acked = false, refused = false;
  };
  struct Stay {
    std::string name;
    std::vector<std::uint32_t> heard;
    std::optional<std::uint32_t> confirmed;  // the first serial after it
    bool is_over = false;
  };
  std::vector<std::string> judge_archive(const std::vector<std::uint32_t>& archive) const;
  std::optional<std::string> judge_stay(const Stay& stay, const std::vector<std::uint32_t>& archive,
                                        PowerCuts cuts) const;

  std::vector<Said> said_;
  std::vector<Stay> stays_;
};

}  // namespace herold::sim
