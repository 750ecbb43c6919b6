// Looks into received stanzas without parsing them: the scanner has said where they begin and end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace herold::load {

// "iq" of "<iq type='get'>", with its prefix if there is one.
std::string_view element_name(std::string_view element);

// The value of an attribute of the start tag as it stands there, "" when it is absent.
std::string_view attribute(std::string_view element, std::string_view name);

// What our own messages and presences carry: when they were sent, and a number of the sender's.
struct Mark {
  MonotonicTime sent;
  std::uint32_t number = 0;

  static constexpr std::size_t size = 27;  // as text
  std::string text() const;
  void write(char* to) const;  // `size` characters
};

// Of a received stanza; nothing when it is none of ours.
std::optional<Mark> find_mark(std::string_view stanza);

}  // namespace herold::load
