// How many anonymous sessions (SASL ANONYMOUS) there are from each address prefix.
//
// A part of the prefix's home shard. A place is taken before the sign-in succeeds and given back
// when its connection ends, so there is never an entry without a connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace herold::server {

class AnonymousPlaces {
 public:
  // False when `most` from there have one already.
  bool take(std::string_view prefix, std::uint64_t most);
  void give_back(std::string_view prefix);
  std::size_t prefixes() const { return places_.size(); }

 private:
  std::unordered_map<std::string, std::uint64_t> places_;
};

}  // namespace herold::server
