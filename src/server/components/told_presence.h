// Whom a component told that its addresses are there: each is told otherwise when it goes (HOSTILE
// 156).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/stanza.h"

namespace herold::server {

class ToldPresence {
 public:
  // What the component sent; over `most` of it no more is remembered. Of a room's occupants
  // (XEP-0045) only one's own presence counts: whoever is out of a room sees none of them.
  void note(const Stanza& presence, std::size_t most);
  // Somebody left what he had directed his presence at.
  void left(const Jid& who, const Jid& whom);
  // The component is gone: what takes all of it back.
  std::vector<Stanza> take_back();

  std::size_t size() const { return size_; }

 private:
  enum class Kind : std::uint8_t { contact, room };
  void forget(const Jid& to, const Jid& from);

  std::map<Jid, std::map<Jid, Kind>> told_;  // to whom, of whom
  std::size_t size_ = 0;
};

}  // namespace herold::server
