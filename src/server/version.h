// The version of this release, as `herold version` and XEP-0092 tell it.
#pragma once

#include <string_view>

namespace herold {

extern const std::string_view version;
inline constexpr std::string_view version_date = "2026-11-21";  // on the manual pages

}  // namespace herold
