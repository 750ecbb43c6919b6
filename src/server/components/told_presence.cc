// Noting presence of a component's addresses, and taking it back.
#include "server/components/told_presence.h"

#include <utility>

namespace herold::server {
namespace {

constexpr std::string_view muc_user = "http://jabber.org/protocol/muc#user";
// XEP-0045 section 9.9 (332): the service goes; 110: this is about yourself.
constexpr std::string_view out_of_room =
    "<x xmlns=\"http://jabber.org/protocol/muc#user\"><item affiliation=\"none\" role=\"none\"/>"
    "<status code=\"110\"/><status code=\"332\"/></x>";

bool is_own(xml::Element room) {
  for (const xml::Element child : room.children())
    if (child.is("status", muc_user) && child.attribute("code") == "110") return true;
  return false;
}

}  // namespace

void ToldPresence::note(const Stanza& presence, std::size_t most) {
  const StanzaHead& head = presence.head;
  if (head.is(PresenceType::unavailable) || head.is(PresenceType::error))
    return forget(head.to, head.from);
  if (!head.is(PresenceType::available)) return;
  const xml::Element room = presence.child({"x", muc_user});
  if (room && !is_own(room)) return;
  if (size_ >= most) return;
  const bool is_new =
      told_[head.to].insert_or_assign(head.from, room ? Kind::room : Kind::contact).second;
  if (is_new) ++size_;
}

void ToldPresence::forget(const Jid& to, const Jid& from) {
  const auto found = told_.find(to);
  if (found == told_.end()) return;
  size_ -= found->second.erase(from);
  if (found->second.empty()) told_.erase(found);
}

void ToldPresence::left(const Jid& who, const Jid& whom) {
  const auto found = told_.find(who);
  if (found == told_.end()) return;
  size_ -=
      std::erase_if(found->second, [&](const auto& entry) { return entry.first.same_bare(whom); });
  if (found->second.empty()) told_.erase(found);
}

std::vector<Stanza> ToldPresence::take_back() {
  std::vector<Stanza> all;
  all.reserve(size_);
  for (const auto& [to, addresses] : std::exchange(told_, {}))
    for (const auto& [from, kind] : addresses) {
      StanzaHead head = StanzaHead::of(PresenceType::unavailable);
      head.to = to;
      head.from = from;
      all.emplace_back(std::move(head), kind == Kind::room ? out_of_room : std::string_view());
    }
  size_ = 0;
  return all;
}

}  // namespace herold::server
