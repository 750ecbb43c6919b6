// Places by prefix.
#include "server/anonymous_places.h"

namespace herold::server {

bool AnonymousPlaces::take(std::string_view prefix, std::uint64_t most) {
  std::uint64_t& taken = places_[std::string(prefix)];
  if (taken >= most) return false;
  ++taken;
  return true;
}

void AnonymousPlaces::give_back(std::string_view prefix) {
  const auto found = places_.find(std::string(prefix));
  if (found != places_.end() && --found->second == 0) places_.erase(found);
}

}  // namespace herold::server
