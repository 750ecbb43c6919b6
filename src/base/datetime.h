// Date and time as XMPP writes them: the DateTime profile of XEP-0082.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace herold {

// "2026-11-21T09:30:00Z", with ".123456" only where there is a fraction.
std::string format_datetime(WallTime time);

// Accepts an optional fraction and "Z" or "+hh:mm"; empty on anything else or an impossible date.
std::optional<WallTime> parse_datetime(std::string_view text);

}  // namespace herold
