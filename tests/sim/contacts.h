// Rosters and subscriptions of a run (RFC 6121): what clients may do to them, and what must hold of
// them in the end.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/rosters.h"

namespace herold::sim {

// Stanzas of two accounts may cross on their way, and RFC 6121 leaves open where that ends. So some
// pairs begin as strangers and only come closer, the others as friends who only part: whatever the
// order, each of these has one end.
enum class Tie : std::uint8_t { growing, ending };
Tie tie_between(std::string_view one, std::string_view other);

// Who are friends when a run begins.
std::vector<std::pair<std::string, std::string>> first_friends();

// A roster as a client shows it: by address "SUBSCRIPTION[ ask] NAME".
using View = std::map<std::string, std::string>;
View view_of(const store::Roster& roster);

// All rosters, by account.
using Rosters = std::map<std::string, store::Roster>;
// Where the two sides of a subscription contradict each other; in words.
std::vector<std::string> disagreements(const Rosters& rosters);

}  // namespace herold::sim
