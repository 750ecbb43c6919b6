// "Did you mean": the known name closest to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace herold::server {

// The candidate that at most a third of the letters (one at least) separates from `word`, counting
// insertions, deletions, replacements and swapped neighbours; "" when none is that close.
std::string_view closest_name(std::string_view word, std::span<const std::string_view> candidates);

// " (did you mean \"idle\"?)", or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace herold::server
