// The version of this release, as `herold version` and XEP-0092 tell it.
#pragma once

#include <string_view>

namespace herold::app {

inline constexpr std::string_view version = HEROLD_VERSION;

}  // namespace herold::app
