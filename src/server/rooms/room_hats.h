// XEP-0317 Hats: what a room calls people beside role and affiliation, and who wears what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/stanza.h"
#include "xmpp/ext/hats.h"

namespace herold::server {

class RoomHats {
 public:
  struct Wearer {
    std::string user;  // bare address
    std::string uri;   // of the hat
    friend bool operator==(const Wearer&, const Wearer&) = default;
  };

  const std::vector<xmpp::Hat>& all() const { return hats_; }
  const std::vector<Wearer>& wearers() const { return wearers_; }
  const xmpp::Hat* find(std::string_view uri) const;
  // In the order of the hats.
  std::vector<xmpp::Hat> of(std::string_view user) const;

  // A new one, or what it looks like from now on.
  void put(xmpp::Hat hat);
  // With all that wear it. False: there is none.
  bool remove(std::string_view uri);
  void assign(std::string user, std::string uri);
  bool unassign(std::string_view user, std::string_view uri);
  void forget(std::string_view user);
  std::size_t size() const { return hats_.size() + wearers_.size(); }

 private:
  std::vector<xmpp::Hat> hats_;
  std::vector<Wearer> wearers_;
};

}  // namespace herold::server
