// RFC 6121 section 4.7.2: what a presence says of availability.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Absent: simply available.
enum class Show : std::uint8_t { available, away, chat, dnd, xa };
inline constexpr std::string_view show_names[] = {"", "away", "chat", "dnd", "xa"};
constexpr EnumNames names_of(Show) { return show_names; }

// The children of presences live in the namespace of their stream, so they are no payload; `show`
// that is unknown counts as available.
inline Show show_of(xml::Element presence) {
  const xml::Element show = presence.child("show", presence.ns());
  return show ? value_of<Show>(show.text()).value_or(Show::available) : Show::available;
}

// 0 where there is none; bad-request for anything but an integer from -128 to 127.
inline Answer<std::int8_t> priority_of(xml::Element presence) {
  const xml::Element priority = presence.child("priority", presence.ns());
  std::int8_t value = 0;
  if (priority && !detail::ValueOf<std::int8_t>::type.read(&value, priority.text()))
    return fail(Condition::bad_request, "the priority is not valid");
  return value;
}

}  // namespace herold::xmpp
